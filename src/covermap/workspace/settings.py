"""Parts of `covermap.toml` besides inputs: one typed model for each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from covermap.workspace.typed import Datum, LineClass, Strict


class Population(Strict):
    """`[population]`: the raster or rasters that people come from; several are added up."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: Literal["count", "density", "weight"]
    """count: people per pixel; density: people per km2; weight: in proportion to a density, such as
    a raster that saturates."""
    year: Annotated[int, Field(ge=1800, le=2200)] | None = None
    total: Annotated[float, Field(gt=0)] | None = None
    """People in all: the raster is scaled to it. A weight needs one, or `totals`."""
    totals: str | None = None
    """Table (CSV) of the people of regions, columns region and people: it is scaled to each."""
    band: Annotated[int, Field(ge=1)] | None = None
    """Which band, where there are several."""
    datum: Datum | None = None
    """None: the CRS of the files."""
    attribution: str = ""
    """Who the raster comes from."""
    simulated: bool = False

    @model_validator(mode="after")
    def _weights_have_a_total(self) -> Population:
        if self.kind == "weight" and self.total is None and self.totals is None:
            raise ValueError(
                'kind = "weight" needs total = the number of people in all, or totals = a table '
                "of those of regions"
            )
        if self.total is not None and self.totals is not None:
            raise ValueError("total and totals: give one of them")
        return self


class Terrain(Strict):
    """`[terrain]`: heights of the ground; several rasters are a mosaic, whatever their CRS."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: Literal["m", "ft"] | None = None
    """Of the heights, where the file does not say; None: m."""
    band: Annotated[int, Field(ge=1)] | None = None
    """Which band, where there are several."""
    datum: Datum | None = None
    """None: the CRS of the files."""


Decibels = Annotated[float, Field(ge=0, le=80)]


class Predict(Strict):
    """`[predict]`: levels by formulae of path loss, from sites; without it nothing is predicted.

    Losses are told beside levels and taken off where a line or a building is asked about: the
    levels of cells are those in the open.
    """

    radius_m: Annotated[float, Field(ge=500, le=50_000)] = 10_000.0
    """Cells farther from a site do not hear it: neither as server nor as interference."""
    near_m: Annotated[float, Field(ge=0, le=50_000)] = 2_000.0
    """How far from a measured cell cells are predicted, where no site is near either."""
    load: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of their resources that the cells which interfere send on."""
    terminal_m: Annotated[float, Field(ge=1, le=22.5)] = 1.5
    """Height of the terminal above the ground."""
    area: str | None = None
    """Vector file of the region whose cells are predicted, in place of those near sites and
    measurements."""
    building: Literal["traditional", "efficient"] | None = None
    """Buildings whose entry loss is told: median of ITU-R P.2109 at the carrier that serves."""
    carriage_db: dict[LineClass, Decibels | Literal["default"]] = Field(default_factory=dict)
    """Loss into the vehicle by class of line; default: the documented value of that class."""


class Locate(Strict):
    """`[locate]`: cells located from measurements where no site table has any of their layer."""

    reach_m: Annotated[float, Field(ge=1_000, le=100_000)] = 35_000.0
    """An identity heard at places farther apart than this is two cells: none reaches so far."""


class About(Strict):
    """`[workspace]`."""

    name: str = "covermap workspace"
    simulated: bool = False
    attribution: str = ""
    """Who the inputs come from: shown on the map and in exports."""
    salt: str = ""
    """Secret that device ids are hashed with."""


class RulesChoice(Strict):
    """`[rules]`."""

    pack: str = "project-default"
    """A shipped pack's name, or a TOML file relative to the workspace."""


class Grid(Strict):
    """`[grid]`."""

    resolution: Annotated[int, Field(ge=5, le=12)] = 10
    period: Literal["day", "month", "quarter", "year"] = "month"
    """What evidence is kept apart by: any of these can later be judged by itself."""


_PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?|-Q[1-4])?$"


class Judge(Strict):
    """`[judge]`: the evidence that is judged; without bounds, all of it."""

    first: Annotated[str, Field(pattern=_PERIOD)] | None = None
    """First period: 2025-01, 2025-01-31, 2025-Q1 or 2025, as `grid.period` says."""
    last: Annotated[str, Field(pattern=_PERIOD)] | None = None
    """Last period, included."""

    @property
    def within(self) -> tuple[str, str] | None:
        """First and last period; None: all evidence, also what has no date."""
        if self.first is None and self.last is None:
            return None
        return self.first or "0", self.last or "9999-99"


class Positions(Strict):
    """`[positions]`: when a position is known well enough to be used."""

    max_error_m: Annotated[float, Field(gt=0, le=1000)] = 50.0
    max_gap_s: Annotated[float, Field(gt=0)] = 60.0
    """Longest time between two fixes over which positions are interpolated."""


class Matching(Strict):
    """`[matching]`."""

    max_distance_m: Annotated[float, Field(gt=0, le=2000)] = 50.0
    max_heading_difference_deg: Annotated[float, Field(gt=0, le=180)] = 45.0
    min_probability: Annotated[float, Field(ge=0, le=1)] = 0.9
    """A sample counts as evidence of a line only if it was there with at least this."""
    max_mark_error_m: Annotated[float, Field(gt=0, le=2000)] = 200.0
    """A sample between station marks counts only if its place is known to this (standard error)."""


class OperatorLook(Strict):
    """`[operators.46000]`: how an operator is shown."""

    name: str
    name_zh: str | None = None
    color: str | None = None


class Map(Strict):
    """`[map]`: how the map starts, and the basemap if any (none is drawn by default)."""

    center: tuple[float, float] | None = None
    zoom: float | None = None
    basemap: str | None = None
    """A style URL, or a tile URL with {z}/{x}/{y}; needs an attribution."""
    basemap_attribution: str = ""
