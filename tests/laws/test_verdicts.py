"""Laws of verdicts: they add up, recover a known truth, and do not depend on what must not matter.

Everything is run from evidence to weak spots, as a build does.
"""

from itertools import pairwise

import h3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import areas_m2
from covermap.core.judging.histogram import count_bins
from covermap.engine.step import StepContext
from covermap.rules import load_pack, pack_names
from covermap.steps import judge, weak
from covermap.store import Tables
from covermap.tables import CELL_EVIDENCE, SEGMENT_EVIDENCE, TABLES, conform, in_order
from covermap.workspace import Config
from cubes import write_cube

PACK = load_pack("project-default")
OF_SIGNAL = {"standards", "cell", "segment", "no_service"}
ALIKE = {load_pack(n).model_dump_json(include=OF_SIGNAL): n for n in sorted(pack_names())[::-1]}
PACKS = sorted(ALIKE.values())
"""Packs that judge cells and segments differently: one of each kind."""
DISK = sorted(h3.str_to_int(c) for c in h3.grid_disk(h3.latlng_to_cell(31.2, 121.4, 10), 3))
VERDICTS = ("covered", "weak", "none", "unmeasured")
SOME = {"technology": "lte", "service": True, "sinr_db": None}


def network(lengths):
    """Lines 'l0', 'l1', ... of segments with the given lengths; half of each is route length."""
    lines, segments = [], []
    for number, pieces in enumerate(lengths):
        ends = np.concatenate([[0.0], np.cumsum(pieces)])
        lon = 121 + ends / 1e5
        shape = [shapely.to_wkb(shapely.LineString([(a, 31), (b, 31)]))
                 for a, b in pairwise(lon)]  # fmt: skip
        for i, length in enumerate(pieces):
            segments.append(
                {"line_id": f"l{number}", "segment": i, "from_m": ends[i], "to_m": ends[i + 1],
                 "length_m": length, "route_length_m": length / 2, "geometry": shape[i]}
            )  # fmt: skip
        lines.append(
            {"line_id": f"l{number}", "class": "rail", "length_m": float(ends[-1]),
             "route_length_m": float(ends[-1] / 2), "segment_m": 100.0, "geometry": shape[0],
             "input": "x", "simulated": False}
        )  # fmt: skip
    return lines, segments


def evidence(rows, keys, table):
    kind = {"cell": pa.int64(), "segment": pa.int32(), "direction": pa.int16()}
    schema = pa.schema(
        [(k, kind.get(k, pa.string())) for k in keys]
        + [(k, pa.string()) for k in ("operator", "technology", "source", "period")]
        + [("service", pa.bool_()), ("rsrp_dbm", pa.float64()), ("sinr_db", pa.float64())]
    )
    full = [{"source": "drive", "period": "2025-01"} | SOME | row for row in rows]
    counts = count_bins(pa.Table.from_pylist(full, schema=schema), list(keys))
    return in_order(conform(counts, table), table)


def run(folder, samples=(), lines=(), segments=(), cells=(), pack=PACK):
    """Judge and list weak spots; samples are on segments, cells are samples in cells."""
    source = folder / "build"
    source.mkdir(parents=True)
    keys = ("line_id", "segment", "run_id", "campaign", "direction")
    on_lines = [{"run_id": "r", "campaign": "c", "direction": 1} | s for s in samples]
    data = {
        "segment_evidence": evidence(on_lines, keys, SEGMENT_EVIDENCE),
        "cell_evidence": evidence(cells, ("cell",), CELL_EVIDENCE),
        "lines": pa.Table.from_pylist(list(lines), schema=TABLES["lines"].schema),
        "segments": pa.Table.from_pylist(list(segments), schema=TABLES["segments"].schema),
    }
    write_cube(source, data.pop("cell_evidence"))
    for name, table in data.items():
        pq.write_table(table, source / f"{name}.parquet")
    for step in (judge.run_cells, judge.run_lines, weak.run):
        step(StepContext(Tables(source), source, Config(), pack))
    return Tables(source)


def near(length_m, segments):
    """Equal to half a millimetre a segment: lines are summed in whole millimetres."""
    return pytest.approx(length_m, abs=0.0005 * len(segments) + 1e-6)


LENGTHS = st.lists(st.lists(st.floats(0.5, 300), min_size=1, max_size=12), min_size=1, max_size=4)


