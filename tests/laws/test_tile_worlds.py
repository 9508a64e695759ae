"""Random worlds as tiles: every zoom is decoded again and holds all of the table, exactly.

Places are chosen where cells are hard: round a pentagon, over the antimeridian, beyond the edge of
the Mercator world. Some worlds allow only tiny tiles, so that coarser resolutions must be chosen.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h3
import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, all_tiles

import handmade
from covermap.core.cells import areas_m2
from covermap.core.tiles.clip import POLYGON_BUFFER
from covermap.core.tiles.tiling import EXTENT
from covermap.engine.local import Workers
from covermap.engine.step import StepContext
from covermap.formats.archive import TileArchive
from covermap.formats.recipe import Recipe, load_recipe
from covermap.rules import load_pack
from covermap.steps import tiles
from covermap.store import Tables, write_table
from covermap.tables import TABLES, VERDICTS, conform
from covermap.workspace import Config

RESOLUTION = 9
OPERATORS = ("46000", "46001", "46011")
PENTAGON = h3.cell_to_latlng(h3.get_pentagons(6)[3])
PLACES = {
    "shanghai": (31.23, 121.47),
    "pentagon": PENTAGON,
    "antimeridian": (-16.8, 179.999),
    "beyond the map": (87.3, 40.0),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A table of cell verdicts, people, and how large a tile may be."""

    place: str
    rows: list[Row]
    people: dict[int, int]
    """Thousandths, by cell."""
    limit: int


