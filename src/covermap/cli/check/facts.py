"""What is in a file: the same numbers for logs, site tables and vector files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.cli.check.candidates import Candidate
from covermap.cli.check.sites import NOT_CHECKED, site_findings
from covermap.cli.check.where import Whereabouts, whereabouts
from covermap.core.datum import from_wgs84
from covermap.errors import DatumError
from covermap.formats.logs import FORMATS, LogRead, ReadOptions
from covermap.formats.source import Source
from covermap.formats.vectors import read_vector
from covermap.steps.ingest import Ingested, Origin, ingest_log
from covermap.steps.sites import read_sites
from covermap.workspace import Config, Measurements, Sites

Counts = dict[str, int]
MOST = 12


@dataclass(frozen=True)
class Facts:
    """What one file or archive member holds."""

    shown: str
    rows: int
    accepted: int | None = None
    """None: not counted, because the datum is not known."""
    rejected: Counts = field(default_factory=dict)
    time_kind: str = "none"
    first_ms: int | None = None
    last_ms: int | None = None
    where: Whereabouts | None = None
    operators: Counts = field(default_factory=dict)
    technologies: Counts = field(default_factory=dict)
    problems: tuple[dict[str, Any], ...] = ()
    columns: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    x: Any = None
    """Positions as written, for the comparison with lines."""
    y: Any = None
    findings: tuple[dict[str, Any], ...] = ()
    """Of kilometre posts and site tables: each with file, line, value, rule and what to do."""

    def names_none(self, what: Literal["operators", "technologies"]) -> bool:
        """Whether no row names an operator, or a technology."""
        return set(getattr(self, what)) <= {"-"}


def log_facts(source: Source, candidate: Candidate, datum: str | None, now_ms: int) -> Facts:
    """Read a log as a build would, by a declaration made from the guess, and tell what came out."""
    guess = candidate.guess
    options = ReadOptions(guess.columns, guess.units, candidate.sheet) if guess else ReadOptions()
    log = FORMATS[candidate.format].read(source, options)
    x, y = (log.readings[c].to_numpy(zero_copy_only=False) for c in ("x", "y"))
    where = whereabouts(x, y)
    facts = Facts(
        source.shown,
        log.readings.num_rows + log.malformed.num_rows,
        time_kind=log.time_kind,
        first_ms=pc.min(log.readings["time_ms"]).as_py(),
        last_ms=pc.max(log.readings["time_ms"]).as_py(),
        where=where,
        operators=_counts(log.readings["operator"]),
        technologies=_counts(log.readings["technology"]),
        problems=tuple(_problem(p.__dict__) for p in log.problems),
        x=x,
        y=y,
    )
    if datum is None and where.unit == "metres":
        return facts
    chosen = datum or where.datum or "wgs84"
    return _ingested(facts, log, _declared(candidate, facts, chosen), now_ms)


def _declared(candidate: Candidate, facts: Facts, datum: str) -> Measurements:
    """Declare what the entry will ask the user for, so that its absence does not hide the rest."""
    return Measurements(
        name="check",
        files=("-",),
        format=candidate.format,
        source="drive",
        datum=datum,
        timezone="UTC",
        operator="undeclared" if facts.names_none("operators") else None,
        technology="lte" if facts.names_none("technologies") else None,
    )


def _ingested(facts: Facts, log: LogRead, declared: Measurements, now_ms: int) -> Facts:
    """Add what ingest makes of the rows."""
    got: Ingested = ingest_log(log, Origin(facts.shown, declared, Config(), now_ms))
    return replace(
        facts,
        accepted=got.samples.num_rows,
        rejected=_counts(got.rejected["reason"]),
        problems=tuple(_problem(p) for p in got.problems.to_pylist()),
    )


def site_facts(sources: list[Source], candidate: Candidate, datum: str | None) -> Facts:
    """Read a site table and tell what came out."""
    declared = Sites(
        name="check", files=("-",), format=candidate.format, datum=datum or "wgs84", operator=None
    )
    got = read_sites(sources, declared, Config())
    lon, lat = (got.sites[c].to_numpy(zero_copy_only=False) for c in ("lon", "lat"))
    x, y = from_wgs84(lon, lat, datum or "wgs84")
    return Facts(
        sources[0].shown,
        got.sites.num_rows + got.rejected.num_rows,
        accepted=got.sites.num_rows,
        rejected=_counts(got.rejected["reason"]),
        where=whereabouts(x, y),
        operators=_counts(got.sites["operator"]),
        technologies=_counts(got.sites["technology"]),
        problems=tuple(_problem(p) for p in got.problems.to_pylist()),
        details={"sites": len(pc.unique(got.sites["site_id"])), "not checked": NOT_CHECKED},
        x=x,
        y=y,
        findings=site_findings(got),
    )


def vector_facts(path: Path, shown: str, datum: str | None) -> Facts:
    """Read a vector file and tell what came out; without a CRS, degrees are taken as they are."""
    said = None
    try:
        got = read_vector(path, datum=datum)
    except DatumError as error:
        if datum is not None:
            raise
        said = str(error)
        got = read_vector(path, datum="wgs84")
    shapes = got.table.geometry
    kinds = {str(k): int(v) for k, v in shapes.geom_type.value_counts().sort_index().items()}
    points = shapes.representative_point() if len(shapes) else shapes
    x, y = np.asarray(points.x, np.float64), np.asarray(points.y, np.float64)
    return Facts(
        shown,
        got.read,
        accepted=len(got.table),
        rejected=_counts(got.rejected["reason"]),
        where=whereabouts(x, y),
        problems=tuple(_problem(p.__dict__) for p in got.problems),
        columns=tuple(str(c) for c in got.table.columns if c != "geometry"),
        details={"geometry": kinds, "crs": said or got.datum, "has_crs": said is None},
        x=x,
        y=y,
    )


def _problem(row: dict[str, Any]) -> dict[str, Any]:
    return {k: row[k] for k in ("problem", "count", "first_line", "example", "action")}


def _counts(values: pa.ChunkedArray) -> Counts:
    """Count each value, the most frequent first; null is shown as a dash."""
    counted = pc.fill_null(values, "-").value_counts().to_pylist()
    ordered = sorted(counted, key=lambda c: (-c["counts"], c["values"]))
    return {c["values"]: c["counts"] for c in ordered}


def together(facts: list[Facts], shown: str) -> Facts:
    """Sum of several members of one archive."""
    known = [f.accepted for f in facts if f.accepted is not None]
    firsts = [f.first_ms for f in facts if f.first_ms is not None]
    lasts = [f.last_ms for f in facts if f.last_ms is not None]
    x, y = (np.concatenate([getattr(f, n) for f in facts]) for n in ("x", "y"))
    return Facts(
        shown,
        sum(f.rows for f in facts),
        sum(known) if len(known) == len(facts) else None,
        _sum(f.rejected for f in facts),
        facts[0].time_kind,
        min(firsts, default=None),
        max(lasts, default=None),
        whereabouts(x, y),
        _sum(f.operators for f in facts),
        _sum(f.technologies for f in facts),
        tuple(_sum_problems(facts)),
        facts[0].columns,
        facts[0].details,
        x,
        y,
        tuple(finding for f in facts for finding in f.findings),
    )


def _sum(counts: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items(), key=lambda i: (-i[1], i[0])))


def _sum_problems(facts: list[Facts]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for fact in facts:
        for problem in fact.problems:
            held = found.setdefault(problem["problem"], {**problem, "count": 0, "in": fact.shown})
            held["count"] += problem["count"]
    return [found[name] for name in sorted(found)]


def iso(ms: int | None, kind: str) -> str | None:
    """Time as ISO text: with Z where the clock is UTC, without zone where it is not known."""
    if ms is None:
        return None
    text = datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return text + "Z" if kind == "utc" else text
