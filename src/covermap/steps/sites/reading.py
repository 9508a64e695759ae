"""Site tables to `sites`: one row a cell, every value checked, nothing lost without a reason.

A cell without a usable position, of a technology that is not known, or equal in every field to an
earlier one is rejected. An impossible azimuth, height, tilt, power, identity or channel is blanked
and counted. Bands are derived from channel numbers where the table gives none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.datum import parse_datum
from covermap.errors import ConfigError, DatumError
from covermap.formats.sites import FORMATS, SiteOptions, SiteRead
from covermap.formats.source import Source
from covermap.steps.sites.judging import judge
from covermap.steps.sites.naming import identified, with_bands
from covermap.steps.sites.work import Work
from covermap.tables import SITES, conform, in_order
from covermap.workspace import Config, Sites


@dataclass(frozen=True)
class SitesResult:
    """What one `[[sites]]` entry gave: cells + rejected = rows read."""

    sites: pa.Table
    rejected: pa.Table
    problems: pa.Table


def read_sites(
    sources: list[Source], declaration: Sites, config: Config, regions: pa.Table | None = None
) -> SitesResult:
    """Read every file of one entry into `sites`, `rejected` and `problems`.

    Sites outside of all `regions` (the table) are told; without any that is not checked.

    The result does not depend on the order of the sources or of their rows, except for the line
    numbers that it names.

    Raises
    ------
    ConfigError
        The format is not known.
    DatumError
        No datum is declared (a table of numbers has none of its own), or it is not known.
    InputError, FormatError, ArchiveError
        A file cannot be read at all.
    """
    del config  # the signature is every reader's; sites depend on their declaration alone
    if declaration.format not in FORMATS:
        raise ConfigError(
            f"sites {declaration.name}: format = {declaration.format!r} is not known. There are: "
            f"{', '.join(sorted(FORMATS))}."
        )
    if declaration.datum is None:
        raise DatumError(
            f"sites {declaration.name}: a table of coordinates has no CRS of its own. Write datum "
            '= "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n".'
        )
    read = _read_all(sorted(sources, key=lambda s: s.shown), declaration)
    work = Work(read, declaration)
    sites = identified(with_bands(judge(work, parse_datum(declaration.datum), _polygons(regions))))
    return SitesResult(_sites_table(sites, declaration), work.rejected(), work.problems())


def _polygons(regions: pa.Table | None) -> Any:
    if regions is None:
        return ()
    return shapely.from_wkb(np.array(regions["geometry"].to_pylist(), object))


def _read_all(sources: Sequence[Source], declaration: Sites) -> SiteRead:
    form = FORMATS[declaration.format]
    options = SiteOptions(declaration.columns, declaration.sheet)
    groups = [list(sources)] if form.together else [[s] for s in sources]
    reads = [form.read(group, options) for group in groups]
    return SiteRead(
        pa.concat_tables([r.cells for r in reads]).combine_chunks(),
        pa.concat_tables([r.malformed for r in reads]).combine_chunks(),
        [p for r in reads for p in r.problems],
    )


def _sites_table(frame: pd.DataFrame, declaration: Sites) -> pa.Table:
    columns: dict[str, Any] = {}
    for column in SITES.columns:
        if column.name not in frame:  # what every row has, and what no table says
            continue
        data = [None if pd.isna(v) else v for v in frame[column.name].astype(object)]
        if pa.types.is_integer(column.type):
            data = [None if v is None else int(v) for v in data]
        columns[column.name] = pa.array(data, column.type)
    size = len(frame)
    columns["nbiot"] = _true_for(columns["nbiot"], frame, "nbiot")
    columns["redcap"] = _true_for(columns["redcap"], frame, "redcap")
    columns["input"] = pa.array([declaration.name] * size, pa.string())
    columns["simulated"] = pa.array([declaration.simulated] * size, pa.bool_())
    return in_order(conform(pa.table(columns), SITES), SITES)


def _true_for(flags: pa.Array, frame: pd.DataFrame, technology: str) -> pa.Array:
    """Set the flag of cells whose own technology is NB-IoT (or RedCap)."""
    own = (frame["technology"] == technology).to_list()
    return pa.array([True if o else f for o, f in zip(own, flags.to_pylist(), strict=True)])
