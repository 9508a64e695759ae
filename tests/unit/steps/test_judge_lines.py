"""Lines, sections and networks: what is added up, out of which runs, and with what interval."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import judged_lines as made
from covermap.rules import Target
from covermap.steps.judge import model
from covermap.workspace import Config

KINDS = ("covered", "weak", "none", "unmeasured")


def drive(name, levels, **changes):
    """One run over a line: a level a segment; None is no service, NaN was not driven."""
    return [
        made.seen(name, k, level, **changes)
        for k, level in enumerate(levels)
        if level is None or not np.isnan(level)
    ]


# --- declared offsets -----------------------------------------------------------------------------


def offsets(**by_input):
    entries = [
        {"name": name, "files": ["x"], "format": "table", "source": "drive", "level_offset_db": db}
        for name, db in by_input.items()
    ]
    return Config.model_validate({"measurements": entries})


@pytest.mark.parametrize("offset", [-26, 9])
def test_an_offset_gives_what_readings_shifted_by_it_give(tmp_path, offset):
    rng = np.random.default_rng(1)
    levels = [*(-92 + rng.normal(0, 8, 25)), None, None]
    inputs = {
        "train/r": (levels, offset, {"run": "train/r"}),
        "car/q": ([level and level - 3 for level in levels], 0, {"run": "car/q"}),
    }
    runs = [
        {
            "run_id": run, "campaign": "c", "input": run.split("/")[0], "file": "f",
            "source": "drive", "read": 1, "accepted": 1, "rejected": 0,
            "first_time": 0, "last_time": 0, "distance_m": 1.0,
        }
        for run in inputs
    ]  # fmt: skip
    world = {"lines": [made.line("a", 2700.0)], "segments": made.segments("a", 2700.0)}
    declared = made.judged(
        tmp_path / "declared", config=offsets(train=offset, car=0), runs=runs,
        segment_evidence=[r for lv, _, c in inputs.values() for r in drive("a", lv, **c)], **world,
    )  # fmt: skip
    shifted = made.judged(
        tmp_path / "shifted", runs=runs,
        segment_evidence=[
            r for lv, by, c in inputs.values()
            for r in drive("a", [level and level + by for level in lv], **c)
        ], **world,
    )  # fmt: skip
    plain = made.judged(
        tmp_path / "plain", runs=runs,
        segment_evidence=[r for lv, _, c in inputs.values() for r in drive("a", lv, **c)], **world,
    )  # fmt: skip
    assert made.bytes_of(declared) == made.bytes_of(shifted) != made.bytes_of(plain)


def test_another_offset_judges_again(tmp_path):
    world = {
        "lines": [made.line("a", 300.0)], "segments": made.segments("a", 300.0),
        "segment_evidence": drive("a", [-100.0, -90.0, -99.0]),
    }  # fmt: skip
    cache = tmp_path / "cache"
    for number, (db, judged) in enumerate([(0, 1), (-5, 1), (-5, 0), (0, 0)]):
        config = offsets(drive=db)
        ctx = made.judged(tmp_path / str(number), config=config, cache=cache, **world)
        assert ctx.report["lines_judged"] == judged


# --- runs -----------------------------------------------------------------------------------------


def test_runs_are_pooled_before_a_segment_is_judged(tmp_path):
    """At 300 km/h and one sample a second a segment gets one: three runs make three samples."""
    pack = made.pack_with(segment={"min_samples": 3})
    levels = (-103.0, -104.0, -109.0)
    runs = [drive("a", [level] * 10, run=f"r{k}", n=1) for k, level in enumerate(levels)]
    world = {"lines": [made.line("a", 1000.0, **{"class": "hsr"})],
             "segments": made.segments("a", 1000.0)}  # fmt: skip
    for count, verdict in ((1, "unmeasured"), (2, "unmeasured"), (3, "weak")):
        ctx = made.judged(
            tmp_path / str(count),
            pack,
            segment_evidence=[r for run in runs[:count] for r in run],
            **world,
        )
        rows = made.rows_of(ctx, "segment_verdicts")
        assert {r["verdict"] for r in rows} == {verdict}
        assert {r["runs"] for r in rows} == {count}
    assert rows[0]["rsrp_mean_dbm"] == pytest.approx(sum(levels) / 3)
    assert made.rows_of(ctx, "line_verdicts")[0]["runs"] == 3


# --- the standard in the draws --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "threshold"),
    [({}, -105.0), ({"rule": "share", "share": 0.5}, -105.0),
     ({"rule": "share", "share": 0.95}, -105.0 + 1.645 * 3.7)],
)  # fmt: skip
def test_the_model_is_asked_for_the_level_that_the_pack_asks_for(
    tmp_path, monkeypatch, segment, threshold
):
    asked, draw = [], model.posterior_paths

    def noted(runs, threshold_dbm, *rest):
        asked.append(threshold_dbm)
        return draw(runs, threshold_dbm, *rest)

    monkeypatch.setattr(model, "posterior_paths", noted)
    made.judged(
        tmp_path, made.pack_with(segment=segment), lines=[made.line("a", 300.0)],
        segments=made.segments("a", 300.0), segment_evidence=drive("a", [-100.0] * 3),
    )  # fmt: skip
    assert asked == [pytest.approx(threshold, abs=0.01)]


def test_a_segment_whose_sinr_fails_reaches_the_standard_in_no_draw(tmp_path):
    poor = {"sinr_bin": -9, "sinr_sum_cdb": -1800}
    rows = [made.seen("a", k, -70.0, **(poor if k < 5 else {})) for k in range(20)]
    ctx = made.judged(
        tmp_path, lines=[made.line("a", 2000.0)], segments=made.segments("a", 2000.0),
        segment_evidence=rows,
    )  # fmt: skip
    chances = [r["probability"] for r in made.rows_of(ctx, "segment_verdicts")]
    assert chances == [0.0] * 5 + [1.0] * 15
    (line,) = made.rows_of(ctx, "line_verdicts")
    assert line["share_low"] == line["share_high"] == pytest.approx(0.75)
    assert line["answer"] == "fail"


# --- kilometres -----------------------------------------------------------------------------------


@st.composite
def worlds(draw):
    """A line of any length with any cuts, partly driven."""
    length = draw(st.floats(120.0, 2500.0))
    count = int(-(-length // 100))
    level = st.sampled_from([-90.0, -104.5, -105.5, -120.0, None, float("nan")])
    levels = draw(st.lists(level, min_size=count, max_size=count))
    cuts = sorted(draw(st.sets(st.floats(1.0, length - 1.0), max_size=4)))
    tunnel = draw(st.sets(st.integers(0, count - 1)))
    return length, levels, [0.0, *cuts, length], tunnel


@pytest.mark.slow
@settings(max_examples=25)
@given(worlds(), st.sampled_from([1.0, 0.5]))
def test_kilometres_by_verdict_add_up_whatever_the_cuts(tmp_path_factory, world, route):
    length, levels, cuts, tunnel = world
    kinds = {k: made.sections("a", k, cuts, [f"r{i % 2}" for i in range(len(cuts))])
             for k in ("station", "county")}  # fmt: skip
    ctx = made.judged(
        tmp_path_factory.mktemp("w"),
        lines=[made.line("a", length, route_length_m=route * length)],
        segments=made.segments("a", length, route=route, tunnel=tunnel),
        sections=kinds["station"] + kinds["county"],
        segment_evidence=drive("a", levels) or [made.seen("a", 0, -90.0)],
    )
    (whole,) = made.rows_of(ctx, "line_verdicts", technology="any")
    for prefix, metres in (("", length), ("route_", route * length)):
        parts = [whole[f"{prefix}{kind}_km"] for kind in KINDS]
        assert sum(parts) == whole[f"{prefix}length_km"] == pytest.approx(metres / 1000, abs=1e-6)
        for kind in ("station", "county"):
            rows = made.rows_of(ctx, "section_verdicts", technology="any", kind=kind)
            for verdict in (*KINDS, "length"):
                got = sum(round(r[f"{prefix}{verdict}_km"] * 1e6) for r in rows)
                assert got == round(whole[f"{prefix}{verdict}_km"] * 1e6), verdict
        network = made.rows_of(ctx, "network_verdicts", technology="any", scope="region_class")
        for verdict in (*KINDS, "length"):
            got = sum(round(r[f"{prefix}{verdict}_km"] * 1e6) for r in network)
            assert got == round(whole[f"{prefix}{verdict}_km"] * 1e6), verdict
    ends = np.minimum(np.arange(1, len(levels) + 1) * 100.0, length)
    inside = sum(ends[k] - 100.0 * k for k in tunnel)
    assert whole["tunnel_km"] == pytest.approx(inside / 1000, abs=2e-6)
    rows = made.rows_of(ctx, "section_verdicts", technology="any", kind="station")
    assert sum(r["tunnel_km"] for r in rows) == pytest.approx(inside / 1000, abs=2e-6)


def test_tunnels_that_are_not_known_are_not_zero(tmp_path):
    known = made.segments("b", 500.0, tunnel={1, 2})
    half = made.segments("c", 500.0, tunnel={1})
    half[3]["tunnel"] = None
    ctx = made.judged(
        tmp_path,
        lines=[made.line(name, 500.0) for name in "abc"],
        segments=made.segments("a", 500.0) + known + half,
        segment_evidence=drive("a", [-90.0]),
    )
    found = {r["line_id"]: r["tunnel_km"] for r in made.rows_of(ctx, "line_verdicts")}
    assert found == {"a": None, "b": pytest.approx(0.2), "c": None}


def test_a_gap_at_an_end_counts_and_one_over_the_ends_of_a_ring_is_one(tmp_path):
    levels = [-120.0, -90.0, -90.0, -120.0, -120.0]
    ctx = made.judged(
        tmp_path,
        lines=[
            made.line("open", 500.0),
            made.line("ring", 500.0, geometry=shapely.to_wkb(made.RING)),
        ],
        segments=made.segments("open", 500.0) + made.segments("ring", 500.0),
        segment_evidence=drive("open", levels) + drive("ring", levels),
    )
    found = {r["line_id"]: r["longest_gap_km"] for r in made.rows_of(ctx, "line_verdicts")}
    assert found == {"open": pytest.approx(0.2), "ring": pytest.approx(0.3)}


# --- layers ---------------------------------------------------------------------------------------


def test_any_and_all_operators_are_bounded_by_each_of_them(tmp_path):
    rng = np.random.default_rng(4)
    rows = []
    for operator in ("46000", "46001", "46011"):
        rows += drive("a", -104 + rng.normal(0, 3, 60), operator=operator)
    ctx = made.judged(
        tmp_path, lines=[made.line("a", 6000.0)], segments=made.segments("a", 6000.0),
        segment_evidence=rows,
    )  # fmt: skip
    share = {
        o: made.rows_of(ctx, "line_verdicts", o)[0]["share_expected"]
        for o in ("any", "all", "46000", "46001", "46011")
    }
    own = [share[o] for o in ("46000", "46001", "46011")]
    assert share["all"] < min(own) <= max(own) < share["any"]
    # draw by draw, not by multiplying or adding what is expected of each
    by_segment = {
        o: np.array([r["probability"] for r in made.rows_of(ctx, "segment_verdicts", o)])
        for o in share
    }
    each = np.array([by_segment[o] for o in ("46000", "46001", "46011")])
    assert (by_segment["any"] >= each.max(axis=0)).all()
    assert (by_segment["all"] <= each.min(axis=0)).all()
    assert (by_segment["any"] <= np.minimum(each.sum(axis=0), 1.0) + 1e-12).all()


def test_a_technology_that_did_not_serve_is_not_credited_from_both_sides(tmp_path):
    """Weak LTE all along, good GSM on every other segment: half of it was served well."""
    gsm = [-60.0 if k % 2 else float("nan") for k in range(60)]
    ctx = made.judged(
        tmp_path, lines=[made.line("a", 6000.0)], segments=made.segments("a", 6000.0),
        segment_evidence=drive("a", [-125.0] * 60) + drive("a", gsm, technology="gsm"),
    )  # fmt: skip
    (alone,) = made.rows_of(ctx, "line_verdicts", technology="gsm")
    assert alone["inferred_km"] == pytest.approx(2.9)
    (whole,) = made.rows_of(ctx, "line_verdicts", technology="any")
    assert whole["covered_share"] == pytest.approx(0.5)
    assert whole["share_low"] <= 0.5 <= whole["share_high"]
    assert whole["assessed_km"] == pytest.approx(6.0)


# --- units and networks ---------------------------------------------------------------------------


def network_world(unit, **interval):
    """Two lines in two counties: one good, one good in its first half alone."""
    good, half = [-75.0] * 40, [-75.0] * 20 + [-130.0] * 20
    target = Target(classes=("rail",), unit="km", value=5.5, year=2025, source="test")
    rows = {
        "lines": [made.line("a", 4000.0), made.line("b", 4000.0)],
        "segments": made.segments("a", 4000.0) + made.segments("b", 4000.0),
        "sections": [
            s
            for name in "ab"
            for s in made.sections(name, "station", [0.0, 1000.0, 2000.0, 3000.0, 4000.0])
            + made.sections(name, "county", [0.0, 2000.0, 4000.0], ["east", "west"])
        ],
        "segment_evidence": drive("a", good) + drive("b", half),
    }
    return made.pack_with(line={"unit": unit}, targets={"rail": target}, **interval), rows


@pytest.mark.parametrize(
    ("unit", "units", "passed", "km", "in_east", "in_west"),
    [("line", 2, 1, 4.0, 2.0, 2.0), ("station", 8, 6, 6.0, 4.0, 2.0),
     ("county", 4, 3, 6.0, 4.0, 2.0)],
)  # fmt: skip
def test_what_is_assessed_is_what_the_pack_says(
    tmp_path, unit, units, passed, km, in_east, in_west
):
    pack, rows = network_world(unit)
    ctx = made.judged(tmp_path, pack, **rows)
    (whole,) = made.rows_of(ctx, "network_verdicts", scope="class")
    assert (whole["units"], whole["units_pass"]) == (units, passed)
    assert whole["units_pass"] + whole["units_fail"] + whole["units_undetermined"] == units
    # a draw or two may lift or lower the section beside the step
    assert whole["continuous_km"] == pytest.approx(km, abs=0.1)
    assert whole["p_target"] > 0.9 if km >= 5.5 else whole["p_target"] == 0.0
    parts = {r["region_id"]: r for r in made.rows_of(ctx, "network_verdicts", scope="region_class")}
    assert parts["east"]["continuous_km"] == pytest.approx(in_east, abs=0.1)
    assert parts["west"]["continuous_km"] == pytest.approx(in_west, abs=0.1)
    assert {r["target"] for r in parts.values()} == {None}


def test_continuous_kilometres_of_counties_add_up_to_those_of_the_class(tmp_path):
    rng = np.random.default_rng(3)
    names = [f"l{k}" for k in range(12)]
    ctx = made.judged(
        tmp_path, made.pack_with(line={"share": 0.8}),
        lines=[made.line(n, 3000.0, **{"class": "national" if n < "l5" else "hsr"}) for n in names],
        segments=[s for n in names for s in made.segments(n, 3000.0)],
        sections=[
            s for k, n in enumerate(names)
            for s in made.sections(n, "county", [0.0, 150.0 * (k + 1), 3000.0], ["east", "west"])
        ],
        segment_evidence=[r for n in names for r in drive(n, -99 + rng.normal(0, 5, 30))],
    )  # fmt: skip
    classes = made.rows_of(ctx, "network_verdicts", scope="class")
    assert {r["class"] for r in classes} >= {"hsr", "national"}
    for row in classes:
        parts = made.rows_of(
            ctx, "network_verdicts", scope="region_class", **{"class": row["class"]}
        )
        assert {r["region_id"] for r in parts} == {"east", "west"}
        assert sum(r["continuous_km"] for r in parts) == pytest.approx(row["continuous_km"])
        assert 0 < row["continuous_km"] < row["route_length_km"]


def test_metro_lines_are_counted_from_low_to_high(tmp_path):
    """Three sure, two hopeless, three in doubt, one never driven."""
    names = [f"m{k}" for k in range(9)]
    levels = [-70.0] * 3 + [-135.0] * 2 + [-103.0] * 3
    target = Target(classes=("metro",), unit="lines", value=4, year=2025, source="test")
    ctx = made.judged(
        tmp_path, made.pack_with(targets={"metro": target}, draws=256),
        lines=[made.line(n, 2000.0, segment_m=50.0, **{"class": "metro"}) for n in names],
        segments=[s for n in names for s in made.segments(n, 2000.0, step_m=50.0)],
        segment_evidence=[
            r for n, level in zip(names[:-1], levels, strict=True) for r in drive(n, [level] * 40)
        ],
    )  # fmt: skip
    (row,) = made.rows_of(ctx, "network_verdicts", scope="class")
    assert (row["units"], row["units_pass"], row["units_fail"]) == (8, 3, 2)
    assert row["units_low"] == 3.0
    assert 3.0 < row["units_expected"] < 6.0
    assert row["units_high"] == 6.0
    assert (row["target"], row["target_unit"]) == (4.0, "lines")
    assert 0.0 < row["p_target"] < 1.0
    assert row["campaigns"] == 1


@pytest.mark.slow
def test_sums_are_whole_millimetres_whatever_the_order_of_adding(tmp_path):
    names = [f"l{k:03d}" for k in range(300)]
    ctx = made.judged(
        tmp_path,
        lines=[made.line(n, 300.0) for n in names],
        segments=[s for n in names for s in made.segments(n, 300.0)],
        segment_evidence=[made.seen(n, 0, -90.0) for n in names],
    )
    (row,) = made.rows_of(ctx, "network_verdicts", scope="class")
    assert (row["covered_km"], row["unmeasured_km"]) == (30.0, 60.0)
    assert row["length_km"] == 90.0


@pytest.mark.slow
def test_one_campaign_on_all_lines_leaves_the_sum_less_sure_than_one_a_line(tmp_path):
    rng = np.random.default_rng(7)
    names = [f"l{k:02d}" for k in range(40)]
    levels = {n: -98.0 + rng.normal(0, 2) + rng.normal(0, 4, 40) for n in names}
    widths = {}
    for how in ("one", "own"):
        rows = [
            r for n in names
            for r in drive(n, levels[n], campaign="c" if how == "one" else n)
        ]  # fmt: skip
        ctx = made.judged(
            tmp_path / how, made.pack_with(line={"share": 0.8}, draws=1024),
            lines=[made.line(n, 4000.0) for n in names],
            segments=[s for n in names for s in made.segments(n, 4000.0)], segment_evidence=rows,
        )  # fmt: skip
        (row,) = made.rows_of(ctx, "network_verdicts", scope="class")
        assert row["campaigns"] == (1 if how == "one" else 40)
        widths[how] = row["continuous_high_km"] - row["continuous_low_km"]
        single = made.rows_of(ctx, "line_verdicts")
        widths[how, "line"] = np.mean([r["share_high"] - r["share_low"] for r in single])
    assert widths["one"] > 1.3 * widths["own"]
    assert widths["one", "line"] == pytest.approx(widths["own", "line"], rel=0.1)


# --- what would settle it -------------------------------------------------------------------------


def test_the_parts_that_are_advised_lie_where_the_line_is_in_doubt(tmp_path):
    """Sure in its first half, near the threshold in the second, nothing measured at its end."""
    levels = [-60.0] * 100 + [-104.0] * 80
    ctx = made.judged(
        tmp_path, made.pack_with(line={"share": 0.75}, draws=256),
        lines=[made.line("a", 20_000.0)], segments=made.segments("a", 20_000.0),
        segment_evidence=drive("a", levels),
    )  # fmt: skip
    (line,) = made.rows_of(ctx, "line_verdicts")
    assert line["answer"] == "undetermined"
    rows = made.rows_of(ctx, "settling")
    assert [r["rank"] for r in rows] == list(range(1, len(rows) + 1))
    assert [r["width_then"] for r in rows] == sorted(r["width_then"] for r in rows)
    (gap,) = (r for r in rows if r["action"] == "measure_gap")
    assert (gap["from_m"], gap["to_m"]) == (18_000.0, 20_000.0)
    rest = [r for r in rows if r["action"] != "measure_gap"]
    parts = [r for r in rest if (r["from_m"], r["to_m"]) != (0.0, 20_000.0)]
    assert {(r["from_m"], r["to_m"]) for r in parts} == {(1e4, 1.5e4), (1.5e4, 2e4)}
    assert {(r["action"], r["runs"]) for r in rest if r not in parts} == {
        ("same_campaign", 1), ("new_campaign", 1), ("new_campaign", 2),
    }  # fmt: skip
    assert all(0.0 <= r["p_settled"] <= 1.0 for r in rows)
    assert len({r["width_now"] for r in rows}) == 1


def test_lines_that_are_answered_need_nothing(tmp_path):
    ctx = made.judged(
        tmp_path, lines=[made.line("a", 2000.0), made.line("b", 2000.0)],
        segments=made.segments("a", 2000.0) + made.segments("b", 2000.0),
        segment_evidence=drive("a", [-60.0] * 20) + drive("b", [-135.0] * 20),
    )  # fmt: skip
    assert [r["answer"] for r in made.rows_of(ctx, "line_verdicts")] == ["pass", "fail"]
    assert made.rows_of(ctx, "settling") == []
