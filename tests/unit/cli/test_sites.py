"""`covermap sites` and `covermap export sites`: base stations by region, cells as modelled."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from commands import covermap
from covermap.store import Workspace
from handmade import write_build


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sites")
    write_build(root)
    return root


def test_base_stations_are_printed_beside_the_target(served: Path) -> None:
    said = covermap("sites", served, "--technology", "all")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    known = Workspace(served).current().read("region_sites").to_pylist()
    mine = [r for r in known if r["technology"] == "all"]
    assert [row[3] for row in rows[1 : len(mine) + 1]] == [str(r["sites"]) for r in mine]
    assert "people: not known" in said.out
    assert "simulated" in said.out
    target = covermap("sites", served, "--operator", "all", "--technology", "nr")
    assert target.out.splitlines()[1].split()[-1] == "38"


def test_base_stations_are_printed_as_data(served: Path) -> None:
    rows = covermap("sites", served, "--json").data
    assert len(rows) == Workspace(served).current().rows("region_sites")
    head = covermap("sites", served, "--csv").out.splitlines()[0]
    assert head.startswith("scope,level,region_id,name,operator,technology,sites,cells,people")


def test_a_technology_that_is_not_there_is_named(served: Path) -> None:
    said = covermap("sites", served, "--technology", "6g")
    assert said.code == 2
    assert "There are: all" in said.errors[0]


@pytest.mark.parametrize("suffix", ["csv", "geojson"])
def test_cells_are_exported_as_prediction_takes_them(
    served: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"sites.{suffix}"
    said = covermap("export", "sites", served, "--to", path)
    assert said.code == 0, said.err
    cells = Workspace(served).current().rows("site_cells")
    assert cells > 0
    if suffix == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == cells
        assert {"filled", "eirp_dbm", "uncertainty_m", "doubts", "shared_with"} <= set(rows[0])
    else:
        assert path.read_text(encoding="utf-8").count('"Point"') == cells


def test_sites_stand_on_no_line(served: Path, tmp_path: Path) -> None:
    said = covermap("export", "sites", served, "--to", tmp_path / "s.csv", "--line", "G2")
    assert said.code == 2
    assert "sites stand on no line" in said.errors[0]
