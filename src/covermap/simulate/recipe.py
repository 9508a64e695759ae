"""The recipe of a simulated world: a TOML file, typed and checked once, at the door.

Everything that a world holds is decided here and by the seed: operators, lines, density of sites,
the radio field, runs and faults. Unknown keys are errors. Two recipes are shipped in ``data/``:
``sample`` (the sample workspace) and ``noise-free`` (the yardstick: no fading, no faults).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from covermap.errors import ConfigError
from covermap.resources import resource
from covermap.workspace import Antenna, LineClass, Name

SHIPPED = ("sample", "noise-free")

Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[float, Field(gt=0)]
Spread = Annotated[float, Field(ge=0)]
Lon = Annotated[float, Field(ge=118.0, le=122.5)]
Lat = Annotated[float, Field(ge=30.0, le=33.0)]
Tech = Literal["lte", "nr", "nbiot"]
RunKind = Literal["drive", "train", "metro", "boat", "probe", "crowd", "survey"]
RunFormat = Literal["gnettrack", "geojson-points", "drive-table", "metro-table", "probe-table",
                    "crowd-table", "tower-collector"]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Area(_Strict):
    """`[area]`: the rectangle that is simulated, degrees WGS-84."""

    west: Lon = 118.6
    south: Lat = 30.8
    east: Lon = 121.9
    north: Lat = 32.3

    @model_validator(mode="after")
    def _not_empty(self) -> Area:
        if self.west >= self.east or self.south >= self.north:
            raise ValueError("west must be below east and south below north")
        return self


class Period(_Strict):
    """`[period]`: the days that runs are spread over (local days, Asia/Shanghai)."""

    first_day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = "2026-03-02"
    days: Annotated[int, Field(ge=1, le=1000)] = 180


class Operator(_Strict):
    """`[[operators]]`: one network."""

    plmn: Annotated[str, Field(pattern=r"^\d{5,6}$")]
    name: str
    name_zh: str
    color: str
    density: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Sites relative to the spacings in `[sites]`: 2 is twice as many per area."""
    shared_with: str | None = None
    """PLMN whose sites this operator also uses."""
    shared: Share = 0.0
    """Share of that operator's sites that it uses."""
    nr_share: Share = 0.6
    """Share of sites with NR in the countryside; in cities it is near 1."""
    urban_lte: str = "B3"
    rural_lte: str = "B8"
    urban_nr: str = "n78"
    rural_nr: str = "n28"
    trackside: Share = 0.9
    """Share of the masts along lines that it uses; those it leaves out lie together."""
    tunnels: Share = 0.95
    """Share of metro tunnel length that has a leaky feeder of this operator."""


class Line(_Strict):
    """`[[lines]]`: one line through real places or stations."""

    id: Name
    line_class: LineClass
    name: str
    ref: str | None = None
    stations: str | None = None
    """Take the course from these stations of ``data/stations.csv``, in order."""
    via: tuple[str | tuple[float, float], ...] = ()
    """Or from these places of ``data/places.csv`` (name) and points [lon, lat]."""
    offset_m: float = 0.0
    """Shift to the left of the course, so that lines through one place lie apart."""
    wander_m: Annotated[float, Field(ge=0, le=3000)] = 0.0
    """Standard deviation of smooth sideways bends."""
    dual_m: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Distance between two carriageways; 0: one line for both directions."""
    tunnels: tuple[tuple[Share, Share], ...] = ()
    """Stretches in tunnel, as shares of the length."""
    trackside_m: Annotated[float, Field(ge=0, le=50_000)] = 0.0
    """Spacing of masts along the line, which every operator may use; 0: none."""
    loss_db: Spread = 0.0
    """Loss of the vehicle's shell, dB: part of what is measured, and of the truth, on it."""

    @model_validator(mode="after")
    def _has_course(self) -> Line:
        if (self.stations is None) == (len(self.via) < 2):
            raise ValueError("give either stations = ... or via = [...] with two points or more")
        if any(a >= b for a, b in self.tunnels):
            raise ValueError("a tunnel must end after it starts")
        return self


class SiteRules(_Strict):
    """`[sites]`: spacing between sites of an operator of density 1, in metres."""

    city_m: Metres = 900.0
    county_m: Metres = 1300.0
    town_m: Metres = 2000.0
    rural_m: Metres = 5500.0
    nbiot_share: Share = 0.5
    redcap_share: Share = 0.4


class FieldRules(_Strict):
    """`[field]`: the radio field."""

    shadow_sd_db: Spread = 6.0
    shadow_distance_m: Metres = 120.0
    """Distance at which the correlation of shadowing has fallen to 1/e."""
    hill_m: Spread = 260.0
    """Height of the highest hills of the synthetic relief."""
    load: Share = 0.35
    """Mean load of interfering cells."""
    floor_dbm: dict[Tech, float] = {"lte": -122.0, "nr": -116.0, "nbiot": -134.0}
    """Weakest level with service."""
    silent: tuple[tuple[Lon, Lat, Metres], ...] = ()
    """Discs (longitude, latitude, radius) in which nobody receives anything."""


