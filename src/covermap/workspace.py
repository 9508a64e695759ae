"""`covermap.toml`: what a workspace declares, typed and checked once, at the door.

Nothing about an input is guessed silently: format, datum, time zone, source and operator are
declared here. Unknown keys are errors that name the key and the nearest known one.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from covermap.errors import ConfigError

CONFIG_NAME = "covermap.toml"
FILL_IN = "FILL IN"
"""What `covermap check` writes where only the user knows the value; it is refused as a value."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Datum = Annotated[str, Field(pattern=r"^(wgs84|gcj02|bd09|cgcs2000|EPSG:\d{4,6})$")]
Source = Literal["drive", "probe", "app"]
Antenna = Literal["roof", "in-car", "in-train", "handheld", "fixed", "unknown"]
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
    level_offset_db: Annotated[int, Field(ge=-60, le=60)] = 0
    """Whole dB added to the levels when lines are judged: -26 judges what a roof antenna received
    as a seat behind 26 dB of carriage loss would. Evidence, cells and exports of samples stay as
    measured."""
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


class Areas(_Files):
    """One `[[places]]`, `[[villages]]` or `[[regions]]` entry."""

    layer: str | None = None
    fields: dict[str, str] = {}
    """Our column (code, name, population, scene, grade, key_point, level) -> attribute."""
    level: str | None = None


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


class Positions(_Strict):
    """`[positions]`: when a position is known well enough to be used."""

    max_error_m: Annotated[float, Field(gt=0, le=1000)] = 50.0
    max_gap_s: Annotated[float, Field(gt=0)] = 60.0
    """Longest time between two fixes over which positions are interpolated."""


class Matching(_Strict):
    """`[matching]`."""

    max_distance_m: Annotated[float, Field(gt=0, le=2000)] = 50.0
    max_heading_difference_deg: Annotated[float, Field(gt=0, le=180)] = 45.0
    min_probability: Annotated[float, Field(ge=0, le=1)] = 0.5
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
    positions: Positions = Positions()
    matching: Matching = Matching()
    map: Map = Map()
    operators: dict[str, OperatorLook] = {}
    measurements: tuple[Measurements, ...] = ()
    sites: tuple[Sites, ...] = ()
    lines: tuple[Lines, ...] = ()
    places: tuple[Areas, ...] = ()
    villages: tuple[Areas, ...] = ()
    regions: tuple[Areas, ...] = ()


KINDS = ("measurements", "sites", "lines", "places", "villages", "regions")


def load_config(root: Path) -> Config:
    """Read and check `root/covermap.toml`.

    Raises
    ------
    ConfigError
        Missing, not TOML, an unknown key, a value that is not allowed, or two inputs of one name.
        The message names the file, the entry, the value and what is allowed.
    """
    path = root / CONFIG_NAME
    if not path.is_file():
        raise ConfigError(f"{path}: not found. `covermap new {root}` makes a workspace there.")
    try:
        data = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    _check_filled(path, data, "")
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_explain(path, error)) from None
    _check_names(path, config)
    return _all_simulated(config) if config.workspace.simulated else config


def _text(path: Path) -> str:
    """Text of the file; the mark that some editors put before UTF-8 is let pass."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}). Save the file in "
            "the encoding UTF-8."
        ) from None


def _all_simulated(config: Config) -> Config:
    """Mark every input of a simulated workspace."""
    marked = {
        kind: tuple(e.model_copy(update={"simulated": True}) for e in getattr(config, kind))
        for kind in KINDS
    }
    return config.model_copy(update=marked)


def _check_filled(path: Path, value: object, where: str) -> None:
    """Refuse what `covermap check` left to be filled in."""
    if value == FILL_IN:
        raise ConfigError(f"{path}:{where} is still {FILL_IN!r}; put the value in.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_filled(path, inner, f"{where} {key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            _check_filled(path, inner, f"{where} #{number}")


def _check_names(path: Path, config: Config) -> None:
    seen: set[str] = set()
    for kind in KINDS:
        for entry in getattr(config, kind):
            if entry.name in seen:
                raise ConfigError(f"{path}: two inputs are named {entry.name!r}; rename one.")
            seen.add(entry.name)


def input_files(root: Path, patterns: tuple[str, ...], where: str) -> list[Path]:
    """Files that an input's globs match, sorted by path; every glob must match something.

    Raises
    ------
    ConfigError
        A glob matches no file or is not a valid pattern.
    """
    found: set[Path] = set()
    for pattern in patterns:
        found.update(_matches(root, pattern, where))
    return sorted(found)


def _matches(root: Path, pattern: str, where: str) -> list[Path]:
    if not pattern.strip("/. "):
        raise ConfigError(f"{where}: files = {pattern!r} names no file.")
    base, relative = (root, pattern)
    if Path(pattern).is_absolute():
        base, relative = Path(Path(pattern).anchor), str(Path(pattern).relative_to("/"))
    parts = Path(relative).parts
    while parts and parts[0] == "..":
        base, parts = base.parent, parts[1:]
    try:
        files = [p for p in base.resolve().glob(str(Path(*parts))) if p.is_file()]
    except (ValueError, NotImplementedError, IndexError, TypeError) as error:
        raise ConfigError(f"{where}: files = {pattern!r} is not a valid pattern: {error}") from None
    if not files:
        raise ConfigError(
            f"{where}: files = {pattern!r} matches no file under {base}. Mend the pattern, or put "
            "the files there."
        )
    return files


def _explain(path: Path, error: ValidationError) -> str:
    lines = [f"{path}: {_one(detail)}" for detail in error.errors()]
    return "\n".join(lines)


def _one(detail: ErrorDetails) -> str:
    where = _place(detail["loc"])
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        close = difflib.get_close_matches(key, _known_keys(detail["loc"][:-1]), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{where}: unknown key {key!r}{hint}"
    if detail["type"] == "missing":
        return f"{where}: {detail['loc'][-1]!r} is missing"
    if detail["type"] == "string_pattern_mismatch":
        rule = _PATTERNS.get(str(detail["loc"][-1]), detail["msg"])
        return f"{where} = {detail['input']!r}: {rule}"
    said = detail["msg"].removeprefix("Value error, ").replace("tuple", "list")
    return f"{where} = {detail['input']!r}: {said.replace('Tuple', 'List')}"


_PATTERNS = {
    "datum": "it can be wgs84, gcj02, bd09, cgcs2000 or EPSG:n",
    "name": "it can have lower-case letters, digits, - and _, 64 at most",
}


def _place(location: tuple[int | str, ...]) -> str:
    parts = [f"#{p + 1}" if isinstance(p, int) else str(p) for p in location]
    return " ".join(parts)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        inner = _model_in(argument)
        if inner:
            return inner
    return None
