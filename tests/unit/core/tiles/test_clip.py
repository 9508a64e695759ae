"""Placing shapes in tiles, against shapely as the plain and slow reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pmtiles.tile import zxy_to_tileid

from covermap.core.cells import boundaries
from covermap.core.tiles.clip import (
    LINE_BUFFER,
    POLYGON_BUFFER,
    Placed,
    place,
)
from covermap.core.tiles.shapes import Shapes, from_geometry, points, rings
from covermap.core.tiles.tiling import EXTENT, on_lattice, to_world

ZOOM = 4
Entry = tuple[int, int, int, list[np.ndarray]]


def entries(placed: Placed) -> Iterator[Entry]:
    """Tile, shape and parts of each entry, parts in coordinates of the whole lattice."""
    for i in range(len(placed)):
        parts = []
        for part in range(placed.entry_starts[i], placed.entry_starts[i + 1]):
            a, b = placed.part_starts[part], placed.part_starts[part + 1]
            x = placed.x[a:b] + placed.tile_x[i] * EXTENT
            y = placed.y[a:b] + placed.tile_y[i] * EXTENT
            parts.append(np.column_stack([x, y]))
        yield int(placed.tile_x[i]), int(placed.tile_y[i]), int(placed.shape[i]), parts


def square(x: int, y: int, beyond: int = 0) -> shapely.Polygon:
    return shapely.box(
        x * EXTENT - beyond, y * EXTENT - beyond,
        (x + 1) * EXTENT + beyond, (y + 1) * EXTENT + beyond,
    )  # fmt: skip


def polygon(parts: list[np.ndarray]) -> shapely.Geometry:
    """Outer rings wind clockwise on a screen (y down), holes the other way."""
    shape = shapely.Polygon()
    for part in parts:
        ring = shapely.Polygon(part)
        # shapely has y upwards: counter-clockwise there is clockwise on the screen
        outer = shapely.LinearRing(part).is_ccw
        shape = shape.union(ring) if outer else shape.difference(ring)
    return shape


def geometry_of(*shapes: shapely.Geometry) -> Shapes:
    return from_geometry(np.array(shapes, dtype=object))


COORDINATE = st.integers(2 * EXTENT - 700, 4 * EXTENT + 700)


@st.composite
def hexagons(draw: st.DrawFn) -> shapely.Polygon:
    x, y = draw(COORDINATE), draw(COORDINATE)
    radius = draw(st.integers(2, 3000))
    turn = draw(st.floats(0, 1))
    angles = (np.arange(6) + turn) * np.pi / 3
    corners = np.rint(np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)]))
    return shapely.Polygon(corners)


@settings(max_examples=200, deadline=None)
@given(st.lists(hexagons(), min_size=1, max_size=4))
def test_a_polygon_is_in_each_tile_it_overlaps_and_nowhere_else(
    shapes: list[shapely.Polygon],
) -> None:
    placed = place(geometry_of(*shapes), ZOOM)
    found = {(x, y, s): polygon(parts) for x, y, s, parts in entries(placed)}
    assert len(found) == len(placed), "a shape is twice in a tile"
    for s, shape in enumerate(shapes):
        for x in range(6):
            for y in range(6):
                overlap = shape.intersection(square(x, y))
                if (x, y, s) in found:
                    assert overlap.area > 0
                    wanted = shape.intersection(square(x, y, POLYGON_BUFFER))
                    # vertices of the cut are rounded to whole units
                    slack = wanted.length + 4
                    assert found[x, y, s].symmetric_difference(wanted).area <= slack
                else:
                    assert overlap.area <= overlap.length + 1


@given(hexagons())
@settings(deadline=None)
def test_a_small_polygon_stays_whole_on_both_sides_of_an_edge(shape: shapely.Polygon) -> None:
    placed = place(geometry_of(shape), ZOOM)
    for x, y, _, parts in entries(placed):
        if square(x, y, POLYGON_BUFFER).contains(shape):
            assert polygon(parts).equals(shape)


@st.composite
def courses(draw: st.DrawFn) -> shapely.LineString:
    n = draw(st.integers(2, 8))
    corners = [(draw(COORDINATE), draw(COORDINATE)) for _ in range(n)]
    assume(len(set(corners)) > 1)
    return shapely.LineString(corners)


@settings(max_examples=200, deadline=None)
@given(courses())
def test_a_line_keeps_its_course_in_each_buffered_tile(line: shapely.LineString) -> None:
    placed = place(geometry_of(line), ZOOM)
    found = {(x, y): parts for x, y, _, parts in entries(placed)}
    assert len(found) == len(placed)
    for x in range(6):
        for y in range(6):
            wanted = line.intersection(square(x, y, LINE_BUFFER))
            if (x, y) not in found:
                assert wanted.is_empty
                continue
            drawn = shapely.MultiLineString([p.tolist() for p in found[x, y]])
            assert shapely.hausdorff_distance(drawn, wanted) <= 1.5


@given(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=20))
def test_a_point_is_in_exactly_one_tile(positions: list[tuple[int, int]]) -> None:
    x, y = (np.array(v, float) for v in zip(*positions, strict=True))
    placed = place(points(x, y), ZOOM)
    assert sorted(placed.shape.tolist()) == list(range(len(positions)))
    assert ((placed.x >= 0) & (placed.x < EXTENT)).all()
    assert ((placed.y >= 0) & (placed.y < EXTENT)).all()


def test_entries_are_in_order_of_tile_and_shape() -> None:
    rng = np.random.default_rng(3)
    at = rng.integers(0, 16 * EXTENT, (2, 500)).astype(float)
    placed = place(points(*at), ZOOM)
    ids = [
        zxy_to_tileid(ZOOM, int(x), int(y))
        for x, y in zip(placed.tile_x, placed.tile_y, strict=True)
    ]
    assert placed.tile_id.tolist() == ids
    keys = list(zip(ids, placed.shape, strict=True))
    assert keys == sorted(keys)
    tiles = placed.tiles()
    assert tiles[0] == 0
    assert tiles[-1] == len(placed)
    assert len(tiles) - 1 == len(set(ids))


def test_a_line_that_rounding_collapses_is_drawn_one_unit_long() -> None:
    placed = place(geometry_of(shapely.LineString([(5000, 5000), (5000, 5000)])), ZOOM)
    ((x, y, _, parts),) = entries(placed)
    assert (x, y) == (1, 1)
    assert parts[0].tolist() == [[5000, 5000], [5001, 5000]]


def test_a_polygon_that_rounding_collapses_is_drawn_one_unit_wide() -> None:
    edge = (EXTENT << ZOOM) - 0.2
    shapes = geometry_of(
        shapely.box(100, 100, 900, 800), shapely.box(4095.6, 50, 4096.4, 50.2), shapely.Polygon(),
        shapely.box(7000, edge, 7100, edge + 0.1),
    )  # fmt: skip
    placed = place(shapes.at(np.rint(shapes.x), np.rint(shapes.y)), ZOOM)
    found = {(x, y, shape): polygon(parts) for x, y, shape, parts in entries(placed)}
    assert {key: p.area for key, p in found.items()} == {
        (0, 0, 0): 560_000, (1, 0, 1): 0.5, (1, 15, 3): 0.5,
    }  # fmt: skip
    assert found[0, 0, 0].equals(shapely.box(100, 100, 900, 800))


def test_a_shape_over_the_antimeridian_is_once_in_the_one_tile_of_the_world() -> None:
    ring = shapely.box(EXTENT - 30, 1000, EXTENT + 40, 1100)
    placed = place(geometry_of(ring, shapely.box(5, 1000, 9, 1009)), 0)
    assert placed.shape.tolist() == [0, 1]
    assert placed.tile_id.tolist() == [0, 0]
    (_, _, _, parts), _ = entries(placed)
    assert sorted(int(part[:, 0].min()) for part in parts) == [-30, 4066]


def test_a_hole_goes_with_its_ring() -> None:
    outer = shapely.box(100, 100, 9000, 900)
    hole = shapely.box(300, 300, 600, 600)
    placed = place(geometry_of(outer.difference(hole)), ZOOM)
    found = {(x, y): parts for x, y, _, parts in entries(placed)}
    assert sorted(found) == [(0, 0), (1, 0), (2, 0)]
    assert [len(p) for p in found.values()] == [2, 1, 1]
    assert polygon(found[0, 0]).area == pytest.approx((EXTENT + POLYGON_BUFFER - 100) * 800 - 90000)


def test_all_parts_of_a_multipolygon_are_one_entry() -> None:
    shape = shapely.MultiPolygon([shapely.box(0, 0, 50, 50), shapely.box(100, 100, 150, 150)])
    ((_, _, _, parts),) = entries(place(geometry_of(shape), ZOOM))
    assert len(parts) == 2


def test_empty_and_missing_shapes_are_in_no_tile() -> None:
    shapes = geometry_of(shapely.Polygon(), None, shapely.Point(10, 10))
    placed = place(shapes, ZOOM)
    assert placed.shape.tolist() == [2]
    assert len(place(geometry_of(), ZOOM)) == 0
    assert place(geometry_of(), ZOOM).tiles().tolist() == [0]


def test_a_collection_without_one_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no one type"):
        geometry_of(shapely.GeometryCollection([shapely.Point(0, 0)]))


def test_a_shape_beyond_the_antimeridian_wraps_round() -> None:
    world = EXTENT << ZOOM
    box = shapely.box(world - 200, 5000, world + 200, 5100)
    placed = place(geometry_of(box), ZOOM)
    assert placed.tile_x.tolist() == [0, 15]
    assert placed.x.min() == -200


def test_a_point_on_the_southern_edge_of_the_world_is_in_the_last_row() -> None:
    world = EXTENT << ZOOM
    placed = place(points(np.array([10.0]), np.array([float(world)])), ZOOM)
    assert placed.tile_y.tolist() == [15]


@pytest.mark.parametrize("zoom", [10, 12, 14])
def test_neighbouring_cells_share_their_vertices_exactly_in_every_tile(zoom: int) -> None:
    import h3

    centre = h3.latlng_to_cell(31.23, 121.47, 9)
    cells = np.array(sorted(int(c, 16) for c in h3.grid_disk(centre, 25)), np.int64)
    outline = boundaries(cells)
    x, y = to_world(outline.lon, outline.lat)
    placed = place(rings(on_lattice(x, zoom), on_lattice(y, zoom), outline.starts), zoom)
    corners: dict[tuple[int, int], set[int]] = {}
    for tile_x, tile_y, shape, parts in entries(placed):
        inside = square(tile_x, tile_y, POLYGON_BUFFER - 1)
        for corner in parts[0]:
            if inside.contains(shapely.Point(corner)):  # not made by a cut
                corners.setdefault((int(corner[0]), int(corner[1])), set()).add(shape)
    inner = {int(c, 16) for c in h3.grid_disk(centre, 24)}
    of_inner = [who for who in corners.values() if all(int(cells[s]) in inner for s in who)]
    assert len(of_inner) > 1000
    # a corner of the plane of hexagons belongs to three: never to one or two
    assert {len(who) for who in of_inner} == {3}
    for cell_corners in corners.values():
        assert len(cell_corners) <= 3