@st.composite
def drives(draw, max_samples=60):
    """Lines and samples on them, of three operators and two technologies."""
    lines, segments = network(draw(LENGTHS))
    places = st.sampled_from([(s["line_id"], s["segment"]) for s in segments])
    samples = []
    for _ in range(draw(st.integers(1, max_samples))):
        line_id, segment = draw(places)
        service = draw(st.sampled_from([True, True, True, False]))
        samples.append(
            {"line_id": line_id, "segment": segment, "run_id": draw(st.sampled_from("abc")),
             "operator": draw(st.sampled_from(["46000", "46001", "46011"])),
             "technology": draw(st.sampled_from(["lte", "nr"])) if service else "none",
             "service": service, "rsrp_dbm": draw(st.floats(-130, -80)) if service else None,
             "sinr_db": draw(st.none() | st.floats(-10, 20))}
        )  # fmt: skip
    return lines, segments, samples


@settings(max_examples=12)
@given(drives())
def test_lengths_by_verdict_add_up_to_every_line_in_every_layer(tmp_path_factory, drive):
    lines, segments, samples = drive
    tables = run(tmp_path_factory.mktemp("w"), samples, lines, segments)
    length_m = {row["line_id"]: row["length_m"] for row in lines}
    found = tables.read("line_verdicts").to_pylist()
    layers = {(r["operator"], r["technology"]) for r in found}
    assert len(found) == len(layers) * len(lines)
    by_segment = {}
    for row in tables.read("segment_verdicts").to_pylist():
        key = (row["operator"], row["technology"], row["line_id"], row["verdict"])
        by_segment[key] = by_segment.get(key, 0.0) + row["length_m"]
    for row in found:
        for verdict in VERDICTS:
            key = (row["operator"], row["technology"], row["line_id"], verdict)
            assert row[f"{verdict}_km"] * 1000 == near(by_segment.get(key, 0.0), segments)
        for prefix, whole in (("", 1.0), ("route_", 0.5)):
            total = sum(row[f"{prefix}{v}_km"] for v in VERDICTS)
            assert total == row[f"{prefix}length_km"]
            assert total * 1000 == pytest.approx(length_m[row["line_id"]] * whole, abs=1.0)
        measured = row["length_km"] - row["unmeasured_km"]
        assert row["share_if_rest_bad"] <= row["share_if_rest_good"] + 1e-12
        if measured > 1e-9:
            low, high = row["share_if_rest_bad"], row["share_if_rest_good"]
            assert low - 1e-9 <= row["covered_share"] <= high + 1e-9
        assert row["longest_gap_km"] <= row["weak_km"] + row["none_km"] + 1e-6 * len(segments)


@settings(max_examples=12)
@given(drives())
def test_weak_sections_add_up_to_the_weak_length_of_every_line_and_layer(tmp_path_factory, drive):
    lines, segments, samples = drive
    everything = PACK.model_copy(
        update={"weak": PACK.weak.model_copy(update={"min_section_m": 0.0})}
    )
    tables = run(tmp_path_factory.mktemp("w"), samples, lines, segments, pack=everything)
    listed = {}
    for spot in tables.read("weak_spots").to_pylist():
        key = (spot["operator"], spot["technology"], spot["line_id"])
        listed[key] = listed.get(key, 0.0) + spot["length_m"]
        assert 0 < spot["length_m"] <= spot["to_m"] - spot["from_m"] + 1e-6
    for row in tables.read("line_verdicts").to_pylist():
        key = (row["operator"], row["technology"], row["line_id"])
        expected = (row["weak_km"] + row["none_km"]) * 1000
        assert listed.get(key, 0.0) == near(expected, segments)


@settings(max_examples=8)
@given(drives(), st.randoms())
def test_the_order_of_samples_runs_lines_and_segments_changes_no_byte(
    tmp_path_factory, drive, mixer
):
    seen = set()
    for _ in range(2):
        for rows in drive:
            mixer.shuffle(rows)
        lines, segments, samples = drive
        tables = run(tmp_path_factory.mktemp("w"), samples, lines, segments)
        names = ("cell_verdicts", "segment_verdicts", "line_verdicts", "weak_spots")
        files = [path for name in names for path in tables.parts(name)]
        seen.add(b"".join(path.read_bytes() for path in files))
    assert len(seen) == 1


