import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import cells_at
from covermap.engine.step import StepContext
from covermap.errors import BuildError, RulePackError
from covermap.rules import SegmentRule, load_pack
from covermap.steps import judge
from covermap.store import Tables
from covermap.tables import TABLES
from covermap.workspace import Config
from cubes import write_cube
from judge_reference import layers

CELLS = sorted(int(c) for c in cells_at([121.40, 121.47, 121.55], [31.2, 31.23, 31.3], 10))
PACK = load_pack("project-default")
POOLED = PACK.interval.model_copy(update={"fit": "pooled", "draws": 64})
PACK = PACK.model_copy(update={"interval": POOLED})
GEOMETRY = shapely.to_wkb(shapely.LineString([(121.0, 31.0), (121.001, 31.0)]))

RULES = [
    SegmentRule(rule="mean", min_samples=2, source="test"),
    SegmentRule(rule="share", share=0.95, min_samples=1, source="test"),
    SegmentRule(rule="share", share=0.5, min_samples=3, source="test"),
    SegmentRule(rule="share", share=0.5, exceed=True, min_samples=1, source="test"),
    SegmentRule(rule="quantile", quantile=0.1, min_samples=1, source="test"),
]


@st.composite
def count(draw, technologies=("lte", "nr", "gsm", "none")):
    technology = draw(st.sampled_from(technologies))
    served = technology != "none"
    n = draw(st.integers(1, 6))
    rsrp = draw(st.none() | st.integers(-118, -92)) if served else None
    sinr = draw(st.none() | st.integers(-8, 3)) if served else None
    return {
        "operator": draw(st.sampled_from(["46000", "46001", "46011"])),
        "technology": technology,
        "source": draw(st.sampled_from(["drive", "app"])),
        "period": draw(st.sampled_from(["2025-01", "2025-02", "undated"])),
        "rsrp_bin": rsrp,
        "sinr_bin": sinr,
        "n": n,
        "rsrp_sum_cdb": 0 if rsrp is None else n * rsrp * 100 + draw(st.integers(0, 99)) * n,
        "sinr_sum_cdb": 0 if sinr is None else n * sinr * 100 + draw(st.integers(0, 99)) * n,
    }


@st.composite
def cell_rows(draw):
    rows = draw(st.lists(count(), max_size=25))
    return [r | {"cell": draw(st.sampled_from(CELLS))} for r in rows]


@st.composite
def segment_rows(draw):
    rows = []
    for row in draw(st.lists(count(), max_size=25)):
        run = draw(st.sampled_from(["r1", "r2", "r3"]))
        place = draw(st.sampled_from([("a", 0), ("a", 1), ("b", 0)]))
        extra = {"line_id": place[0], "segment": place[1], "run_id": run}
        campaign = "c1" if run == "r1" else "c2"
        direction = draw(st.sampled_from([-1, 1]))
        rows.append(row | extra | {"campaign": campaign, "direction": direction})
    return rows


def line(line_id, segments, **changes):
    base = {
        "line_id": line_id, "name": f"line {line_id}", "ref": None, "class": "rail",
        "length_m": 100.0 * segments, "route_length_m": 50.0 * segments, "segment_m": 100.0,
        "geometry": GEOMETRY, "input": "lines", "simulated": False,
    }  # fmt: skip
    return base | changes


def pieces(line_id, segments, length_m=100.0):
    return [
        {
            "line_id": line_id, "segment": i, "from_m": length_m * i,
            "to_m": length_m * (i + 1), "length_m": length_m, "route_length_m": length_m / 2,
            "tunnel": None, "geometry": GEOMETRY,
        }
        for i in range(segments)
    ]  # fmt: skip


LINES = [line("a", 3), line("b", 1)]
SEGMENTS = pieces("a", 3) + pieces("b", 1)


def context(folder, config=None, pack=PACK, **tables):
    source, out = folder / "in", folder / "out"
    source.mkdir(parents=True, exist_ok=True)
    out.mkdir(exist_ok=True)
    for name, rows in tables.items():
        table = pa.Table.from_pylist(rows, schema=TABLES[name].schema)
        if name == "cell_evidence":
            write_cube(source, table)
        else:
            pq.write_table(table, source / f"{name}.parquet")
    return StepContext(Tables(source), out, config or Config(), pack)


