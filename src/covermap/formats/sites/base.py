"""What a reader of site tables is and what it delivers: rows as written, nothing judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from covermap.formats.problem import Problem
from covermap.formats.source import Source

FIELDS = (
    "site_id", "cell_id", "site_name", "cell_name", "operator", "technology", "band", "arfcn",
    "pci", "tac", "x", "y", "height_m", "azimuth_deg", "tilt_deg", "beamwidth_deg",
    "power_dbm", "tx_power", "eirp", "indoor", "redcap", "nbiot", "opened", "samples",
)  # fmt: skip
"""What a row may say of a cell; x and y are longitude and latitude, or easting and northing, in
the declared datum. `tx_power` (of the carrier) and `eirp` may have their unit behind them: 20 W."""

SITE_READINGS = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("raw", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in FIELDS),
    ]
)
"""One row a cell, every value as text; null: not given. `file` is the source's shown name, `line`
its 1-based line (text) or row (sheet)."""

MALFORMED = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("raw", pa.string(), nullable=False),
    ]
)
"""Rows that are no cell; reason is one of REJECT_REASONS."""

MISSING = frozenset({"", "-", "--", "/", "null", "none", "nan", "n/a", "na", "#n/a", "无", "空"})
"""How site tables write 'no value', in lower case."""


POWERS = ("tx_power", "eirp")
"""Fields whose values may be in W or dBm."""

_UNIT = re.compile(r"(?:^|[^a-z])(dbm|dbw|kw|mw|w)[^a-z]*$")


def with_unit(value: str, header: str) -> str:
    """Put the unit of a header behind a value that has none of its own.

    Examples
    --------
    >>> with_unit("20", "Tx power (W)"), with_unit("43 dBm", "power_w"), with_unit("43", "EIRP")
    ('20 w', '43 dBm', '43')
    """
    match = _UNIT.search(header.casefold())
    bare = bool(value.strip()) and not value.strip()[-1].isalpha()
    return f"{value} {match[1]}" if match and bare else value


@dataclass(frozen=True)
class SiteOptions:
    """What the declaration says about how to read: see `workspace.Sites`."""

    columns: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None


@dataclass(frozen=True)
class SiteRead:
    """Everything in the files: rows read = cells + malformed."""

    cells: pa.Table
    """Schema SITE_READINGS, in file order."""
    malformed: pa.Table
    """Schema MALFORMED."""
    problems: list[tuple[str, Problem]]
    """File and problem."""


@dataclass(frozen=True)
class SiteFormat:
    """One form of site table: how to recognise it and how to read it."""

    name: str
    title: str
    sniff: Callable[[Source], float]
    """How sure, from 0 (not this) to 1; looks at the head only, never raises for bad content."""
    read: Callable[[Sequence[Source], SiteOptions], SiteRead]
    """Read sources: one, or, where `together` is true, all the files that make one table."""
    together: bool = False


def cells_table(rows: Iterable[Mapping[str, str | int | None]]) -> pa.Table:
    """Make the table of readings; values that mean 'none' become null."""
    cleaned = [
        {name: _clean(value) if name in FIELDS else value for name, value in row.items()}
        for row in rows
    ]
    return pa.Table.from_pylist(cleaned, schema=SITE_READINGS)


def _clean(value: str | int | None) -> str | None:
    text = "" if value is None else str(value).strip()
    return None if text.lower() in MISSING else text


def malformed_table(rows: Sequence[Mapping[str, str | int]]) -> pa.Table:
    """Make the table of rows that are no cell."""
    return pa.Table.from_pylist(list(rows), schema=MALFORMED)
