"""Counts of the cube against plain Python: sorted, added up, and free of order."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.cells import cells_at, parents
from covermap.core.cube import counts as module
from covermap.core.cube.columns import as_rows, digest_of, from_rows, stretches
from covermap.core.cube.counts import (
    NO_BIN,
    ROW_FIELDS,
    Counts,
    added,
    counted,
    no_counts,
    shard_cell,
    shards_of,
)
from covermap.core.cube.samples import bin_of, edge_of
from covermap.tables import CELL_EVIDENCE, CELL_TESTS

PLACES = [(121.47, 31.23), (121.4701, 31.2301), (104.06, 30.66), (-58.4, -34.6), (0.1, 89.9)]
GROUPS = [
    (period, operator, technology, "drive")
    for period in ("2025-01", "undated")
    for operator in ("46000", "46011")
    for technology in ("lte", "none")
]
ROW = st.tuples(
    st.integers(0, len(GROUPS) - 1), st.integers(0, len(PLACES) - 1),
    st.sampled_from([-140, -100, -99, -44, NO_BIN]), st.sampled_from([-23, 0, 40, NO_BIN]),
    st.integers(1, 5), st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6),
)  # fmt: skip
ROWS = st.lists(ROW, max_size=40)


def counts_of(rows, resolution=10):
    columns = list(zip(*rows, strict=True)) or [[]] * 7
    at = cells_at(*np.array(PLACES).T, resolution)
    bins = [np.array(c, np.int16) for c in columns[2:4]]
    sums = [np.array(c, np.int64) for c in columns[4:]]
    group, place = np.array(columns[0], np.int32), np.array(columns[1], np.int64)
    return Counts(tuple(GROUPS), group, at[place], *bins, *sums)


def plain(rows, resolution=10):
    """What the rows add up to, by shard, group, cell and bins."""
    at = cells_at(*np.array(PLACES).T, resolution)
    total = defaultdict(lambda: [0, 0, 0])
    for group, place, a, b, *values in rows:
        cell = int(at[place])
        key = (int(parents([cell], 3)[0]), GROUPS[group], cell, a, b)
        total[key] = [x + y for x, y in zip(total[key], values, strict=True)]
    return [(*key, *values) for key, values in sorted(total.items())]


def listed(counts):
    shard = [shard_cell(s) for s in shards_of(counts.cell).tolist()]
    group = [counts.groups[g] for g in counts.group.tolist()]
    rest = (getattr(counts, name).tolist() for name in ROW_FIELDS[1:])
    return list(zip(shard, group, *rest, strict=True))


@given(ROWS, st.sampled_from([3, 5, 10, 12, 15]))
def test_rows_of_one_key_are_added_up_in_order_of_shard_group_cell_and_bins(rows, resolution):
    assert listed(counted(counts_of(rows, resolution))) == plain(rows, resolution)


@given(ROWS)
def test_keys_too_long_for_one_number_give_the_same(rows):
    short = listed(counted(counts_of(rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_KEY_BITS", 0)
        assert listed(counted(counts_of(rows))) == short


@given(ROWS, st.randoms())
def test_parts_add_up_to_the_whole_however_they_are_cut(rows, mixer):
    mixed = list(rows)
    mixer.shuffle(mixed)
    cut = mixer.randrange(len(rows) + 1)
    parts = [counted(counts_of(piece)) for piece in (mixed[:cut], mixed[cut:])]
    assert listed(added(parts)) == plain(rows)
    assert digest_of(added(parts)) == digest_of(added(parts[::-1]))


def test_nothing_adds_up_to_nothing():
    assert len(added([])) == len(added([no_counts(), no_counts()])) == 0


def test_the_order_is_right_for_many_rows_and_long_keys():
    rng = np.random.default_rng(3)
    n = 50_000
    cells = cells_at(rng.uniform(-180, 180, n), rng.uniform(-90, 90, n), 9)
    one = np.ones(n, np.int64)
    bins = [rng.integers(-140, -40, n).astype(np.int16), rng.integers(-20, 40, n).astype(np.int16)]
    group = rng.integers(0, len(GROUPS), n).astype(np.int32)
    found = counted(Counts(tuple(GROUPS), group, cells, *bins, one, one, one))
    order = np.lexsort((bins[1], bins[0], cells, group, cells >> 36))
    keys = np.stack([group, cells, *bins])[:, order]
    new = np.append(True, np.any(keys[:, 1:] != keys[:, :-1], axis=0))
    for column, expected in zip(("group", "cell", "bin_a", "bin_b"), keys[:, new], strict=True):
        assert np.array_equal(getattr(found, column), expected)
    assert np.array_equal(found.n, np.diff(np.append(np.flatnonzero(new), n)))


@given(ROWS)
def test_counts_come_back_from_their_rows(rows):
    counts = counted(counts_of(rows))
    back = from_rows(as_rows(counts, CELL_EVIDENCE).cast(CELL_EVIDENCE.schema), CELL_EVIDENCE)
    assert listed(back) == listed(counts)
    assert digest_of(back) == digest_of(counts), "groups without rows do not change it"


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_tests_come_back_from_their_rows_with_bins_that_hold_them(values):
    milli = np.array(values, np.int64)
    bins, zero = bin_of(milli), np.zeros(len(milli), np.int64)
    lower, upper = edge_of(bins), edge_of(bins + np.int16(1))
    assert np.all((lower <= milli) & (milli < upper))
    assert np.all(np.diff(bins[np.argsort(milli)]) >= 0)
    groups = (("2025-01", "46000", "nr", "drive", "latency"),)
    cells = np.full(len(milli), cells_at([104.0], [30.0], 10)[0])
    short = zero.astype(np.int16)
    counts = counted(
        Counts(groups, short.astype(np.int32), cells, bins, short, zero + 1, milli, zero)
    )
    back = from_rows(as_rows(counts, CELL_TESTS).cast(CELL_TESTS.schema), CELL_TESTS)
    assert listed(back) == listed(counts)


def test_round_thresholds_of_rates_and_delays_are_edges_of_bins():
    for milli in (200_000_000, 220_000_000, 40_000_000, 45_000_000, 50_000, 100_000):
        below, at = bin_of(np.array([milli - 1, milli]))
        assert below < at
        assert edge_of(np.array([at])).tolist() == [milli]


@given(ROWS.filter(bool))
def test_stretches_cover_all_rows_and_each_is_of_one_shard_and_period(rows):
    counts = counted(counts_of(rows))
    found = stretches(counts)
    assert [first for *_, first, _ in found] == np.cumsum([0, *(r for *_, r in found)])[
        :-1
    ].tolist()
    assert sum(size for *_, size in found) == len(counts)
    for shard, period, first, size in found:
        piece = counts.take(slice(first, first + size))
        assert set(shards_of(piece.cell).tolist()) == {shard}
        assert {counts.groups[g][0] for g in piece.group.tolist()} == {period}
    assert len({(s, p) for s, p, *_ in found}) == len(found)


def test_another_number_somewhere_changes_the_digest():
    rows = [(0, 0, -100, 3, 1, -10_000, 300), (1, 2, -90, NO_BIN, 2, -18_000, 0)]
    seen = {digest_of(counted(counts_of(rows)))}
    for column, other in ((0, 2), (1, 3), (2, -99), (3, 4), (4, 7), (5, 5), (6, 1)):
        changed = list(rows[0])
        changed[column] = other
        seen.add(digest_of(counted(counts_of([tuple(changed), rows[1]]))))
    assert len(seen) == 8
