"""Internet of things: coverage classes of NB-IoT, and what other devices need."""

from __future__ import annotations

import itertools
from typing import Annotated

from pydantic import Field, model_validator

from covermap.rules.typed import Name, Positive, Source, Strict, Technology


class CoverageClass(Strict):
    """A coverage enhancement level of NB-IoT: up to which coupling loss it serves."""

    mcl_db: Positive
    """Maximum coupling loss: transmitted less received power of the reference signal, dB."""
    source: Source


class DeviceStandard(Strict):
    """What a kind of device needs, in the network that carries it."""

    title: str
    title_zh: str
    technology: Technology
    """Technology whose samples tell: an LTE Cat.1 module lives in the LTE network."""
    rsrp_dbm: float
    sinr_db: float | None = None
    source: Source


class IotRule(Strict):
    """What the map for deployers of devices is drawn by."""

    reference_power_dbm: float
    """Power per resource element of the narrowband reference signal where it is transmitted; less
    a class's coupling loss it is the level, NRSRP, down to which that class serves."""
    classes: Annotated[dict[Name, CoverageClass], Field(min_length=1)]
    """From the shallowest to the deepest."""
    devices: dict[Name, DeviceStandard] = Field(default_factory=dict)
    source: Source

    @model_validator(mode="after")
    def _in_order(self) -> IotRule:
        losses = [one.mcl_db for one in self.classes.values()]
        if any(low >= high for low, high in itertools.pairwise(losses)):
            said = ", ".join(f"{loss:g}" for loss in losses)
            raise ValueError(f"mcl_db of classes must rise from class to class, not {said}")
        return self

    def level_dbm(self, name: str) -> float:
        """Give the level down to which a class serves, dBm."""
        return self.reference_power_dbm - self.classes[name].mcl_db
