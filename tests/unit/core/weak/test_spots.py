import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.geodesy import lengths_m
from covermap.core.judging.verdicts import NONE, WEAK
from covermap.core.weak.spots import CAUSES, Figures, Pieces, causes, nearest, spot_id, summarise


def pieces(*rows):
    """(group, size, verdict, probability, n, n_none, rsrp, sinr) each."""
    kinds = (np.int64, float, np.int8, float, np.int64, np.int64, float, float)
    return Pieces(*(np.array(c, k) for c, k in zip(zip(*rows, strict=True), kinds, strict=True)))


def test_a_spots_figures_are_those_of_its_pieces():
    found = summarise(
        pieces(
            (0, 100.0, WEAK, 0.2, 1, 0, -110.0, 5.0),
            (0, 50.0, NONE, 0.0, 3, 3, -140.0, np.nan),
            (1, 100.0, WEAK, 0.4, 2, 0, -108.0, np.nan),
        )
    )
    assert found.size.tolist() == [150.0, 100.0]
    assert found.pieces.tolist() == [2, 1]
    assert (found.n.tolist(), found.n_none.tolist()) == ([4, 2], [3, 0])
    assert found.rsrp_mean_dbm.tolist() == [(-110 - 3 * 140) / 4, -108.0]
    assert found.sinr_mean_db[0] == 5.0
    assert np.isnan(found.sinr_mean_db[1])
    assert found.probability_weak.tolist() == pytest.approx([0.9, 0.6])
    assert found.none_share.tolist() == pytest.approx([1 / 3, 0.0])
    assert found.anchor.tolist() == [1, 2]


def test_of_equally_weak_pieces_the_first_is_the_anchor():
    rows = [(0, 1.0, WEAK, 0.1, 1, 0, level, 0.0) for level in (-106.0, -110.0, -110.0)]
    assert summarise(pieces(*rows)).anchor.tolist() == [1]


def test_identities_differ_by_everything_that_makes_a_spot():
    base = ("section", "46000", "nr", "g42", "12300")
    changed = [base] + [(*base[:i], "other", *base[i + 1 :]) for i in range(5)]
    ids = [spot_id(*one) for one in changed]
    assert len(set(ids)) == 6
    assert all(len(i) == 16 and set(i) <= set("0123456789abcdef") for i in ids)
    assert spot_id(*base) == ids[0]


POINTS = st.lists(st.tuples(st.floats(-179, 179), st.floats(-80, 80)), min_size=1, max_size=8)


@given(POINTS, POINTS)
def test_the_nearest_site_is_that_of_a_plain_search(points, sites):
    lon, lat = (np.array(c) for c in zip(*points, strict=True))
    site_lon, site_lat = (np.array(c) for c in zip(*sites, strict=True))
    index, distance = nearest(lon, lat, site_lon, site_lat)
    for i in range(len(lon)):
        one = np.ones(len(site_lon))
        every = lengths_m(lon[i] * one, lat[i] * one, site_lon, site_lat)
        assert distance[i] == every[index[i]]
        # the sphere and the ellipsoid may prefer another of two nearly equal ones
        assert distance[i] <= every.min() * 1.01 + 1e-6


def test_without_sites_there_is_no_nearest():
    index, distance = nearest(np.array([1.0]), np.array([2.0]), np.zeros(0), np.zeros(0))
    assert index.tolist() == [-1]
    assert np.isnan(distance[0])


@pytest.mark.parametrize(
    ("none_share", "rsrp", "sinr", "site_m", "cause"),
    [
        (0.6, -140.0, np.nan, 10.0, "no_service"),
        (0.5, -110.0, np.nan, 10.0, "site_near_weak"),
        (0.0, -90.0, -5.0, 10.0, "poor_sinr"),
        (0.0, -90.0, np.nan, 1000.0, "site_near_weak"),
        (0.0, -110.0, -5.0, 1000.1, "no_site_near"),
        (0.0, -110.0, -5.0, np.nan, "weak_signal"),
        (0.0, -105.0, -3.1, np.nan, "poor_sinr"),
        (0.0, -105.0, -3.0, np.nan, "weak_signal"),
    ],
)
def test_the_first_cause_that_holds_is_given(none_share, rsrp, sinr, site_m, cause):
    one = {f: np.array([1]) for f in Figures.__dataclass_fields__}
    known = {"none_share": none_share, "rsrp_mean_dbm": rsrp, "sinr_mean_db": sinr}
    figures = Figures(**(one | {k: np.array([v]) for k, v in known.items()}))
    found = causes(figures, -105.0, -3.0, np.array([site_m]), 1000.0)
    assert found.tolist() == [cause]
    assert cause in CAUSES
    without = causes(figures, None, None, np.array([site_m]), 1000.0)
    assert without[0] != "poor_sinr"
