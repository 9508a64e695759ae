"""Real sites, and real mountains, as levels of cells: whole builds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from covermap.core.cells import centres
from covermap.core.geodesy import azimuths_deg, lengths_m
from covermap.core.sites.density import nearest_m
from covermap.pipeline import BuildOptions, build
from covermap.pipeline.attention import look_at
from covermap.store import Build, Tables, Workspace
from site_worlds import predicted, site

pytestmark = [pytest.mark.real, pytest.mark.slow]


def built(root: Path, resolution: int, sites: str) -> Build:
    root.mkdir()
    (root / "covermap.toml").write_text(
        f"[grid]\nresolution = {resolution}\n{sites}\n[predict]\n", encoding="utf-8"
    )
    build(root, BuildOptions(workers=2))
    return Workspace(root).current()


def entry(name: str, files: str, form: str, more: str = "") -> str:
    return (
        f'[[sites]]\nname = "{name}"\nfiles = ["{files}"]\nformat = "{form}"\ndatum = "wgs84"\n'
        f"{more}\n"
    )


def levels(current: Build, **only: str) -> pd.DataFrame:
    """Rows of the model with where they are and where their site is."""
    made = current.read("cell_model").to_pandas()
    for name, value in only.items():
        made = made[made[name] == value]
    made["lon"], made["lat"] = centres(made["cell"].to_numpy())
    cells = (
        current.read("sites")
        .to_pandas()[["operator", "technology", "site_id", "cell_id", "lon", "lat", "azimuth_deg"]]
        .drop_duplicates(["operator", "technology", "site_id", "cell_id"])
    )
    cells.columns = ["operator", "technology", "site", "server", "site_lon", "site_lat", "azimuth"]
    return made.merge(cells, on=["operator", "technology", "site", "server"], how="left")


def test_all_of_uruguay_is_predicted_near_its_sites_and_nowhere_else(
    real_data: Path, tmp_path: Path
) -> None:
    files = (real_data / "sites/uruguay_*.csv.gz").as_posix()
    current = built(tmp_path / "uruguay", 7, entry("u", files, "opencellid"))
    made = levels(current)
    assert len(made.groupby(["operator", "technology"])) == 9
    sites = current.read("sites")
    far = nearest_m(made["lon"], made["lat"], sites["lon"].to_numpy(), sites["lat"].to_numpy())
    assert 9_000 < far.max() < 10_020
    assert made["distance_m"].max() <= 10_000
    assert made["rsrp_dbm"].between(-160, -20).all()
    assert made["filled"].str.contains("height_m").all()
    assert "no_terrain 25581" in "\n".join(look_at(Tables(current.folder), []))
    lost = [r for r in current.read("rejected").to_pylist() if r["reason"] != "duplicate"]
    assert sites.num_rows + len(lost) >= 25_000


def test_sectors_of_west_sussex_serve_what_they_look_at(real_data: Path, tmp_path: Path) -> None:
    entries = "".join(
        entry(f"s{n}", (real_data / f"sites/west_sussex_lte_cells_{n}.csv").as_posix(),
              "cells-csv", f'operator = "{n}"')
        for n in (23410, 23415, 23420, 23430)
    )  # fmt: skip
    made = levels(built(tmp_path / "sussex", 9, entries))
    assert len(made.groupby("operator")) == 4
    seen = made[(made["distance_m"] > 500) & made["azimuth"].notna()]
    at = azimuths_deg(*(seen[n].to_numpy() for n in ("site_lon", "site_lat", "lon", "lat")))
    off = np.abs((at - seen["azimuth"].to_numpy() + 180) % 360 - 180)
    assert np.median(off) < 40
    assert (off < 90).mean() > 0.9
    told = lengths_m(*(seen[n].to_numpy() for n in ("site_lon", "site_lat", "lon", "lat")))
    assert np.abs(told - seen["distance_m"]).max() < 15


def test_leipzigs_operators_are_told_apart_by_band_and_the_town_is_in_reach_of_all(
    real_data: Path, tmp_path: Path
) -> None:
    files = (real_data / "sites/leipzig_*.csv").as_posix()
    current = built(tmp_path / "leipzig", 8, entry("l", files, "leipzig-emf"))
    made = levels(current)
    assert len(made.groupby(["operator", "technology"])) == 12
    middle = made[np.hypot((made["lon"] - 12.375) * 69.5, (made["lat"] - 51.34) * 111.2) < 3]
    by_layer = middle.groupby(["operator", "technology"])["rsrp_dbm"].median()
    assert len(by_layer) == 12
    assert by_layer.between(-100, -40).all()
    of_nr = made[made["technology"] == "nr"]["ghz"].round(2)
    assert set(of_nr) <= {0.78, 2.14, 3.55}


def test_mountains_of_tibet_stand_in_the_way_and_the_plain_does_not(
    real_data: Path, tmp_path: Path
) -> None:
    dem = (real_data / "rasters/china_z6_dem_3857_i16.tif").as_posix()
    made_up = [site(0, lon=91.12, lat=29.65), site(1, lon=114.5, lat=34.6)]  # Lhasa; Henan
    said = f'[predict]\nradius_m = 30000\n[terrain]\nfiles = ["{dem}"]\nunit = "m"\n'
    _, current = predicted(tmp_path / "china", made_up, said)
    (raster,) = current.read("terrain").to_pylist()
    assert (raster["crs"], raster["unit"]) == ("EPSG:3857", "m")
    assert raster["voids"] > 0 < raster["sea_floor"]
    rows = levels(current)
    rows = rows[rows["distance_m"] > 8_000]
    lhasa, henan = (rows[rows["site"] == s]["terrain_db"] for s in ("S0", "S1"))
    assert lhasa.median() > henan.median() + 5
    assert lhasa.quantile(0.9) > 20
    assert "terrain_voids" in "\n".join(look_at(Tables(current.folder), []))
