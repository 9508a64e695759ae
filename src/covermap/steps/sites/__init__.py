"""Sites: read from site tables, located from measurements, summed up."""

from __future__ import annotations

from covermap.steps.sites.locating import locate_cells
from covermap.steps.sites.reading import SitesResult, read_sites
from covermap.steps.sites.shifted import tell_shifted
from covermap.steps.sites.survey import survey

__all__ = ["SitesResult", "locate_cells", "read_sites", "survey", "tell_shifted"]
