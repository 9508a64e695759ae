"""Villages: when one is lit."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from covermap.rules.typed import (
    Confidence,
    Count,
    Operators,
    Positive,
    Share,
    Source,
    Strict,
    Technologies,
)


class VillageRule(Strict):
    """When a village is lit, from what was measured, predicted, or stands near it."""

    radius_m: Positive
    """A village that is given as a point is the disc of this radius around it."""
    operators: Operators = "each"
    """`any`: one operator lights it; `each`: each operator by itself."""
    technologies: Technologies
    """Technologies that light it."""
    key_points: tuple[str, ...] = ()
    """Names or kinds of key points that count; none named: all that the village has."""
    key_points_met: Literal["one", "all", "share"] = "all"
    """How many of the key points must meet the standard."""
    key_points_share: Share | None = None
    """`share`: at least this share of them."""
    min_samples: Count
    """Fewer samples in the village, or at a key point, leave that unmeasured."""
    predicted_lit: Share
    """Not measured, it is lit from this predicted probability on."""
    predicted_dark: Share
    """Not measured, it is dark below this predicted probability."""
    site_near_m: Positive
    """A site of the operator nearer than this is evidence of the last order."""
    confidence: Confidence
    source: Source

    @model_validator(mode="after")
    def _in_order(self) -> VillageRule:
        if self.predicted_dark >= self.predicted_lit:
            raise ValueError(
                f"predicted_dark = {self.predicted_dark:g} must be below "
                f"predicted_lit = {self.predicted_lit:g}"
            )
        if (self.key_points_met == "share") != (self.key_points_share is not None):
            raise ValueError("key_points_share = ... goes with key_points_met = 'share'")
        return self
