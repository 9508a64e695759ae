"""GeoJSON points with mapped property names: one collection, nested collections, or one a line.

The record number (`line`) is the feature's number in the file, or its physical line when features
are written one a line. Coordinates are in the declared datum: RFC 7946 says WGS-84 longitude and
latitude, but files in GCJ-02 or in metres are met.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from covermap.errors import FormatError
from covermap.formats.logs.base import LogFormat, LogPiece, ReadOptions, malformed_table
from covermap.formats.logs.mapped import Mapping, check_mapping, map_readings, times_of
from covermap.formats.logs.sniffing import head_text
from covermap.formats.logs.values import Fields
from covermap.formats.problem import Problem
from covermap.formats.source import Source

Record = tuple[int, Any]
DEPTH = 20


def sniff(source: Source) -> float:
    """Tell how much the head looks like GeoJSON points."""
    text = head_text(source).lstrip()
    if not text.startswith("{") and not text.startswith("\x1e"):
        return 0.0
    if '"Feature"' not in text and '"FeatureCollection"' not in text:
        return 0.0
    return 0.9 if '"Point"' in text else 0.2


def pieces(
    source: Source, options: ReadOptions, _piece_bytes: int | None = None
) -> Iterator[LogPiece]:
    """Read features as readings, by the declaration's map of property names.

    A feature that is not an object or not a Point is malformed; one without geometry has no
    position.

    Raises
    ------
    FormatError
        Not JSON, not GeoJSON, no features, or a map that does not fit the properties.
    """
    decoded = source.read_text()
    features, malformed = _points(*_records(decoded.text, source.shown))
    if not features and not malformed:
        raise FormatError(f"{source.shown}: GeoJSON without features.")
    fields, ready = _fields(features, list(decoded.problems))
    mapping = check_mapping(options, list(fields.columns), source.shown, sparse=True)
    fields.problems += _absent(options, mapping, len(features))
    if not features:
        raise FormatError(f"{source.shown}: none of {len(malformed)} features is a Point.")
    times = times_of(options, source.shown)
    readings, clock = map_readings(fields, mapping, ready, times)
    bad = sorted(malformed, key=lambda m: m[0])
    table = malformed_table([m[0] for m in bad], [m[1] for m in bad], [m[2] for m in bad])
    yield LogPiece(readings, table, fields.problems, clock)


def _absent(options: ReadOptions, mapping: Mapping, count: int) -> list[Problem]:
    return [
        Problem(f"absent_property:{theirs}", count, None, None, f"{ours} left blank")
        for ours, theirs in sorted(options.columns.items())
        if ours not in ("time_ms", "time_text") and not mapping.has(ours)
    ]


def property_names(source: Source) -> list[str]:
    """Names of the properties, in order of first appearance."""
    good, _ = _records(source.read_text().text, source.shown)
    return list(dict.fromkeys(n for _, f in good for n in _properties(f)))


def _records(text: str, shown: str) -> tuple[list[Record], list[tuple[int, str, str]]]:
    """Features with their numbers, and lines that are not JSON: (line, detail, raw)."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        if _one_a_line(text):
            return _lines(text)
        raise FormatError(
            f"{shown}: line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}); "
            "is the file truncated?"
        ) from None
    except (RecursionError, ValueError) as error:
        raise FormatError(f"{shown}: JSON that cannot be read: {error}.") from None
    if not isinstance(data, dict) or "type" not in data:
        raise FormatError(f"{shown}: JSON, but not GeoJSON: it has no member 'type'.")
    if "\n" not in text.strip() and data["type"] == "Feature":
        return [(1, data)], []
    return [(i + 1, f) for i, f in enumerate(_flat(data, shown, 0))], []


def _flat(item: Any, shown: str, depth: int) -> Iterator[Any]:
    """Features of a collection and of the collections in it."""
    if depth > DEPTH:
        raise FormatError(f"{shown}: collections nested more than {DEPTH} deep.")
    if isinstance(item, dict) and item.get("type") == "FeatureCollection":
        features = item.get("features")
        if not isinstance(features, list):
            raise FormatError(f"{shown}: a FeatureCollection without a list 'features'.")
        for feature in features:
            yield from _flat(feature, shown, depth + 1)
    else:
        yield item


def _one_a_line(text: str) -> bool:
    lines = [line.strip("\x1e ") for line in text.split("\n", 3)[:3] if line.strip()]
    return len(lines) > 1 and _loads(lines[0]) is not None


def _lines(text: str) -> tuple[list[Record], list[tuple[int, str, str]]]:
    good: list[Record] = []
    bad: list[tuple[int, str, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip().lstrip("\x1e")
        if not stripped:
            continue
        item = _loads(stripped)
        if item is None:
            bad.append((number, "not valid JSON", stripped))
        else:
            good.extend((number, f) for f in _flat(item, f"line {number}", 0))
    return good, bad


def _loads(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _points(
    records: list[Record], bad: list[tuple[int, str, str]]
) -> tuple[list[Record], list[tuple[int, str, str]]]:
    good: list[Record] = []
    wrong = list(bad)
    for number, feature in records:
        fault = _fault(feature)
        if fault is None:
            good.append((number, feature))
        else:
            wrong.append((number, fault, _compact(feature)))
    return good, wrong


def _fault(feature: Any) -> str | None:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return "not a GeoJSON Feature"
    geometry = feature.get("geometry")
    if geometry is None:
        return None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        kind = geometry.get("type") if isinstance(geometry, dict) else geometry
        return f"geometry is {kind!r}, not a Point"
    place = geometry.get("coordinates")
    if not isinstance(place, list) or len(place) < 2:
        return "a Point without two coordinates"
    return None


def _fields(features: list[Record], problems: list[Problem]) -> tuple[Fields, dict[str, pa.Array]]:
    """Properties as columns of strings, and what the features themselves give."""
    properties = [_properties(f) for _, f in features]
    names = list(dict.fromkeys(n for p in properties for n in p))
    columns = {
        name: pa.array([_text(p.get(name)) for p in properties], pa.string()) for name in names
    }
    line = pa.array([number for number, _ in features], pa.int64())
    places = [_place(f) for _, f in features]
    ready = {
        "line": line,
        "raw": pa.array([_compact(f) for _, f in features], pa.string()),
        "x": pa.array([p[0] for p in places], pa.float64()),
        "y": pa.array([p[1] for p in places], pa.float64()),
    }
    return Fields(columns, line, problems), ready


def _properties(feature: Any) -> dict[str, Any]:
    found = feature.get("properties") if isinstance(feature, dict) else None
    return {_encodable(k): v for k, v in found.items()} if isinstance(found, dict) else {}


def _place(feature: dict[str, Any]) -> tuple[float | None, float | None]:
    geometry = feature.get("geometry")
    if not geometry:
        return None, None
    x, y = geometry["coordinates"][:2]
    return _number(x), _number(y)


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else _compact(value)


def _compact(value: Any) -> str:
    return _encodable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


GEOJSON = LogFormat(
    "geojson-points", "GeoJSON points with mapped property names", sniff, pieces, held=12.0
)
