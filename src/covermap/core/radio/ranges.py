"""Where the formulae of `pathloss` apply: the ranges of 3GPP TR 38.901 V17.0.0, table 7.4.1-1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from covermap.core.radio.pathloss import BUILDING_M, RMA, STREET_M, TERMINAL_M

NEAR, FAR, FREQUENCY, MAST, TERMINAL, CLUTTER = (1 << bit for bit in range(6))
OUTSIDE = ("near", "far", "frequency", "mast", "terminal", "clutter")
"""What each bit of :func:`outside` says, lowest bit first."""

_FARTHEST_M = {True: (5_000.0, 5_000.0, 10_000.0), False: (5_000.0, 5_000.0, 5_000.0)}
"""By line of sight: UMa, UMi, RMa."""
_GHZ = ((0.5, 100.0), (0.5, 100.0), (0.5, 30.0))
"""Note 6."""
_MAST_M = ((25.0, 25.0), (10.0, 10.0), (10.0, 150.0))
"""UMa and UMi are stated for one height of the antenna alone."""
_TERMINAL_M = ((1.5, 22.5), (1.5, 22.5), (1.0, 10.0))
_CLUTTER_M = (5.0, 50.0)
"""Of the width of streets and of the height of buildings, RMa."""


def outside(
    scenario: int,
    d2_m: ArrayLike,
    mast_m: ArrayLike,
    ghz: ArrayLike,
    los: bool,
    *,
    terminal_m: ArrayLike = TERMINAL_M,
    street_m: ArrayLike = STREET_M,
    building_m: ArrayLike = BUILDING_M,
) -> NDArray[np.uint8]:
    """Say what of each path is outside the range its formula is stated for.

    A sum of bits, 0 where all is inside: `NEAR` (taken at 10 m), `FAR`, `FREQUENCY`, `MAST`,
    `TERMINAL`, `CLUTTER` (where the formula is used as it stands).

    Examples
    --------
    >>> flags = outside(RMA, [5.0, 500.0, 7_000.0], 35.0, 0.8, los=False)
    >>> [[name for bit, name in enumerate(OUTSIDE) if flag >> bit & 1] for flag in flags.tolist()]
    [['near'], [], ['far']]
    """
    d2, mast, f, terminal, street, building = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (d2_m, mast_m, ghz, terminal_m, street_m, building_m))
    )
    flags = np.zeros(d2.shape, np.uint8)
    flags[d2 < 10.0] |= NEAR
    flags[d2 > _FARTHEST_M[los][scenario]] |= FAR
    for bit, value, (low, high) in (
        (FREQUENCY, f, _GHZ[scenario]),
        (MAST, mast, _MAST_M[scenario]),
        (TERMINAL, terminal, _TERMINAL_M[scenario]),
    ):
        flags[(value < low) | (value > high)] |= bit
    if scenario == RMA:
        low, high = _CLUTTER_M
        for value in (street, building):
            flags[(value < low) | (value > high)] |= CLUTTER
    return flags