def judged(folder, **kwargs):
    ctx = context(folder, **kwargs)
    judge.run_cells(ctx)
    judge.run_lines(ctx)
    assert not list(ctx.out.glob(".*")), "nothing is left aside"
    return Tables(ctx.out)


def rows_of(tables, name):
    return tables.read(name).to_pylist()


def close(got, expected, absolute=1e-9):
    if expected is None:
        return got is None
    return got == pytest.approx(float(expected), abs=absolute)


def compare(row, want, chance=True):
    assert row["verdict"] == want["verdict"]
    assert (row["basis"] == "measured") == (want["verdict"] != "unmeasured")
    if "n" not in want:
        return
    assert (row["n"], row["n_none"]) == (want["n"], want["n_none"])
    measured = want["verdict"] != "unmeasured"
    if chance:
        assert close(row["probability"], want["probability"] if measured else None)
    else:
        assert (row["probability"] is None) is (not measured)
    assert close(row["share"], want["n_meets"] / want["n"] if measured else None)
    if "mean" in want:
        assert close(row["rsrp_mean_dbm"], want["mean"])
        assert close(row["sinr_mean_db"], want["sinr"])
        assert close(row["rsrp_p5_dbm"], want["p5"])
        assert close(row["rsrp_p50_dbm"], want["p50"])


def has_samples(rows, known, operator, technology, cell):
    """Whether a layer has a sample in a cell; one without service is in all of its operator's."""
    return any(
        row["cell"] == cell
        and operator in (row["operator"], "any", "all")
        and (row["operator"], technology, cell) in known
        and (technology == "any" or row["technology"] in (technology, "none"))
        for row in rows
    )


@pytest.mark.slow
@settings(max_examples=30)
@given(cell_rows(), st.sampled_from(RULES))
def test_cell_verdicts_equal_those_of_the_plain_reference(tmp_path_factory, rows, rule):
    pack = PACK.model_copy(update={"cell": rule})
    got = rows_of(judged(tmp_path_factory.mktemp("w"), pack=pack, cell_evidence=rows),
                  "cell_verdicts")  # fmt: skip
    places = sorted({r["cell"] for r in rows})
    expected = layers(rows, places, lambda r: r["cell"], pack, rule, runs_known=False)
    # a layer without a sample in a cell has no row there, but for the one that lists every cell
    kept = {k for k in expected if k[:2] == ("any", "any") or has_samples(rows, expected, *k)}
    assert {(r["operator"], r["technology"], r["cell"]) for r in got} == kept
    assert {want["verdict"] for k, want in expected.items() if k not in kept} <= {"unmeasured"}
    for row in got:
        compare(row, expected[row["operator"], row["technology"], row["cell"]])


@pytest.mark.slow
@settings(max_examples=30)
@given(segment_rows(), st.sampled_from(RULES))
def test_segment_verdicts_equal_those_of_the_plain_reference(tmp_path_factory, rows, rule):
    pack = PACK.model_copy(update={"segment": rule})
    tables = judged(
        tmp_path_factory.mktemp("w"), pack=pack, segment_evidence=rows, segments=SEGMENTS,
        lines=LINES,
    )  # fmt: skip
    got = rows_of(tables, "segment_verdicts")
    places = [(s["line_id"], s["segment"]) for s in SEGMENTS]
    expected = layers(
        rows, places, lambda r: (r["line_id"], r["segment"]), pack, rule, runs_known=True
    )
    assert len(got) == len(expected)
    for row in got:
        place = (row["line_id"], row["segment"])
        want = expected[row["operator"], row["technology"], place]
        compare(row, want, chance=False)  # a segment's is that of the model along its line
        if "runs" in want:
            assert row["runs"] == want["runs"]


def lte(n, level, **changes):
    base = {
        "operator": "46000", "technology": "lte", "source": "drive", "period": "2025-01",
        "rsrp_bin": level, "sinr_bin": None, "n": n, "rsrp_sum_cdb": n * level * 100,
        "sinr_sum_cdb": 0,
    }  # fmt: skip
    return base | changes


def nothing(n, **changes):
    empty = {"technology": "none", "rsrp_bin": None, "rsrp_sum_cdb": 0}
    return lte(n, 0) | empty | changes


