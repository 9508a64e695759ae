"""Areas: when a polygon is continuously covered."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from covermap.rules.typed import Confidence, Share, Source, Strict


class AreaRule(Strict):
    """When a polygon (a city within its ring road, a county town) is continuously covered."""

    area_share: Share | None = None
    """This share of its area must be covered. None: area is not asked."""
    people_share: Share | None = None
    """This share of its people must be covered. None: people are not asked."""
    unmeasured: Literal["bounded", "excluded"] = "bounded"
    """`bounded`: what nobody measured may be all bad (for pass) and all good (for fail);
    `excluded`: it is left out of the share, with its size stated."""
    confidence: Confidence
    source: Source

    @model_validator(mode="after")
    def _asks_something(self) -> AreaRule:
        if self.area_share is None and self.people_share is None:
            raise ValueError("needs area_share = ... or people_share = ...")
        return self
