"""The typed form of a rule pack: its sections, and what they say together."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field, model_validator

from covermap.rules.areas import AreaRule
from covermap.rules.iot import IotRule
from covermap.rules.lines import IntervalRule, LineRule
from covermap.rules.pieces import Certainty, NoService, PieceRule, SegmentRule, Standard, WeakRule
from covermap.rules.places import PlaceDeepRule, Scene
from covermap.rules.service import ServiceRule
from covermap.rules.stars import StarRule
from covermap.rules.targets import AnyTarget, Grouping, Target
from covermap.rules.typed import Name, Strict, Technology
from covermap.rules.villages import VillageRule

Kind = TypeVar("Kind", bound=Strict)

NEEDS = {"places": "place", "scenes": "scenes", "villages": "village", "service": "service",
         "areas": "area"}  # fmt: skip
"""Section that the targets of a kind rest on."""


class RulePack(Strict):
    """One rule pack, whole. A section that may be missing and is: the pack does not judge that."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: str
    title_zh: str
    version: str
    standards: Annotated[dict[Technology, Standard], Field(min_length=1)]
    cell: PieceRule
    segment: SegmentRule
    no_service: NoService
    line: LineRule
    interval: IntervalRule
    village: VillageRule | None = None
    place: PlaceDeepRule | None = None
    scenes: dict[Name, Scene] = Field(default_factory=dict)
    service: ServiceRule | None = None
    stars: StarRule | None = None
    area: AreaRule | None = None
    iot: IotRule | None = None
    targets: dict[Name, AnyTarget] = Field(default_factory=dict)
    """By name. Each class of lines may stand in several; the name of a target over one class alone
    is free, results of several classes together are told under the target's name."""
    grouping: Grouping | None = None
    weak: WeakRule
    certainty: Certainty

    def targets_of(self, kind: type[Kind]) -> dict[str, Kind]:
        """Give the targets of one kind, by name in order."""
        return {n: t for n, t in sorted(self.targets.items()) if isinstance(t, kind)}

    @property
    def line_targets(self) -> dict[str, Target]:
        """Targets over lines, by name in order."""
        return self.targets_of(Target)

    @model_validator(mode="after")
    def _holds_together(self) -> RulePack:
        for name, target in self.targets.items():
            section = NEEDS.get(target.kind)
            if section and not getattr(self, section):
                raise ValueError(f"targets.{name}: kind = {target.kind!r} needs [{section}]")
            for scene in getattr(target, "scenes", ()):
                if scene not in self.scenes:
                    raise ValueError(f"targets.{name}.scenes: there is no [scenes.{scene}]")
            if target.kind == "service" and getattr(self.service, target.figure) is None:
                raise ValueError(f"targets.{name}: needs service.{target.figure}")
        if self.scenes and self.place is None:
            raise ValueError("scenes need [place]: when a place is deeply covered")
        return self

    @model_validator(mode="after")
    def _has_standards(self) -> RulePack:
        for section in ("village", "place"):
            for technology in getattr(getattr(self, section), "technologies", ()):
                if technology not in self.standards:
                    raise ValueError(f"{section}.technologies: no [standards.{technology}]")
        return self
