"""What is read once for all logs: lines, sites, places, villages, regions, people, terrain."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from covermap.files import file_key
from covermap.pipeline.cache import Cache, write_tables
from covermap.pipeline.inputs import files_key, line_files, table_sources
from covermap.pipeline.keys import code_key, key_of
from covermap.pipeline.progress import Advance, StepReport, Timed
from covermap.steps.areas import read_areas, read_villages
from covermap.steps.indicators import read_indicators
from covermap.steps.lines import read_lines
from covermap.steps.lines.known import remember
from covermap.steps.people import read_people
from covermap.steps.sections import make_sections
from covermap.steps.sites import read_sites
from covermap.steps.terrain import read_terrain
from covermap.store import Tables, read_table, write_table
from covermap.tables import (
    DECLARED_INDICATORS,
    KNOWN_LINES,
    PROBLEMS,
    REJECTED,
    SITES,
    TABLES,
    empty,
)
from covermap.workspace import Config, input_files

AreaKind = Literal["places", "villages", "regions"]
AREA_KINDS: tuple[AreaKind, ...] = ("places", "villages", "regions")

OF_LINES = ("lines", "segments", "stations", "structures", "posts", "links")
KNOWN = "known_lines.parquet"
"""What lines are recognised by when they are read again; it stays in the workspace."""


def read_vectors(root: Path, config: Config, cache: Cache, timed: Timed) -> dict[str, Path]:
    """Read lines, sites, areas, people and terrain; give each one's result folder."""
    found: dict[str, Path] = {}

    def work(advance: Advance) -> StepReport:
        report = StepReport("lines, sites, areas", parts=9)
        found["lines"] = _lines(root, config, cache)
        advance(1)
        for kind in AREA_KINDS:
            read = _villages if kind == "villages" else _areas
            found[kind] = read(kind, root, config, cache)
            advance(1)
        found["sites"] = _sites(root, config, found["regions"], cache)
        advance(1)
        found["sections"] = _sections(found["lines"], found["regions"], cache)
        advance(1)
        found["people"] = _people(root, config, found["regions"], cache)
        advance(1)
        found["terrain"] = _terrain(root, config, found["sites"], cache)
        advance(1)
        found["declared_indicators"] = _indicators(root, config, found["regions"], cache)
        advance(1)
        for name in OF_LINES:
            report.wrote[name] = Tables(found["lines"]).rows(name)
        report.wrote["village_points"] = Tables(found["villages"]).rows("village_points")
        for name in ("sites", *AREA_KINDS, "sections"):
            report.wrote[name] = Tables(found[name]).rows(name)
        report.wrote["counting_cells"] = Tables(found["people"]).rows("counting_cells")
        return report

    timed("lines, sites, areas", 9.0, work)
    return found


def _lines(root: Path, config: Config, cache: Cache) -> Path:
    files = [path for entry in config.lines for path in line_files(root, entry)]
    content = [files_key(root, files), [_dump(entry) for entry in config.lines]]
    register = root / KNOWN
    key = key_of(code_key(), "lines", content, _register_key(register))
    if (cache.root / f"lines-{key}").is_dir():
        return cache.folder("lines", key)
    known = read_table(register) if register.is_file() else None
    made = read_lines(root, config.lines, known)
    if config.lines:
        write_table(register, remember(known, made.lines), KNOWN_LINES)
    # Read again with what is known now, the same lines come out: the result stands under that key.
    folder = cache.folder("lines", key_of(code_key(), "lines", content, _register_key(register)))
    write_tables(folder, {
        "lines": made.lines, "segments": made.segments, "stations": made.stations,
        "structures": made.structures, "posts": made.posts, "links": made.links,
        "rejected": made.rejected, "problems": made.problems,
    })  # fmt: skip
    return folder


def _register_key(register: Path) -> str | None:
    return file_key(register) if register.is_file() else None


def _sections(lines: Path, regions: Path, cache: Cache) -> Path:
    key = key_of(code_key(), "sections", lines.name, regions.name)
    folder = cache.folder("sections", key)
    if not folder.is_dir():
        of_lines = Tables(lines)
        made = make_sections(
            of_lines.read("lines"), of_lines.read("segments"), of_lines.read("stations"),
            Tables(regions).read("regions"),
        )  # fmt: skip
        write_tables(folder, {"sections": made})
    return folder