class Runs(_Strict):
    """`[[runs]]`: runs of one kind, written as one input of the workspace."""

    name: Name
    kind: RunKind
    format: RunFormat
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of all samples."""
    once: bool = False
    """Exactly one whole round, however many samples are asked for: nothing is left out."""
    lines: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    """None named: every operator."""
    technologies: tuple[Tech, ...] = ()
    """Lock devices to one technology each; none: the best that serves."""
    interval_s: Annotated[float, Field(gt=0)] = 1.0
    speed_kmh: Annotated[float, Field(gt=0, le=450)] = 90.0
    stretch: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of each line that one trip covers at most: the rest stays unmeasured by it."""
    step_m: Metres | None = None
    """Survey and drives: a sample each so many metres instead of each `interval_s`."""
    box: tuple[Lon, Lat, Lon, Lat] | None = None
    """Survey: west, south, east, north of the lattice."""
    stations: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Probes: how many."""
    antenna: Antenna = "unknown"
    files_rows: Annotated[int, Field(ge=1000, le=1_000_000)] = 20_000
    """Longest run: bounds the memory."""


class Noise(_Strict):
    """`[noise]`: what measuring adds to the field."""

    sample_sd_db: Spread = 3.0
    run_sd_db: Spread = 2.0
    gps_sd_m: Spread = 3.0
    level_decimals: Annotated[int, Field(ge=0, le=6)] = 0


class Faults(_Strict):
    """`[faults]`: shares of rows (or of time) with each fault."""

    stuck_gps: Share = 0.0
    gap: Share = 0.0
    sentinel: Share = 0.0
    duplicate: Share = 0.0
    malformed: Share = 0.0
    swapped: Share = 0.0
    zero: Share = 0.0


class Settlements(_Strict):
    """`[places]`: villages, key places and people that are made up around real towns."""

    villages: Annotated[int, Field(ge=0, le=100_000)] = 240
    key_places: Annotated[int, Field(ge=0, le=100_000)] = 44
    indoor_samples: Annotated[int, Field(ge=0, le=1000)] = 0
    """Samples of each key point that is surveyed, on top of `samples`; 0: there is no survey."""
    population: bool = True
    """Whether there is a population raster."""

    @property
    def surveyed(self) -> bool:
        """Whether key places are surveyed on foot."""
        return bool(self.key_places and self.indoor_samples)


class Prediction(Area):
    """`[prediction]`: the rectangle whose coverage is predicted, degrees WGS-84."""

    radius_m: Annotated[float, Field(ge=500, le=50_000)] = 3000.0
    """How far a site is heard there."""


class Recipe(_Strict):
    """A whole recipe."""

    title: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    samples: Annotated[int, Field(ge=100, le=10**10)] = 100_000
    area: Area = Area()
    period: Period = Period()
    operators: Annotated[tuple[Operator, ...], Field(min_length=1)]
    lines: tuple[Line, ...] = ()
    sites: SiteRules = SiteRules()
    field: FieldRules = FieldRules()
    runs: Annotated[tuple[Runs, ...], Field(min_length=1)]
    noise: Noise = Noise()
    faults: Faults = Faults()
    places: Settlements = Settlements()
    prediction: Prediction | None = None
    """None: the workspace predicts nothing."""

    @model_validator(mode="after")
    def _names_known(self) -> Recipe:
        lines = {line.id for line in self.lines}
        operators = {o.plmn for o in self.operators}
        for run in self.runs:
            if set(run.lines) - lines:
                raise ValueError(f"runs {run.name!r}: unknown lines {set(run.lines) - lines}")
            if set(run.operators) - operators:
                raise ValueError(f"runs {run.name!r}: unknown operators")
            if run.kind in ("drive", "train", "metro", "boat") and not run.lines:
                raise ValueError(f"runs {run.name!r}: lines = [...] is missing")
            if run.kind == "survey" and (run.box is None or run.step_m is None):
                raise ValueError(f"runs {run.name!r}: a survey needs box = [...] and step_m")
            if run.once and run.kind in ("probe", "crowd"):
                raise ValueError(f"runs {run.name!r}: {run.kind} has no rounds; leave out once")
        for operator in self.operators:
            if operator.shared_with is not None and operator.shared_with not in operators:
                raise ValueError(f"operator {operator.plmn}: shared_with is not an operator")
        return self


def all_once(recipe: Recipe) -> bool:
    """Whether every run is made exactly once, so that no number of samples can be chosen."""
    return all(r.once for r in recipe.runs)


def load_recipe(name: str) -> Recipe:
    """Load a shipped recipe by name, or a TOML file.

    Raises
    ------
    ConfigError
        No such recipe, not TOML, an unknown key, or a value that is not allowed.
    """
    path = resource("data", f"{name}.toml") if name in SHIPPED else Path(name)
    if not path.is_file():
        raise ConfigError(f"no recipe {name!r}: neither a file nor one of {', '.join(SHIPPED)}.")
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        lines = [f"{path}: {_where(e['loc'])}: {e['msg']}" for e in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _where(location: tuple[int | str, ...]) -> str:
    return " ".join(f"#{p + 1}" if isinstance(p, int) else p for p in location) or "recipe"
