"""Downlink carrier frequencies: of channel numbers and, where those are missing, of bands.

LTE: 3GPP TS 36.101 V17, section 5.7.3 (F = F_low + 0.1 MHz (N - N_first)). NR: TS 38.104 V17,
section 5.4.2.1 (global raster: 5, 15, 60 kHz). A band stands for the middle of its downlink range.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from covermap.core.inputs.channels import LTE_DOWNLINK, NR_DOWNLINK, lte_band

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

LTE_LOW_MHZ = {
    1: 2110.0, 2: 1930.0, 3: 1805.0, 4: 2110.0, 5: 869.0, 7: 2620.0, 8: 925.0, 10: 2110.0,
    11: 1475.9, 12: 729.0, 13: 746.0, 14: 758.0, 17: 734.0, 18: 860.0, 19: 875.0, 20: 791.0,
    21: 1495.9, 25: 1930.0, 26: 859.0, 28: 758.0, 31: 462.5, 32: 1452.0, 33: 1900.0, 34: 2010.0,
    38: 2570.0, 39: 1880.0, 40: 2300.0, 41: 2496.0, 42: 3400.0, 43: 3600.0, 48: 3550.0,
    66: 2110.0, 71: 617.0,
}  # fmt: skip
"""Lowest downlink frequency of LTE bands: TS 36.101, table 5.7.3-1."""

NAMED_GHZ = {
    "gsm850": 0.8815, "gsm900": 0.9425, "gsm1800": 1.8425, "gsm1900": 1.96, "umts900": 0.9425,
    "umts2100": 2.14,
}  # fmt: skip
"""Middle of the downlink of bands that are written by name: TS 45.005 section 2, TS 25.101."""

TECHNOLOGY_GHZ = {
    "gsm": 0.9425,
    "umts": 2.14,
    "lte": 1.8425,
    "nbiot": 0.9425,
    "nr": 3.5,
    "redcap": 3.5,
}
"""Where a table names no band either: the commonest band of the technology. A guess, marked so."""

_BAND = re.compile(r"[bn]?(\d+)")


def nr_ghz(arfcn: Floats) -> Floats:
    """Frequency of NR-ARFCNs, GHz: the global raster; NaN for NaN.

    Examples
    --------
    >>> nr_ghz(np.array([427250.0, 630000.0, 2070833.0])).round(5).tolist()
    [2.13625, 3.45, 27.50004]
    """
    return np.where(
        arfcn < 600_000,
        arfcn * 5e-6,
        np.where(
            arfcn < 2_016_667, 3 + (arfcn - 600_000) * 15e-6, 24.25008 + (arfcn - 2_016_667) * 60e-6
        ),
    )


def lte_ghz(earfcn: Floats) -> Floats:
    """Downlink frequency of EARFCNs, GHz; NaN for one of no band that is known here.

    Examples
    --------
    >>> lte_ghz(np.array([1300.0, 6300.0, np.nan])).tolist()
    [1.815, 0.806, nan]
    """
    band = lte_band(earfcn)
    first = {number: low for number, low, _ in LTE_DOWNLINK}
    low = np.array([LTE_LOW_MHZ.get(int(b), np.nan) for b in band])
    start = np.array([first.get(int(b), np.nan) for b in band])
    return np.round(low + 0.1 * (earfcn - start), 1) / 1000


@cache
def band_ghz(band: str, technology: str | None = None) -> float:
    """Middle of a band's downlink, GHz; NaN for one that is not known here.

    Examples
    --------
    >>> band_ghz("B3"), band_ghz("n78"), band_ghz("GSM900"), band_ghz("900", "gsm")
    (1.8425, 3.55, 0.9425, 0.9425)
    """
    name = band.strip().casefold().replace(" ", "")
    for key in (name, f"{technology}{name}"):
        if key in NAMED_GHZ:
            return NAMED_GHZ[key]
    match = _BAND.fullmatch(name)
    if match is None:
        return float("nan")
    number = int(match[1])
    if name[0] != "n" and number in LTE_LOW_MHZ:
        first, last = next((a, b) for n, a, b in LTE_DOWNLINK if n == number)
        return round(LTE_LOW_MHZ[number] / 1000 + (last - first + 1) * 0.5e-4, 5)
    ranges = [(a, b) for n, a, b in NR_DOWNLINK if n == number]
    if not ranges:
        return float("nan")
    return round(float(nr_ghz(np.array(ranges[0], float)).mean()), 5)
