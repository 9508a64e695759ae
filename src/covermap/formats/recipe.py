"""Tile recipes: what a map layer is drawn from, at which zooms, with which properties.

One TOML file a layer, in `tiles/`. It is the one list of a layer's properties: the tiles step
writes these and TileJSON describes these.
"""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from covermap.resources import resource

KINDS = ("cells", "segments", "lines", "weak_spots", "predicted", "sites")
"""Layers that have a recipe; also what a URL may name."""
PER_LAYER_KINDS = KINDS[:-1]
"""Those with one archive per operator and technology; sites have one for all."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zoom(_Strict):
    """One zoom level of a layer."""

    zoom: Annotated[int, Field(ge=0, le=22)]
    resolution: Annotated[int, Field(ge=0, le=15)] | None = None
    """Cells: H3 resolution shown; never finer than the build's."""
    piece_m: Annotated[float, Field(gt=0)] | None = None
    """Segments and lines: length of the pieces of a line; None: the segments themselves."""
    simplify: Annotated[float, Field(ge=0)] = 0.0
    """Largest departure of a drawn line from its course, in units of 1/4096 tile."""


class Property(_Strict):
    """One property of a layer's features."""

    about: str
    type: str = "Number"
    """As TileJSON says it: Number, String or Boolean."""
    digits: int | None = None
    """Decimal places that are kept; None: as it is."""
    sparse: bool = False
    """A zero is left out: most cells have a size in one verdict alone."""


class Drawn(_Strict):
    """One vector layer inside the tiles."""

    about: str
    zooms: tuple[Zoom, ...]
    properties: dict[str, Property]

    @model_validator(mode="after")
    def _zooms_follow_each_other(self) -> Drawn:
        levels = [z.zoom for z in self.zooms]
        if levels != list(range(levels[0], levels[0] + len(levels))):
            raise ValueError("zooms must be in order, without a gap")
        return self

    def at(self, zoom: int) -> Zoom:
        """Give what is said of a zoom level; it must be one of the layer's."""
        return self.zooms[zoom - self.zooms[0].zoom]


class Recipe(_Strict):
    """One layer's recipe."""

    source: str
    """Table that it is drawn from."""
    max_tile_bytes: Annotated[int, Field(gt=0)] = 500_000
    """Compressed tiles above this are not made: the zoom is drawn coarser."""
    layers: dict[str, Drawn]

    @property
    def zooms(self) -> tuple[int, int]:
        """Lowest and highest zoom of any layer."""
        levels = [z.zoom for drawn in self.layers.values() for z in drawn.zooms]
        return min(levels), max(levels)


@cache
def load_recipe(kind: str) -> Recipe:
    """Read the shipped recipe of a layer, one of `KINDS`."""
    text = resource("tiles", f"{kind}.toml").read_text(encoding="utf-8")
    return Recipe.model_validate(tomllib.loads(text))
