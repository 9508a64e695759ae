"""`covermap people`, `covermap check` of rasters, and builds with a population."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import covermap
from covermap.store import Workspace
from covermap.workspace import FILL_IN, Config
from handmade import write_build
from made_rasters import people, write_raster


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("people")
    write_build(root)
    return root


def test_people_by_region_and_operator_are_printed(served: Path) -> None:
    said = covermap("people", served, "--operator", "any")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert rows[1][:8] == ["all", "any", "1000", "500", "250", "50", "200", "50.0"]
    assert [row[0] for row in rows[2:4]] == ["outside", "310000"]
    assert "simulated: made by the simulator, not measured" in said.out
    assert "declares no [population]" in said.out


def test_people_are_printed_as_csv_with_every_column(served: Path) -> None:
    said = covermap("people", served, "--technology", "any", "--level", "city", "--csv")
    lines = said.out.splitlines()
    assert lines[0].startswith("scope,level,region_id,name,operator,technology,people,")
    assert {line.split(",")[0] for line in lines[1:]} == {"region", "outside"}
    (first, *_) = covermap("people", served, "--region", "310000", "--json").data
    assert first["people_covered_share"] == 0.5


def test_a_region_or_operator_that_is_not_there_is_named(served: Path) -> None:
    for option, value, told in (("--region", "1", "310000"), ("--operator", "x", "any")):
        said = covermap("people", served, option, value)
        assert said.code == 2
        assert told in said.errors[0]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_people_are_exported_with_sums_that_are_those_of_the_table(
    served: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"people.{suffix}"
    said = covermap("export", "people", served, "--to", path, "--technology", "any")
    assert said.code == 0, said.err
    rows = [row for row in Workspace(served).current().read("people_verdicts").to_pylist()
            if row["technology"] == "any"]  # fmt: skip
    if suffix == "csv":
        found = pd.read_csv(path, encoding="utf-8-sig", dtype={"operator": str, "region_id": str})
        assert len(found) == len(rows)
        for name in ("people", "covered_people", "unmeasured_people", "area_km2", "covered_km2"):
            assert found[name].sum() == pytest.approx(sum(row[name] for row in rows))
        assert set(found["scope"]) == {row["scope"] for row in rows}
        assert set(found["simulated"]) == {row["simulated"] for row in rows}
    else:
        sheets = pd.read_excel(path, sheet_name=None, header=None, engine="openpyxl")
        text = " ".join(map(str, np.concatenate([s.to_numpy().ravel() for s in sheets.values()])))
        assert "People and area 人口与面积覆盖" in text
        assert "People not measured" in text
        assert "未测量人口" in text
    refused = covermap("export", "people", served, "--to", path, "--line", "G2")
    assert refused.code == 2
    assert "leave --line out" in refused.err


def test_check_declares_a_raster_of_people(tmp_path: Path) -> None:
    values = people()
    values[0, 0] = -3
    path = write_raster(tmp_path / "people.tif", values, nodata=0)
    said = covermap("check", path)
    assert said.code == 0
    assert "EPSG:4326" in said.out
    assert "negative_people" in said.out
    entry = tomllib.loads(said.out.partition("covermap.toml:")[2])
    declared = Config.model_validate(entry).population
    assert declared is not None
    assert (declared.kind, declared.files) == ("count", (str(path),))


def test_check_takes_a_raster_that_saturates_for_a_weight(tmp_path: Path) -> None:
    values = np.minimum(people() * 3, 255).astype(np.uint8)
    bands = write_raster(tmp_path / "a.tif", np.stack([values, values]))
    entry = tomllib.loads(covermap("check", bands).out.partition("covermap.toml:")[2])
    assert entry["population"]["kind"] == "weight"
    assert entry["population"]["total"] == FILL_IN
    assert entry["population"]["band"] == 1


@pytest.mark.parametrize(
    ("how", "told"), [({"crs": None}, "states no CRS"), ({"dtype": "complex64"}, "complex")]
)
def test_check_refuses_a_raster_that_cannot_be_used(
    tmp_path: Path, how: dict[str, object], told: str
) -> None:
    path = write_raster(tmp_path / "a.tif", people(), **how)
    said = covermap("check", path)
    assert said.code == 2
    assert told in said.errors[0]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('files = ["people.tif"]\nkind = "weight"', "needs total"),
        ('files = ["people.tif"]\nkind = "heads"', "kind"),
        ('files = ["people.tif"]\nkind = "count"\ntotal = -1', "total"),
        ('files = ["people.tif"]\nkind = "count"\nyaer = 2020', "did you mean 'year'"),
        ('files = ["none.tif"]\nkind = "count"', "matches no file"),
    ],
)
def test_a_declaration_that_cannot_be_is_named(space: Path, lines: str, told: str) -> None:
    write_raster(space / "people.tif", people())
    with (space / "covermap.toml").open("a") as file:
        file.write(f"\n[population]\n{lines}\n")
    said = covermap("build", space, "--workers", "1")
    assert said.code == 2
    assert told in said.err


@pytest.mark.slow
def test_a_build_tells_people_and_a_raster_elsewhere_leaves_it_served(space: Path) -> None:
    values = people(20, 25)
    write_raster(space / "people.tif", values, west=120.5, north=31.4)
    with (space / "covermap.toml").open("a") as file:
        file.write('\n[population]\nfiles = ["people.tif"]\nkind = "count"\nyear = 2020\n')
    done = covermap("build", space, "--workers", "1", "--json")
    assert done.code == 0, done.err
    assert done.data["tables"]["cell_people"] > 10
    rows = covermap("people", space, "--operator", "any", "--json").data
    assert [row["people"] for row in rows] == [pytest.approx(values.astype(float).sum())]
    assert rows[0]["covered_people"] > 0
    assert rows[0]["year"] == 2020

    write_raster(space / "people.tif", values, west=100.5, north=31.4)
    done = covermap("build", space, "--workers", "1")
    assert done.code == 2
    assert "people.tif: covers none of the" in done.errors[0]
    assert covermap("people", space, "--operator", "any", "--json").data == rows
