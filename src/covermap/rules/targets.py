"""Targets: what a policy asks for, by when, and in which groups the answers are told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from covermap.rules.typed import (
    Count,
    Level,
    LineClass,
    Name,
    Positive,
    Share,
    Source,
    Strict,
    Technologies,
    Technology,
)


class _Target(Strict):
    """What all targets have."""

    year: Annotated[int, Field(ge=2000, le=2100)]
    """It is to be reached by the end of this year."""
    title: str | None = None
    title_zh: str | None = None
    source: Source


class Target(_Target):
    """What a policy asks of the lines of some classes together."""

    kind: Literal["lines"] = "lines"
    classes: Annotated[tuple[LineClass, ...], Field(min_length=1)]
    unit: Literal["km", "lines"]
    value: Positive


class PlacesTarget(_Target):
    """How many key places are to be deeply covered."""

    kind: Literal["places"]
    scenes: tuple[Name, ...] = ()
    """Of these scenes; none named: of all."""
    value: Count | None = None
    """None: the policy names no figure, so the count is told beside no target."""


class ScenesTarget(_Target):
    """That the quotas of the pack's scenes are to be reached."""

    kind: Literal["scenes"]
    scenes: tuple[Name, ...] = ()
    """Of these scenes; none named: of all."""


class VillagesTarget(_Target):
    """Which share of the villages is to be lit."""

    kind: Literal["villages"]
    value: Share | None = None
    """None: the policy names no figure, so the share is told beside no target."""


class ServiceTarget(_Target):
    """A figure of the pack's service rule that the tests are to reach together."""

    kind: Literal["service"]
    figure: Literal["mean_downlink_mbps", "mean_uplink_mbps", "tests_share"]
    """Its value is the service rule's."""
    technologies: tuple[Technology, ...] = ()
    """Tests of these; none named: of all that the service rule has a standard for."""


class PeopleTarget(_Target):
    """Which share of the people is to be covered."""

    kind: Literal["people"]
    technologies: Technologies
    value: Share


class AreasTarget(_Target):
    """Which share of the areas of some levels is to be continuously covered."""

    kind: Literal["areas"]
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    technologies: Technologies
    value: Share


class SitesTarget(_Target):
    """How many base stations there are to be per 10,000 people."""

    kind: Literal["sites"]
    technology: Technology
    value: Positive


class DeclaredTarget(_Target):
    """A figure that no measurement gives: it is read from the table of declared indicators."""

    kind: Literal["declared"]
    indicator: str
    """Its name in that table."""
    unit: str
    value: Positive | None = None


def _kind(value: Any) -> str:
    said = value.get("kind", "lines") if isinstance(value, dict) else value.kind
    return str(said)


AnyTarget = Annotated[
    Annotated[Target, Tag("lines")]
    | Annotated[PlacesTarget, Tag("places")]
    | Annotated[ScenesTarget, Tag("scenes")]
    | Annotated[VillagesTarget, Tag("villages")]
    | Annotated[ServiceTarget, Tag("service")]
    | Annotated[PeopleTarget, Tag("people")]
    | Annotated[AreasTarget, Tag("areas")]
    | Annotated[SitesTarget, Tag("sites")]
    | Annotated[DeclaredTarget, Tag("declared")],
    Discriminator(_kind),
]
"""A target of any kind; one that does not say which is of lines."""


class Grouping(Strict):
    """In which groups targets are answered."""

    operator: Literal["any", "all"] = "all"
    """Whose coverage reaches a target: that of at least one operator, or of every one. Each
    operator's own is told beside it."""
    technology: Technology | Literal["any"] = "any"
    """Technology by which targets are answered that name none."""
    levels: tuple[Level, ...] = ("province", "city", "county")
    """Levels of regions that each target is told for."""
    source: Source
