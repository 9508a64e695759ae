import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.judging.runs import Counts, observed, run_means, runs_of

ROW = st.tuples(
    st.integers(0, 3), st.integers(0, 2), st.sampled_from([-1, 0, 1]), st.integers(1, 5),
    st.integers(-14000, -4000),
)  # fmt: skip
ROWS = st.lists(ROW, max_size=25)
FLOOR = -14000


def counts(rows):
    place, run, direction, n, level = (
        np.array([r[k] for r in rows], np.int64) for k in range(5)
    )  # fmt: skip
    nothing = np.zeros_like(n)
    return Counts(place, run, run % 2, direction, nothing, nothing, n, n * level, nothing)


def plain(served, none):
    """Samples, those without service, and the sum of levels, by place, run and direction."""
    found = {}
    for rows, level in ((served, None), (none, FLOOR)):
        for place, run, direction, n, own in rows:
            total = found.setdefault((place, run, direction), [0, 0, 0])
            total[0] += n
            total[1] += n if level is not None else 0
            total[2] += n * (own if level is None else level)
    return found


@given(ROWS, ROWS)
def test_run_means_are_plain_sums_in_the_order_of_place_run_and_direction(served, none):
    got = run_means(counts(served), counts(none), FLOOR)
    want = plain(served, none)
    keys = list(zip(got.place.tolist(), got.run.tolist(), got.direction.tolist(), strict=True))
    assert keys == sorted(want)
    sums = zip(got.n.tolist(), got.n_none.tolist(), got.level_cdb.tolist(), strict=True)
    assert [list(row) for row in sums] == [want[key] for key in keys]
    assert (got.campaign == got.run % 2).all()


@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    first, second = (run_means(counts(r), counts([]), FLOOR) for r in (rows, shuffled))
    for name in first.__dataclass_fields__:
        assert (getattr(first, name) == getattr(second, name)).all()


@given(ROWS)
def test_a_run_that_goes_both_ways_is_one_run(rows):
    seen = observed(run_means(counts(rows), counts([]), FLOOR), 4)
    for place in range(4):
        runs = {}
        for at, run, _, n, level in rows:
            if at == place:
                total = runs.setdefault(run, [0, 0])
                total[0] += n
                total[1] += n * level / 100
        assert seen.runs[place] == len(runs) == runs_of(*_pairs(rows), 4)[place]
        assert seen.n[place] == sum(n for n, _ in runs.values())
        assert seen.campaigns[place] == len({run % 2 for run in runs})
        if runs:
            mean = np.mean([level / n for n, level in runs.values()])
            assert np.isclose(seen.mean_dbm[place], mean)


def _pairs(rows):
    return (np.array([r[k] for r in rows], np.int64) for k in (0, 1))
