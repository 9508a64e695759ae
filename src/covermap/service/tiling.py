"""Tiles out of the archives of a build: looked up, checked and answered; the latest are kept.

Both ways to a tile end here: the route that OpenAPI tells of, and the short way before it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from covermap.errors import NotKnownError
from covermap.formats.archive import Address, TileArchive
from covermap.formats.recipe import PER_LAYER_KINDS, load_recipe
from covermap.service.answers import FOR_EVER, REVALIDATE, Answer, Content, raw
from covermap.service.snapshot import Builds, Snapshot, known

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
ROOM_BYTES = 64 << 20
"""What may be kept of tiles that were asked for, bytes."""
OVERHEAD_BYTES = 2000
"""What a kept tile takes beside its bytes, about."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What an archive is of; the sites are of no operator and technology."""

    kind: str
    operator: str | None = None
    technology: str | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no tile: answered alike, whatever the client takes."""

    answered: Answer

    def answer(self, _none_match: str | None, _accept_encoding: str | None) -> Answer:
        """Say that nothing is there."""
        return self.answered


Tile = Content | Nothing
_Key = tuple[str, bool, Layer, Address]


class Tiles:
    """Tiles of the builds that are served; safe to use from several threads."""

    def __init__(self, builds: Builds, room_bytes: int = ROOM_BYTES) -> None:
        self.builds = builds
        self.room_bytes = room_bytes
        self._kept: OrderedDict[_Key, Tile] = OrderedDict()
        self.held_bytes = 0
        self._lock = Lock()

    def tile(self, layer: Layer, address: Address, build: str | None) -> Tile:
        """Give a tile, ready to be answered; `build` is the one that the address names, if any.

        Raises
        ------
        NotKnownError
            There is no such build, layer, zoom, column or row.
        """
        snapshot = self.builds.named(build)
        key = (snapshot.id, build is not None, layer, address)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        made = _read(snapshot, layer, address, FOR_EVER if build is not None else REVALIDATE)
        self._keep(key, made)
        return made

    def _keep(self, key: _Key, tile: Tile) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = tile
                self.held_bytes += _size(tile)
            while self.held_bytes > self.room_bytes:
                self.held_bytes -= _size(self._kept.popitem(last=False)[1])


def _size(tile: Tile) -> int:
    return OVERHEAD_BYTES + (len(tile.body) if isinstance(tile, Content) else 0)


def _read(snapshot: Snapshot, layer: Layer, address: Address, cache: str) -> Tile:
    archive = archive_of(snapshot, layer)
    low, high = zooms_of(layer, archive)
    zoom, x, y = address
    if not low <= zoom <= high:
        raise NotKnownError(f"zoom {zoom} is not drawn: {layer.kind} has zooms {low} to {high}.")
    if not (0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
        raise NotKnownError(f"no tile {x}/{y} at zoom {zoom}: columns and rows 0 to {2**zoom - 1}.")
    data = archive.tile(*address) if archive else None
    if data is None:
        return Nothing(Answer(204, raw({"cache-control": cache, "x-covermap-build": snapshot.id})))
    return Content(data, MEDIA_TYPE, snapshot.id, cache, packed=True)


def archive_of(snapshot: Snapshot, layer: Layer) -> TileArchive | None:
    """Give a layer's archive; None where the build drew none.

    Raises
    ------
    NotKnownError
        The build has no such layer.
    """
    if layer.operator is not None and layer.technology is not None:
        known(layer.kind, PER_LAYER_KINDS, "kind of tiles")
        snapshot.check_layer(layer.operator, layer.technology)
    return snapshot.archive(layer.kind, layer.operator, layer.technology)


def zooms_of(layer: Layer, archive: TileArchive | None) -> tuple[int, int]:
    """Lowest and highest zoom that is answered for."""
    return archive.zooms if archive else load_recipe(layer.kind).zooms
