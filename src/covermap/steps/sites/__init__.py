"""Sites: read from site tables, located from measurements."""

from __future__ import annotations

from covermap.steps.sites.locating import locate_cells
from covermap.steps.sites.reading import SitesResult, read_sites

__all__ = ["SitesResult", "locate_cells", "read_sites"]
