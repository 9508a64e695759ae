import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.placing.shared import Block, solve


def blocks(seed, sizes, common=3):
    """Random blocks with so many unknowns of their own."""
    source = np.random.default_rng(seed)
    return [
        Block(
            source.normal(size=(2 * n + 2, n)), source.normal(size=(2 * n + 2, common)),
            source.normal(size=2 * n + 2), source.uniform(0.5, 2.0, 2 * n + 2),
            source.uniform(0.1, 1.0, 2 * n + 2),
        )
        for n in sizes
    ]  # fmt: skip


def dense(made, prior_sd):
    """Solve all blocks at once, as one system; the common unknowns last."""
    total, common = sum(b.own.shape[1] for b in made), len(prior_sd)
    rows, right, at = [], [], 0
    for b in made:
        by = np.sqrt(b.weight) / b.sd
        whole = np.zeros((len(by), total + common))
        whole[:, at : at + b.own.shape[1]] = b.own * by[:, None]
        whole[:, total:] = b.shared * by[:, None]
        rows.append(whole)
        right.append(b.right * by)
        at += b.own.shape[1]
    prior = np.zeros((common, total + common))
    prior[:, total:] = np.diag(1.0 / prior_sd)
    rows, right = np.vstack([*rows, prior]), np.r_[(*right, np.zeros(common))]
    normal = rows.T @ rows
    return np.linalg.solve(normal, rows.T @ right), np.linalg.inv(normal)


@given(st.integers(0, 999), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_blocks_solved_one_by_one_are_solved_as_all_at_once(seed, sizes):
    made, prior = blocks(seed, sizes), np.array([0.5, 1.0, 2.0])
    got, (values, cov) = solve(made, prior), dense(made, prior)
    total, at = sum(sizes), 0
    np.testing.assert_allclose(got.common, values[total:], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(got.cov, cov[total:, total:], rtol=1e-6, atol=1e-8)
    for t, n in enumerate(sizes):
        mine = slice(at, at + n)
        np.testing.assert_allclose(got.own[t], values[mine], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(got.own_cov[t], cov[mine, mine], rtol=1e-5, atol=1e-7)
        whole = np.zeros((len(made[t].sd), len(values)))
        whole[:, mine], whole[:, total:] = made[t].own, made[t].shared
        off, var = got.off(t, made[t])
        np.testing.assert_allclose(off, whole @ values - made[t].right, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(var, np.diag(whole @ cov @ whole.T), rtol=1e-5, atol=1e-6)
        at += n
