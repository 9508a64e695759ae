"""What every layer's tiles share: shapes and properties to compressed tiles, and the size limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import closing
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
from covermap.formats.archive import ArchiveWriter, Bounds
from covermap.formats.mvt import Commands, Geometry, encode_geometry, encode_layer
from covermap.formats.mvt_values import Values, encode_values
from covermap.formats.recipe import Drawn, Property, Recipe
from covermap.steps.tiles.earlier import Keep, Packed

Ints = NDArray[np.int64]
Tiles = dict[int, bytes]
"""Tiles of one zoom by their id."""


@dataclass(frozen=True)
class Made:
    """What became of one archive."""

    name: str
    tiles: int
    bytes: int
    largest: int
    notes: tuple[str, ...] = ()
    kept: int = 0
    """Tiles that were taken from an earlier archive."""


@dataclass(frozen=True)
class Way:
    """One way to draw a zoom."""

    tiles: Callable[[], Packed]
    note: str = ""
    """What is said when the zoom is drawn in this way; the way of the recipe has none."""


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


def commands(placed: Placed) -> Commands:
    """Encode the geometry of placed shapes."""
    return encode_geometry(
        Geometry(placed.kind, placed.entry_starts, placed.part_starts, placed.x, placed.y)
    )


def draw(name: str, placed: Placed, ids: Ints, values: Values) -> Tiles:
    """Encode placed shapes as one vector layer; row i of `ids` and `values` is shape i."""
    tiles = placed.tiles()
    encoded = encode_layer(name, commands(placed), tiles, placed.shape, ids, values, EXTENT)
    return dict(zip(placed.tile_id[tiles[:-1]].tolist(), encoded, strict=True))


def joined(layers: Iterable[Tiles]) -> Tiles:
    """Put vector layers into the same tiles."""
    tiles: Tiles = {}
    for layer in layers:
        for tile_id, data in layer.items():
            tiles[tile_id] = tiles.get(tile_id, b"") + data
    return tiles


def rounded(properties: pa.Table, listed: dict[str, Property]) -> pa.Table:
    """Give the recipe's properties that there are, in its order, rounded, zeros left out."""
    columns = {}
    for name, said in listed.items():
        if name in properties.column_names:
            column = properties.column(name)
            column = column if said.digits is None else pc.round(column, said.digits)
            if said.sparse:
                column = pc.if_else(pc.equal(column, 0), pa.scalar(None, column.type), column)
            columns[name] = column
    return pa.table(columns)


def values_of(properties: pa.Table, drawn: Drawn) -> Values:
    """Encode what a vector layer tells of its features; the same at every zoom."""
    return encode_values(rounded(properties, drawn.properties))


@dataclass
class Atlas:
    """One archive of a kind as it is drawn, zoom by zoom."""

    writer: ArchiveWriter
    recipe: Recipe
    kind: str
    last: int
    """Last zoom."""
    first: int | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, zoom: int, ways: Iterable[Way]) -> None:
        """Draw a zoom in the first of the ways whose tiles are all small enough.

        Where none is, the archive begins one zoom further in; the last zoom is always drawn.
        """
        kept, size = len(self.writer), 0
        for way in ways:
            size = self._fill(way, 0 if zoom == self.last else self.recipe.max_tile_bytes)
            if size:
                self.writer.cut(kept)
                continue
            self.first = zoom if self.first is None else self.first
            if way.note:
                self.notes.append(f"zoom {zoom}: {way.note}")
            return
        self.writer.cut(0)
        self.first = zoom + 1
        self.notes.append(f"zooms to {zoom} left out: a tile of {size:,} bytes")

    def _fill(self, way: Way, limit: int) -> int:
        """Write a zoom; stop at a tile over the limit (0: none) and give its size."""
        with closing(way.tiles()) as tiles:
            for tile_id, data in tiles:
                if limit and len(data) > limit:
                    return len(data)
                self.writer.add(tile_id, data)
        return 0

    def finish(self, bounds: Bounds | None) -> Made:
        """Write the archive and say what became of it."""
        first = self.recipe.zooms[0] if self.first is None else self.first
        metadata = {
            "name": self.kind,
            "format": "pbf",
            "vector_layers": [
                _described(n, d, first, self.last) for n, d in self.recipe.layers.items()
            ],
            "notes": self.notes,
        }
        size = self.writer.finish(metadata, (first, self.last), bounds)
        return Made(
            self.writer.path.name, len(self.writer), size, self.writer.largest, tuple(self.notes)
        )


def draw_archive(
    path: Path,
    kind: str,
    recipe: Recipe,
    ways: Callable[[int], Iterable[Way]],
    bounds: Bounds | None,
    last: int | None = None,
    keep: Keep = lambda _writer, _size: None,
) -> Made:
    """Draw every zoom of a recipe, to the last of a build, and write the archive.

    `bounds` is None where there is nothing to draw.
    """
    low, high = recipe.zooms
    high = high if last is None else last
    with ArchiveWriter(path) as writer:
        atlas = Atlas(writer, recipe, kind, high)
        for zoom in range(low, high + 1) if bounds else ():
            atlas.add(zoom, ways(zoom))
        made = atlas.finish(bounds)
        keep(writer, made.bytes)
        return made


def _described(name: str, drawn: Drawn, first: int, last: int) -> dict[str, Any]:
    return {
        "id": name,
        "description": drawn.about,
        "minzoom": max(first, drawn.zooms[0].zoom),
        "maxzoom": min(last, drawn.zooms[-1].zoom),
        # GDAL makes a text of every field whose type is told in other words
        "fields": {k: p.type for k, p in drawn.properties.items()},
        "about": {
            k: p.about + ("; absent: 0" if p.sparse else "") for k, p in drawn.properties.items()
        },
    }


def bounds_of(shapes: Shapes) -> Bounds | None:
    """West, south, east, north of shapes in world coordinates, degrees WGS-84."""
    if not len(shapes.x):
        return None
    return world_bounds(shapes.x.min(), shapes.y.min(), shapes.x.max(), shapes.y.max())


def world_bounds(left: float, top: float, right: float, bottom: float) -> Bounds:
    """West, south, east, north of a box in world coordinates, degrees WGS-84."""
    lon, lat = to_lonlat([left, right], [bottom, top])
    return max(float(lon[0]), -180.0), float(lat[0]), min(float(lon[1]), 180.0), float(lat[1])


def stable_ids(names: Iterable[str]) -> Ints:
    """Feature ids from texts: 52 bits of a hash, so that they fit a browser's numbers."""
    digests = (hashlib.blake2b(n.encode(), digest_size=8).digest() for n in names)
    return np.array([int.from_bytes(d, "big") >> 12 for d in digests], np.int64)