def on(line_id, segment, row, run="r"):
    place = {"line_id": line_id, "segment": segment, "run_id": run}
    return row | place | {"campaign": "c", "direction": 1}


def by_layer(rows, operator, technology):
    return [r for r in rows if (r["operator"], r["technology"]) == (operator, technology)]


def test_every_segment_has_a_row_in_every_layer(tmp_path):
    rows = [on("a", 0, lte(1, -90)), on("b", 0, lte(1, -90, operator="46001", technology="nr"))]
    tables = judged(tmp_path, segment_evidence=rows, segments=SEGMENTS, lines=LINES)
    got = rows_of(tables, "segment_verdicts")
    layer = {(r["operator"], r["technology"]) for r in got}
    assert layer == {
        ("46000", "lte"), ("46000", "any"), ("46001", "nr"), ("46001", "any"),
        ("any", "lte"), ("any", "nr"), ("any", "any"), ("all", "lte"), ("all", "nr"),
        ("all", "any"),
    }  # fmt: skip
    assert len(got) == len(layer) * len(SEGMENTS)
    verdicts = [r["verdict"] for r in by_layer(got, "46000", "lte")]
    assert verdicts == ["covered", "unmeasured", "unmeasured", "unmeasured"]
    assert [r["verdict"] for r in by_layer(got, "all", "any")] == ["unmeasured"] * 4
    assert [r["runs"] for r in by_layer(got, "46000", "lte")] == [1, 0, 0, 0]


def test_a_cell_measured_for_one_operator_has_no_row_for_the_other(tmp_path):
    rows = [lte(5, -90, cell=CELLS[0]), lte(5, -90, cell=CELLS[1], operator="46001")]
    got = rows_of(judged(tmp_path, cell_evidence=rows), "cell_verdicts")
    assert [(r["cell"], r["verdict"]) for r in by_layer(got, "46000", "lte")] == [
        (CELLS[0], "covered")
    ]
    assert [r["verdict"] for r in by_layer(got, "any", "lte")] == ["covered", "covered"]
    assert [r["verdict"] for r in by_layer(got, "all", "lte")] == ["unmeasured", "unmeasured"]


def test_a_cell_whose_samples_have_no_level_is_unmeasured_in_their_layers(tmp_path):
    rows = [
        lte(5, -90, cell=CELLS[0]),
        lte(2, -90, cell=CELLS[1], operator="46001", technology="nr") | {"rsrp_bin": None},
    ]
    got = rows_of(judged(tmp_path, cell_evidence=rows), "cell_verdicts")
    second = [r for r in got if r["cell"] == CELLS[1]]
    assert {(r["operator"], r["technology"]) for r in second} == {
        (operator, technology)
        for operator in ("46001", "any", "all")
        for technology in ("any", "nr")
    }
    for row in second:
        assert (row["verdict"], row["n"], row["n_none"]) == ("unmeasured", 0, 0)
        assert {row[c] for c in ("probability", "basis", "share", "last_period")} == {None}


def test_layers_are_those_of_the_whole_build_in_segments(tmp_path):
    tables = judged(
        tmp_path,
        cell_evidence=[lte(5, -90, cell=CELLS[0])],
        segment_evidence=[on("a", 0, lte(1, -90, operator="46001", technology="nr"))],
        segments=SEGMENTS,
        lines=LINES,
    )
    layer = {
        name: {(r["operator"], r["technology"]) for r in rows_of(tables, name)}
        for name in ("cell_verdicts", "segment_verdicts", "line_verdicts")
    }
    assert layer["segment_verdicts"] == layer["line_verdicts"]
    assert layer["segment_verdicts"] - layer["cell_verdicts"] == {
        ("46001", "nr"), ("46001", "any"), ("any", "nr"), ("all", "nr"),
    }  # fmt: skip


def test_too_few_samples_are_unmeasured_with_their_count_shown(tmp_path):
    row = rows_of(judged(tmp_path, cell_evidence=[lte(2, -90, cell=CELLS[0])]), "cell_verdicts")
    assert {r["verdict"] for r in row} == {"unmeasured"}
    assert {r["n"] for r in row} == {2}
    assert by_layer(row, "46000", "lte")[0]["last_period"] == "2025-01"


