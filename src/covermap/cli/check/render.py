"""What was found, as text for people and as JSON for programs."""

from __future__ import annotations

from typing import Any

from covermap.cli.check.entry import Checked
from covermap.cli.check.facts import MOST, Counts, Facts, iso
from covermap.core.datum import to_wgs84


def as_text(file: Checked) -> str:
    """Tell what a file is, what is in it, and what is wrong with it."""
    best, facts = file.candidate, file.facts
    others = ", ".join(f"{c.format} ({c.score:.2f})" for c in file.runners_up[:3])
    lines = [
        " ".join((file.path, *file.also)),
        f"  format        {best.format}: {best.title} ({best.score:.2f})"
        + (f"; else {others}" if others else ""),
    ]
    if best.kind != "raster":
        lines.append(f"  rows          {_rows(facts)}")
    if best.kind == "measurements":
        lines.append(f"  time          {_span(facts)}")
    lines += _places(facts, file.datum, best.kind == "vector")
    if best.kind not in ("vector", "posts", "raster"):
        lines += [
            f"  operators     {_listed(facts.operators)}",
            f"  technologies  {_listed(facts.technologies)}",
        ]
    lines += [f"  {name:<13} {_detail(value)}" for name, value in _shown_details(facts)]
    lines += _finding_lines(facts) if best.kind in ("posts", "sites") else _problem_lines(facts)
    lines += [f"    {_member(m)}" for m in file.members] if len(file.members) > 1 else []
    return "\n".join(lines)


def _shown_details(facts: Facts) -> list[tuple[str, Any]]:
    details = {k: v for k, v in facts.details.items() if k != "has_crs"}
    if facts.columns:
        details["attributes"] = ", ".join(facts.columns)
    return list(details.items())


def _detail(value: Any) -> str:
    return _listed(value) if isinstance(value, dict) else str(value)


def _rows(facts: Facts) -> str:
    if facts.accepted is None:
        return f"{facts.rows}; not judged, because the datum is not known: give --datum"
    out = sum(facts.rejected.values())
    reasons = f": {_listed(facts.rejected)}" if out else ""
    return f"{facts.rows}: {facts.accepted} accepted, {out} rejected{reasons}"


def _span(facts: Facts) -> str:
    if facts.first_ms is None:
        return "none"
    span = f"{iso(facts.first_ms, facts.time_kind)} to {iso(facts.last_ms, facts.time_kind)}"
    if facts.time_kind == "utc":
        return span
    return span + " by a clock whose zone is not in the file: declare timezone"


def _places(facts: Facts, datum: str | None, vector: bool) -> list[str]:
    where = facts.where
    if where is None:
        return []
    if where.extent is None:
        return [f"  extent        none: {where.remark}"]
    digits = 0 if where.unit == "metres" else 5
    box = " ".join(f"{v:.{digits}f}" for v in where.extent)
    written = "WGS-84" if vector else "as written"
    lines = [f"  extent        {box}   (west south east north, {written}; 98 % of rows)"]
    if datum is None or vector:
        return [*lines, f"  datum         {where.remark}"]
    w, s, e, n = where.extent
    (west, east), (south, north) = to_wgs84([w, e], [s, n], datum)
    return [
        *lines,
        f"  datum         read as {datum}: {west:.5f} {south:.5f} {east:.5f} {north:.5f} in WGS-84",
    ]


def _listed(counts: Counts) -> str:
    if not counts:
        return "none"
    shown = [f"{name} {count}" for name, count in list(counts.items())[:MOST]]
    more = len(counts) - MOST
    return ", ".join(shown) + (f", and {more} more" if more > 0 else "")


def _problem_lines(facts: Facts) -> list[str]:
    if not facts.problems:
        return ["  problems      none"]
    rows = ["  problems      count  first line  kind (what is done)"]
    for p in facts.problems:
        line = "-" if p["first_line"] is None else p["first_line"]
        example = f", e.g. {p['example']!r}" if p["example"] else ""
        rows.append(f"    {p['count']:>17}  {line:>10}  {p['problem']} ({p['action']}{example})")
    return rows


def _finding_lines(facts: Facts) -> list[str]:
    if not facts.findings:
        return ["  findings      none"]
    return [f"  findings      {len(facts.findings)}", *(f"    {f['text']}" for f in facts.findings)]


def _member(facts: Facts) -> str:
    accepted = "" if facts.accepted is None else f", {facts.accepted} accepted"
    start = iso(facts.first_ms, facts.time_kind)
    inner = facts.shown.split("!", 1)[-1]
    return f"{inner}: {facts.rows} rows{accepted}" + (f", from {start}" if start else "")


def as_data(file: Checked) -> dict[str, Any]:
    """Give the same for programs."""
    best = file.candidate
    return {
        "file": file.path,
        "also": list(file.also),
        "kind": best.kind,
        "format": best.format,
        "title": best.title,
        "score": round(best.score, 3),
        "runners_up": [
            {"kind": c.kind, "format": c.format, "score": round(c.score, 3)}
            for c in file.runners_up
        ],
        **facts_data(file.facts),
        "members": [facts_data(m) for m in file.members] if len(file.members) > 1 else [],
    }


def facts_data(facts: Facts) -> dict[str, Any]:
    """Numbers of one file or member."""
    where = facts.where
    return {
        "shown": facts.shown,
        "rows": facts.rows,
        "accepted": facts.accepted,
        "rejected": facts.rejected,
        "time": {
            "first": iso(facts.first_ms, facts.time_kind),
            "last": iso(facts.last_ms, facts.time_kind),
            "zone": facts.time_kind,
        },
        "extent": list(where.extent) if where and where.extent else None,
        "positions": where.unit if where else None,
        "datum": where.datum if where else None,
        "remark": where.remark if where else None,
        "operators": facts.operators,
        "technologies": facts.technologies,
        "problems": list(facts.problems),
        "findings": [{k: v for k, v in f.items() if k != "text"} for f in facts.findings],
        "columns": list(facts.columns),
        "details": facts.details,
    }
