"""Chainage as people write it on lines: K12+300."""

from __future__ import annotations

import math


def chainage_text(metres: float | None) -> str | None:
    """Write metres along a line as kilometres and metres; None and NaN give None.

    Examples
    --------
    >>> chainage_text(12300.0), chainage_text(0.4), chainage_text(999.6), chainage_text(None)
    ('K12+300', 'K0+000', 'K1+000', None)
    """
    if metres is None or not math.isfinite(metres):
        return None
    whole = round(metres)
    sign, size = ("-" if whole < 0 else ""), abs(whole)
    return f"{sign}K{size // 1000}+{size % 1000:03d}"
