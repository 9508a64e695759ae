"""Types that declarations are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

FILL_IN = "FILL IN"
"""What `covermap check` writes where only the user knows the value; it is refused as a value."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Datum = Annotated[str, Field(pattern=r"^(wgs84|gcj02|bd09|cgcs2000|EPSG:\d{4,6})$")]
Source = Literal["drive", "probe", "app"]
Antenna = Literal["roof", "in-car", "in-train", "handheld", "fixed", "unknown"]
TestKind = Literal["downlink", "uplink", "latency", "stall", "connect"]
LinkKind = Literal[
    "connecting", "access", "crossover", "siding", "yard", "spur", "other", "slip_road",
]  # fmt: skip
LineClass = Literal[
    "hsr", "rail", "metro", "tram", "motorway", "trunk", "primary", "secondary", "national",
    "provincial", "road", "waterway",
]  # fmt: skip


class Strict(BaseModel):
    """What cannot be changed, and knows no other key."""

    model_config = ConfigDict(extra="forbid", frozen=True)
