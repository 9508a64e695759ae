"""Samples of runs with station marks to lines: underground there is no position.

Only samples without a position are placed so. What is wrong with the marks is told, run by run.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.network import Network, line_facts, railway_stations
from covermap.core.placing.course import Placed, course_of, place_on
from covermap.core.placing.stamps import Chain, Stamps, best_chain, station_key
from covermap.formats.problem import Problem
from covermap.steps.match.found import Flags, Found, flags_in, run_numbers, seconds

LEFT = "left aside"


def place_marks(samples: pa.Table, network: Network, found: Found) -> list[Problem]:
    """Place the samples without position of runs that have station marks."""
    lost = flags_in(samples, "position_basis", ("lost",))
    marked = samples.column("mark").is_valid().to_numpy()
    timed = samples.column("time").is_valid().to_numpy()
    runs, time_s = run_numbers(samples), seconds(samples)
    wanted = np.unique(runs[lost & marked & timed])
    problems: list[Problem] = []
    for run in wanted:
        rows = np.flatnonzero((runs == run) & timed)
        problems += _place_run(samples, network, found, rows, lost, time_s)
    return problems


def _place_run(
    samples: pa.Table, network: Network, found: Found, rows: Ints, lost: Flags, time_s: Floats
) -> list[Problem]:
    marks = samples.column("mark").take(pa.array(rows)).to_pylist()
    stamped = np.array([k for k, mark in enumerate(marks) if mark is not None])
    names = [str(marks[k]) for k in stamped]
    stamps = Stamps([station_key(n) for n in names], time_s[rows[stamped]])
    facts = line_facts(network)
    chain = best_chain(stamps, railway_stations(network), facts)
    rows = rows[lost[rows]]
    nowhere = rows[found.line[rows] < 0]
    run = samples.column("run_id")[int(rows[0])].as_py()
    if chain is None:
        found.reason[nowhere] = "no_line_for_marks"
        return [Problem("no_line_for_marks", len(nowhere), None, f"{run}: {names[0]}", "kept")]
    fact = facts[chain.line]
    placed = place_on(course_of(chain, stamps, fact.motion), time_s[rows], fact)
    _write(found, rows, placed, chain)
    return _faults(chain, names, run)


def _write(found: Found, every: Ints, placed: Placed, chain: Chain) -> None:
    """Write the samples within the marks; those outside keep a place that they have already."""
    inside = ~np.isnan(placed.chainage_m)
    outside = every[~inside]
    found.reason[outside[found.line[outside] < 0]] = "outside_marks"
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
