"""What a file could be: every log format, every form of site table, and vector files."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from covermap.errors import CovermapError, FormatError
from covermap.formats.logs import FORMATS
from covermap.formats.logs.geojson_points import property_names
from covermap.formats.logs.guess import Guess, guess_columns
from covermap.formats.logs.sheets import is_sheet, sheet_names
from covermap.formats.logs.table import table_names
from covermap.formats.posts import sniff_posts
from covermap.formats.rasters import MAGICS
from covermap.formats.sites import FORMATS as SITE_FORMATS
from covermap.formats.source import Source
from covermap.formats.vectors import SUFFIXES

Kind = Literal["measurements", "sites", "vector", "posts", "raster"]
VECTOR = "vector"
POSTS = "posts"
RASTER = "raster"
LEAST = 0.35
"""A score below this is a mere possibility, never the answer."""


@dataclass(frozen=True)
class Candidate:
    """One reading of a file, and how sure it is (0-1)."""

    kind: Kind
    format: str
    title: str
    score: float
    guess: Guess | None = None
    """Proposed column map, for formats that need one."""
    sheet: str | None = None
    """Sheet of a spreadsheet, when it is not the first."""


def candidates(source: Source) -> list[Candidate]:
    """Everything that the file could be, the likeliest first."""
    if source.head(4).startswith(MAGICS):
        return [Candidate("raster", "geotiff", "GeoTIFF raster", 1.0)]
    found = [
        Candidate("measurements", f.name, f.title, f.sniff(source))
        for f in FORMATS.values()
        if f.name not in ("table", "geojson-points")
    ]
    found += [Candidate("sites", f.name, f.title, f.sniff(source)) for f in SITE_FORMATS.values()]
    # A log format that knows the file knows it better than a map of column names does.
    known = max(c.score for c in found if c.kind == "measurements")
    below = known - 0.05 if known >= 0.5 else None
    found += [_mapped(source, name, below) for name in ("table", "geojson-points")]
    found += _vector(source, found)
    score = sniff_posts(source)
    if score > 0:
        found.append(Candidate("posts", POSTS, "official kilometre posts", score))
    if any(c.guess and c.guess.measures and "time" in c.guess.columns for c in found):
        # Cells are not measured at a time: a table of both columns is a log with cell names in it.
        found = [c if c.kind != "sites" else replace(c, score=min(c.score, 0.6)) for c in found]
    sure = [c for c in found if c.score > 0]
    return sorted(sure, key=lambda c: (-c.score, c.kind, c.format))


def _mapped(source: Source, name: str, below: float | None) -> Candidate:
    """Score a mapped format by what its column names let guess: without levels it is no log."""
    known = FORMATS[name]
    score = known.sniff(source)
    blank = Candidate("measurements", name, known.title, min(score, 0.1))
    if score <= 0.2:
        return blank
    try:
        sheet, guess = _guessed(source, name)
    except CovermapError:
        return blank
    if not guess.measures or not (guess.placed or name == "geojson-points"):
        return replace(blank, guess=guess)
    score = 0.75 if "time" in guess.columns else 0.6
    return Candidate(
        "measurements",
        name,
        known.title,
        score if below is None else min(score, below),
        guess,
        sheet,
    )


def _guessed(source: Source, name: str) -> tuple[str | None, Guess]:
    """Guess the columns; of a spreadsheet those of the first sheet that measures something."""
    if name == "geojson-points":
        return None, guess_columns(property_names(source))
    if not is_sheet(source.head(8)):
        return None, guess_columns(table_names(source))
    names = sheet_names(source)
    for sheet in names:
        try:
            guess = guess_columns(table_names(source, sheet))
        except FormatError:  # an empty sheet says nothing of the others
            continue
        if guess.measures and guess.placed:
            return (None if sheet == names[0] else sheet), guess
    return None, Guess({}, {})


def _vector(source: Source, others: list[Candidate]) -> list[Candidate]:
    suffix = PurePosixPath(source.name).suffix.lower()
    if suffix not in SUFFIXES:
        return []
    if suffix == ".parquet" and b"geo" not in _parquet_keys(source):
        return []
    best = max((c.score for c in others), default=0.0)
    return [Candidate("vector", VECTOR, f"vector file ({suffix[1:]})", min(0.55, 1.0 - best / 2))]


def _parquet_keys(source: Source) -> set[bytes]:
    try:
        return set(pq.read_schema(io.BytesIO(source.read_bytes())).metadata or {})
    except (pa.ArrowInvalid, OSError):
        return set()
