"""Key places: when one is deeply covered, the scenes they belong to, and the scenes' quotas."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from covermap.rules.pieces import Standard
from covermap.rules.typed import (
    Confidence,
    Count,
    Name,
    Operators,
    Positive,
    Source,
    Strict,
    Technologies,
    Technology,
)


class PlaceDeepRule(Strict):
    """When a key place is deeply covered: all its key points meet the standard."""

    operators: Operators = "each"
    """`each`: every operator by itself at every key point; `any`: one is enough."""
    technologies: Technologies
    """Technologies that count."""
    min_samples: Count
    """A key point with fewer samples is unmeasured, and its place undetermined."""
    confidence: Confidence
    source: Source


class Quota(Strict):
    """How many places of one grade of a scene must be deeply covered."""

    title: str
    title_zh: str
    quota: Literal["all", "count", "share"]
    """All of them; at least `value` places; or at least the share `value` of them."""
    value: Positive | None = None
    source: Source

    @model_validator(mode="after")
    def _has_its_number(self) -> Quota:
        if (self.quota == "all") != (self.value is None):
            raise ValueError("value = ... goes with quota = 'count' or 'share', not with 'all'")
        if self.quota == "share" and (self.value or 0) > 1:
            raise ValueError("quota = 'share' needs a value from 0 to 1")
        if self.quota == "count" and (self.value or 0) % 1:
            raise ValueError("quota = 'count' needs a whole number")
        return self


class Scene(Strict):
    """A kind of key place, as the policy names it."""

    title: str
    title_zh: str
    grades: dict[Name, Quota] = Field(default_factory=dict)
    """By grade. The scene without grades has the one grade that all its places are of: `all`."""
    standards: Annotated[dict[Technology, Standard], Field(min_length=1)] | None = None
    """What its key points must reach, where that is not the pack's own standard."""
    source: Source
