"""The model of cells and their density, on the three real site tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from covermap.core.radio.server import Places, Terms, best_servers
from covermap.core.sites.density import counts_by_cell, nearest_m, stations_per_10_000
from covermap.core.sites.model import FILLABLE, model_of
from covermap.core.sites.radios import radios_of
from covermap.formats.source import expand
from covermap.pipeline import BuildOptions, build
from covermap.steps.sites import read_sites
from covermap.workspace import Config, Sites

pytestmark = pytest.mark.real

LEIPZIG_PEOPLE = 597_493
"""31 December 2020, Federal Statistical Office of Germany."""


def cells(folder: Path, pattern: str, **declared: Any) -> pa.Table:
    files = [s for p in sorted(folder.glob(pattern)) for s in expand(p, p.name)]
    declaration = Sites(name="s", files=("x",), datum="wgs84", **declared)
    return read_sites(files, declaration, Config()).sites


def filled(made: Any) -> dict[str, int]:
    return dict(zip(FILLABLE, made.filled.sum(0).tolist(), strict=True))


def test_leipzig_has_8_5_base_stations_of_5g_for_10_000_people(real_data: Path) -> None:
    sites = cells(real_data / "sites", "leipzig_*.csv", format="leipzig-emf")
    assert stations_per_10_000(sites, LEIPZIG_PEOPLE) == pytest.approx(8.52, abs=0.005)
    made = model_of(sites)
    assert filled(made) == {
        "ghz": 0, "power_class": 10_552, "height_m": 10_552, "azimuth_deg": 183,
        "tilt_deg": 10_552, "wide_deg": 10_552, "power": 10_552,
    }  # fmt: skip
    assert (made.power_class[made.indoor] == "pico").all()
    assert set(np.round(made.ghz, 3)) == {
        0.780, 0.806, 0.942, 1.474, 1.842, 2.14, 2.655, 3.55,
    }  # fmt: skip


def test_the_build_tells_leipzigs_density_beside_the_target(
    real_data: Path, tmp_path: Path
) -> None:
    box = [[12.2, 51.2], [12.6, 51.2], [12.6, 51.5], [12.2, 51.5], [12.2, 51.2]]
    said = {"code": "14713", "name": "Leipzig", "population": LEIPZIG_PEOPLE}
    shape = {"type": "Polygon", "coordinates": [box]}
    whole = {"type": "Feature", "properties": said, "geometry": shape}
    (tmp_path / "city.geojson").write_text(json.dumps(whole), encoding="utf-8")
    (tmp_path / "covermap.toml").write_text(
        f"""
        [[sites]]
        name = "leipzig"
        files = ["{real_data}/sites/leipzig_*.csv"]
        format = "leipzig-emf"
        datum = "wgs84"
        [[regions]]
        name = "city"
        files = ["city.geojson"]
        level = "city"
        fields = {{ code = "code", name = "name", population = "population" }}
        """,
        encoding="utf-8",
    )
    rows = build(tmp_path, BuildOptions(workers=1)).folder / "region_sites.parquet"
    found = pd.read_parquet(rows).query("technology == 'nr' and operator == 'all'")
    (city,) = found[found["region_id"] == "14713"].to_dict("records")
    assert (city["sites"], city["cells"], city["target_per_10000"]) == (509, 3221, 38.0)
    assert city["per_10000"] == pytest.approx(8.52, abs=0.005)


def test_west_sussex_cells_have_the_frequency_of_their_channel(real_data: Path) -> None:
    sites = cells(real_data / "sites", "west_sussex_*_23410.csv", format="cells-csv")
    made = model_of(sites)
    assert filled(made)["ghz"] == filled(made)["azimuth_deg"] == 0
    assert made.ghz[np.array(sites["arfcn"].to_pylist()) == 6400].tolist() == [0.816] * 357


def test_uruguay_counts_every_site_and_cell_once_at_any_resolution(real_data: Path) -> None:
    sites = cells(real_data / "sites", "uruguay_*", format="opencellid")
    totals = []
    for resolution in (3, 6, 9):
        counted = counts_by_cell(sites, resolution)
        by = counted[counted["operator"] != "all"]
        totals.append(int(by[by["technology"] != "all"]["cells"].sum()))
        assert (counted["sites"] <= counted["cells"]).all()
    assert max(totals) - min(totals) < 0.01 * max(totals)
    far = nearest_m([-56.1645], [-34.9011], sites["lon"].to_numpy(), sites["lat"].to_numpy())
    assert far[0] < 500  # Montevideo


def test_leipzigs_5g_at_3_5_ghz_serves_the_middle_of_the_town_by_the_formulae(
    real_data: Path,
) -> None:
    sites = cells(real_data / "sites", "leipzig_*.csv", format="leipzig-emf")
    mine = sites.filter((pc.field("operator") == "Telekom") & (pc.field("band") == "n78"))
    radios = radios_of(mine["lon"].to_numpy(), mine["lat"].to_numpy(), model_of(mine))
    lon, lat = (v.ravel() for v in np.meshgrid(
        np.linspace(12.34, 12.41, 40), np.linspace(51.32, 51.36, 40)
    ))  # fmt: skip
    unknown = np.full(len(lon), np.nan)
    found = best_servers(
        Places(lon, lat, unknown, unknown, unknown), radios, np.zeros((2, 2), np.int16),
        Terms(radius_m=5_000.0, step_m=100.0),
    )  # fmt: skip
    assert (found.cell >= 0).all()
    assert -110 < np.median(found.rsrp_dbm) < -75
    assert -5 < np.median(found.sinr_db) < 25
