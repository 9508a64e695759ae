"""One group of lines: judged in every layer, and written to its folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from covermap.core.judging.estimates import LineTest
from covermap.core.judging.judge import Judged
from covermap.core.judging.line_shares import longest_gaps_m
from covermap.core.judging.paths import probabilities
from covermap.core.judging.verdicts import COVERED, UNMEASURED
from covermap.rules import RulePack
from covermap.steps.judge.counts import SegmentEvidence
from covermap.steps.judge.groups import GroupWork, connect, offsets_of
from covermap.steps.judge.layers import Layer, Spool, judge_all, judged_apart, place_test, rows
from covermap.steps.judge.network import unit_rows
from covermap.steps.judge.posterior import (
    Behind,
    behind,
    derived_paths,
    measured_paths,
    served_paths,
    together,
)
from covermap.steps.judge.settling import settling_rows
from covermap.steps.judge.standing import LayerPaths, Standing, columns_of, stand
from covermap.steps.judge.units import Ground, Units
from covermap.store import whole_folder
from covermap.tables import (
    ALL,
    ANY,
    LINE_VERDICTS,
    SECTION_VERDICTS,
    SEGMENT_VERDICTS,
    conform,
    nan_as_null,
)

M_PER_KM = 1000.0


@dataclass(frozen=True)
class State:
    """One layer of the group: verdicts, paths, and the runs behind."""

    judged: Judged
    paths: LayerPaths
    behind: Behind


def judge_group(work: GroupWork) -> None:
    """Judge a group and keep the result in its folder, whole or not at all."""
    connection = connect(work)
    try:
        ends = (work.group.first, work.group.last)
        ground = Ground.read(connection, *ends)
        offsets = offsets_of(connection, work.offsets_db)
        evidence = SegmentEvidence.read(connection, *ends, ground.segments, offsets)
    finally:
        connection.close()
    spool = Spool(None)
    judge_all(evidence, list(work.pairs), work.rules, spool, work.rules.segment)
    states = _states(evidence, ground, spool, work)
    with whole_folder(work.folder) as out:
        _write(out, work, ground, evidence, spool.layers(), states)


def _states(
    evidence: SegmentEvidence, ground: Ground, spool: Spool, work: GroupWork
) -> dict[Layer, State]:
    """Give every layer's state, measured ones first, as the derived ones need them."""
    states: dict[Layer, State] = {}
    pack = work.rules
    layers = spool.layers()
    measured = [layer for layer in layers if layer[0] not in (ANY, ALL) and layer[1] != ANY]
    for layer in measured:
        standard = pack.standards[layer[1]]  # type: ignore[index]
        test = place_test(pack, standard, pack.segment)
        judged = spool.get(layer)
        paths, means = measured_paths(evidence, ground, layer, judged, test, pack)
        states[layer] = _state(judged, paths, behind(means), pack)
    for layer in layers:
        if layer not in states and layer[0] not in (ANY, ALL):
            members = [states[m] for m in measured if m[0] == layer[0]]
            states[layer] = _derived(members, spool.get(layer), pack)
    for layer in layers:
        if layer[0] in (ANY, ALL):
            members = [states[m] for m in layers if m[1] == layer[1] and m[0] not in (ANY, ALL)]
            states[layer] = _derived(members, spool.get(layer), pack, every=layer[0] == ALL)
    return states


def _derived(
    members: list[State], judged: Judged, pack: RulePack, *, every: bool | None = None
) -> State:
    """Give the state of a derived layer: of technologies, or (`every` given) of operators."""
    if not members:
        return _without_service(judged, pack)
    paths = [m.paths for m in members]
    if every is None:
        joined = served_paths(paths, [m.judged.verdict for m in members], judged)
    else:
        joined = derived_paths(paths, judged, every=every)
    return _state(judged, joined, together([m.behind for m in members]), pack)


