"""Cells of real logs without a site table: located, and how far cells of one mast agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covermap.core.geodesy import lengths_m
from covermap.pipeline import BuildOptions, build
from covermap.store import Tables
from real_logs import BREMEN_LOGS, CORK

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.mark.parametrize(
    ("declared", "cells", "median_m", "agree"),
    [(BREMEN_LOGS, 1212, 2470.0, 0.95), (CORK, 349, 2280.0, 0.76)],
    ids=["bremen", "cork"],
)
def test_cells_are_located_and_those_of_one_base_station_mostly_agree(
    declared: str, cells: int, median_m: float, agree: float, real_data: Path, tmp_path: Path
) -> None:
    """Cells of one eNodeB are located each by itself, so their distance tells of their radii.

    If each radius held its mast with probability 0.9, independently, 0.9 of pairs would lie within
    the root of the sum of their squares. In Cork fewer do: its radii are too narrow.
    """
    text = "[locate]\n" + declared.format(data=real_data)
    (tmp_path / "covermap.toml").write_text(text, encoding="utf-8")
    sites = Tables(build(tmp_path, BuildOptions(workers=2)).folder).read("sites").to_pandas()
    assert len(sites) == cells
    assert sites["located"].all()
    assert sites["uncertainty_m"].median() == pytest.approx(median_m, rel=0.02)
    wide = sites[sites["technology"].isin(["lte", "nr"])]
    pairs = wide.merge(wide, on=["operator", "technology", "site_id"])
    pairs = pairs[pairs["cell_id_x"] < pairs["cell_id_y"]]
    apart = lengths_m(*(pairs[c].to_numpy() for c in ("lon_x", "lat_x", "lon_y", "lat_y")))
    radius = np.hypot(pairs["uncertainty_m_x"], pairs["uncertainty_m_y"])
    assert np.mean(apart <= radius) == pytest.approx(agree, abs=0.02)
