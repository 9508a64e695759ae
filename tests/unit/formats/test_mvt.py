"""The encoder against another implementation: what goes in comes out of mapbox_vector_tile."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.formats.mvt import Geometry, encode_geometry, encode_layer
from covermap.formats.mvt_values import encode_values

POINT, LINE, POLYGON = 1, 2, 3
Parts = list[list[tuple[int, int]]]


def geometry_of(features: list[tuple[int, Parts]]) -> Geometry:
    parts = [part for _, one in features for part in one]
    xy = np.array([p for part in parts for p in part], np.int32).reshape(-1, 2)
    return Geometry(
        np.array([kind for kind, _ in features], np.int8),
        np.cumsum([0, *(len(one) for _, one in features)]).astype(np.int64),
        np.cumsum([0, *map(len, parts)]).astype(np.int64),
        np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]),
    )  # fmt: skip


def encode(
    features: list[tuple[int, Parts]],
    properties: pa.Table,
    ids: list[int] | None = None,
    tiles: list[int] | None = None,
) -> list[bytes]:
    n = len(features)
    return encode_layer(
        "cells", encode_geometry(geometry_of(features)),
        np.array([0, n] if tiles is None else tiles, np.int64),
        np.arange(n, dtype=np.int64),
        np.array(range(n) if ids is None else ids, np.int64),
        encode_values(properties),
    )  # fmt: skip


def decoded(tile: bytes, layer: str = "cells") -> list[dict[str, Any]]:
    found = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
    features: list[dict[str, Any]] = found[layer]["features"]
    return features


def squares(n: int) -> list[tuple[int, Parts]]:
    corners = [(0, 0), (10, 0), (10, 10), (0, 10)]
    return [(POLYGON, [[(x + 20 * i, y) for x, y in corners]]) for i in range(n)]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROW = st.fixed_dictionaries(
    {
        "name": st.none() | TEXT,
        "n": st.none() | st.integers(-(2**62), 2**62),
        "level": st.none() | st.floats(allow_nan=False),
        "ok": st.none() | st.booleans(),
        "other": st.none() | TEXT,
    }
)
SCHEMA = pa.schema(
    [("name", pa.string()), ("n", pa.int64()), ("level", pa.float64()), ("ok", pa.bool_()),
     ("other", pa.string())]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.integers(0, 2**53 - 10))
def test_properties_and_ids_come_out_as_they_went_in(rows: list[dict[str, Any]], i: int) -> None:
    ids = [i + k for k in range(len(rows))]
    (tile,) = encode(squares(len(rows)), pa.Table.from_pylist(rows, SCHEMA), ids)
    features = decoded(tile)
    assert [f["id"] for f in features] == ids
    for feature, row in zip(features, rows, strict=True):
        assert feature["properties"] == {k: v for k, v in row.items() if v is not None}


UNIT = st.integers(-256, 4096 + 256)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(UNIT, UNIT), min_size=2, max_size=6), min_size=1, max_size=4))
def test_lines_come_out_as_they_went_in(parts: Parts) -> None:
    (tile,) = encode([(LINE, parts)], pa.table({"n": [1]}))
    (feature,) = decoded(tile)
    found = feature["geometry"]["coordinates"]
    found = [found] if feature["geometry"]["type"] == "LineString" else found
    assert [[tuple(p) for p in part] for part in found] == parts


def test_points_come_out_as_they_went_in() -> None:
    (tile,) = encode([(POINT, [[(5, 9)]]), (POINT, [[(1, 2)], [(3, 4)]])], pa.table({"n": [1, 2]}))
    one, two = decoded(tile)
    assert one["geometry"] == {"type": "Point", "coordinates": [5, 9]}
    assert two["geometry"] == {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}


def test_polygons_keep_their_holes() -> None:
    outer = [(0, 0), (100, 0), (100, 100), (0, 100)]
    hole = [(10, 10), (10, 20), (20, 20), (20, 10)]
    (tile,) = encode([(POLYGON, [outer, hole])], pa.table({"n": [1]}))
    (feature,) = decoded(tile)
    assert feature["geometry"]["type"] == "Polygon"
    rings = [[tuple(p) for p in ring] for ring in feature["geometry"]["coordinates"]]
    assert rings == [[*outer, outer[0]], [*hole, hole[0]]]


def test_each_tile_has_only_the_values_that_it_uses() -> None:
    table = pa.table({"name": ["first", "second", "third"], "n": [1, 2, 1]})
    one, two = encode(squares(3), table, tiles=[0, 1, 3])
    assert b"first" in one
    assert b"second" not in one
    assert [f["properties"] for f in decoded(two)] == [
        {"name": "second", "n": 2}, {"name": "third", "n": 1},
    ]  # fmt: skip


def test_a_value_that_features_share_is_written_once() -> None:
    (tile,) = encode(squares(50), pa.table({"verdict": ["unmeasured"] * 50, "b": ["weak"] * 50}))
    assert tile.count(b"unmeasured") == 1
    assert tile.count(b"weak") == 1


def test_nan_is_no_property_and_minus_zero_is_zero() -> None:
    (tile,) = encode(squares(3), pa.table({"v": [float("nan"), -0.0, 0.0]}))
    assert [f["properties"] for f in decoded(tile)] == [{}, {"v": 0.0}, {"v": 0.0}]


def test_joined_bytes_are_a_tile_of_several_layers() -> None:
    (one,) = encode(squares(1), pa.table({"n": [1]}))
    values = encode_values(pa.table({"m": [2]}))
    (two,) = encode_layer(
        "points", encode_geometry(geometry_of([(POINT, [[(1, 1)]])])), np.array([0, 1]),
        np.zeros(1, np.int64), np.zeros(1, np.int64), values,
    )  # fmt: skip
    found = mapbox_vector_tile.decode(one + two)
    assert sorted(found) == ["cells", "points"]


def test_layers_say_their_version_and_extent() -> None:
    (tile,) = encode(squares(1), pa.table({"n": [1]}))
    layer = mapbox_vector_tile.decode(tile)["cells"]
    assert layer["extent"] == 4096
    assert layer["version"] == 2


def test_many_tiles_are_written_in_batches_that_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = pa.table({"n": list(range(40)), "name": [f"cell {i % 3}" for i in range(40)]})
    tiles = [0, 7, 8, 20, 40]
    whole = encode(squares(40), table, tiles=tiles)
    monkeypatch.setattr("covermap.formats.mvt._BATCH_BYTES", 1)
    assert encode(squares(40), table, tiles=tiles) == whole
    assert len(whole) == 4


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="list"):
        encode_values(pa.table({"a": [[1, 2]]}))


def test_nothing_gives_no_tile() -> None:
    assert encode([], pa.table({"n": pa.array([], pa.int64())}), tiles=[0]) == []


def test_the_same_input_gives_the_same_bytes() -> None:
    table = pa.table({"n": [3, 1, 2], "s": ["b", None, "a"], "f": [1.5, 2.5, None]})
    assert encode(squares(3), table) == encode(squares(3), table)
