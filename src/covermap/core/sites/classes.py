"""Power classes of base stations, and what a cell of each is taken to have where nobody says.

Classes by the power of the carrier: macro above 10 W, micro 0.5 to 10 W, pico 0.1 to 0.5 W, femto
below 0.1 W. The defaults are near the reference configurations that networks are compared with;
they are no measurements of any network: good for a first picture, to be calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Texts = NDArray[np.object_]

CLASSES = ("macro", "micro", "pico", "femto")
_ABOVE_W = {"macro": 10.0, "micro": 0.5, "pico": 0.1}


@dataclass(frozen=True)
class Defaults:
    """What a class has by default; the source of each figure beside it."""

    height_m: float
    carrier_dbm: float
    """Per 10 MHz."""
    gain_dbi: float
    """Feeder included."""
    wide_deg: float
    """Horizontal beamwidth of a sector, where the table gives an azimuth."""
    high_deg: float
    tilt_deg: float
    source: str


DEFAULTS = {
    "macro": Defaults(
        25.0, 46.0, 15.0, 65.0, 10.0, 6.0,
        "project default; near TR 38.901 (UMa: 25 m, 65 deg), TR 36.814 (46 dBm on 10 MHz; 10 deg, "
        "6 deg at wide spacing), TR 36.942 (15 dBi with feeder)",
    ),
    "micro": Defaults(
        10.0, 30.0, 5.0, 65.0, 40.0, 0.0,
        "project default; near TR 38.901 (UMi: 10 m), ITU-R M.2412 (33 dBm on 20 MHz), TR 36.814 "
        "(5 dBi)",
    ),
    "pico": Defaults(
        3.0, 21.0, 5.0, 65.0, 65.0, 0.0,
        "project default; near TR 38.901 (indoor: 3 m), ITU-R M.2412 (24 dBm on 20 MHz, 5 dBi)",
    ),
    "femto": Defaults(
        1.5, 17.0, 5.0, 65.0, 65.0, 0.0,
        "project default; TS 36.104 lets a home base station have 20 dBm at most, of any width",
    ),
}  # fmt: skip
"""By class. They are this project's: the documents beside them are the configurations that they are
near, from knowledge of them, and no more is claimed. Two could be compared with others' texts: the
horizontal beam of 65 degrees with ns-3's antenna of TR 38.901, and 46 dBm on 10 MHz with the
parameters of a published LTE study (EURASIP JWCN 2009, 240140, table 1: 46 dBm, 17.5 dBi, 3 dB of
cable)."""

REFERENCE_DB = {"gsm": 0.0, "umts": -10.0}
"""What terminals measure, beside the power of a carrier of 10 MHz: the whole BCCH carrier of GSM,
the tenth of a UMTS carrier that its pilot (CPICH) commonly has. All others: `ELEMENT_DB`."""
ELEMENT_DB = -27.78
"""One of the 600 resource elements in the 50 resource blocks of 10 MHz: TS 36.101 table 5.6-1."""


def class_of_watts(watts: ArrayLike) -> Texts:
    """Class of carriers by their power, W; None where it is not known (NaN).

    Examples
    --------
    >>> class_of_watts([20.0, 10.0, 0.5, 0.1, 0.09, float("nan")]).tolist()
    ['macro', 'micro', 'micro', 'pico', 'femto', None]
    """
    power = np.asarray(watts, float)
    out = np.full(power.shape, "femto", object)
    out[power >= _ABOVE_W["pico"]] = "pico"
    out[power >= _ABOVE_W["micro"]] = "micro"
    out[power > _ABOVE_W["macro"]] = "macro"
    out[np.isnan(power)] = None
    return out


def watts(dbm: ArrayLike) -> NDArray[np.float64]:
    """Power in W of power in dBm; powers of ten come out whole (40 dBm is 10 W, not a bit more)."""
    return np.round(10 ** (np.asarray(dbm, float) / 10 - 3), 9)
