import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from covermap.core.prediction.observations import (
    LAYER_SD_DB,
    Rows,
    levels_of,
    sample_sd,
)

SD = 4.0
ROW = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.integers(-119, -60), st.integers(0, 9), st.booleans()
)


def rows_of(rows):
    columns = [np.array(c) for c in zip(*rows, strict=True)]
    place, run, level, n, censored = columns
    level = np.where(censored, -125.0, level.astype(float))
    return Rows(place.astype(np.int64), run.astype(np.int64), level, n.astype(np.int64), censored)


def cost_of(level, n, censored, layer):
    """The log posterior, with its sign turned; Huber's loss, a censored normal."""

    def cost(at):
        z = (level - at) / SD
        huber = np.where(np.abs(z) <= 2, 0.5 * z**2, 2 * np.abs(z) - 2)
        each = np.where(censored, -norm.logcdf(z), huber)
        prior = 0.5 * ((at - layer) / LAYER_SD_DB) ** 2 if censored[n > 0].any() else 0.0
        return (n * each).sum() + prior

    return cost


@given(st.lists(ROW, min_size=1, max_size=25))
@settings(max_examples=25, deadline=None)
def test_levels_are_the_maxima_that_a_plain_search_finds(rows):
    given_rows = rows_of(rows)
    got = levels_of(given_rows, SD)
    used = given_rows.n > 0
    keys = sorted({(p, r) for p, r, _, n, _ in rows if n})
    assert list(zip(got.place.tolist(), got.run.tolist(), strict=True)) == keys
    layer = np.median(given_rows.level_dbm[used]) if used.any() else 0.0
    for k, (p, r) in enumerate(keys):
        some = used & (given_rows.place == p) & (given_rows.run == r)
        level, n, censored = (v[some] for v in (given_rows.level_dbm, given_rows.n,
                                                given_rows.censored))  # fmt: skip
        cost = cost_of(level, n, censored, layer)
        found = minimize_scalar(cost, bounds=(-220, 0), method="bounded", options={"xatol": 1e-9})
        # between samples far apart the loss is flat: any level there is a maximum
        assert cost(got.level_dbm[k]) <= found.fun + 1e-6
        assert got.n[k] == n.sum()
        if not censored.any():
            assert got.variance_db2[k] == pytest.approx(SD**2 / n.sum())
        else:
            assert got.variance_db2[k] >= 1 / (n.sum() / SD**2 + LAYER_SD_DB**-2) - 1e-9


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(2)
    rows = Rows(rng.integers(0, 5, 200), rng.integers(0, 3, 200), rng.normal(-95, 8, 200),
                rng.integers(1, 5, 200), rng.random(200) < 0.1)  # fmt: skip
    order = rng.permutation(200)
    other = Rows(*(getattr(rows, f)[order] for f in Rows.__dataclass_fields__))
    for f in ("place", "run", "level_dbm", "variance_db2", "n"):
        assert np.array_equal(getattr(levels_of(rows, SD), f), getattr(levels_of(other, SD), f))
    assert sample_sd(rows) == sample_sd(other)


def test_levels_below_the_floor_are_found_though_no_sample_shows_them():
    rng = np.random.default_rng(4)
    level = rng.normal(-126.0, SD, 60_000)
    place = np.repeat(np.arange(3000), 20)
    rows = Rows(place, np.zeros_like(place), np.maximum(level, -125.0), np.ones_like(place),
                level <= -125.0)  # fmt: skip
    got = levels_of(rows, SD)
    assert got.level_dbm.mean() == pytest.approx(-126.0, abs=0.15)
    assert np.mean((got.level_dbm + 126.0) ** 2 / got.variance_db2) == pytest.approx(1.0, abs=0.15)
    plain = rows.level_dbm.mean()
    assert plain > -124.0


def test_the_spread_in_cells_is_estimated_and_rests_on_what_was_known_without_them():
    rng = np.random.default_rng(5)
    place = np.repeat(np.arange(400), 12)
    level = rng.normal(-90, 10, 400)[place] + rng.normal(0, 6.0, len(place))
    level[:12] = rng.uniform(-140, -40, 12)
    rows = Rows(place, place * 0, level, place * 0 + 1, np.zeros(len(place), bool))
    assert sample_sd(rows) == pytest.approx(6.0, abs=0.25)
    few = Rows(*(getattr(rows, f)[:5] for f in Rows.__dataclass_fields__))
    assert sample_sd(few) == pytest.approx(3.74)
    none = Rows(*(getattr(rows, f)[:0] for f in Rows.__dataclass_fields__))
    assert sample_sd(none) == 3.74
    assert len(levels_of(none, SD).level_dbm) == 0