@st.composite
def worlds(draw: st.DrawFn) -> World:
    place = draw(st.sampled_from(sorted(PLACES)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    middle = h3.latlng_to_cell(*PLACES[place], RESOLUTION)
    disk = [int(c, 16) for c in h3.grid_disk(middle, draw(st.sampled_from([1, 4, 9])))]
    far = int(h3.latlng_to_cell(-33.0, -70.0, RESOLUTION), 16)
    cells = np.array(sorted({*disk, far}), np.int64)
    rows = []
    for operator in (*OPERATORS, "any", "all"):
        share = draw(st.sampled_from([0.2, 1.0]))
        there = cells[(random.random(len(cells)) < share) | (cells == far)]
        for cell in there.tolist():
            rows.append(_row(cell, operator, random))
    living = [int(c) for c in cells if random.random() < 0.8] if draw(st.booleans()) else []
    milli = {c: int(random.integers(0, 10**7)) for c in living}
    return World(place, rows, milli, draw(st.sampled_from([500_000, 2500, 900])))


def _row(cell: int, operator: str, random: np.random.Generator) -> Row:
    verdict = str(random.choice(VERDICTS))
    known = verdict != "unmeasured"
    level = float(random.choice([-80.0, -100.25]))  # few, so that operators are often equal
    return {
        "cell": cell, "operator": operator, "technology": "lte", "verdict": verdict,
        "n": int(random.integers(0, 40)), "n_none": 0,
        "share": float(np.round(random.random(), 4)) if known else None,
        "rsrp_mean_dbm": level if verdict in VERDICTS[:2] else None,
        "probability": float(np.round(random.random(), 4)) if known else None,
    }  # fmt: skip


def table_of(rows: list[Row]) -> pa.Table:
    schema = TABLES["cell_verdicts"].schema
    areas = areas_m2(np.array([r["cell"] for r in rows], np.int64))
    full = [{f.name: (r | {"area_m2": a}).get(f.name) for f in schema}
            for r, a in zip(rows, areas.tolist(), strict=True)]  # fmt: skip
    return pa.Table.from_pylist(full, schema)


def write_world(folder: Path, world: World) -> None:
    handmade.write(folder, "cell_verdicts", table_of(world.rows))
    if world.people:
        people = [{"cell": c, "people": m / 1000} for c, m in sorted(world.people.items())]
        schema = TABLES["cell_people"].schema
        full = [{f.name: p.get(f.name) for f in schema} for p in people]
        handmade.write(folder, "cell_people", pa.Table.from_pylist(full, schema))


def drawn(folder: Path, out: Path, limit: int = 500_000, workers: int = 1) -> StepContext:
    """Run the step with tiles of cells up to a size."""

    def recipe(kind: str) -> Recipe:
        return load_recipe(kind).model_copy(update={"max_tile_bytes": limit})

    with pytest.MonkeyPatch.context() as patch, Workers(workers) as pool:
        patch.setattr("covermap.steps.tiles.load_recipe", recipe)
        out.mkdir(exist_ok=True)
        ctx = StepContext(Tables(folder), out, Config(), load_pack("project-default"), pool)
        tiles.run(ctx)
    return ctx


def features_of(path: Path, limit: int, last: int) -> dict[int, dict[int, tuple[Row, list[Any]]]]:
    """By zoom and id: properties, and the rings in each tile as sets of lattice points."""
    found: dict[int, dict[int, tuple[Row, list[Any]]]] = defaultdict(dict)
    with path.open("rb") as stream:
        for (z, x, y), data in all_tiles(MmapSource(stream)):
            assert len(data) <= limit or z == last
            tile = mapbox_vector_tile.decode(
                gzip.decompress(data), default_options={"y_coord_down": True}
            )
            ids = [f["id"] for f in tile["cells"]["features"]]
            assert len(ids) == len(set(ids)), "a feature is twice in a tile"
            for feature in tile["cells"]["features"]:
                said, rings = found[z].setdefault(feature["id"], (feature["properties"], []))
                assert said == feature["properties"]
                rings.extend(_rings(feature["geometry"], z, x, y))
    return found


def _rings(geometry: dict[str, Any], z: int, x: int, y: int) -> list[frozenset[tuple[int, int]]]:
    """Outlines of a feature in a tile; one that was cut off far outside the tile is left out."""
    parts = geometry["coordinates"]
    polygons = [parts] if geometry["type"] == "Polygon" else parts
    cut = {-POLYGON_BUFFER, EXTENT + POLYGON_BUFFER}
    polygons = [p for p in polygons if not cut & {v for corner in p[0] for v in corner}]
    return [
        frozenset(((px + x * EXTENT) % (EXTENT << z), py + y * EXTENT) for px, py in polygon[0])
        for polygon in polygons
    ]


def _sum(features: list[Row], name: str) -> float:
    return sum(f.get(name, 0) for f in features)


def check_sums(world: World, operator: str, zooms: dict[int, Any]) -> None:
    rows = [r for r in world.rows if r["operator"] == operator]
    there = {r["cell"] for r in rows}
    absent = {r["cell"] for r in world.rows} - there
    rows += [{"cell": c, "verdict": "unmeasured", "n": 0, "share": None} for c in sorted(absent)]
    areas = {c: round(a) for c, a in zip(
        (r["cell"] for r in rows), areas_m2(np.array([r["cell"] for r in rows], np.int64)),
        strict=True,
    )}  # fmt: skip
    shares = [r["share"] for r in rows if r["share"] is not None]
    for zoom, inside in zooms.items():
        features = [properties for properties, _ in inside.values()]
        assert len({f["res"] for f in features}) == 1
        for verdict in VERDICTS:
            of = [r["cell"] for r in rows if r["verdict"] == verdict]
            assert _sum(features, f"{verdict}_m2") == sum(areas[c] for c in of), zoom
            assert _sum(features, f"{verdict}_cells") == len(of)
            if world.people:
                milli = sum(round(f[f"{verdict}_people"] * 1000) for f in features)
                assert milli == sum(world.people.get(c, 0) for c in of)
            else:
                assert f"{verdict}_people" not in features[0]
        assert _sum(features, "n") == sum(r["n"] for r in rows)
        worst = [f["worst"] for f in features if "worst" in f]
        # three digits are kept
        assert min(worst, default=2) == pytest.approx(min(shares, default=2), abs=5.01e-4)


def check_operators(world: World, zooms: dict[int, Any]) -> None:
    """Best and worst operator, worked out plainly for every cell of every zoom."""
    by_operator = {o: [r for r in world.rows if r["operator"] == o] for o in OPERATORS}
    for inside in zooms.values():
        resolution = next(iter(inside.values()))[0]["res"]
        ranks: dict[str, list[tuple[int, float, str]]] = defaultdict(list)
        for operator, rows in by_operator.items():
            groups: dict[str, list[Row]] = defaultdict(list)
            for row in rows:
                groups[h3.cell_to_parent(f"{row['cell']:x}", resolution)].append(row)
            for parent, group in groups.items():
                if any(r["verdict"] != "unmeasured" for r in group):
                    ranks[parent].append((*_standing(group), operator))
        for properties, _ in inside.values():
            ranked = ranks[properties["h3"]]
            best = min(ranked, key=lambda r: (-r[0], -r[1], r[2]))[2] if ranked else None
            assert properties.get("best_operator") == best
            ranked.sort(key=lambda r: r[2], reverse=True)
            worst = min(ranked, key=lambda r: r[:2])[2] if len(ranked) > 1 else None
            assert properties.get("worst_operator") == worst


def _standing(group: list[Row]) -> tuple[int, float]:
    cells = np.array([r["cell"] for r in group if r["verdict"] == "covered"], np.int64)
    covered = int(np.rint(areas_m2(cells)).sum())
    levels = [(r["rsrp_mean_dbm"], max(r["n"], 1)) for r in group if r["rsrp_mean_dbm"] is not None]
    weight = sum(n for _, n in levels)
    mean = sum(round(v * 1e6) * n for v, n in levels) / weight / 1e6 if weight else -np.inf
    return covered, mean


def check_shared_vertices(zooms: dict[int, Any]) -> None:
    """A hexagon is the same in every tile; neighbours have at least two corners in common."""
    for zoom, inside in zooms.items():
        rings = {}
        for properties, drawn_rings in inside.values():
            if zoom >= 3:  # before, one tile may hold both halves of the world's edge
                assert len(set(drawn_rings)) <= 1, (zoom, properties["h3"])
            if drawn_rings:
                rings[properties["h3"]] = drawn_rings[0]
        if zoom < 3:
            continue
        for name, ring in rings.items():
            for other in h3.grid_disk(name, 1):
                if other != name and other in rings:
                    assert len(ring & rings[other]) >= 2, (zoom, name, other)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_every_zoom_of_a_world_adds_up_to_its_table(world: World) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_world(folder, world)
        drawn(folder, folder, world.limit)
        for operator in (*OPERATORS, "any", "all"):
            path = folder / "tiles" / f"cells.{operator}.lte.pmtiles"
            low, high = TileArchive(path).zooms
            zooms = features_of(path, world.limit, high)
            assert sorted(zooms) == list(range(low, high + 1))
            check_sums(world, operator, zooms)
            if operator == "any":
                check_operators(world, zooms)
            if world.place != "beyond the map":
                check_shared_vertices(zooms)


def a_world() -> World:
    random = np.random.default_rng(5)
    middle = h3.latlng_to_cell(*PENTAGON, RESOLUTION)
    cells = sorted(int(c, 16) for c in h3.grid_disk(middle, 25))
    rows = [_row(c, o, random) for o in (*OPERATORS, "any") for c in cells]
    return World("pentagon", rows, {}, 500_000)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((folder / "tiles").iterdir())}


def test_the_bytes_do_not_depend_on_blocks_parts_or_the_order_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world()
    write_world(tmp_path / "plain", world)
    drawn(tmp_path / "plain", tmp_path / "first")
    rows = list(world.rows)
    np.random.default_rng(2).shuffle(rows)  # type: ignore[arg-type]
    table = TABLES["cell_verdicts"]
    for k in range(3):  # parts in no order, each with rows of every layer
        part = conform(table_of(rows[k::3]), table)
        write_table(tmp_path / "shuffled" / "cell_verdicts" / f"{k}.parquet", part, table)
    monkeypatch.setattr("covermap.steps.tiles.sheets.BLOCK_CELLS", 171)
    monkeypatch.setattr("covermap.steps.tiles.cells.BATCH_ENTRIES", 64)
    monkeypatch.setattr("covermap.steps.tiles.layer.BLOCK_ROWS", 100)
    monkeypatch.setattr("covermap.formats.mvt._BATCH_BYTES", 1)
    drawn(tmp_path / "shuffled", tmp_path / "second")
    assert bytes_of(tmp_path / "first") == bytes_of(tmp_path / "second")


def test_the_bytes_do_not_depend_on_the_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_world(tmp_path, a_world())
    drawn(tmp_path, tmp_path / "first")
    monkeypatch.setattr("covermap.steps.tiles.SMALL_ROWS", 0)
    monkeypatch.setattr("covermap.steps.tiles.sheets.BLOCK_CELLS", 500)
    drawn(tmp_path, tmp_path / "second", workers=2)
    assert bytes_of(tmp_path / "first") == bytes_of(tmp_path / "second")
