"""A log matched some whole runs at a time gives what the log matched whole gives."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.datum import from_wgs84
from covermap.steps.match import LogMatch, match_part
from covermap.store import write_table
from covermap.tables import MATCHED, SAMPLES, SEGMENT_EVIDENCE, in_order
from made_drives import CONFIG, at, drive, network, road, samples

WAYS = [(road((0, 0), (6000, 0)), "metro", "2"), (road((0, 900), (6000, 900)), "primary", "G1")]
STOPS = [("人民广场", 500, 20), ("陆家嘴", 2500, -20), ("世纪大道", 5000, 0)]


def named(run, made):
    return made.set_column(0, SAMPLES.schema.field("run_id"), pa.array([run] * made.num_rows))


def metro(run, pace, stops=("世纪大道", "陆家嘴", "人民广场"), n=41):
    """Without any position; the stamps of one run come sooner than those of another."""
    marks = [None] * n
    for k, stop in enumerate(stops):
        marks[5 + pace * k] = stop
    times = [1_700_000_000_000 + 15_000 * k for k in range(n)]
    return named(run, samples([None] * n, mark=marks, antenna="in-train", time=times))


def street(run, x0, x1, **given):
    return named(run, samples(drive(x0, x1, 903), **given))


@pytest.fixture(scope="module")
def log():
    """Runs with and without marks in turn, points of a crowd, a run far off, one without time."""
    runs = [
        street("a", 0, 2000), metro("b", 10), street("c", 3000, 500), metro("d", 14),
        street("e", 0, 1500, source="app"), metro("f", 8, ("世纪大道", "脱轨站", "人民广场")),
        named("g", samples([(x, 4000) for x in range(0, 900, 30)])),
        street("h", 100, 900, time=None), metro("i", 12, ("人民广场", "陆家嘴", "世纪大道")),
        street("j", 0, 700, mark="世纪大道"),
    ]  # fmt: skip
    return in_order(pa.concat_tables(runs), SAMPLES)


def in_pieces(log, net, path, held_rows):
    write_table(path, log, SAMPLES)
    match = LogMatch(path, net, CONFIG, held_rows)
    batches = list(match.matched())
    return pa.Table.from_batches(batches, MATCHED.schema), match.evidence, match.problems


@pytest.mark.parametrize("held_rows", [1, 60, 100, 10_000])
def test_pieces_of_whole_runs_give_the_tables_of_the_whole(tmp_path, log, held_rows):
    _, net = network(tmp_path, WAYS, STOPS)
    whole = match_part(log, net, CONFIG)
    matched, evidence, problems = in_pieces(log, net, tmp_path / "log.parquet", held_rows)
    assert matched.equals(whole.matched)
    assert evidence.equals(whole.evidence)
    assert evidence.schema == SEGMENT_EVIDENCE.schema
    told = {(p.problem, p.example): asdict(p) for p in problems}
    assert told == {(p.problem, p.example): asdict(p) for p in whole.problems}
    kinds = {p.problem for p in problems}
    assert {"matched_point_by_point", "unknown_mark"} <= kinds
    (points,) = (p for p in problems if p.problem == "matched_point_by_point")
    assert points.example == "e: sample 0"


def test_runs_with_marks_tell_of_each_other_across_pieces(tmp_path, log):
    """What this guards: alone, such a run would be placed by its own times."""
    _, net = network(tmp_path, WAYS, STOPS)
    whole = match_part(log, net, CONFIG).matched.to_pandas().set_index("run_id")
    alone = match_part(metro("d", 14), net, CONFIG).matched.to_pandas()
    together = whole.loc["d", "chainage_m"].to_numpy()
    assert not np.allclose(together, alone["chainage_m"].to_numpy(), equal_nan=True)


def test_a_wrong_datum_is_told_once_for_all_pieces(tmp_path):
    ways = [(road((0, 0), (30000, 0), (30000, 30000)), "primary", "G1")]
    _, net = network(tmp_path, ways)
    runs = []
    for run in ("a", "b", "c"):
        points = drive(0, 20000, 3, 100)
        lon, lat = (np.array(v) for v in zip(*(at(*p) for p in points), strict=True))
        x, y = from_wgs84(lon, lat, "gcj02")
        runs.append(named(run, samples(points, lon=x.tolist(), lat=y.tolist())))
    log = in_order(pa.concat_tables(runs), SAMPLES)
    _, _, problems = in_pieces(log, net, tmp_path / "log.parquet", 10)
    whole = match_part(log, net, CONFIG).problems
    assert [asdict(p) for p in problems] == [asdict(p) for p in whole]
    assert [(p.problem, p.count) for p in problems] == [("likely_gcj02", log.num_rows)]
