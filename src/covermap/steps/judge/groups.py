"""Groups of lines: the part of a build that is judged, kept and judged again by itself.

Lines in order of their identity are cut into groups behind lines that their own identity and
length choose, so that a line more or less changes the groups around it and no others. What a group
gives depends on its key: its lines, their evidence, the rules. One run more changes the evidence
of the lines that it touched, and only their groups are judged again.

This holds because nothing that is said of a line depends on what was measured on another. The
model's spreads are the prior's (`fit = "pooled"`) or fitted to the line alone (`"each"`): a fit to
all lines together would move every line with every run, and a result kept from an earlier build
would then tell that build's history. What lines share are random numbers, and those depend on the
names of campaign, operator and technology. Only a layer never seen before concerns every line.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from covermap.rules import RulePack
from covermap.store import Tables, Within

MOST_SEGMENTS = 16_384
"""Segments of a group, in the mean of a large build."""
FINEST = 64
"""Groups that a small build is cut into, about, if it has so many lines."""
TABLES = ("segment_evidence", "segments", "lines", "sections", "runs")


@dataclass(frozen=True)
class Group:
    """Lines from `first` to `last` in order of their identity."""

    first: str
    last: str
    lines: int
    segments: int


@dataclass(frozen=True)
class GroupWork:
    """Everything that a worker process needs to judge one group."""

    source: Path
    """Folder of the tables of the build so far."""
    group: Group
    pairs: tuple[tuple[str, str], ...]
    """Operators and technologies of the whole build."""
    rules: RulePack
    offsets_db: dict[str, int]
    """By input: dB added to its levels. Inputs without one are left out."""
    simulated: bool
    """Whether any measurement of the build was simulated."""
    rings: frozenset[str]
    """Lines of the group that end where they start."""
    folder: Path
    """Where the result is kept."""
    memory_bytes: int = 10**9
    """What reading its tables may take; more is spilled."""
    within: Within | None = None
    """First and last period of the evidence that counts; None: all."""


def groups_of(lines: list[tuple[str, int]]) -> list[Group]:
    """Cut lines into groups.

    Parameters
    ----------
    lines
        Identity and number of segments, in order of identity.
    """
    total = sum(segments for _, segments in lines)
    aim = min(MOST_SEGMENTS, 1 << max(total // FINEST, 1).bit_length() - 1)
    found: list[Group] = []
    held: list[tuple[str, int]] = []
    size = 0
    for line_id, segments in lines:
        held.append((line_id, segments))
        size += segments
        if _fraction(line_id) < segments / aim or size >= 4 * aim:
            found.append(Group(held[0][0], line_id, len(held), size))
            held, size = [], 0
    if held:
        found.append(Group(held[0][0], held[-1][0], len(held), size))
    return found


def _fraction(line_id: str) -> float:
    """Give a number from 0 to 1 that the identity alone decides."""
    digest = hashlib.sha256(line_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


# the first and the last point, as they stand in the WKB of a LineString with two or more
RING = "(octet_length(geometry) > 41 AND geometry[10:25] = geometry[-16:])"
_CONTENT = """
SELECT line_id, count(*)::VARCHAR || ':' || sum(hash({columns})::HUGEINT)::VARCHAR || ':' ||
  bit_xor(hash({columns}))::VARCHAR AS content
FROM {table} GROUP BY line_id ORDER BY line_id"""
_COLUMNS = {
    "lines": f"line_id, name, ref, class, length_m, simulated, {RING}",
    "segments": "segment, from_m, to_m, length_m, route_length_m, tunnel",
    "sections": "section_id, kind, region_id, from_m, to_m",
    "segment_evidence": "segment, operator, technology, run_id, campaign, direction, source, "
    "period, rsrp_bin, sinr_bin, n, rsrp_sum_cdb, sinr_sum_cdb",
}


def contents(connection: Any) -> dict[str, list[str]]:
    """Give a text per line that changes with anything that judging it depends on."""
    found: dict[str, list[str]] = {}
    for table, columns in _COLUMNS.items():
        query = _CONTENT.format(table=table, columns=columns)
        for line_id, content in connection.execute(query).fetchall():
            found.setdefault(line_id, []).append(f"{table}={content}")
    return found


def rings(connection: Any) -> set[str]:
    """Give the lines that end on the very point where they start."""
    found = connection.execute(f"SELECT line_id FROM lines WHERE {RING}").fetchall()
    return {row[0] for row in found}


def keys_of(groups: list[Group], contents: dict[str, list[str]], *common: Any) -> list[str]:
    """Give each group's key, from its lines' contents and what all groups have in common."""
    shared = json.dumps(common, sort_keys=True, default=str)
    names, keys, at = sorted(contents), [], 0
    for group in groups:
        digest = hashlib.sha256(shared.encode())
        while at < len(names) and names[at] < group.first:
            at += 1
        while at < len(names) and names[at] <= group.last:
            digest.update(json.dumps([names[at], contents[names[at]]]).encode())
            at += 1
        keys.append(digest.hexdigest()[:24])
    return keys


def connect(work: GroupWork) -> Any:
    """Open the tables of the build so far, for one worker."""
    return Tables(work.source, work.within).connect(
        *TABLES, threads=1, memory=f"{work.memory_bytes}B",
        spill=work.folder.parent / f".{work.folder.name}.duckdb.part",
    )  # fmt: skip


def offsets_of(connection: Any, offsets_db: dict[str, int]) -> dict[str, int]:
    """Give the declared offset of every run that has one, dB."""
    if not offsets_db:
        return {}
    found = connection.execute("SELECT run_id, input FROM runs").fetchall()
    return {run: offsets_db[name] for run, name in found if name in offsets_db}