def _sites(root: Path, config: Config, areas: Path, cache: Cache) -> Path:
    inputs = [(entry, table_sources(root, "sites", entry)) for entry in config.sites]
    content = [(_dump(e), [(s.shown, s.sha256()) for s in sources]) for e, sources in inputs]
    folder = cache.folder("sites", key_of(code_key(), "sites", content, areas.name))
    if not folder.is_dir():
        regions = Tables(areas).read("regions")
        made = [read_sites(sources, entry, config, regions) for entry, sources in inputs]
        write_tables(folder, {
            "sites": pa.concat_tables([empty(SITES), *(m.sites for m in made)]),
            "rejected": pa.concat_tables([empty(REJECTED), *(m.rejected for m in made)]),
            "problems": pa.concat_tables([empty(PROBLEMS), *(m.problems for m in made)]),
        })  # fmt: skip
    return folder


def _areas(kind: AreaKind, root: Path, config: Config, cache: Cache) -> Path:
    entries = getattr(config, kind)
    where = f"covermap.toml [[{kind}]]"
    inputs = [(entry, input_files(root, entry.files, where)) for entry in entries]
    content = [(_dump(entry), files_key(root, files)) for entry, files in inputs]
    folder = cache.folder(kind, key_of(code_key(), kind, content))
    if not folder.is_dir():
        made = [read_areas(kind, files, entry, root) for entry, files in inputs]
        write_tables(folder, {
            kind: pa.concat_tables([empty(TABLES[kind]), *(m.table for m in made)]),
            "rejected": pa.concat_tables([empty(REJECTED), *(m.rejected for m in made)]),
            "problems": pa.concat_tables([empty(PROBLEMS), *(m.problems for m in made)]),
        })  # fmt: skip
    return folder


def _villages(kind: AreaKind, root: Path, config: Config, cache: Cache) -> Path:
    where = f"covermap.toml [[{kind}]]"
    inputs = []
    for entry in config.villages:
        files, positions = input_files(root, entry.files, where), None
        if entry.positions is not None:
            (positions, *_) = input_files(root, (entry.positions,), f"{where} positions")
        inputs.append((entry, files, positions))
    content = [
        (_dump(entry), files_key(root, [*files, *([at] if at else [])]))
        for entry, files, at in inputs
    ]
    folder = cache.folder(kind, key_of(code_key(), kind, content))
    if not folder.is_dir():
        made = read_villages(inputs, root)
        write_tables(folder, {
            "villages": made.villages, "village_points": made.points, "rejected": made.rejected,
            "problems": made.problems,
        })  # fmt: skip
    return folder


def _people(root: Path, config: Config, regions: Path, cache: Cache) -> Path:
    declared, grid = config.population, config.grid.resolution
    files = []
    if declared is not None:
        files = input_files(root, declared.files, "covermap.toml [population]")
    totals = None
    if declared is not None and declared.totals is not None:
        (totals, *_) = input_files(root, (declared.totals,), "covermap.toml [population] totals")
    named = [*files, totals] if totals else files
    content = [files_key(root, named), declared and _dump(declared), regions.name, grid]
    folder = cache.folder("population", key_of(code_key(), "population", content))
    if not folder.is_dir():
        made = read_people(declared, files, Tables(regions).read("regions"), root, grid, totals)
        write_tables(folder, {
            "population": made.population, "counting_cells": made.counting,
            "rejected": made.rejected, "problems": made.problems,
        })  # fmt: skip
    return folder


def _terrain(root: Path, config: Config, sites: Path, cache: Cache) -> Path:
    declared, predict = config.terrain, config.predict
    files = []
    if declared is not None:
        files = input_files(root, declared.files, "covermap.toml [terrain]")
    content = [files_key(root, files), declared and _dump(declared), predict is None, sites.name]
    folder = cache.folder("terrain", key_of(code_key(), "terrain", content))
    if not folder.is_dir():
        made = read_terrain(declared, predict, files, Tables(sites).read("sites"), root)
        write_tables(folder, {
            "terrain": made.terrain, "rejected": made.rejected, "problems": made.problems,
        })  # fmt: skip
    return folder


def _indicators(root: Path, config: Config, areas: Path, cache: Cache) -> Path:
    inputs = [(entry, table_sources(root, "indicators", entry)) for entry in config.indicators]
    content = [(_dump(e), [(s.shown, s.sha256()) for s in sources]) for e, sources in inputs]
    folder = cache.folder("indicators", key_of(code_key(), "indicators", content, areas.name))
    if not folder.is_dir():
        regions = Tables(areas).read("regions")
        made = [read_indicators(sources, entry, regions) for entry, sources in inputs]
        write_tables(folder, {
            "declared_indicators": pa.concat_tables(
                [empty(DECLARED_INDICATORS), *(m.table for m in made)]
            ),
            "rejected": pa.concat_tables([empty(REJECTED), *(m.rejected for m in made)]),
            "problems": pa.concat_tables([empty(PROBLEMS), *(m.problems for m in made)]),
        })  # fmt: skip
    return folder


def _dump(entry: Any) -> Any:
    return entry.model_dump(mode="json")
