"""Declared indicators from tables: figures with a region, a period and a source, or refused."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from covermap.errors import ConfigError
from covermap.formats.problem import Problem
from covermap.formats.sites.grid import Grid, plain_name, read_grid
from covermap.formats.source import Source
from covermap.tables import DECLARED_INDICATORS, PROBLEMS, REJECTED, conform, in_order
from covermap.workspace import Indicators

COLUMNS = {
    "indicator": ("indicator", "name", "指标", "指标名称"),
    "value": ("value", "数值", "指标值", "值"),
    "period": ("period", "date", "时期", "日期", "统计时间", "时间"),
    "source": ("source", "来源", "数据来源"),
    "region": ("region", "region_id", "region_code", "地区", "区域", "行政区划代码", "行政区"),
    "unit": ("unit", "单位"),
}
"""Our column -> names it is found by where `columns` does not name it."""
NEEDED = ("indicator", "value", "period", "source")
_PERIOD = re.compile(r"(\d{4})(?:[-/.年](?:Q([1-4])|(\d{1,2}))(?:[-/.月](\d{1,2})日?)?月?|年)?$")
_SIGNS = str.maketrans({",": "", "，": "", "％": "%", "\u00a0": "", " ": ""})


@dataclass(frozen=True)
class IndicatorsRead:
    """What one entry gave: rows used + rejected = rows read."""

    table: pa.Table
    """Schema DECLARED_INDICATORS."""
    rejected: pa.Table
    problems: pa.Table


def read_indicators(
    sources: Sequence[Source], declaration: Indicators, regions: pa.Table
) -> IndicatorsRead:
    """Read every file of one `[[indicators]]` entry.

    A row needs a name, a number, a period and a source. Without a region it is of everything
    together. A number written with % is kept as a share, 0-1, also where the unit is %. Rows that
    contradict each other (one indicator, region and period, several values) are all refused: which
    of them holds, this program cannot know.

    Parameters
    ----------
    regions
        Table REGIONS: a region is named by its identity, or by a name that one alone has.

    Raises
    ------
    ConfigError
        `columns` names a column that is not ours, or not in the file.
    FormatError, InputError
        A file that cannot be read, or without the columns that are needed.
    """
    known = _identities(regions)
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for source in sources:
        names, grid = _grid(source, declaration)
        refused += [{"input": declaration.name, **row} for row in grid.malformed(source.shown)]
        told += [_problem(declaration, source.shown, problem) for problem in grid.problems]
        for line, cells in zip(grid.lines, grid.rows, strict=True):
            written = {ours: cells[at].strip() for ours, at in names.items()}
            row, fault = _row(written, known, declaration)
            place = {"file": source.shown, "line": line, "raw": ",".join(cells)}
            if row is None:
                refused.append({"input": declaration.name, **place, **fault})
            else:
                rows.append(row | place)
    kept = _agreeing(rows, refused, declaration)
    told += _unknown_regions(kept, set(known.values()), declaration)
    columns = DECLARED_INDICATORS.names
    plain = [{name: row[name] for name in columns} for row in kept]
    table = pa.Table.from_pylist(plain, DECLARED_INDICATORS.schema)
    return IndicatorsRead(
        in_order(conform(table, DECLARED_INDICATORS), DECLARED_INDICATORS),
        in_order(pa.Table.from_pylist(refused, REJECTED.schema), REJECTED),
        in_order(pa.Table.from_pylist(told, PROBLEMS.schema), PROBLEMS),
    )


def period_of(text: str) -> str | None:
    """Give a period in our form; None: it is none.

    Examples
    --------
    >>> [period_of(t) for t in ("2025", "2025年", "2025-3", "2025年3月", "2025Q2", "2025-Q2")]
    ['2025', '2025', '2025-03', '2025-03', '2025-Q2', '2025-Q2']
    >>> [period_of(t) for t in ("2025-03-31", "2025/3/31", "2025年3月31日", "2025-13", "soon")]
    ['2025-03-31', '2025-03-31', '2025-03-31', None, None]
    """
    plain = re.sub(r"(\d{4})Q", r"\1-Q", text.strip().upper())
    found = _PERIOD.match(plain)
    if not found:
        return None
    year, quarter, month, day = found.groups()
    if quarter:
        return None if day else f"{year}-Q{quarter}"
    if month is None:
        return year
    if not 1 <= int(month) <= 12 or (day and not 1 <= int(day) <= 31):
        return None
    return f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else "")


def number_of(text: str, unit: str) -> tuple[float, bool] | None:
    """Give a number, and whether it was written as per cent; None: it is no number.

    Examples
    --------
    >>> number_of("1,234.5", "km"), number_of("53 %", ""), number_of("53", "%"), number_of("-", "")
    ((1234.5, False), (0.53, True), (0.53, True), None)
    """
    plain = text.translate(_SIGNS)
    per_cent = plain.endswith("%") or unit.translate(_SIGNS) == "%"
    try:
        value = float(plain.rstrip("%"))
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return (value / 100, True) if per_cent else (value, False)


def _grid(source: Source, declaration: Indicators) -> tuple[dict[str, int], Grid]:
    unknown = sorted(set(declaration.columns) - set(COLUMNS))
    if unknown:
        raise ConfigError(
            f"indicators {declaration.name}: columns: no column {unknown[0]!r}. "
            f"There are: {', '.join(COLUMNS)}."
        )
    told = {ours: plain_name(name) for ours, name in declaration.columns.items()}

    def is_header(names: list[str]) -> bool:
        return all(name in _found(names, told) for name in NEEDED)

    needs = "needs a header with columns for " + ", ".join(
        f"{name} ({told.get(name) or ' / '.join(COLUMNS[name])})" for name in NEEDED
    )
    grid = read_grid(source, is_header, declaration.sheet, needs)
    found = _found(grid.names, told)
    for ours, name in told.items():
        if ours not in found:
            there = ", ".join(grid.names)
            raise ConfigError(f"{source.shown}: columns: no column {name!r}. There are: {there}.")
    return found, grid


def _found(names: list[str], told: dict[str, str]) -> dict[str, int]:
    """Place of each of our columns that is there."""
    at = {name: place for place, name in reversed(list(enumerate(names)))}
    lower = {name.lower(): place for name, place in at.items()}
    places = {
        ours: at.get(told[ours])
        if ours in told
        else next((lower[n] for n in usual if n in lower), None)
        for ours, usual in COLUMNS.items()
    }
    return {ours: place for ours, place in places.items() if place is not None}


def _row(
    written: dict[str, str], known: dict[str, str], declaration: Indicators
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Give the row, or None and why it cannot be used."""
    unit = written.get("unit", "")
    number = number_of(written["value"], unit)
    period = period_of(written["period"])
    if not written["indicator"]:
        return None, {"reason": "no_identity", "detail": "no name of an indicator"}
    if number is None:
        return None, {"reason": "bad_value", "detail": f"value = {written['value']!r}: no number"}
    if period is None:
        detail = f"period = {written['period']!r}: write 2025, 2025-03, 2025-03-31 or 2025-Q1"
        return None, {"reason": "bad_time", "detail": detail}
    if not written["source"]:
        return None, {"reason": "no_source", "detail": "a declared figure names who declares it"}
    region = written.get("region", "")
    return {
        "indicator": written["indicator"],
        "region_id": known.get(region, region) or None,
        "period": period,
        "value": number[0],
        "unit": "share" if number[1] else unit or None,
        "source": written["source"],
        "input": declaration.name,
        "simulated": declaration.simulated,
    }, {}


