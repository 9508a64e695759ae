"""Stars: how components make one to five of them."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from covermap.rules.typed import Count, Share, Source, Strict

ComponentName = Literal["coverage", "signal", "rate", "latency", "stalls"]
"""Covered share of what is measured, 0-1; mean level, dBm; share of tests that meet the rate
standard, 0-1; median latency, ms; share of tests that stall, 0-1."""
FALLING = ("latency", "stalls")
"""Components of which less is better."""


class Component(Strict):
    """One component: it earns 0 points at `zero`, all of its weight at `full`, evenly between."""

    weight: Annotated[float, Field(gt=0, le=1)]
    zero: float
    full: float
    source: Source


class StarRule(Strict):
    """How many stars a place, line or area has."""

    title: str
    title_zh: str
    """Says whose formula this is."""
    components: Annotated[dict[ComponentName, Component], Field(min_length=1)]
    """Their weights sum to 1."""
    cut_offs: tuple[Share, Share, Share, Share]
    """Points, 0-1, from which on it has two, three, four, five stars."""
    min_weight: Share
    """Components that are known must weigh this much together; with less there are no stars. The
    points are those of the known ones, over their weight."""
    min_samples: Count
    min_tests: Count
    """Samples, and tests, without which a component is not known."""
    source: Source

    @model_validator(mode="after")
    def _adds_up(self) -> StarRule:
        total = math.fsum(c.weight for c in self.components.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the weights of components sum to {total:g}, not to 1")
        if any(low >= high for low, high in itertools.pairwise(self.cut_offs)):
            said = ", ".join(f"{c:g}" for c in self.cut_offs)
            raise ValueError(f"cut_offs = [{said}] must rise: two, three, four, five stars")
        for name, one in self.components.items():
            if one.zero == one.full or (one.full < one.zero) != (name in FALLING):
                side = "below" if name in FALLING else "above"
                raise ValueError(
                    f"components.{name}: full = {one.full:g} must be {side} zero = {one.zero:g}"
                )
        return self