def _without_service(judged: Judged, pack: RulePack) -> State:
    """Give the state where samples without service are all there is: none, in every draw."""
    none = np.zeros((len(judged.verdict), pack.interval.draws // 8), np.uint8)
    nowhere = np.zeros(0, np.int64)
    paths = LayerPaths(judged.verdict != UNMEASURED, none, none, none)
    return _state(judged, paths, Behind(nowhere, nowhere, nowhere), pack)


def _state(judged: Judged, paths: LayerPaths, behind: Behind, pack: RulePack) -> State:
    asked = paths.drive if judged_apart(pack.segment) else paths.persistent
    chance = np.where(judged.verdict == UNMEASURED, np.nan, probabilities(asked))
    return State(replace(judged, probability=chance), paths, behind)


def line_test(pack: RulePack) -> LineTest:
    """Give the pack's rule for a unit of line, as the core takes it."""
    rule = pack.line
    return LineTest(rule.share, rule.confidence, rule.unmeasured, pack.segment.runs)


def _write(
    out: Path,
    work: GroupWork,
    ground: Ground,
    evidence: SegmentEvidence,
    layers: list[Layer],
    states: dict[Layer, State],
) -> None:
    test = line_test(work.rules)
    lines, sections, units, settling = [], [], [], []
    with pq.ParquetWriter(out / "segment_verdicts.parquet", SEGMENT_VERDICTS.schema) as writer:
        for layer in layers:
            state = states[layer]
            made = rows(state.judged, layer, evidence, SEGMENT_VERDICTS)
            made = made.cast(SEGMENT_VERDICTS.schema)
            writer.write_table(made, row_group_size=max(made.num_rows, 1))
            found = [_standing(u, ground, state, test) for u in (ground.lines, ground.sections)]
            columns = [
                columns_of(s, test, ground.tunnels_known[u.line], *state.behind.counts(u.pieces))
                for u, s in zip((ground.lines, ground.sections), found, strict=True)
            ]
            lines.append(_line_rows(ground, state, found[0], columns[0], layer, work))
            sections.append(_section_rows(ground.sections, columns[1], layer, work))
            units.append(unit_rows(ground, work.rules, layer, found, columns, test))
            settling.append(settling_rows(ground, state.paths, found[0], columns[0], layer, test))
    for table, made in ((LINE_VERDICTS, lines), (SECTION_VERDICTS, sections)):
        pq.write_table(pa.concat_tables(made), out / f"{table.name}.parquet")
    pq.write_table(pa.concat_tables(units), out / "units.parquet")
    pq.write_table(pa.concat_tables(settling), out / "settling.parquet")


def _standing(units: Units, ground: Ground, state: State, test: LineTest) -> Standing:
    return stand(ground.course, units.pieces, state.judged.verdict, state.paths, test)


def _named(layer: Layer, count: int) -> dict[str, pa.Array]:
    return {
        "operator": pa.repeat(pa.scalar(layer[0]), count),
        "technology": pa.repeat(pa.scalar(layer[1]), count),
    }


def _line_rows(
    ground: Ground,
    state: State,
    standing: Standing,
    columns: dict[str, pa.Array],
    layer: Layer,
    work: GroupWork,
) -> pa.Table:
    about, course = ground.lines.rows, ground.course
    ring = np.array([name in work.rings for name in about.column("line_id").to_pylist()], bool)
    gaps = longest_gaps_m(course.offset, state.judged.verdict, course.length_m, ring)
    total = standing.total_mm
    covered, unmeasured = standing.lengths_mm[:, COVERED], standing.lengths_mm[:, UNMEASURED]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = covered / (total - unmeasured)
        bad, good = covered / total, (covered + unmeasured) / total
    found = {name: about.column(name) for name in ("line_id", "name", "ref", "class")}
    found |= _named(layer, about.num_rows) | columns
    found |= {
        "longest_gap_km": pa.array(gaps / M_PER_KM),
        "covered_share": nan_as_null(share),
        "share_if_rest_bad": pa.array(bad),
        "share_if_rest_good": pa.array(good),
        "simulated": _simulated(about, work),
    }
    return conform(pa.table(found), LINE_VERDICTS)


def _section_rows(
    units: Units, columns: dict[str, pa.Array], layer: Layer, work: GroupWork
) -> pa.Table:
    about = units.rows
    names = ("section_id", "line_id", "kind", "region_id", "class")
    found = {name: about.column(name) for name in names}
    found |= _named(layer, about.num_rows) | columns | {"simulated": _simulated(about, work)}
    return conform(pa.table(found), SECTION_VERDICTS)


def _simulated(about: pa.Table, work: GroupWork) -> pa.ChunkedArray:
    """Label a verdict as simulated when the line, or any measurement behind it, may be."""
    stated = about.column("simulated")
    if not work.simulated:
        return stated
    return pa.chunked_array([pa.repeat(pa.scalar(True), len(stated))], pa.bool_())