def _identities(regions: pa.Table) -> dict[str, str]:
    """Give the identity for each identity, code, and name that one region alone has."""
    rows = regions.select(["region_id", "code", "name"]).to_pylist()
    often = Counter(row["name"] for row in rows)
    named = {row["name"]: row["region_id"] for row in rows if often[row["name"]] == 1}
    coded = {row["code"]: row["region_id"] for row in rows}
    found = named | coded | {row["region_id"]: row["region_id"] for row in rows}
    return {name: identity for name, identity in found.items() if name}


def _agreeing(
    rows: list[dict[str, Any]], refused: list[dict[str, Any]], declaration: Indicators
) -> list[dict[str, Any]]:
    """Keep one row of each figure; refuse repetitions, and all rows that contradict each other."""
    same: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        same.setdefault((row["indicator"], row["region_id"], row["period"]), []).append(row)
    kept = []
    for group in same.values():
        group.sort(key=lambda row: (row["source"], row["file"], row["line"]))
        said = {(row["value"], row["unit"]) for row in group}
        if len(said) == 1:
            kept.append(group[0])
        spare = group[1:] if len(said) == 1 else group
        for row in spare:
            first = group[0] if row is not group[0] else group[1]
            where = f"{first['file']} line {first['line']}"
            reason, detail = (
                ("duplicate", f"the same figure as in {where}")
                if len(said) == 1
                else ("contradicts", f"{where} says {first['value']:g} of the same")
            )
            place = {name: row[name] for name in ("file", "line", "raw")}
            refused.append({"input": declaration.name, **place, "reason": reason, "detail": detail})
    return kept


def _unknown_regions(
    rows: list[dict[str, Any]], known: set[str], declaration: Indicators
) -> list[dict[str, Any]]:
    """Tell of each file how many of its rows are of regions that nobody declared."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["region_id"] is not None and row["region_id"] not in known:
            found.setdefault(row["file"], []).append(row)
    return [
        _problem(declaration, file, Problem(
            "unknown_region", len(own), own[0]["line"], own[0]["region_id"], "kept"
        ))
        for file, own in found.items()
    ]  # fmt: skip


def _problem(declaration: Indicators, file: str, problem: Problem) -> dict[str, Any]:
    return {"input": declaration.name, "file": file, **vars(problem)}
