"""Units, paths and sums over draws, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.interval.estimands import quantile
from covermap.core.judging.estimates import LineTest, answers, bounds, chance_to_pass, reached
from covermap.core.judging.networks import chance_of, interval_of, sums_by_draw
from covermap.core.judging.paths import (
    each,
    either,
    length_by_draw,
    pack,
    probabilities,
    unpack,
)
from covermap.core.judging.pieces import (
    Course,
    assessed_segments,
    cut,
    longest_open,
    whole_lines,
)
from covermap.core.judging.settle import Draws, foresee, seen_by

DRAWS = 64


def course(lengths, lines=1):
    per = len(lengths) // lines
    lengths = np.array(lengths[: per * lines], float)
    ends = np.cumsum(lengths.reshape(lines, per), axis=1)
    return Course(
        np.arange(lines + 1) * per, (ends - lengths.reshape(lines, per)).ravel(), ends.ravel(),
        lengths, lengths * 0.5, np.zeros(len(lengths), bool),
    )  # fmt: skip


LENGTHS = st.lists(st.floats(0.5, 150), min_size=2, max_size=30)
CUTS = st.lists(st.floats(0, 1), max_size=5)


@given(LENGTHS, CUTS, st.integers(0, 2**32 - 1))
def test_sections_add_up_to_their_line_in_every_draw_to_the_millimetre(lengths, cuts, seed):
    ground = course(lengths)
    ends = np.array([0.0, *sorted(c * ground.to_m[-1] for c in cuts), ground.to_m[-1]])
    sections = cut(ground, np.zeros(len(ends) - 1, np.int64), ends[:-1], ends[1:])
    line = whole_lines(ground)
    random = np.random.default_rng(seed)
    bits = pack(random.random((len(lengths), DRAWS)) < 0.7)
    chosen = random.random(len(lengths)) < 0.8
    sums = [length_by_draw(p.offset, p.segment, p.length_mm, chosen, bits)
            for p in (sections, line)]  # fmt: skip
    assert (sums[0].sum(axis=0) == sums[1][0]).all()
    assert sections.length_mm.sum() == line.length_mm.sum() == round(sum(lengths) * 1000)
    assert sections.route_mm.sum() == line.route_mm.sum()
    verdict = random.integers(0, 4, len(lengths)).astype(np.int8)
    parts = sections.by_verdict(sections.length_mm, verdict).sum(axis=0)
    assert (parts == line.by_verdict(line.length_mm, verdict)[0]).all()


@given(LENGTHS, st.integers(0, 2**32 - 1))
def test_lengths_by_draw_equal_a_plain_sum(lengths, seed):
    ground = course(lengths)
    flags = np.random.default_rng(seed).random((len(lengths), DRAWS)) < 0.5
    line = whole_lines(ground)
    everywhere = np.ones(len(lengths), bool)
    got = length_by_draw(line.offset, line.segment, line.length_mm, everywhere, pack(flags))[0]
    for k in range(DRAWS):
        assert got[k] == sum(int(mm) for mm, good in zip(line.length_mm, flags[:, k]) if good)  # noqa: B905
    assert probabilities(pack(flags)) == pytest.approx(flags.mean(axis=1))
    assert (unpack(pack(flags)) == flags).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_any_is_at_least_each_is_at_least_all_in_every_draw(seed, operators):
    random = np.random.default_rng(seed)
    members = [pack(random.random((6, DRAWS)) < 0.6) for _ in range(operators)]
    known = [np.ones(6, bool)] * operators
    anyone, everyone = unpack(either(members, known)), unpack(each(members, known))
    for member in members:
        assert (anyone >= unpack(member)).all()
        assert (unpack(member) >= everyone).all()


def test_a_member_that_is_not_assessed_is_not_credited_and_not_in_the_way():
    good, bad = np.full((1, 8), 255, np.uint8), np.zeros((1, 8), np.uint8)
    known, unknown = np.array([True]), np.array([False])
    assert not either([bad, good], [known, unknown]).any()
    assert (each([good, bad], [known, unknown]) == 255).all()


@pytest.mark.parametrize(
    ("tunnel", "gap_m", "expected"),
    [(False, 200, [1, 1, 1, 1, 0]), (False, 199, [1, 0, 0, 1, 0]), (True, 900, [1, 0, 0, 1, 0])],
)
def test_only_short_gaps_outside_tunnels_are_inferred_and_no_end_is(tunnel, gap_m, expected):
    measured = np.array([1, 0, 0, 1, 0], bool)
    inside = np.array([0, tunnel, 0, 0, 0], bool)
    offset = np.array([0, 5])
    got = assessed_segments(offset, measured, inside, np.full(5, 100.0), float(gap_m))
    assert got.tolist() == [bool(e) for e in expected]


def test_a_gap_between_two_lines_is_no_gap():
    measured = np.array([1, 0, 0, 1], bool)
    got = assessed_segments(
        np.array([0, 2, 4]), measured, np.zeros(4, bool), np.full(4, 100.0), 999.0
    )
    assert got.tolist() == measured.tolist()


BOUNDED = LineTest(0.95, 0.95, "bounded")
EXCLUDED = LineTest(0.95, 0.95, "excluded")


@pytest.mark.parametrize(
    ("test", "good", "assessed", "answer"),
    [
        (BOUNDED, 950, 950, "pass"),
        (BOUNDED, 940, 940, "undetermined"),
        (BOUNDED, 889, 940, "fail"),
        (EXCLUDED, 940, 940, "pass"),
        (EXCLUDED, 890, 940, "fail"),
        (BOUNDED, 0, 0, "undetermined"),
        (EXCLUDED, 0, 0, "undetermined"),
    ],
)
def test_length_never_measured_is_bounded_or_left_out(test, good, assessed, answer):
    draws = np.full((1, DRAWS), good, np.int64)
    low, high = bounds(draws, np.array([assessed]), np.array([1000]), test)
    assert answers(low, high, test).tolist() == [answer]


@pytest.mark.parametrize("test", [BOUNDED, EXCLUDED])
def test_of_a_unit_that_nobody_measured_no_share_and_no_chance_is_known(test):
    good = np.array([[0] * DRAWS, [960] * DRAWS])
    low, high = bounds(good, np.array([0, 980]), np.array([1000, 1000]), test)
    assert np.isnan([low[0], high[0]]).all()
    np.testing.assert_array_equal(chance_to_pass(low, test), [np.nan, 1.0])


def test_an_interval_that_holds_the_rule_is_undetermined():
    good = np.linspace(900, 1000, DRAWS).astype(np.int64)[None]
    low, high = bounds(good, np.array([1000]), np.array([1000]), BOUNDED)
    assert answers(low, high, BOUNDED).tolist() == ["undetermined"]
    assert 0.4 < reached(low, BOUNDED).mean() < 0.6


def test_lines_of_one_campaign_taken_as_independent_give_too_narrow_a_sum():
    random = np.random.default_rng(1)
    lines, draws = 200, 1024
    shift = random.standard_t(4, draws) * 1.5
    own = random.normal(0, 1.5, (lines, draws))
    passes = (shift + own + random.normal(0, 1, (lines, 1))) > 0
    shuffled = np.array([random.permutation(row) for row in passes])
    one, mm = np.zeros(lines, np.int64), np.full(lines, 10_000_000)
    width = []
    for flags in (passes, shuffled):
        km = sums_by_draw(one, mm, pack(flags), 1) / 1e6
        found = interval_of(km, km, 0.95)
        width.append(float(found.high[0] - found.low[0]))
    assert width[0] > 4 * width[1]
    # the truth: another state of the world of the same kind, 400 times
    truth = (random.standard_t(4, 400) * 1.5 + random.normal(0, 1.5, (lines, 400))
             + random.normal(0, 1, (lines, 1)) > 0).sum(axis=0) * 10.0  # fmt: skip
    inside = []
    for flags in (passes, shuffled):
        km = sums_by_draw(one, mm, pack(flags), 1) / 1e6
        found = interval_of(km, km, 0.95)
        inside.append(float(((truth >= found.low[0]) & (truth <= found.high[0])).mean()))
    assert inside[0] > 0.85
    assert inside[1] < 0.5


def test_the_chance_of_a_target_is_the_share_of_draws_that_reach_it():
    assert chance_of(np.array([[1, 2, 3, 4]]), 3).tolist() == [0.5]


def test_what_nobody_measured_widens_a_sum_upwards_and_is_not_expected():
    low, high = np.arange(100).reshape(1, -1), np.arange(100).reshape(1, -1) + 30
    found = interval_of(low, high, 0.9)
    ends = [float(quantile(v, p)[0]) for v, p in ((low, 0.05), (high, 0.95))]
    assert found.expected.tolist() == [49.5]
    assert [float(found.low[0]), float(found.high[0])] == pytest.approx(ends)


def test_sums_by_draw_equal_plain_sums():
    random = np.random.default_rng(2)
    flags, group = random.random((20, DRAWS)) < 0.5, random.integers(0, 3, 20)
    weight = random.integers(1, 1000, 20)
    got = sums_by_draw(group, weight, pack(flags), 3)
    for g in range(3):
        want = (flags * weight[:, None])[group == g].sum(axis=0)
        assert (got[g] == want).all()


@pytest.mark.parametrize("action", ["same_campaign", "new_campaign"])
@pytest.mark.parametrize("runs", [1, 3])
def test_the_width_that_is_foretold_is_the_width_that_is_found_in_a_normal_world(action, runs):
    random = np.random.default_rng(3)
    size = 400_000
    sd, camp, run = 0.04, 0.03, 0.02
    share = random.normal(0.5, sd, size)
    state = share + random.normal(0, camp, size)
    further = share + random.normal(0, camp, size)
    draws = Draws(share, state, further + random.normal(0, run, size))
    seen = (state if action == "same_campaign" else further) + random.normal(
        0, run / np.sqrt(runs), size
    )
    slope, level = np.polyfit(seen, share, 1)
    found = np.std(share - slope * seen - level) / np.std(share)
    then = foresee(share, seen_by(draws, action, runs), 0.0, LineTest(0.9, 0.95, "bounded"))
    now = np.subtract(*np.quantile(share, (0.975, 0.025)))
    assert then.width / now == pytest.approx(found, abs=0.01)


def test_what_is_already_known_leaves_nothing_and_what_says_nothing_leaves_all():
    random = np.random.default_rng(1)
    share = np.clip(random.normal(0.9, 0.05, (1, 4000)), 0, 1)
    test = LineTest(0.9, 0.95, "bounded")
    known = foresee(share, share, 0.0, test)
    assert (known.width[0], known.p_settled[0]) == pytest.approx((0.0, 1.0))
    nothing = foresee(share, np.zeros_like(share), 0.0, test)
    now = np.subtract(*np.quantile(share, (0.975, 0.025), method="weibull"))
    assert nothing.width[0] == pytest.approx(now)
    assert nothing.p_settled[0] == 0.0


def test_a_gap_that_stays_open_keeps_its_width_and_the_answer_open():
    share = np.full((1, 64), 0.8)
    test = LineTest(0.9, 0.95, "bounded")
    for gap, answered in ((0.2, 0.0), (0.05, 1.0)):
        then = foresee(share, share, gap, test)
        assert (then.width[0], then.p_settled[0]) == pytest.approx((gap, answered))


def test_a_single_segment_that_is_nearly_sure_is_not_settled_by_one_run_for_sure():
    """The draws of one segment are all or nothing; the run that comes has noise of its own."""
    random = np.random.default_rng(2)
    level = random.normal(2.0, 1.1, (1, 256))
    draws = Draws(*((level + noise >= 0).astype(float) for noise in
                    (0, 0, random.normal(0, 2.0, (1, 256)))))  # fmt: skip
    then = foresee(draws.persistent, seen_by(draws, "same_campaign", 1), 0.0,
                   LineTest(0.95, 0.95, "bounded"))  # fmt: skip
    assert then.p_settled[0] < 1.0
    assert then.width[0] > 0.05


@given(st.lists(st.tuples(st.floats(10, 200), st.booleans()), min_size=2, max_size=20),
       st.integers(1, 19))  # fmt: skip
def test_the_longest_open_stretch_is_that_of_a_plain_scan(rows, at):
    at = min(at, len(rows))
    offset = np.array([0, at, len(rows)])
    length = np.array([r[0] for r in rows])
    open_ = np.array([r[1] for r in rows])
    begin, end = longest_open(offset, open_, length)
    for k in range(2):
        lo, hi = offset[k], offset[k + 1]
        every = [
            (length[a:b].sum(), a, b)
            for a in range(lo, hi) for b in range(a + 1, hi + 1) if open_[a:b].all()
        ]  # fmt: skip
        longest = max((e[0] for e in every), default=0.0)
        assert length[begin[k] : end[k]].sum() == pytest.approx(longest)
        assert open_[begin[k] : end[k]].all()
