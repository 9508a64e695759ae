"""What can be declared in `covermap.toml`: one typed model for each kind of entry."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FILL_IN = "FILL IN"
"""What `covermap check` writes where only the user knows the value; it is refused as a value."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Datum = Annotated[str, Field(pattern=r"^(wgs84|gcj02|bd09|cgcs2000|EPSG:\d{4,6})$")]
Source = Literal["drive", "probe", "app"]
Antenna = Literal["roof", "in-car", "in-train", "handheld", "fixed", "unknown"]
TestKind = Literal["downlink", "uplink", "latency", "stall", "connect"]
LinkKind = Literal[
    "connecting", "access", "crossover", "siding", "yard", "spur", "other", "slip_road",
]  # fmt: skip
LineClass = Literal[
    "hsr", "rail", "metro", "tram", "motorway", "trunk", "primary", "secondary", "national",
    "provincial", "road", "waterway",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Files(_Strict):
    """What every input declares: a name, its files, its datum."""

    name: Name
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    datum: Datum | None = None
    """None: the file's own CRS; an input without one is an error."""
    simulated: bool = False


class Measurements(_Files):
    """One `[[measurements]]` entry: logs of one format made in one way."""

    format: str
    source: Source
    timezone: str = "UTC"
    """Zone of times that are written without one."""
    campaign: str | None = None
    """Runs made together; None: the input's name."""
    operator: str | None = None
    """Operator of the device's SIM, for rows (no service above all) that name none."""
    operators: dict[str, str] = {}
    """Operator as written -> PLMN or the name to use."""
    technology: str | None = None
    """Technology of every row, where the file names none."""
    antenna: Antenna = "unknown"
    place: str | None = None
    """Place (identity, code or name) of rows that name none: a survey of one building."""
    key_point: str | None = None
    """Key point of rows that name none: a probe that stands in one."""
    floor: str | None = None
    """Floor of rows that name none."""
    level_offset_db: Annotated[int, Field(ge=-60, le=60)] = 0
    """Whole dB added to the levels when lines are judged: -26 judges what a roof antenna received
    as a seat behind 26 dB of carriage loss would. Evidence, cells and exports of samples stay as
    measured."""
    tests: tuple[TestKind, ...] | None = None
    """What was tested. None: what the rows tell of, where a rate that only acknowledges the other
    direction is none. A log of video or of a phone in use has rates that test nothing: []."""
    columns: dict[str, str] = {}
    """Our column -> column (or property) in the file, for mapped formats."""
    units: dict[str, str] = {}
    """Our column -> unit as written, where it is not ours: speed_mps = "km/h"."""
    sheet: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not an IANA time zone such as 'Asia/Shanghai'") from None
        return value


class Sites(_Files):
    """One `[[sites]]` entry."""

    format: str
    operator: str | None = None
    operators: dict[str, str] = {}
    columns: dict[str, str] = {}
    sheet: str | None = None


class Lines(_Files):
    """One `[[lines]]` entry: a vector file of ways or finished lines."""

    layer: str | None = None
    fields: dict[str, str] = {}
    """Our field (name, ref, class, tunnel, station) -> attribute in the file."""
    classes: dict[str, LineClass] = {}
    """Class as written -> ours; others are left aside and counted."""
    line_class: LineClass | None = None
    """Class of every feature, where the file has none."""
    names_from: str | None = None
    """Vector file whose nearest parallel line gives `ref` and `name` to unnamed ways."""
    only_refs: tuple[str, ...] = ()
    """Keep only lines with one of these refs (after naming)."""
    stations: str | None = None
    """Vector file of station points along these lines."""
    posts: str | None = None
    """Table or vector file of official kilometre posts: figure, and position or line and chainage.
    """
    post_columns: dict[str, str] = {}
    """Our column (official, lon, lat, line, chainage_m) -> column in the file of posts."""
    segment_m: float | None = None
    """None: 100 m, and 50 m for metro."""
    links: tuple[LinkKind, ...] | None = None
    """Kinds of side tracks that runs are matched to; None: all. They count for nothing. With badly
    known positions fewer kinds lead fewer samples of running tracks astray."""


class Areas(_Files):
    """One `[[places]]`, `[[villages]]` or `[[regions]]` entry."""

    layer: str | None = None
    fields: dict[str, str] = {}
    """Our column (code, name, population, scene, grade, key_point, key_point_id, floor, level) ->
    attribute."""
    level: str | None = None


class Indicators(_Strict):
    """One `[[indicators]]` entry: tables of figures that are declared, not measured."""

    name: Name
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: dict[str, str] = {}
    """Our column (indicator, region, period, value, unit, source) -> column in the file."""
    sheet: str | None = None
    simulated: bool = False


class Villages(Areas):
    """One `[[villages]]` entry: villages, and key points of villages."""

    positions: str | None = None
    """Vector file or table whose positions are joined, by code, to villages without any."""
    position_fields: dict[str, str] = {}
    """Our column (code, lon, lat) -> column in it."""


class Population(_Strict):
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


class Terrain(_Strict):
    """`[terrain]`: heights of the ground; several rasters are a mosaic, whatever their CRS."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: Literal["m", "ft"] | None = None
    """Of the heights, where the file does not say; None: m."""
    band: Annotated[int, Field(ge=1)] | None = None
    """Which band, where there are several."""
    datum: Datum | None = None
    """None: the CRS of the files."""


Decibels = Annotated[float, Field(ge=0, le=80)]


class Predict(_Strict):
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
    carriage_db: dict[LineClass, Decibels | Literal["default"]] = {}
    """Loss into the vehicle by class of line; default: the documented value of that class."""


class Locate(_Strict):
    """`[locate]`: cells located from measurements where no site table has any of their layer."""

    reach_m: Annotated[float, Field(ge=1_000, le=100_000)] = 35_000.0
    """An identity heard at places farther apart than this is two cells: none reaches so far."""


class About(_Strict):
    """`[workspace]`."""

    name: str = "covermap workspace"
    simulated: bool = False
    attribution: str = ""
    """Who the inputs come from: shown on the map and in exports."""
    salt: str = ""
    """Secret that device ids are hashed with."""


class RulesChoice(_Strict):
    """`[rules]`."""

    pack: str = "project-default"
    """A shipped pack's name, or a TOML file relative to the workspace."""


class Grid(_Strict):
    """`[grid]`."""

    resolution: Annotated[int, Field(ge=5, le=12)] = 10
    period: Literal["day", "month", "quarter", "year"] = "month"
    """What evidence is kept apart by: any of these can later be judged by itself."""


_PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?|-Q[1-4])?$"


