"""Site tables: one small module a form, one entry in FORMATS each."""

from __future__ import annotations

from covermap.formats.sites import china, leipzig, mapped, opencellid
from covermap.formats.sites.base import SITE_READINGS, SiteFormat, SiteOptions, SiteRead

FORMATS: dict[str, SiteFormat] = {
    f.name: f for f in (opencellid.OPENCELLID, china.CHINA, leipzig.LEIPZIG, mapped.CELLS)
}
"""Every form of site table by the name that `covermap.toml` uses."""

__all__ = ["FORMATS", "SITE_READINGS", "SiteFormat", "SiteOptions", "SiteRead"]
