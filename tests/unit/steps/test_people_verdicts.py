"""People of cells with evidence, and people and area by verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from covermap.core.cells import areas_m2, cells_at, centres, descendants, parents
from covermap.engine.step import StepContext
from covermap.errors import BuildError, InputError
from covermap.rules import load_pack
from covermap.shards import distinct_cells
from covermap.steps import people as step
from covermap.steps.people.verdicts import parts_of
from covermap.store import Tables, write_table
from covermap.tables import REGIONS, TABLES, VERDICTS, conform, empty, in_order
from covermap.workspace import Config, Population
from cubes import write_cube
from made_rasters import people, write_raster

LAYERS = (("46000", "nr"), ("any", "any"))


def put(folder: Path, name: str, data: pa.Table) -> None:
    table = TABLES[name]
    write_table(folder / f"{name}.parquet", in_order(conform(data, table), table), table)


def filled(kind: str, rows: dict[str, Any]) -> pa.Table:
    """Rows of a table, what the test does not care about filled in."""
    count = len(next(iter(rows.values())))
    columns = {}
    for column in TABLES[kind].columns:
        if column.name in rows:
            columns[column.name] = pa.array(rows[column.name], column.type)
        elif column.nullable:
            columns[column.name] = pa.nulls(count, column.type)
        else:
            blank = "x" if pa.types.is_string(column.type) else 0
            columns[column.name] = pa.array([blank] * count).cast(column.type)
    return pa.table(columns)


def region(name: str, level: str, shape: shapely.Geometry) -> dict[str, Any]:
    return {"region_id": name, "level": level, "name": name.upper(), "geometry": shape.wkb,
            "input": "r", "simulated": False}  # fmt: skip


WEST, EAST = shapely.box(121, 31, 121.17, 32), shapely.box(121.17, 31, 121.3, 32)
REGIONS_TABLE = conform(
    pa.Table.from_pylist(
        [region("w", "county", WEST), region("e", "county", EAST),
         region("p", "province", shapely.union_all([WEST, EAST]))]
    ),
    REGIONS,
)  # fmt: skip


def workspace(root: Path, regions: bool = True, population: bool = True, at: Any = None) -> Any:
    """A build so far: raster, regions, cells with evidence."""
    root.mkdir(exist_ok=True)
    values = people()
    write_raster(root / "people.tif", values)
    declared = None
    if population:
        declared = Population(files=("people.tif",), kind="count", year=2020, simulated=True)
    config, folder = Config(population=declared), root / "tables"
    table = REGIONS_TABLE if regions else empty(REGIONS)
    files = [root / "people.tif"] if declared else []
    read = step.read_people(declared, files, table, root, 8)
    put(folder, "population", read.population)
    put(folder, "counting_cells", read.counting)
    put(folder, "regions", table)
    if at is None:
        at = np.random.default_rng(5).uniform((121.05, 31.2), (121.38, 31.48), (400, 2))
    cells = np.unique(cells_at(at[:, 0], at[:, 1], 8))
    put(folder, "cell_evidence", filled("cell_evidence", {"cell": np.repeat(cells, 2)}))
    context = StepContext(Tables(folder), folder, config, load_pack("project-default"), root=root)
    return context, cells, values


def judged(context: StepContext, cells: Any, seed: int = 7) -> pd.DataFrame:
    """Put random verdicts into the build, in both layers."""
    source = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "cell": np.tile(cells, len(LAYERS)),
            "area_m2": np.tile(areas_m2(cells), len(LAYERS)),
            "operator": np.repeat([o for o, _ in LAYERS], len(cells)),
            "technology": np.repeat([t for _, t in LAYERS], len(cells)),
            "verdict": source.choice(VERDICTS, len(cells) * len(LAYERS)),
        }
    )
    put(context.out, "cell_verdicts", filled("cell_verdicts", frame.to_dict("list")))
    return frame


def counted(context: StepContext) -> pd.DataFrame:
    step.run(context)
    step.count(context)
    return context.tables.read("people_verdicts").to_pandas()


def test_every_cell_with_evidence_has_its_people_and_its_region(tmp_path: Path) -> None:
    context, cells, _ = workspace(tmp_path)
    step.run(context)
    got = context.tables.read("cell_people")
    assert got["cell"].to_pylist() == cells.tolist()
    assert min(got["people"].to_pylist()) >= 0
    lon, lat = centres(parents(cells, 7))
    for name, x, y in zip(got["region_id"].to_pylist(), lon, lat, strict=True):
        here = shapely.Point(x, y)
        assert name == ("w" if WEST.covers(here) else "e" if EAST.covers(here) else None)
    assert context.report["cells"] == len(cells)


def test_cells_with_evidence_are_found_whatever_layer_period_and_shard_they_are_in(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(4)
    known = cells_at(random.uniform(100, 108, 300), random.uniform(30, 34, 300), 8)
    cells = known[random.integers(0, len(known), 2000)]
    rows = filled("cell_evidence", {
        "cell": cells, "period": random.choice(["2025-01", "2025-02", "undated"], 2000),
        "operator": random.choice(["46000", "46001"], 2000), "rsrp_bin": -90 - cells % 20,
        "n": np.ones(2000, np.int64),
    })  # fmt: skip
    write_cube(tmp_path, rows)
    assert len(list((tmp_path / "cell_evidence").iterdir())) > 20
    assert distinct_cells(Tables(tmp_path)).tolist() == sorted(set(cells.tolist()))
    assert distinct_cells(Tables(tmp_path / "nowhere")).tolist() == []
    damaged = sorted((tmp_path / "cell_evidence").iterdir())[3]
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(BuildError, match="not a whole Parquet file"):
        distinct_cells(Tables(tmp_path))


def test_all_cells_over_the_raster_hold_all_its_people(tmp_path: Path) -> None:
    context, _, values = workspace(tmp_path)
    every = descendants(np.unique(parents(context.tables.read("counting_cells")["cell"], 3)), 8)
    put(context.out, "cell_evidence", filled("cell_evidence", {"cell": every}))
    step.run(context)
    got = context.tables.read("cell_people")
    assert sum(got["people"].to_pylist()) == pytest.approx(values.astype(float).sum(), rel=1e-11)
    assert 0 < context.report["cells_off_the_raster"] < len(every)


def test_cells_off_the_raster_are_counted_and_none_over_it_is_an_error(tmp_path: Path) -> None:
    at = np.array([[121.2, 31.3], [121.21, 31.3], [110.0, 31.3]])
    context, _, _ = workspace(tmp_path, at=at)
    step.run(context)
    assert context.report["cells_off_the_raster"] == 1
    people_of = context.tables.read("cell_people")["people"].to_pylist()
    assert sorted(people_of)[0] == 0.0
    context, _, _ = workspace(tmp_path / "b", at=at[2:])
    with pytest.raises(InputError, match=r"people\.tif: covers none of the 1 cells.*110\.0"):
        step.run(context)


def test_a_cell_that_no_counting_cell_holds_is_in_no_region(tmp_path: Path) -> None:
    at = np.array([[121.1, 31.3], [60.0, -20.0], [110.0, 31.3], [-70.0, 45.0]])
    context, cells, _ = workspace(tmp_path, at=at)
    known = context.tables.read("counting_cells")
    put(context.out, "counting_cells", known.filter(pa.compute.equal(known["county"], "w")))
    step.run(context)
    got = context.tables.read("cell_people").to_pydict()
    assert got["cell"] == cells.tolist()
    assert sorted(got["region_id"], key=str) == [None, None, None, "w"]


def test_shards_that_are_known_are_not_done_again(tmp_path: Path) -> None:
    context, _, _ = workspace(tmp_path)
    kept: list[str] = []

    def part(key: str) -> Path:
        kept.append(key)
        return tmp_path / "parts" / key

    context.part = part
    step.run(context)
    first = (context.out / "cell_people.parquet").read_bytes()
    (tmp_path / "people.tif").unlink()
    step.run(context)
    assert (context.out / "cell_people.parquet").read_bytes() == first
    assert kept[: len(kept) // 2] == kept[len(kept) // 2 :]


def test_people_and_areas_by_verdict_add_up_to_the_totals(tmp_path: Path) -> None:
    context, cells, values = workspace(tmp_path)
    judged(context, cells)
    got = counted(context)
    assert len(got) == len(LAYERS) * (1 + 3 + 2)  # all, three regions, outside of two levels
    for what, unit in (("people", "people"), ("area_km2", "km2")):
        parts = got[[f"{v}_{unit}" for v in VERDICTS]]
        assert (parts >= 0).all(axis=None)
        assert np.allclose(parts.sum(axis=1), got[what], rtol=1e-12)
    whole = values.astype(float).sum()
    for _, layer in got.groupby(["operator", "technology"]):
        assert layer.loc[layer["scope"] == "all", "people"].item() == pytest.approx(whole)
        for level in ("county", "province"):
            own = layer[layer["level"] == level]
            assert own["people"].sum() == pytest.approx(whole)
            assert sorted(own["scope"].unique()) == ["outside", "region"]


def test_sums_equal_those_of_a_plain_count(tmp_path: Path) -> None:
    context, cells, _ = workspace(tmp_path)
    frame = judged(context, cells)
    got = counted(context)
    held = context.tables.read("cell_people").to_pandas()
    frame = frame.merge(held, on="cell")
    for row in got[got["level"] == "county"].to_dict("records"):
        own = frame[(frame["operator"] == row["operator"]) & (frame["verdict"] == "weak")]
        here = own["region_id"].isna()
        if row["scope"] == "region":
            here = own["region_id"] == row["region_id"]
        assert row["weak_people"] == pytest.approx(own.loc[here, "people"].sum(), abs=1e-3)
        assert row["weak_km2"] == pytest.approx(own.loc[here, "area_m2"].sum() / 1e6, abs=1e-3)
        if row["people"]:
            assert row["people_covered_share"] == pytest.approx(
                row["covered_people"] / row["people"]
            )
    region_rows = got[got["region_id"] == "w"]
    assert set(region_rows["name"]) == {"W"}
    assert region_rows["area_km2"].iloc[0] == pytest.approx(0.17 * 95.2 * 110.87, rel=0.05)


def test_cells_without_a_row_in_a_layer_are_unmeasured_there(tmp_path: Path) -> None:
    context, cells, _ = workspace(tmp_path)
    judged(context, cells)
    counted(context)
    first = (context.out / "people_verdicts.parquet").read_bytes()
    whole = context.tables.read("cell_verdicts")
    unmeasured = pa.compute.equal(whole["verdict"], "unmeasured")
    some = whole.filter(
        pa.compute.or_(pa.compute.invert(unmeasured), pa.compute.equal(whole["operator"], "any"))
    )
    assert some.num_rows < whole.num_rows
    put(context.out, "cell_verdicts", some)
    step.count(context)
    assert (context.out / "people_verdicts.parquet").read_bytes() == first


def test_a_layer_that_was_measured_along_lines_alone_is_unmeasured_in_every_region(
    tmp_path: Path,
) -> None:
    context, cells, _ = workspace(tmp_path)
    judged(context, cells)
    put(context.out, "segment_verdicts", filled(
        "segment_verdicts", {"operator": ["46001"], "technology": ["lte"]}
    ))  # fmt: skip
    got = counted(context)
    layers = got.groupby("operator")
    assert set(layers.groups) == {"46000", "46001", "any"}
    alone = layers.get_group("46001")
    assert alone["unmeasured_people"].tolist() == alone["people"].tolist()
    assert alone["unmeasured_km2"].tolist() == alone["area_km2"].tolist()
    for name in ("people", "area_km2", "region_id"):
        assert alone[name].tolist() == layers.get_group("any")[name].tolist()


def test_the_order_of_rows_and_parts_does_not_matter(tmp_path: Path) -> None:
    context, cells, _ = workspace(tmp_path)
    judged(context, cells)
    counted(context)
    first = (context.out / "people_verdicts.parquet").read_bytes()
    whole = context.tables.read("cell_verdicts")
    (context.out / "cell_verdicts.parquet").unlink()
    order = np.random.default_rng(1).permutation(whole.num_rows)
    parts = context.out / "cell_verdicts"
    parts.mkdir()
    for number, rows in enumerate(np.array_split(order, 5)):
        write_table(parts / f"{number}.parquet", whole.take(rows), TABLES["cell_verdicts"])
    step.count(context)
    assert (context.out / "people_verdicts.parquet").read_bytes() == first


def test_without_a_population_areas_are_told_and_people_are_not_known(tmp_path: Path) -> None:
    context, cells, _ = workspace(tmp_path, population=False)
    judged(context, cells)
    got = counted(context)
    assert context.tables.rows("cell_people") == 0
    assert got["people"].isna().all()
    assert got["covered_people"].isna().all()
    assert (got["area_km2"] > 0).all()


def test_without_regions_the_area_is_that_of_the_cells_seen(tmp_path: Path) -> None:
    context, cells, _ = workspace(tmp_path, regions=False, population=False)
    judged(context, cells)
    got = counted(context)
    assert got["scope"].tolist() == ["all"] * len(LAYERS)
    assert got["area_km2"].to_numpy() == pytest.approx(areas_m2(cells).sum() / 1e6, abs=1e-3)


def test_a_build_without_cells_has_no_rows(tmp_path: Path) -> None:
    context, _, _ = workspace(tmp_path)
    put(context.out, "cell_evidence", empty(TABLES["cell_evidence"]))
    put(context.out, "cell_verdicts", empty(TABLES["cell_verdicts"]))
    got = counted(context)
    assert len(got) == 0


def test_what_cells_hold_beyond_the_whole_is_scaled_to_it() -> None:
    assert parts_of(np.array([60.0, 60.0, 30.0, 9.0]), 100.0).tolist() == [40.0, 40.0, 20.0, 0.0]
    assert parts_of(np.array([1.0, 2.0, 3.0, 9.0]), 100.0).tolist() == [1.0, 2.0, 3.0, 94.0]


def test_totals_of_regions_scale_the_people_of_fine_cells_alike(tmp_path: Path) -> None:
    context, _, _ = workspace(tmp_path / "w")
    step.run(context)
    before = Tables(context.out).read("cell_people").to_pandas()
    counting = context.tables.read("counting_cells")
    factor = np.where(np.array(counting["county"].to_pylist()) == "w", 3.0, 0.5)
    place = counting.column_names.index("factor")
    scaled = counting.set_column(place, "factor", pa.array(factor))
    put(context.tables.folder, "counting_cells", scaled)
    step.run(context)
    after = Tables(context.out).read("cell_people").to_pandas()
    of = dict(zip(scaled["cell"].to_pylist(), factor, strict=True))
    above = parents(before["cell"].to_numpy(), 7)
    expected = before["people"] * [of.get(c, 1.0) for c in above]
    assert after["people"].tolist() == pytest.approx(expected.tolist())
    assert after["people"].sum() != pytest.approx(before["people"].sum())