@settings(max_examples=8)
@given(drives(), st.sampled_from(PACKS), st.integers(1, 15))
def test_an_easier_level_never_takes_a_covered_place_away(tmp_path_factory, drive, name, easier):
    lines, segments, samples = drive
    pack = load_pack(name)
    lower = {
        t: s.model_copy(update={"rsrp_dbm": s.rsrp_dbm - easier}) for t, s in pack.standards.items()
    }
    rank = {v: i for i, v in enumerate(VERDICTS)}
    found = []
    for standards in (pack.standards, lower):
        changed = pack.model_copy(update={"standards": standards})
        tables = run(tmp_path_factory.mktemp("w"), samples, lines, segments, pack=changed)
        found.append(tables.read("segment_verdicts").to_pylist())
    for hard, easy in zip(*found, strict=True):
        if hard["verdict"] == "unmeasured":
            # some operator's is now covered, or none of the figures has changed
            assert easy["verdict"] in ("unmeasured", "covered")
        else:
            assert rank[easy["verdict"]] <= rank[hard["verdict"]] or (
                hard["operator"] == "all" and easy["verdict"] == "unmeasured"
            )
        if hard["probability"] is not None and easy["probability"] is not None:
            assert easy["probability"] >= hard["probability"] - 1e-12


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(DISK), st.floats(-125, -85)), min_size=1, max_size=60))
def test_areas_by_verdict_add_up_and_weak_areas_hold_all_weak_cells(tmp_path_factory, samples):
    pack = PACK.model_copy(update={"weak": PACK.weak.model_copy(update={"min_cells": 1})})
    cells = [
        {"cell": cell, "operator": ("46000", "46001")[i % 2], "rsrp_dbm": level}
        for i, (cell, level) in enumerate(samples)
    ]
    tables = run(tmp_path_factory.mktemp("w"), cells=cells, pack=pack)
    verdicts = tables.read("cell_verdicts").to_pylist()
    whole = areas_m2(sorted({cell for cell, _ in samples})).sum()
    weak_m2, total_m2 = {}, {}
    for row in verdicts:
        layer = (row["operator"], row["technology"])
        total_m2[layer] = total_m2.get(layer, 0.0) + row["area_m2"]
        if row["verdict"] in ("weak", "none"):
            weak_m2[layer] = weak_m2.get(layer, 0.0) + row["area_m2"]
    assert total_m2["any", "any"] == pytest.approx(whole)
    for operator in {row["operator"] for row in verdicts} - {"any", "all"}:
        own = {cell for i, (cell, _) in enumerate(samples) if operator == ("46000", "46001")[i % 2]}
        assert total_m2[operator, "lte"] == pytest.approx(areas_m2(sorted(own)).sum())
    listed = {}
    for spot in tables.read("weak_spots").to_pylist():
        layer = (spot["operator"], spot["technology"])
        listed[layer] = listed.get(layer, 0.0) + spot["area_m2"]
    assert listed == pytest.approx(weak_m2)


def truth_of(level, pack, technology="lte"):
    if level is None:
        return "none"
    return "covered" if level >= pack.standards[technology].rsrp_dbm else "weak"


@pytest.mark.parametrize("name", PACKS)
def test_a_noise_free_world_without_gaps_is_recovered_to_the_last_segment_and_cell(tmp_path, name):
    """A smooth field with dead stretches, seen without noise by three samples a place."""
    pack = load_pack(name)
    rng = np.random.default_rng(11)
    field = -104.0 + 14 * np.sin(np.arange(300) / 9) + rng.normal(0, 0.5, 300)
    level = [None if 120 <= i < 135 else round(float(v), 2) for i, v in enumerate(field)]
    lines, segments = network([[100.0] * 300])
    state = [
        {"operator": "46000", "service": v is not None, "rsrp_dbm": v}
        | {"technology": "none" if v is None else "lte"}
        for v in level
    ]
    samples = [{"line_id": "l0", "segment": i} | s for i, s in enumerate(state) for _ in range(3)]
    cells = [{"cell": c} | s for c, s in zip(DISK, state[110:], strict=False) for _ in range(3)]
    tables = run(tmp_path, samples, lines, segments, cells, pack)
    expected = [truth_of(v, pack) for v in level]
    assert {"covered", "weak", "none"} == set(expected)
    for operator in ("46000", "any", "all"):
        for technology in ("lte", "any"):
            got = [
                r["verdict"]
                for r in tables.read("segment_verdicts").to_pylist()
                if (r["operator"], r["technology"]) == (operator, technology)
            ]
            assert got == expected
            got = [
                r["verdict"]
                for r in tables.read("cell_verdicts").to_pylist()
                if (r["operator"], r["technology"]) == (operator, technology)
            ]
            assert got == expected[110 : 110 + len(DISK)]
    row = tables.read("line_verdicts").to_pylist()[0]
    assert [round(row[f"{v}_km"] * 10) for v in VERDICTS] == [expected.count(v) for v in VERDICTS]
