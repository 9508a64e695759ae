"""Samples of runs with station marks to lines: underground there is no position.

Only samples without a position are placed so. What is wrong with the marks is told, run by run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.network import Network, line_facts, railway_stations
from covermap.core.placing.chains import chains_of
from covermap.core.placing.course import Placed, courses_of, place_on
from covermap.core.placing.stamps import Chain, LineFacts, Stamps, station_key
from covermap.formats.problem import Problem
from covermap.steps.match.found import Flags, Found, flags_in, run_numbers, seconds

LEFT = "left aside"


class _Marked(NamedTuple):
    """A run with marks."""

    run_id: str
    rows: Ints
    """Its samples without a position."""
    names: list[str]
    stamps: Stamps
    chains: list[Chain]
    """On one line after the other; none: the marks fit no line."""


def place_marks(samples: pa.Table, network: Network, found: Found) -> list[Problem]:
    """Place the samples without position of runs that have station marks.

    Runs of one line are judged together: their times show what is usual there.
    """
    lost = flags_in(samples, "position_basis", ("lost",))
    marked = samples.column("mark").is_valid().to_numpy()
    timed = samples.column("time").is_valid().to_numpy()
    runs, time_s = run_numbers(samples), seconds(samples)
    facts, stations = line_facts(network), railway_stations(network)
    every = []
    for run in np.unique(runs[lost & marked & timed]):
        rows = np.flatnonzero((runs == run) & timed)
        every.append(_marked(samples, rows, lost, time_s, stations, facts))
    for line in sorted({chain.line for m in every for chain in m.chains}):
        mine = [(m, chain) for m in every for chain in m.chains if chain.line == line]
        courses = courses_of([(chain, m.stamps) for m, chain in mine], facts[line])
        for (m, chain), course in zip(mine, courses, strict=True):
            _write(found, m.rows, place_on(course, time_s[m.rows], facts[line]), chain)
    for m in every:
        nowhere = m.rows[found.line[m.rows] < 0]
        found.reason[nowhere] = "outside_marks" if m.chains else "no_line_for_marks"
    return [problem for m in every for problem in _told(found, m)]


def _marked(
    samples: pa.Table, rows: Ints, lost: Flags, time_s: Floats, stations: pd.DataFrame,
    facts: dict[int, LineFacts],
) -> _Marked:  # fmt: skip
    marks = samples.column("mark").take(pa.array(rows)).to_pylist()
    stamped = np.array([k for k, mark in enumerate(marks) if mark is not None])
    names = [str(marks[k]) for k in stamped]
    stamps = Stamps([station_key(n) for n in names], time_s[rows[stamped]])
    rows = rows[lost[rows]]
    run_id = samples.column("run_id")[int(rows[0])].as_py()
    return _Marked(run_id, rows, names, stamps, chains_of(stamps, stations, facts))


def _told(found: Found, marked: _Marked) -> list[Problem]:
    """Tell what is wrong with the marks of a run."""
    if marked.chains:
        return [p for c in marked.chains for p in _faults(c, marked.names, marked.run_id)]
    example = f"{marked.run_id}: {marked.names[0]}"
    nowhere = int((found.line[marked.rows] < 0).sum())
    return [Problem("no_line_for_marks", nowhere, None, example, "kept")]


def _write(found: Found, every: Ints, placed: Placed, chain: Chain) -> None:
    """Write the samples within the marks; those outside keep a place that they have already."""
    inside = ~np.isnan(placed.chainage_m)
    rows = every[inside]
    rival = chain.other_line >= 0
    found.line[rows] = chain.line
    found.chainage_m[rows] = placed.chainage_m[inside]
    found.offset_m[rows] = 0.0
    found.direction[rows] = placed.direction[inside]
    found.probability[rows] = 0.5 if rival else 1.0
    found.error_m[rows] = placed.error_m[inside]
    found.basis[rows] = "mark"
    found.other[rows] = chain.other_line
    found.other_probability[rows] = 0.5 if rival else np.nan
    found.reason[rows] = None


def _faults(chain: Chain, names: list[str], run: str) -> list[Problem]:
    """Tell which marks were not believed, and where marks are missing."""
    kinds = (
        ("unknown_mark", chain.unknown),
        ("mark_of_other_line", chain.foreign),
        ("mark_out_of_order", chain.disordered),
        ("doubled_mark", chain.doubled),
    )
    made = [
        Problem(kind, len(which), None, f"{run}: {names[int(which[0])]}", LEFT)
        for kind, which in kinds
        if len(which)
    ]
    if chain.missing:
        text = f"{run}: after {names[chain.before_gap]}"
        made.append(Problem("missing_mark", chain.missing, None, text, "placed across"))
    return made
