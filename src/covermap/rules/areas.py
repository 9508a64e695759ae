"""Areas: when a polygon is continuously covered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from covermap.rules.typed import Confidence, Share, Source, Strict

Correlation = Annotated[float, Field(ge=0, lt=1)]


class AreaAlike(Strict):
    """How far what is not known of one cell is not known of the next: a stated model."""

    near: Correlation = 0.8
    """Correlation of the errors of two cells in one H3 cell of resolution 8 (1 km across)."""
    around: Correlation = 0.3
    """The same in one of resolution 6 (7 km across)."""
    area: Correlation = 0.1
    """The same anywhere in the area."""
    source: Source = "project default"

    @model_validator(mode="after")
    def _in_order(self) -> AreaAlike:
        if not self.area <= self.around <= self.near:
            raise ValueError("area, around, near: nearer cells must not be less alike")
        return self


class AreaRule(Strict):
    """When a polygon (a city within its ring road, a county town) is continuously covered."""

    area_share: Share | None = None
    """This share of its area must be covered. None: area is not asked."""
    people_share: Share | None = None
    """This share of its people must be covered. None: people are not asked."""
    unmeasured: Literal["bounded", "excluded"] = "bounded"
    """`bounded`: what nobody measured may be all bad (for pass) and all good (for fail);
    `excluded`: it is left out of the share, with its size stated."""
    alike: AreaAlike = AreaAlike()
    confidence: Confidence
    source: Source

    @model_validator(mode="after")
    def _asks_something(self) -> AreaRule:
        if self.area_share is None and self.people_share is None:
            raise ValueError("needs area_share = ... or people_share = ...")
        return self