def test_no_service_counts_in_every_technology_of_its_operator_only(tmp_path):
    rows = [
        lte(2, -90, cell=CELLS[0]),
        lte(2, -90, cell=CELLS[0], technology="gsm"),
        lte(9, -90, cell=CELLS[0], operator="46001"),
        nothing(2, cell=CELLS[0]),
    ]
    got = rows_of(judged(tmp_path, cell_evidence=rows), "cell_verdicts")
    found = {(r["operator"], r["technology"]): (r["verdict"], r["n"], r["n_none"]) for r in got}
    assert found["46000", "lte"] == ("none", 4, 2)
    assert found["46000", "gsm"] == ("none", 4, 2)
    assert found["46000", "any"] == ("weak", 6, 2)
    assert found["46001", "lte"] == ("covered", 9, 0)
    assert found["any", "any"] == ("covered", 15, 2)
    assert found["all", "any"] == ("weak", 15, 2)


def test_an_operator_without_any_service_has_its_any_layer_and_no_other(tmp_path):
    rows = [nothing(5, cell=CELLS[0]), lte(5, -90, cell=CELLS[0], operator="46001")]
    got = rows_of(judged(tmp_path, cell_evidence=rows), "cell_verdicts")
    mine = [r for r in got if r["operator"] == "46000"]
    assert [(r["technology"], r["verdict"], r["rsrp_mean_dbm"]) for r in mine] == [
        ("any", "none", -140.0)
    ]
    assert by_layer(got, "any", "any")[0]["verdict"] == "covered"
    assert by_layer(got, "all", "lte")[0]["verdict"] == "covered"
    assert by_layer(got, "all", "any")[0]["verdict"] == "weak"


def test_the_latest_period_is_the_latest_date_and_undated_only_when_all_are(tmp_path):
    rows = [
        lte(5, -90, cell=CELLS[0], period="undated"),
        lte(5, -91, cell=CELLS[0], period="2024-12"),
        lte(5, -92, cell=CELLS[0], period="2023-01"),
        lte(5, -90, cell=CELLS[1], period="undated"),
    ]
    got = rows_of(judged(tmp_path, cell_evidence=rows), "cell_verdicts")
    assert [r["last_period"] for r in by_layer(got, "all", "any")] == ["2024-12", "undated"]


def test_a_mean_on_the_threshold_is_covered_and_a_hundredth_below_is_weak(tmp_path):
    rows = [
        lte(3, -105, cell=CELLS[0]),
        lte(3, -106, cell=CELLS[1], rsrp_sum_cdb=-31501),
        lte(3, -90, cell=CELLS[2], sinr_bin=-4, sinr_sum_cdb=-901),
    ]
    got = rows_of(judged(tmp_path, cell_evidence=rows), "cell_verdicts")
    lte_rows = by_layer(got, "46000", "lte")
    assert [r["verdict"] for r in lte_rows] == ["covered", "weak", "weak"]
    assert lte_rows[0]["probability"] > 0.5
    assert lte_rows[2]["probability"] == 0.0, "strong, but it fails by its SINR"


def test_line_verdicts_add_up_in_both_lengths(tmp_path):
    lines = [line("a", 5)]
    levels = [(0, -90), (1, -120), (2, None), (4, -90)]
    rows = [on("a", s, lte(1, level) if level is not None else nothing(1)) for s, level in levels]
    tables = judged(tmp_path, segment_evidence=rows, segments=pieces("a", 5), lines=lines)
    got = by_layer(rows_of(tables, "line_verdicts"), "46000", "lte")[0]
    km = [got[f"{v}_km"] for v in ("covered", "weak", "none", "unmeasured")]
    assert km == [0.2, 0.1, 0.1, 0.1]
    assert sum(km) == got["length_km"]
    route = [got[f"route_{v}_km"] for v in ("covered", "weak", "none", "unmeasured")]
    assert route == [0.1, 0.05, 0.05, 0.05]
    assert sum(route) == got["route_length_km"]
    assert got["longest_gap_km"] == pytest.approx(0.2)
    assert got["covered_share"] == pytest.approx(0.5)
    assert got["share_if_rest_bad"] == pytest.approx(0.4)
    assert got["share_if_rest_good"] == pytest.approx(0.6)
    assert got["answer"] == "fail"


