"""What every layer's tiles share: shapes and properties to compressed tiles, and the size limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from covermap.core.tiles.clip import Placed, place
from covermap.core.tiles.shapes import LINE, Shapes
from covermap.core.tiles.tiling import EXTENT, on_lattice, to_lonlat
from covermap.formats.archive import Address, Bounds, compress, write_archive
from covermap.formats.mvt import Geometry, encode_layer, encode_values
from covermap.formats.recipe import Drawn, Property, Recipe, load_recipe

Ints = NDArray[np.int64]
TileBytes = dict[tuple[int, int], bytes]
"""Tiles of one zoom by column and row."""


@dataclass(frozen=True)
class Made:
    """What became of one archive."""

    name: str
    tiles: int
    bytes: int
    largest: int
    notes: tuple[str, ...] = ()


def at_zoom(shapes: Shapes, zoom: int, simplify: float = 0.0) -> Placed:
    """Shapes in world coordinates, cut into the zoom's tiles, lines simplified before."""
    x, y = on_lattice(shapes.x, zoom), on_lattice(shapes.y, zoom)
    if simplify:
        shapes, x, y = _simpler(shapes, zoom, simplify)
    return place(shapes.at(x, y), zoom)


def _simpler(shapes: Shapes, zoom: int, tolerance: float) -> tuple[Shapes, Ints, Ints]:
    """Lines without the vertices that no one sees; ends stay, so neighbours still meet."""
    units = float(EXTENT << zoom)
    xy = np.column_stack([shapes.x, shapes.y]) * units
    sizes = np.diff(shapes.part_starts)
    if not len(sizes) or np.any(shapes.kind != LINE) or np.any(sizes < 2):
        return shapes, on_lattice(shapes.x, zoom), on_lattice(shapes.y, zoom)
    lines = shapely.linestrings(xy, indices=np.repeat(np.arange(len(sizes)), sizes))
    kept, of = shapely.get_coordinates(
        shapely.simplify(lines, tolerance, preserve_topology=False), return_index=True
    )
    starts = np.searchsorted(of, np.arange(len(sizes) + 1)).astype(np.int64)
    x, y = np.floor(kept[:, 0] + 0.5).astype(np.int64), np.floor(kept[:, 1] + 0.5).astype(np.int64)
    return Shapes(shapes.kind, shapes.shape_starts, starts, shapes.hole, x, y), x, y


def draw(name: str, placed: Placed, ids: Ints, properties: pa.Table) -> TileBytes:
    """Encode placed shapes as one vector layer; row i of `ids` and `properties` is shape i."""
    tiles = placed.tiles()
    geometry = Geometry(placed.kind, placed.entry_starts, placed.part_starts, placed.x, placed.y)
    encoded = encode_layer(
        name, geometry, tiles, placed.shape, ids, encode_values(properties), EXTENT
    )
    first = tiles[:-1]
    columns, rows = placed.tile_x[first].tolist(), placed.tile_y[first].tolist()
    return dict(zip(zip(columns, rows, strict=True), encoded, strict=True))


def joined(layers: Iterable[TileBytes]) -> TileBytes:
    """Put several vector layers into the same tiles."""
    tiles: TileBytes = {}
    for layer in layers:
        for address, data in layer.items():
            tiles[address] = tiles.get(address, b"") + data
    return tiles


def rounded(properties: pa.Table, listed: dict[str, Property]) -> pa.Table:
    """Give the recipe's properties, in its order and with its decimal places."""
    columns = {}
    for name, said in listed.items():
        column = properties.column(name)
        columns[name] = column if said.digits is None else pc.round(column, said.digits)
    return pa.table(columns)


@dataclass
class Pile:
    """Compressed tiles of one archive as they are made, zoom by zoom."""

    limit: int
    tiles: dict[Address, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    first_zoom: int | None = None

    def squeeze(self, tiles: TileBytes) -> tuple[TileBytes, int]:
        """Compress tiles; give them and the size of the largest."""
        packed = dict(zip(tiles, compress(tiles.values()), strict=True))
        return packed, max(map(len, packed.values()), default=0)

    def add(self, zoom: int, packed: TileBytes) -> None:
        """Take a zoom's tiles."""
        self.first_zoom = zoom if self.first_zoom is None else self.first_zoom
        self.tiles |= {(zoom, x, y): data for (x, y), data in packed.items()}

    def begin_further_in(self, zoom: int, size: int) -> None:
        """Drop everything up to this zoom: it would not fit into a tile."""
        self.tiles.clear()
        self.first_zoom = zoom + 1
        self.notes.append(f"zooms to {zoom} left out: a tile of {size:,} bytes")


def pile_of(recipe: Recipe, layers: Callable[[int], TileBytes]) -> Pile:
    """Draw every zoom; one whose tiles are too large is left out, with those before it."""
    pile = Pile(recipe.max_tile_bytes)
    low, high = recipe.zooms
    for zoom in range(low, high + 1):
        packed, size = pile.squeeze(layers(zoom))
        if size > pile.limit and zoom < high:
            pile.begin_further_in(zoom, size)
        else:
            pile.add(zoom, packed)
    return pile


def write_pile(path: Path, kind: str, pile: Pile, last: int, bounds: Bounds | None) -> Made:
    """Write an archive and say what became of it."""
    recipe = load_recipe(kind)
    first = recipe.zooms[0] if pile.first_zoom is None else pile.first_zoom
    metadata = {
        "name": kind,
        "format": "pbf",
        "vector_layers": [_described(n, d, first, last) for n, d in recipe.layers.items()],
        "notes": pile.notes,
    }
    size = write_archive(path, pile.tiles, metadata, (first, last), bounds)
    largest = max(map(len, pile.tiles.values()), default=0)
    return Made(path.name, len(pile.tiles), size, largest, tuple(pile.notes))


def _described(name: str, drawn: Drawn, first: int, last: int) -> dict[str, Any]:
    return {
        "id": name,
        "description": drawn.about,
        "minzoom": max(first, drawn.zooms[0].zoom),
        "maxzoom": min(last, drawn.zooms[-1].zoom),
        "fields": {k: f"{p.type}: {p.about}" for k, p in drawn.properties.items()},
    }


def bounds_of(shapes: Shapes) -> Bounds | None:
    """West, south, east, north of shapes in world coordinates, degrees WGS-84."""
    if not len(shapes.x):
        return None
    lon, lat = to_lonlat([shapes.x.min(), shapes.x.max()], [shapes.y.max(), shapes.y.min()])
    west, east = max(float(lon[0]), -180.0), min(float(lon[1]), 180.0)
    return west, float(lat[0]), east, float(lat[1])


def stable_ids(names: Iterable[str]) -> Ints:
    """Feature ids from texts: 52 bits of a hash, so that they fit a browser's numbers."""
    digests = (hashlib.blake2b(n.encode(), digest_size=8).digest() for n in names)
    return np.array([int.from_bytes(d, "big") >> 12 for d in digests], np.int64)
