"""Key places, villages and regions as they come: field maps, identities, mended geometries."""

from __future__ import annotations

from covermap.steps.areas.features import FIELDS, AreasResult, read_areas
from covermap.steps.areas.villages import VillagesRead, read_villages

__all__ = ["FIELDS", "AreasResult", "VillagesRead", "read_areas", "read_villages"]
