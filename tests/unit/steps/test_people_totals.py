"""People of regions from a table: the raster is scaled to each, in all its cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from pydantic import ValidationError

from covermap.errors import FormatError, InputError
from covermap.formats.source import Source
from covermap.steps.people.reading import PeopleRead, read_people
from covermap.steps.people.totals import read_totals
from covermap.tables import REGIONS, conform
from covermap.workspace import Population
from made_rasters import people, write_raster

WEST, EAST = shapely.box(121, 31, 121.17, 32), shapely.box(121.17, 31, 121.3, 32)
REGIONS_TABLE = conform(
    pa.Table.from_pylist([
        {"region_id": name, "level": level, "name": title, "geometry": shape.wkb, "input": "r",
         "simulated": False}
        for name, level, title, shape in (
            ("w", "county", "West", WEST), ("e", "county", "East", EAST),
            ("p", "province", "Whole", shapely.union_all([WEST, EAST])),
        )
    ]),
    REGIONS,
)  # fmt: skip


def table(folder: Path, text: str) -> Path:
    path = folder / "totals.csv"
    path.write_text(text, "utf-8")
    return path


def read(folder: Path, text: str) -> PeopleRead:
    path = write_raster(folder / "people.tif", people(30, 40))
    declared = Population(files=(path.name,), kind="weight", totals="totals.csv")
    return read_people(declared, [path], REGIONS_TABLE, folder, 9, table(folder, text))


def test_each_region_has_its_total_and_what_is_outside_keeps_its_proportion(
    tmp_path: Path,
) -> None:
    plain_path = write_raster(tmp_path / "plain.tif", people(30, 40))
    plain = read_people(
        Population(files=("plain.tif",), kind="weight", total=1000.0), [plain_path], REGIONS_TABLE,
        tmp_path, 9,
    ).counting.to_pandas()  # fmt: skip
    made = read(tmp_path, "region;people\nWest;5000\ne;700\n")
    cells = made.counting.to_pandas()
    sums = cells.groupby(cells["county"].fillna("outside"))["people"].sum()
    assert sums["w"] == pytest.approx(5000, rel=1e-9)
    assert sums["e"] == pytest.approx(700, rel=1e-9)
    before = plain.groupby(plain["county"].fillna("outside"))["people"].sum()
    assert before["outside"] > 0
    assert sums["outside"] / 5700 == pytest.approx(before["outside"] / (before["w"] + before["e"]))
    (raster,) = made.population.to_pylist()
    assert raster["people"] == pytest.approx(cells["people"].sum())
    own, other = cells[cells["county"] == "w"], plain[plain["county"] == "w"]
    held = other["people"].to_numpy() > 0
    ratio = own["people"].to_numpy()[held] / other["people"].to_numpy()[held]
    assert np.min(ratio) == pytest.approx(np.max(ratio))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,people\nw,1\n", r"totals\.csv: no column region; .*columns region and people"),
        ("region,people\nw,1\nnorth,2\n", r"line 3: no region, or several, are 'north'"),
        ("region,people\nw,1\nWest,2\n", r"line 3: region 'West' is there twice"),
        ("region,people\nw,-1\n", r"line 2: people = '-1' is no number from 0"),
        ("region,people\nw,nan\n", r"line 2: people = 'nan'"),
        ("region,people\nw,1\np,2\n", r"regions of several levels \(county, province\)"),
        ("region,people\n", r"no region has people"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(FormatError, match=said):
        read_totals(Source(path, None, "raw/totals.csv"), REGIONS_TABLE)


def test_people_where_the_raster_has_none_are_an_error(tmp_path: Path) -> None:
    values = people(30, 40)
    values[:, 13:] = 0.0  # cells of the east reach into the west
    path = write_raster(tmp_path / "people.tif", values)
    declared = Population(files=(path.name,), kind="weight", totals="totals.csv")
    text = "region,people\nw,1\ne,2\n"
    with pytest.raises(InputError, match=r"totals\.csv: the raster has nobody in 1 regions.*: e\."):
        read_people(declared, [path], REGIONS_TABLE, tmp_path, 9, table(tmp_path, text))


def test_a_weight_needs_a_total_or_a_table_of_totals_and_not_both() -> None:
    for how in ({}, {"total": 5.0, "totals": "a.csv"}):
        with pytest.raises(ValidationError, match="total"):
            Population(files=("a.tif",), kind="weight", **how)
