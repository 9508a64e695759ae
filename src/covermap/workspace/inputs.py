"""Inputs that can be declared in `covermap.toml`: one typed model for each kind of entry."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from covermap.workspace.typed import (
    Antenna,
    Datum,
    LineClass,
    LinkKind,
    Name,
    Source,
    Strict,
    TestKind,
)


class _Files(Strict):
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
    operators: dict[str, str] = Field(default_factory=dict)
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
    columns: dict[str, str] = Field(default_factory=dict)
    """Our column -> column (or property) in the file, for mapped formats."""
    units: dict[str, str] = Field(default_factory=dict)
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
    operators: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    sheet: str | None = None


class Lines(_Files):
    """One `[[lines]]` entry: a vector file of ways or finished lines."""

    layer: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    """Our field (name, ref, class, tunnel, station) -> attribute in the file."""
    classes: dict[str, LineClass] = Field(default_factory=dict)
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
    post_columns: dict[str, str] = Field(default_factory=dict)
    """Our column (official, lon, lat, line, chainage_m) -> column in the file of posts."""
    segment_m: float | None = None
    """None: 100 m, and 50 m for metro."""
    links: tuple[LinkKind, ...] | None = None
    """Kinds of side tracks that runs are matched to; None: all. They count for nothing. With badly
    known positions fewer kinds lead fewer samples of running tracks astray."""


class Areas(_Files):
    """One `[[places]]`, `[[villages]]` or `[[regions]]` entry."""

    layer: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    """Our column (code, name, population, scene, grade, key_point, key_point_id, floor, level) ->
    attribute."""
    level: str | None = None


class Indicators(Strict):
    """One `[[indicators]]` entry: tables of figures that are declared, not measured."""

    name: Name
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: dict[str, str] = Field(default_factory=dict)
    """Our column (indicator, region, period, value, unit, source) -> column in the file."""
    sheet: str | None = None
    simulated: bool = False


class Villages(Areas):
    """One `[[villages]]` entry: villages, and key points of villages."""

    positions: str | None = None
    """Vector file or table whose positions are joined, by code, to villages without any."""
    position_fields: dict[str, str] = Field(default_factory=dict)
    """Our column (code, lon, lat) -> column in it."""
