from __future__ import annotations

import h3
import numpy as np
import pytest

from covermap.core.tiles.pyramid import Tally, joined, merged, pieces, roll_up, shown, tally
from covermap.tables import VERDICTS


def codes(verdicts: list[str]) -> np.ndarray:
    """Positions in VERDICTS."""
    return np.array([VERDICTS.index(v) for v in verdicts], np.int8)


def tally_of(*rows: tuple[int, str, int, float, float, float]) -> Tally:
    """Rows of size, verdict, n, share, level, probability."""
    size, verdict, n, share, level, p = (list(v) for v in zip(*rows, strict=True))
    return tally(
        np.array(size), codes(verdict), np.array(n), np.array(share, float),
        np.array(level, float), np.array(p, float), np.arange(len(rows)),
    )  # fmt: skip


NAN = float("nan")
PLACES = tally_of(
    (100, "covered", 10, 0.9, -80.0, 0.95),
    (60, "weak", 30, 0.2, -110.0, 0.1),
    (50, "weak", 10, 0.4, -100.0, 0.2),
    (500, "unmeasured", 1, NAN, -70.0, NAN),
)


def first(places: Tally) -> dict[str, object]:
    return shown(places).to_pylist()[0]


def test_the_verdict_is_that_of_the_largest_measured_size() -> None:
    row = first(merged(PLACES, np.array([0])))
    assert row["verdict"] == "weak"
    assert [row[f"{v}_size"] for v in VERDICTS] == [100, 110, 0, 500]


def test_equal_sizes_show_the_worse_verdict() -> None:
    both = tally_of((10, "covered", 1, 1, -80, 1), (10, "none", 1, 0, NAN, 0))
    assert first(merged(both, np.array([0])))["verdict"] == "none"
    both = tally_of((10, "covered", 1, 1, -80, 1), (10, "weak", 1, 0, -120, 0))
    assert first(merged(both, np.array([0])))["verdict"] == "weak"


def test_only_what_is_all_unmeasured_is_unmeasured() -> None:
    rows = [(10, "unmeasured", 1, NAN, NAN, NAN)] * 2
    row = first(merged(tally_of(*rows), np.array([0])))
    assert row["verdict"] == "unmeasured"
    assert row["worst"] is None
    assert row["share"] is None
    assert row["p"] is None
    assert row["n"] == 2


def test_means_are_weighted_and_leave_out_what_is_not_known() -> None:
    row = first(merged(PLACES, np.array([0])))
    assert row["share"] == pytest.approx((0.9 * 10 + 0.2 * 30 + 0.4 * 10) / 50)
    assert row["rsrp"] == pytest.approx((-80 * 10 - 110 * 30 - 100 * 10 - 70 * 1) / 51)
    assert row["p"] == pytest.approx((0.95 * 100 + 0.1 * 60 + 0.2 * 50) / 210)


def test_the_worst_share_is_kept_whatever_the_size() -> None:
    assert first(merged(PLACES, np.array([0])))["worst"] == 0.2


def test_runs_of_a_piece_are_the_most_of_any_segment() -> None:
    assert first(merged(PLACES, np.array([0])))["runs"] == 3


def test_a_place_alone_shows_itself() -> None:
    rows = shown(merged(PLACES, np.arange(4))).to_pylist()
    assert [r["verdict"] for r in rows] == ["covered", "weak", "weak", "unmeasured"]
    assert rows[1]["rsrp"] == -110.0
    assert rows[3]["share"] is None


def test_parents_are_those_of_h3_and_hold_the_sums_of_their_children() -> None:
    around = h3.grid_disk(h3.latlng_to_cell(31.2, 121.5, 9), 7)
    cells = np.array(sorted(int(c, 16) for c in around), np.int64)
    rng = np.random.default_rng(4)
    size = rng.integers(1, 1000, len(cells))
    verdict = rng.choice(VERDICTS, len(cells))
    known = np.where(verdict == "unmeasured", np.nan, rng.uniform(0, 1, len(cells)))
    finest = tally(size, codes(verdict), size, known, known, known, size)
    above, starts = roll_up(cells, 7)
    sums = merged(finest, starts)
    expected: dict[int, dict[str, int]] = {}
    worst: dict[int, float] = {}
    for cell, s, v, share in zip(cells, size, verdict, known, strict=True):
        parent = int(h3.cell_to_parent(f"{cell:x}", 7), 16)
        expected.setdefault(parent, dict.fromkeys(VERDICTS, 0))[v] += int(s)
        worst[parent] = np.fmin(worst.get(parent, np.nan), share)
    assert above.tolist() == sorted(expected)
    assert sums.sizes.tolist() == [list(expected[int(c)].values()) for c in above]
    np.testing.assert_array_equal(sums.worst, [worst[int(c)] for c in above])


def test_nothing_rolls_up_to_nothing() -> None:
    none = np.zeros(0, np.int64)
    empty = tally(none, codes([]), none, none * 1.0, none * 1.0, none * 1.0, none)
    cells, starts = roll_up(none, 5)
    assert len(cells) == 0
    assert shown(merged(empty, starts)).num_rows == 0


def test_finest_places_are_counted_by_verdict() -> None:
    row = first(merged(PLACES, np.array([0])))
    assert [row[f"{v}_count"] for v in VERDICTS] == [1, 2, 0, 1]


def test_people_are_counted_by_verdict_in_thousandths_where_they_are_known() -> None:
    none = np.zeros(3, np.int64)
    people = np.array([1, 2500, 10**12])
    places = tally(
        none + 10, codes(["covered", "weak", "weak"]), none, none * 1.0, none * NAN, none * NAN,
        none, people,
    )  # fmt: skip
    row = first(merged(places, np.array([0])))
    assert [row[f"{v}_people"] for v in VERDICTS] == [0.001, 1_000_000_002.5, 0.0, 0.0]
    assert not any(name.endswith("_people") for name in first(PLACES))


def test_a_place_of_which_the_layer_says_nothing_counts_for_nothing() -> None:
    one = np.array([100])
    silent = tally(one, np.array([-1], np.int8), one * 0, one * NAN, one * NAN, one * NAN, one * 0)
    assert silent.counts.sum() == silent.sizes.sum() == 0


def test_tallies_in_turn_are_one_tally() -> None:
    parts = [PLACES.taken(slice(0, 1)), PLACES.taken(np.array([1, 2, 3]))]
    assert shown(joined(parts)).equals(shown(PLACES))


def test_pieces_never_cross_from_line_to_line() -> None:
    line = np.array([0] * 7 + [1] * 3)
    from_m = np.concatenate([np.arange(7) * 100.0, np.arange(3) * 100.0])
    starts = pieces(line, from_m, from_m + 100, 300)
    assert starts.tolist() == [0, 3, 6, 7]


def test_a_short_last_segment_belongs_to_the_piece_of_its_middle() -> None:
    from_m = np.array([0.0, 100, 200, 300])
    to_m = np.array([100.0, 200, 300, 310])
    assert pieces(np.zeros(4, int), from_m, to_m, 300).tolist() == [0, 3]
