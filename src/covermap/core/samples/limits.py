"""What each technology can report, and the placeholders that loggers write instead of a value.

Limits are those of the 3GPP measurement reports, taken at their widest:

=========  ==============================  ================================================
field      limits                          source
=========  ==============================  ================================================
RSRP LTE   -156 ... -44 dBm                TS 36.133 9.1.4, extended range RSRP_-17 ... 97
NRSRP      -156 ... -44 dBm                TS 36.133 9.1.22.9 (NB-IoT)
SS-RSRP    -156 ... -31 dBm                TS 38.133 10.1.6.1 (NR, RedCap)
RSCP       -121 ... -25 dBm                TS 25.133 9.1.1.3 (UMTS): -24 is impossible
RxLev      -113 ... -15 dBm                below: TS 27.007 8.5, +CSQ 0 is "-113 dBm or less"
                                           (TS 45.008 8.1.4 ends at -110); above: TS 45.005 5.1,
                                           highest level a receiver must take (RXLEV 63 says no
                                           more than "over -48", modems print what they measure)
RSRQ LTE   -34 ... 2.5 dB                  TS 36.133 9.1.7, extended range
SS-RSRQ    -43 ... 20 dB                   TS 38.133 10.1.11.1
Ec/N0      -24 ... 0 dB                    TS 25.133 9.1.2.3 (UMTS, in the RSRQ column)
SINR       -23 ... 40 dB                   TS 36.133 9.1.17.1, TS 38.133 10.1.16.1
PCI        LTE 503, NR 1007, PSC 511,      TS 36.211 6.11, TS 38.211 7.4.2.1, TS 25.213 5.2.3,
           BSIC 63                         TS 23.003 4.3.2
ARFCN      0 ... 3279165                   TS 38.101-1 5.4.2.1, the largest of all
=========  ==============================  ================================================

RSSI has no report of its own in LTE and NR; its limits here only tell a level from a placeholder.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covermap.core.samples.technology import CODES

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

OK, SENTINEL, IMPOSSIBLE, INAPPLICABLE = 0, 1, 2, 3
"""What a value can be found to be. INAPPLICABLE: the technology has no such quantity."""

SENTINELS = (
    -200.0, -205.0, -225.0, -340.0, -999.0, -9999.0, -32768.0, 32767.0, 65535.0,
    2147483647.0, -2147483648.0, 4294967295.0, 9223372036854775807.0, -9223372036854775808.0,
)  # fmt: skip
"""Placeholders seen in logs: G-NetTrack's -200, -205, -225 and -340; the largest and smallest
integers of 16, 32 and 64 bits (Android's UNAVAILABLE). They count as placeholders only outside a
field's limits: 65535 can be a rate in kbit/s."""

NONE_IS_ZERO = ("rsrp_dbm", "rssi_dbm")
"""Fields in which 0 is a placeholder: no receiver has 1 mW of a cell at its antenna."""
NONE_IS_MINUS_ONE = ("pci", "arfcn", "accuracy_m", "speed_mps", "heading_deg", "latency_ms")
"""Fields in which -1 is a placeholder; as a level or ratio it is a value like others."""

Range = tuple[float, float]
_NOT = (np.inf, -np.inf)
"""Range of a quantity that the technology does not have."""
_SINR = (-23.0, 40.0)
_RSSI = (-140.0, -10.0)

LIMITS: dict[str, dict[str, Range]] = {
    "rsrp_dbm": {
        "gsm": (-113.0, -15.0), "umts": (-121.0, -25.0), "lte": (-156.0, -44.0),
        "nr": (-156.0, -31.0), "nbiot": (-156.0, -44.0), "redcap": (-156.0, -31.0),
    },
    "rsrq_db": {
        "gsm": _NOT, "umts": (-24.0, 0.0), "lte": (-34.0, 2.5),
        "nr": (-43.0, 20.0), "nbiot": (-34.0, 2.5), "redcap": (-43.0, 20.0),
    },
    "sinr_db": dict.fromkeys(("gsm", "umts", "lte", "nr", "nbiot", "redcap"), _SINR),
    "rssi_dbm": {
        "gsm": (-113.0, -15.0),
        **dict.fromkeys(("umts", "lte", "nr", "nbiot", "redcap"), _RSSI),
    },
    "pci": {
        "gsm": (0, 63), "umts": (0, 511), "lte": (0, 503), "nr": (0, 1007), "nbiot": (0, 503),
        "redcap": (0, 1007),
    },
}  # fmt: skip
"""Lowest and highest value by field and technology; see the table above for the sources."""

PLAIN_LIMITS: dict[str, Range] = {
    "arfcn": (0, 3_279_165),
    "dl_kbps": (0.0, 1e8),
    "ul_kbps": (0.0, 1e8),
    "latency_ms": (0.0, 1e6),
    "accuracy_m": (0.0, 1e5),
    "speed_mps": (0.0, 200.0),
    "heading_deg": (0.0, 360.0),
}
"""Fields whose limits do not depend on the technology. Speed: 720 km/h is above any line's."""

FLOORS = {"gsm": (-113.0,), "umts": (-121.0, -120.0), "lte": (-140.0,), "nr": (-140.0,)}
"""Lowest level that receivers print, whatever lies below it: +CSQ 0 (TS 27.007 8.5), RSCP_LEV -5
(TS 25.133), RSRP_00 of the normal range (TS 36.133). It is kept: a censored low level."""


def is_sentinel(values: Floats, field: str = "") -> NDArray[np.bool_]:
    """Tell placeholders of a field.

    Examples
    --------
    >>> is_sentinel(np.array([-200.0, -90.0, np.nan, 2147483647.0])).tolist()
    [True, False, False, True]
    """
    found = np.isin(values, SENTINELS)
    if field in NONE_IS_ZERO:
        found |= values == 0.0
    return found | (values == -1.0) if field in NONE_IS_MINUS_ONE else found


def limits_of(field: str, technology: Codes) -> tuple[Floats, Floats]:
    """Lowest and highest value of a field for each row's technology.

    A row without a known technology gets the widest range over all of them.
    """
    if field in PLAIN_LIMITS:
        low, high = PLAIN_LIMITS[field]
        return np.full(technology.shape, low), np.full(technology.shape, high)
    ranges = LIMITS[field]
    known = [r for r in ranges.values() if r != _NOT]
    lows = np.full(len(CODES) + 2, min(r[0] for r in known))
    highs = np.full(len(CODES) + 2, max(r[1] for r in known))
    for name, (low, high) in ranges.items():
        lows[CODES[name]], highs[CODES[name]] = low, high
    return lows[technology], highs[technology]


def field_status(values: Floats, field: str, technology: Codes) -> Codes:
    """Judge the values of one field.

    Parameters
    ----------
    values : array of float64
        As written; NaN where the field is empty.
    field : str
        A column of `readings` that has limits.
    technology : array of int8
        Code of each row's technology, negative where it is not known.

    Returns
    -------
    array of int8
        OK (also for an empty field), SENTINEL, IMPOSSIBLE or INAPPLICABLE.

    Examples
    --------
    >>> codes = np.array([CODES["umts"], CODES["gsm"], CODES["lte"]], dtype=np.int8)
    >>> field_status(np.array([-24.0, -26.0, -200.0]), "rsrp_dbm", codes).tolist()
    [2, 0, 1]
    """
    low, high = limits_of(field, technology)
    given = ~np.isnan(values)
    outside = given & ((values < low) | (values > high))
    status = np.where(outside, IMPOSSIBLE, OK)
    status = np.where(outside & (low > high), INAPPLICABLE, status)
    return np.where(outside & is_sentinel(values, field), SENTINEL, status).astype(np.int8)


def at_floor(level_dbm: Floats, technology: Codes) -> NDArray[np.bool_]:
    """Whether a level is the lowest that the receiver prints.

    Examples
    --------
    >>> at_floor(np.array([-140.0, -139.0]), np.array([CODES["lte"]] * 2, dtype=np.int8)).tolist()
    [True, False]
    """
    found = np.zeros(level_dbm.shape, dtype=bool)
    for name, floors in FLOORS.items():
        found |= (technology == CODES[name]) & np.isin(level_dbm, floors)
    return found
