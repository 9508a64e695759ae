"""People and area: rasters shared out to cells, and what of it is covered, per region and layer."""

from __future__ import annotations

from covermap.steps.people.cells import run
from covermap.steps.people.reading import COUNTING_RESOLUTION, PeopleRead, read_people
from covermap.steps.people.verdicts import count

__all__ = ["COUNTING_RESOLUTION", "PeopleRead", "count", "read_people", "run"]
