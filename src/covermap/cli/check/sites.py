"""Findings of site tables: each kind with file, line, value, rule and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from covermap.core.sites.quality import rule_of
from covermap.steps.sites import SitesResult

NOT_CHECKED = (
    "whether sites lie in the sea or abroad: a build checks that by [[regions]] of covermap.toml"
)


def site_findings(got: SitesResult) -> tuple[dict[str, Any], ...]:
    """One finding for each file and kind: errors (rows out), then warnings, then notes."""
    found = [_finding(f) for f in (*_rejected(got.rejected.to_pylist()), *_problems(got))]
    order = ("error", "warning", "note")
    return tuple(sorted(found, key=lambda f: (order.index(f["level"]), f["file"], f["line"] or 0)))


def _rejected(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:  # in the order of file and line
        key = (row["file"], row["reason"])
        held = kinds.setdefault(key, {
            "file": row["file"], "line": row["line"], "value": row["detail"],
            "finding": row["reason"], "count": 0, "action": "rejected",
        })  # fmt: skip
        held["count"] += 1
    return list(kinds.values())


def _problems(got: SitesResult) -> list[dict[str, Any]]:
    return [
        {
            "file": p["file"], "line": p["first_line"], "value": p["example"],
            "finding": p["problem"], "count": p["count"], "action": p["action"],
        }
        for p in got.problems.to_pylist()
    ]  # fmt: skip


def _finding(of: dict[str, Any]) -> dict[str, Any]:
    level, rule, do = rule_of(of["finding"])
    at = "" if of["line"] is None else f": line {of['line']}"
    value = "" if of["value"] is None else f": {of['value']}"
    more = "" if of["count"] == 1 else f", and {of['count'] - 1} more"
    about = f"{of['file']}{at}{value}: {of['finding']}{more} ({of['action']})"
    done = "" if level == "note" else f" (rule: {rule}). To do: {do}."
    return of | {"level": level, "rule": rule, "do": do, "text": f"{level}: {about}{done}"}
