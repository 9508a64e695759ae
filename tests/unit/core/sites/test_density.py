"""Sites over the land: counted once, nearest as by looking at all of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.cells import cells_at
from covermap.core.geodesy import lengths_m
from covermap.core.sites.density import counts_by_cell, nearest_m, stations_per_10_000


def sites(*rows: tuple[str | None, str, str, str, float, float]) -> pa.Table:
    names = ("operator", "technology", "site_id", "cell_id", "lon", "lat")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


SOME = sites(
    ("46000", "nr", "a", "1", 120.0, 30.0),
    ("46000", "nr", "a", "2", 120.0, 30.0),
    ("46000", "lte", "a", "1", 120.0, 30.0),
    ("46001", "nr", "a", "1", 120.0, 30.0),
    (None, "lte", "b", "1", 121.0, 30.0),
)


def test_sites_and_cells_are_counted_by_technology_and_operator() -> None:
    found = counts_by_cell(SOME, 8)
    rows = {tuple(r)[:3]: tuple(r)[3:] for r in found.itertuples(index=False)}
    here, there = cells_at(np.array([120.0, 121.0]), np.array([30.0, 30.0]), 8)
    assert rows[here, "nr", "46000"] == (1, 2)
    assert rows[here, "lte", "46000"] == (1, 1)
    assert rows[here, "all", "46000"] == (1, 3)
    assert rows[here, "all", "all"] == (2, 4)
    assert rows[there, "lte", ""] == (1, 1)
    assert found.equals(counts_by_cell(SOME.take([4, 2, 0, 3, 1]), 8))


def test_the_nearest_site_is_the_nearest_of_all() -> None:
    rng = np.random.default_rng(1)
    lon, lat, at_lon, at_lat = (rng.uniform(a, b, 60) for a, b in ((-60, -53), (-35, -30)) * 2)
    found = nearest_m(lon, lat, at_lon, at_lat)
    for i in range(60):
        one = np.full(60, lon[i]), np.full(60, lat[i])
        assert found[i] == pytest.approx(lengths_m(*one, at_lon, at_lat).min(), rel=0.006)
    assert nearest_m(lon, lat, [], []).tolist() == [np.inf] * 60


def test_the_nearest_is_found_across_the_antimeridian() -> None:
    assert nearest_m([179.99], [0.0], [0.0, -179.99], [0.0, 0.0])[0] == pytest.approx(
        2226.4, abs=0.1
    )


def test_base_stations_are_the_operators_sites_whatever_their_cells() -> None:
    assert stations_per_10_000(SOME, 5_000) == 4.0
    assert stations_per_10_000(SOME, 10_000, "lte") == 2.0
    assert np.isnan(stations_per_10_000(SOME, 0))
