"""Sites as prediction takes them, and summed up by H3 cell and by region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from covermap.core.cells import cells_at, centres, parents
from covermap.core.geodesy import lengths_m
from covermap.core.sites.model import model_of
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps.sites import survey
from covermap.store import Tables, write_table
from covermap.tables import COUNTING_CELLS, REGIONS, SITES, Table, conform, in_order
from covermap.workspace import Config

LON, LAT = 12.37, 51.34


def made(table: Table, *rows: dict[str, Any]) -> pa.Table:
    types = {c.name: c.type for c in table.columns}
    names = {n for row in rows for n in row}
    return conform(
        pa.table({n: pa.array([r.get(n) for r in rows], types[n]) for n in names}), table
    )


def a_cell(number: int, **said: Any) -> dict[str, Any]:
    usual = {
        "site_id": f"S{number}", "cell_id": f"C{number}", "operator": "A", "technology": "nr",
        "lon": LON + 0.01 * number, "lat": LAT, "input": "i", "simulated": False,
    }  # fmt: skip
    return usual | said


def surveyed(tmp_path: Path, sites: pa.Table, **tables: pa.Table) -> Tables:
    before, out = tmp_path / "before", tmp_path / "out"
    out.mkdir()
    write_table(before / "sites.parquet", in_order(sites, SITES), SITES)
    for name, data in tables.items():
        table = {"regions": REGIONS, "counting_cells": COUNTING_CELLS}[name]
        write_table(before / f"{name}.parquet", in_order(data, table), table)
    survey(StepContext(Tables(before), out, Config(), load_pack("project-default", tmp_path)))
    return Tables(out)


def region(name: str, west: float, east: float, **said: Any) -> dict[str, Any]:
    box = shapely.box(west, LAT - 0.1, east, LAT + 0.1)
    usual = {"region_id": name, "level": "city", "name": name.upper(), "geometry": box.wkb,
             "input": "i", "simulated": False}  # fmt: skip
    return usual | said


SITES_OF_THREE = made(
    SITES,
    a_cell(0, height_m=40.0, azimuth_deg=90.0, tx_power_dbm=46.0, band="n78"),
    a_cell(0, cell_id="C9"),
    a_cell(0, operator="B", technology="lte", cell_id="L", site_id="B0"),
    a_cell(1, technology="redcap"),
    a_cell(30, operator=None, technology="gsm"),
)


def test_each_cell_is_told_as_prediction_takes_it(tmp_path: Path) -> None:
    rows = surveyed(tmp_path, SITES_OF_THREE).read("site_cells").to_pylist()
    assert len(rows) == 5
    first = next(r for r in rows if r["cell_id"] == "C0")
    assert (first["height_m"], first["azimuth_deg"], first["power_class"]) == (40.0, 90.0, "macro")
    assert first["eirp_dbm"] == 46.0 + 15.0
    assert first["filled"] == "tilt_deg,wide_deg"
    other = next(r for r in rows if r["cell_id"] == "C9")
    assert (other["azimuth_deg"], other["height_m"]) == (None, 25.0)
    assert other["filled"].split(",") == [
        "ghz", "power_class", "height_m", "azimuth_deg", "tilt_deg", "wide_deg", "power",
    ]  # fmt: skip
    ordered = in_order(SITES_OF_THREE, SITES)
    reference = np.round(model_of(ordered).reference_dbm, 3).tolist()
    assert sorted(r["reference_dbm"] for r in rows) == sorted(reference)


def test_operators_that_share_a_cell_name_each_other(tmp_path: Path) -> None:
    sites = made(SITES, *(a_cell(0, operator=o) for o in "BA"), a_cell(1, operator="A"))
    rows = surveyed(tmp_path, sites).read("site_cells").to_pylist()
    assert [(r["operator"], r["shared_with"]) for r in rows] == [
        ("A", "B"), ("A", None), ("B", "A"),
    ]  # fmt: skip


def test_counts_add_up_over_resolutions_and_the_nearest_is_the_nearest(tmp_path: Path) -> None:
    found = surveyed(tmp_path, SITES_OF_THREE).read("cell_sites").to_pandas()
    of = found[found["technology"].eq("all") & found["operator"].eq("all")]
    assert of.groupby("resolution")["sites"].sum().unique().tolist() == [4]
    assert of.groupby("resolution")["cells"].sum().unique().tolist() == [5]
    nr = found[found["technology"].eq("nr") & found["operator"].eq("A")]
    assert nr.groupby("resolution")["sites"].sum().unique().tolist() == [2]  # RedCap's, too
    site_cell = parents(cells_at(np.array([LON + 0.3]), np.array([LAT]), 10), 7)
    row = nr[(nr["resolution"] == 7) & (nr["cell"] == site_cell[0])].iloc[0]
    lon, lat = centres(site_cell)
    told = min(lengths_m(lon, lat, np.array([LON + d]), np.array([LAT]))[0] for d in (0.0, 0.01))
    assert (row["sites"], row["nearest_m"]) == (0, pytest.approx(told, abs=0.06))


def test_regions_tell_base_stations_for_their_people_and_the_target(tmp_path: Path) -> None:
    regions = made(
        REGIONS, region("a", LON - 0.1, LON + 0.005, population=1000.0),
        region("b", LON + 0.005, LON + 0.1), region("c", LON + 2, LON + 3, population=5.0),
    )  # fmt: skip
    rows = surveyed(tmp_path, SITES_OF_THREE, regions=regions).read("region_sites").to_pylist()
    by = {(r["scope"], r["region_id"], r["operator"], r["technology"]): r for r in rows}
    a = by["region", "a", "all", "nr"]
    assert (a["sites"], a["cells"], a["per_10000"], a["target_per_10000"]) == (1, 2, 10.0, 38.0)
    assert by["region", "a", "B", "lte"]["target_per_10000"] is None
    b = by["region", "b", "all", "nr"]
    assert (b["sites"], b["people"], b["per_10000"]) == (1, None, None)
    assert by["region", "c", "all", "all"]["sites"] == 0
    assert by["outside", None, None, "gsm"]["sites"] == 1
    assert by["all", None, "all", "all"]["sites"] == 4


def test_people_that_were_counted_stand_before_those_that_a_file_says(tmp_path: Path) -> None:
    cell = int(cells_at(np.array([LON]), np.array([LAT]), 7)[0])
    counting = made(
        COUNTING_CELLS, {"cell": cell, "area_m2": 5e6, "people": 500.0, "city": "a"},
    )  # fmt: skip
    regions = made(REGIONS, region("a", LON - 0.1, LON + 0.005, population=1000.0))
    tables = surveyed(tmp_path, SITES_OF_THREE, regions=regions, counting_cells=counting)
    rows = tables.read("region_sites").to_pylist()
    mine = [r for r in rows if r["technology"] == "nr" and r["operator"] == "all"]
    assert {r["scope"]: (r["people"], r["per_10000"]) for r in mine} == {
        "all": (500.0, 40.0), "region": (500.0, 20.0), "outside": (0.0, None),
    }  # fmt: skip


def test_without_sites_all_tables_are_there_and_empty_but_for_regions(tmp_path: Path) -> None:
    regions = made(REGIONS, region("a", LON, LON + 1, population=10.0))
    tables = surveyed(tmp_path, SITES.schema.empty_table(), regions=regions)
    assert (tables.rows("site_cells"), tables.rows("cell_sites")) == (0, 0)
    rows = tables.read("region_sites").to_pylist()
    assert [(r["scope"], r["region_id"], r["sites"]) for r in rows] == [
        ("all", None, 0), ("region", "a", 0),
    ]  # fmt: skip
