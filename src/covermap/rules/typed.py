"""What the sections of a pack are made of: strict models, sources, shares, names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A section of a pack: an unknown key is an error, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Source = Annotated[str, Field(min_length=3)]
"""Document and article that a figure comes from, or the words 'project default'."""
Share = Annotated[float, Field(ge=0, le=1)]
Confidence = Annotated[float, Field(gt=0.5, lt=1)]
"""Of the two-sided interval whose ends decide pass and fail."""
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Technology = Literal["gsm", "umts", "lte", "nr", "nbiot", "redcap"]
Technologies = Annotated[tuple[Technology, ...], Field(min_length=1)]
Operators = Literal["any", "each"]
"""Who must meet a rule: one operator is enough, or each by itself."""
LineClass = Literal[
    "hsr", "rail", "metro", "tram", "motorway", "trunk", "primary", "secondary", "national",
    "provincial", "road", "waterway",
]  # fmt: skip
Level = Literal["province", "city", "county", "township", "other"]
