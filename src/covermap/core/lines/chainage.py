"""Chainage as people write it on lines: K12+300."""

from __future__ import annotations

import math
import re

from covermap.errors import QueryError

_WRITTEN = re.compile(
    r"\s*(?P<prefix>[A-Za-z]{1,4})?\s*(?P<sign>[-\u2212])?(?P<km>\d{1,6})\s*\+\s*(?P<m>\d{1,3}(?:\.\d+)?)\s*"
)


def chainage_text(metres: float | None, prefix: str = "K") -> str | None:
    """Write metres along a line as kilometres and metres; None and NaN give None.

    Examples
    --------
    >>> chainage_text(12300.0), chainage_text(0.4), chainage_text(999.6), chainage_text(None)
    ('K12+300', 'K0+000', 'K1+000', None)
    >>> chainage_text(12300.0, "DK"), chainage_text(-300.0)
    ('DK12+300', '-K0+300')
    """
    if metres is None or not math.isfinite(metres):
        return None
    whole = round(metres)
    sign, size = ("-" if whole < 0 else ""), abs(whole)
    return f"{sign}{prefix}{size // 1000}+{size % 1000:03d}"


def parse_chainage(text: str) -> tuple[str | None, float]:
    """Read a chainage as people write it: its prefix (None: not written) and metres.

    Raises
    ------
    QueryError
        It is neither kilometres and metres nor plain metres.

    Examples
    --------
    >>> parse_chainage("K12+300"), parse_chainage("dk3+5"), parse_chainage("12300.5")
    (('K', 12300.0), ('DK', 3005.0), (None, 12300.5))
    """
    written = _WRITTEN.fullmatch(text)
    if written:
        metres = 1000.0 * int(written["km"]) + float(written["m"])
        prefix = written["prefix"].upper() if written["prefix"] else None
        return prefix, -metres if written["sign"] else metres
    try:
        metres = float(text)
    except ValueError:
        metres = math.nan
    if not math.isfinite(metres):
        raise QueryError(f"chainage {text[:40]!r}: write it as K12+300, or in metres: 12300.")
    return None, metres
