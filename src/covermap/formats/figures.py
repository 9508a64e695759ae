"""How figures are written for programs: in JSON of the API, and in JSON and CSV of commands.

Tables keep every bit. What leaves the product as text is rounded here, and nowhere else: a share of
0.30000000000000004 or a length of 278.64335900000003 km says more than anyone knows.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

DEGREES, METRES, DECIBEL, OTHERS = 7, 3, 2, 6
"""Decimals: a centimetre of position, a millimetre of length, the 0.01 dB that levels are summed
in; and of all else, km (a millimetre), shares and probabilities among it."""
_NAMED = dict.fromkeys(
    ("lon", "lat", "bbox", "bounds", "center", "coordinates", "extent", "geometry"), DEGREES
)
_ENDINGS = {"_dbm": DECIBEL, "_db": DECIBEL, "_m": METRES, "_m2": METRES}


def decimals(name: str, otherwise: int = OTHERS) -> int:
    """Give the decimals that figures of a name are written with.

    Examples
    --------
    >>> [decimals(name) for name in ("covered_km", "share_low", "from_m", "lon", "rsrp_mean_dbm")]
    [6, 6, 3, 7, 2]
    """
    if name in _NAMED:
        return _NAMED[name]
    return next((d for end, d in _ENDINGS.items() if name.endswith(end)), otherwise)


def plain(value: Any, digits: int = OTHERS) -> Any:
    """Bring a value into what JSON can say, figures rounded by the name they stand under.

    NaN and infinity become null, dates ISO 8601. What has no rule of its own inherits that of the
    name above it.

    Examples
    --------
    >>> plain({"share": float("nan"), "n": 3, "length_km": 278.64335900000003})
    {'share': None, 'n': 3, 'length_km': 278.643359}
    >>> plain({"geometry": {"coordinates": [[121.00000004999, 31.0]]}, "from_m": [0.1 + 0.2]})
    {'geometry': {'coordinates': [[121.0, 31.0]]}, 'from_m': [0.3]}
    """
    if isinstance(value, dict):
        return {key: plain(item, decimals(str(key), digits)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, digits) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if not isinstance(value, float) and hasattr(value, "item"):
        return plain(value.item(), digits)
    if isinstance(value, float):
        # adding 0 turns -0.0 into 0.0
        return round(float(value), digits) + 0.0 if math.isfinite(value) else None
    return value
