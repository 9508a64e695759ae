"""Runs judged by themselves: the worst run decides, and the answer is about one more run."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import judge_reference as reference
import judged_lines as made
from covermap.core.judging.estimates import LineTest
from covermap.core.judging.settle import Draws, foresee, seen_by
from covermap.steps.judge.settling import further
from covermap.store import Tables

EACH = {"runs": "each"}
WORST = ("none", "weak", "covered")


def world(length_m, *runs, **changes):
    """Judge a line of runs: a level a segment each, None no service, NaN not driven."""
    evidence = [
        made.seen("a", k, level, run=f"r{number}", **changes)
        for number, levels in enumerate(runs)
        for k, level in enumerate(levels)
        if level is None or not np.isnan(level)
    ]
    return {"lines": [made.line("a", length_m)], "segments": made.segments("a", length_m),
            "segment_evidence": evidence}  # fmt: skip


def verdicts(ctx, **layer):
    return [r["verdict"] for r in made.rows_of(ctx, "segment_verdicts", **layer)]


def test_each_run_must_meet_the_rule_where_the_pack_says_so(tmp_path):
    runs = ([-100.0, -100.0, -100.0], [-103.0, -104.0, None], [-110.0, np.nan, -90.0])
    tables = world(300.0, *runs)
    pooled = made.judged(tmp_path / "pooled", made.pack_with(), **tables)
    each = made.judged(tmp_path / "each", made.pack_with(segment=EACH), **tables)
    assert verdicts(pooled) == ["covered", "covered", "weak"]
    assert verdicts(each) == ["weak", "covered", "none"]
    rows = made.rows_of(each, "segment_verdicts")
    assert [r["rsrp_mean_dbm"] for r in rows] == [-110.0, -104.0, -140.0], "of the worst run"
    assert [(r["n"], r["n_none"], r["runs"]) for r in rows] == [(6, 0, 3), (4, 0, 2), (6, 2, 3)]
    line = made.rows_of(each, "line_verdicts")[0]
    assert [line[f"{v}_km"] for v in ("covered", "weak", "none", "unmeasured")] == [
        0.1,
        0.1,
        0.1,
        0,
    ]


def test_the_minimum_of_samples_is_of_each_run(tmp_path):
    rule = EACH | {"min_samples": 3}
    tables = world(100.0, [-90.0], [-91.0], n=2)
    assert verdicts(made.judged(tmp_path / "1", made.pack_with(segment=rule), **tables)) == [
        "unmeasured"
    ]
    pooled = made.pack_with(segment={"min_samples": 3})
    assert verdicts(made.judged(tmp_path / "2", pooled, **tables)) == ["covered"]


def test_a_run_may_be_served_by_one_technology_and_another_run_by_another(tmp_path):
    tables = world(100.0, [-90.0])
    tables["segment_evidence"] += [
        made.seen("a", 0, -120.0, run="r0", technology="nr"),
        made.seen("a", 0, -120.0, run="r1"),
        made.seen("a", 0, -90.0, run="r1", technology="nr"),
    ]
    ctx = made.judged(tmp_path, made.pack_with(segment=EACH), **tables)
    assert verdicts(ctx) == verdicts(ctx, technology="nr") == ["weak"]
    assert verdicts(ctx, technology="any") == ["covered"], "each run was served by one of them"


def test_a_device_locked_to_another_technology_takes_nothing_from_whichever_served(tmp_path):
    tables = world(100.0, [-90.0], [-92.0])
    tables["segment_evidence"].append(made.seen("a", 0, -120.0, run="r2", technology="nr"))
    ctx = made.judged(tmp_path, made.pack_with(segment=EACH), **tables)
    assert verdicts(ctx, technology="nr") == ["weak"]
    assert verdicts(ctx, technology="any") == verdicts(ctx) == ["covered"]


SEEN = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.sampled_from(["lte", "nr", "none"]),
    st.integers(-115, -95), st.none() | st.integers(-6, 3), st.integers(1, 3),
)  # fmt: skip


def row(segment, run, technology, level, sinr, n):
    none = technology == "none"
    sinr = None if none else sinr
    return made.seen(
        "a", segment, None if none else float(level), run=f"r{run}", n=n, technology=technology,
        sinr_bin=sinr, sinr_sum_cdb=0 if sinr is None else 100 * n * sinr,
    )  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(SEEN, min_size=1, max_size=12), st.sampled_from(["mean", "share", "quantile"]))
def test_every_verdict_is_that_of_the_worst_run_judged_alone(seen, kind):
    evidence = [row(*one) for one in seen]
    number = {"share": {"share": 0.6}, "quantile": {"quantile": 0.4}}.get(kind, {})
    pack = made.pack_with(segment=EACH | {"rule": kind, "min_samples": 2} | number)
    tables = world(300.0) | {"segment_evidence": evidence}
    with tempfile.TemporaryDirectory() as folder:
        ctx = made.judged(Path(folder), pack, **tables)
        got = {
            (r["technology"], r["segment"]): r["verdict"]
            for r in Tables(ctx.out).read("segment_verdicts").to_pylist()
            if r["operator"] == "46000"
        }
    used = sorted({t for _, _, t, *_ in seen} - {"none"})
    for segment in range(3):
        here = [r for r in evidence if r["segment"] == segment]
        runs = [[r for r in here if r["run_id"] == name] for name in ("r0", "r1", "r2")]
        for technology in (*used, "any"):
            alone = {
                reference.any_technology(run, used, pack, pack.segment, True)["verdict"]
                if technology == "any"
                else reference.judge_technology(run, technology, pack, pack.segment, True)[
                    "verdict"
                ]
                for run in runs
                if run
            }
            want = next((v for v in WORST if v in alone), "unmeasured")
            if technology == "any" and "covered" in (got[t, segment] for t in used):
                want = "covered"
            assert got[technology, segment] == want


def test_pass_and_fail_then_rest_on_what_one_more_run_by_itself_would_find(tmp_path):
    """Both estimands stay told as they are; only the one that the answer is about changes."""
    rng = np.random.default_rng(4)
    levels = list(-96.0 + rng.normal(0, 2, 200))
    line = {"share": 0.7}
    found = {}
    for name, rule in (("pooled", {}), ("each", EACH)):
        pack = made.pack_with(segment=rule, line=line, draws=256)
        ctx = made.judged(tmp_path / name, pack, **world(20_000.0, levels))
        found[name] = made.rows_of(ctx, "line_verdicts")[0]
        found[name]["p"] = [r["probability"] for r in made.rows_of(ctx, "segment_verdicts")]
    pooled, each = found["pooled"], found["each"]
    for share in ("share_expected", "share_low", "share_high", "campaign_share", "drive_share",
                  "drive_low", "drive_high"):  # fmt: skip
        assert pooled[share] == each[share]
    assert pooled["share_low"] >= 0.7 > each["drive_low"]
    assert (pooled["answer"], each["answer"]) == ("pass", "undetermined")
    assert each["p_pass"] < pooled["p_pass"]
    assert np.mean(each["p"]) == pytest.approx(each["drive_share"])
    assert np.mean(pooled["p"]) == pytest.approx(pooled["share_expected"])


def test_further_runs_cannot_tell_what_is_one_runs_own():
    """Nothing persistent is unknown: where each run is judged by itself, none narrows anything."""
    random = np.random.default_rng(0)
    persistent = np.full((1, 256), 0.9)
    drive = persistent + random.normal(0, 0.02, (1, 256))
    test = LineTest(0.95, 0.95, "bounded", "each")
    now = np.subtract(*np.quantile(drive, (0.975, 0.025), method="weibull"))
    again = Draws(persistent, persistent, further(persistent, drive, test))
    assert foresee(drive, seen_by(again, "new_campaign", 9), 0.0, test).width[0] > 0.95 * now
    known = Draws(persistent, persistent, drive)
    assert foresee(drive, seen_by(known, "new_campaign", 1), 0.0, test).width[0] < 0.1 * now