class Judge(_Strict):
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


class Positions(_Strict):
    """`[positions]`: when a position is known well enough to be used."""

    max_error_m: Annotated[float, Field(gt=0, le=1000)] = 50.0
    max_gap_s: Annotated[float, Field(gt=0)] = 60.0
    """Longest time between two fixes over which positions are interpolated."""


class Matching(_Strict):
    """`[matching]`."""

    max_distance_m: Annotated[float, Field(gt=0, le=2000)] = 50.0
    max_heading_difference_deg: Annotated[float, Field(gt=0, le=180)] = 45.0
    min_probability: Annotated[float, Field(ge=0, le=1)] = 0.9
    """A sample counts as evidence of a line only if it was there with at least this."""
    max_mark_error_m: Annotated[float, Field(gt=0, le=2000)] = 200.0
    """A sample between station marks counts only if its place is known to this (standard error)."""


class OperatorLook(_Strict):
    """`[operators.46000]`: how an operator is shown."""

    name: str
    name_zh: str | None = None
    color: str | None = None


class Map(_Strict):
    """`[map]`: how the map starts, and the basemap if any (none is drawn by default)."""

    center: tuple[float, float] | None = None
    zoom: float | None = None
    basemap: str | None = None
    """A style URL, or a tile URL with {z}/{x}/{y}; needs an attribution."""
    basemap_attribution: str = ""


class Config(_Strict):
    """The whole of `covermap.toml`."""

    workspace: About = About()
    rules: RulesChoice = RulesChoice()
    grid: Grid = Grid()
    judge: Judge = Judge()
    positions: Positions = Positions()
    matching: Matching = Matching()
    map: Map = Map()
    operators: dict[str, OperatorLook] = {}
    measurements: tuple[Measurements, ...] = ()
    sites: tuple[Sites, ...] = ()
    lines: tuple[Lines, ...] = ()
    places: tuple[Areas, ...] = ()
    villages: tuple[Villages, ...] = ()
    regions: tuple[Areas, ...] = ()
    indicators: tuple[Indicators, ...] = ()
    population: Population | None = None
    terrain: Terrain | None = None
    predict: Predict | None = None
    locate: Locate | None = None


KINDS = ("measurements", "sites", "lines", "places", "villages", "regions", "indicators")
