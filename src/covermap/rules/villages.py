"""Villages: when one is lit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

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

LONGEST_M = 20_000.0
Correlation = Annotated[float, Field(ge=0, lt=1)]


class Alike(Strict):
    """How far what is not known of one place is not known of the next: a stated model."""

    cells: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Correlation of the errors of two cells, or two key points, of a village."""
    cell_spread: Positive = 1.0
    """Spread of cells within a village before any was measured, in standard errors of a cell."""
    prior_cells: Positive = 3.0
    """How many measured cells that is worth."""
    township: Correlation = 0.7
    """Correlation of the errors of two villages of a township."""
    county: Correlation = 0.2
    city: Correlation = 0.12
    province: Correlation = 0.1
    everywhere: Correlation = 0.05
    prior_villages: Positive = 5.0
    """How many villages of a region the share of the region above it is worth, where nothing is
    known of a village and it must be said what measuring it would settle."""
    source: Source = "project default"

    @model_validator(mode="after")
    def _in_order(self) -> Alike:
        nested = [self.everywhere, self.province, self.city, self.county, self.township]
        if nested != sorted(nested):
            raise ValueError(
                "everywhere, province, city, county, township: a finer region must not have a "
                "smaller correlation than the one around it"
            )
        return self


class VillageRule(Strict):
    """When a village is lit, from what was measured, predicted, or stands near it."""

    radius_m: Annotated[float, Field(gt=0, le=LONGEST_M)]
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
    share: Share = 0.8
    """Of the measured cells in the village, or at a key point, that must be covered."""
    key_point_m: Annotated[float, Field(gt=0, le=LONGEST_M)] = 100.0
    """Cells whose middle is nearer than this to a key point tell of it, and the one it lies in."""
    site_lit: Share = 0.7
    """Probability that a village is lit where nothing is known but a site near it."""
    site_dark: Share = 0.1
    """The same where sites of the operator are known, and none is near."""
    alike: Alike = Alike()
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