@pytest.mark.parametrize(
    ("measured", "level", "answer"),
    [
        (20, -70, "pass"),
        (20, -130, "fail"),
        (20, -104, "undetermined"),
        (10, -70, "undetermined"),
        (1, -130, "undetermined"),  # one segment of 20 is the 5 % that may fail
        (2, -130, "fail"),
        (0, None, "undetermined"),
    ],
)
def test_an_answer_holds_whatever_the_rest_shows_and_by_the_probabilities(
    tmp_path, measured, level, answer
):
    rows = [on("a", s, lte(9, level)) for s in range(measured)]
    rows.append(on("b", 0, lte(1, -90)))
    tables = judged(
        tmp_path, segment_evidence=rows, segments=pieces("a", 20) + pieces("b", 1),
        lines=[line("a", 20), line("b", 1)],
    )  # fmt: skip
    got = by_layer(rows_of(tables, "line_verdicts"), "46000", "lte")
    assert got[0]["answer"] == answer


def test_the_order_of_evidence_does_not_change_a_byte(tmp_path):
    rng = random.Random(5)
    rows = [
        on(*rng.choice([("a", 0), ("a", 2), ("b", 0)]), lte(1, rng.randrange(-115, -95)),
           run=rng.choice(["r1", "r2", "r3"]))
        for _ in range(200)
    ]  # fmt: skip
    cells = [lte(1, rng.randrange(-115, -95), cell=rng.choice(CELLS)) for _ in range(200)]
    seen = set()
    for trial in range(2):
        rng.shuffle(rows)
        rng.shuffle(cells)
        tables = judged(
            tmp_path / str(trial), segment_evidence=rows, cell_evidence=cells,
            segments=SEGMENTS[::-1], lines=LINES[::-1],
        )  # fmt: skip
        seen.add(b"".join(p.read_bytes() for p in sorted(tables.folder.glob("*.parquet"))))
    assert len(seen) == 1


def test_simulated_measurements_make_simulated_line_verdicts(tmp_path):
    config = Config.model_validate({"workspace": {"simulated": True}})
    tables = judged(
        tmp_path, config=config, segment_evidence=[on("a", 0, lte(1, -90))], segments=SEGMENTS,
        lines=LINES,
    )  # fmt: skip
    assert {r["simulated"] for r in rows_of(tables, "line_verdicts")} == {True}


def test_without_evidence_every_segment_is_unmeasured_in_one_layer(tmp_path):
    tables = judged(tmp_path, segments=SEGMENTS, lines=LINES)
    assert rows_of(tables, "cell_verdicts") == []
    rows = rows_of(tables, "segment_verdicts")
    assert [(r["line_id"], r["segment"]) for r in rows] == [
        (s["line_id"], s["segment"]) for s in SEGMENTS
    ]
    assert {(r["operator"], r["technology"], r["verdict"]) for r in rows} == {
        ("any", "any", "unmeasured")
    }
    for line in rows_of(tables, "line_verdicts"):
        assert line["unmeasured_km"] == pytest.approx(line["length_km"])


def test_a_technology_without_a_standard_is_an_error_that_names_it(tmp_path):
    standards = {"lte": PACK.standards["lte"]}
    pack = PACK.model_copy(update={"standards": standards})
    rows = [lte(5, -90, cell=CELLS[0], technology="gsm")]
    with pytest.raises(RulePackError, match=r"no standard for gsm.*\[standards.gsm\]"):
        judged(tmp_path, pack=pack, cell_evidence=rows)


def test_evidence_of_an_unknown_segment_is_an_error(tmp_path):
    with pytest.raises(BuildError, match="'a' segment 7"):
        judged(tmp_path, segment_evidence=[on("a", 7, lte(1, -90))], segments=SEGMENTS, lines=LINES)


def test_segments_that_do_not_add_up_to_their_line_are_an_error(tmp_path):
    with pytest.raises(BuildError, match=r"'a' is 400\.0 m long and its segments 300\.0 m"):
        judged(tmp_path, segments=SEGMENTS, lines=[line("a", 4), line("b", 1)])
