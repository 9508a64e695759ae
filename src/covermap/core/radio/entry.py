"""Loss on the way into buildings and vehicles, as declared offsets.

Buildings: Recommendation ITU-R P.2109-2, annex 1, section 3. Road vehicles: 3GPP TR 38.901 V17.0.0,
section 7.4.3.2. Carriages of trains differ by type more than any formula tells; what is written
here is the default for a class of line, with its source, for settings to overrule. A class without
a value here has none (NaN): nothing is guessed.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Building = Literal["traditional", "efficient"]

_R_TO_Z: dict[str, tuple[float, ...]] = {
    "traditional": (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
    "efficient": (28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
}
"""Coefficients r, s, t, u, v, w, x, y, z of table 1; efficient: thermally efficient buildings."""

_CAR_DB = ((0.6, 9.0), (60.0, 9.0))

_CARRIAGE_DB: dict[str, tuple[tuple[float, float], ...]] = {
    "hsr": ((1.8, 26.0), (2.1, 30.0), (3.5, 33.0)),
    **dict.fromkeys(
        ("motorway", "trunk", "primary", "secondary", "national", "provincial", "road"), _CAR_DB
    ),
}
"""By class of line: frequency in GHz and loss in dB, between which the loss goes with log f.

hsr: typical figures of Chinese operators for high-speed trains at 1.8, 2.1 and 3.5 GHz.
Roads: mean of TR 38.901 section 7.4.3.2, 0.6 to 60 GHz (20 dB with metallised windows).
"""


def building_entry_db(
    ghz: ArrayLike, building: Building, elevation_deg: ArrayLike = 0.0, share: ArrayLike = 0.5
) -> Floats:
    """Loss into a building, dB, not exceeded in a share of cases; the median by default.

    Parameters
    ----------
    ghz : array_like
        Frequency, 0.08 to 100 GHz.
    building
        Traditional, or thermally efficient (metallised glass, foil-backed panels).
    elevation_deg : array_like
        Angle of the path at the facade above the horizontal; its sign does not matter.
    share : array_like
        Between 0 and 1, both excluded.

    Examples
    --------
    >>> building_entry_db([0.8, 3.5], "traditional").round(1).tolist()
    [14.2, 15.7]
    """
    r, s, t, u, v, w, x, y, z = _R_TO_Z[building]
    log = np.log10(np.asarray(ghz, float))
    normal = ndtri(np.asarray(share, float))
    mean_1 = r + s * log + t * log**2 + 0.212 * np.abs(np.asarray(elevation_deg, float))
    a = normal * (u + v * log) + mean_1
    b = normal * (y + z * log) + w + x * log
    return 10 * np.log10(10 ** (0.1 * a) + 10 ** (0.1 * b) + 10 ** (0.1 * -3.0))


def carriage_db(line_class: str, ghz: ArrayLike) -> Floats:
    """Loss into the vehicle of a class of line, dB; NaN where none is declared.

    Beyond the frequencies of the table its nearest value holds.

    Examples
    --------
    >>> carriage_db("hsr", [1.8, 2.1, 3.5]).tolist()
    [26.0, 30.0, 33.0]
    >>> float(carriage_db("metro", 1.8))
    nan
    """
    f = np.asarray(ghz, float)
    if line_class not in _CARRIAGE_DB:
        return np.full(f.shape, np.nan)
    at, loss = zip(*_CARRIAGE_DB[line_class], strict=True)
    return np.interp(np.log(f), np.log(at), loss)
