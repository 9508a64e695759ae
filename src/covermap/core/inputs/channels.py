"""Channel numbers to frequency bands: EARFCN (LTE) and NR-ARFCN.

A channel number of LTE lies in one band only. NR bands overlap: a band is named only where it is
the one possible in that country, or lies wholly inside every other one possible (n78 in n77).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LTE_DOWNLINK = (
    (1, 0, 599), (2, 600, 1199), (3, 1200, 1949), (4, 1950, 2399), (5, 2400, 2649),
    (6, 2650, 2749), (7, 2750, 3449), (8, 3450, 3799), (9, 3800, 4149), (10, 4150, 4749),
    (11, 4750, 4949), (12, 5010, 5179), (13, 5180, 5279), (14, 5280, 5379), (17, 5730, 5849),
    (18, 5850, 5999), (19, 6000, 6149), (20, 6150, 6449), (21, 6450, 6599), (22, 6600, 7399),
    (23, 7500, 7699), (24, 7700, 8039), (25, 8040, 8689), (26, 8690, 9039), (27, 9040, 9209),
    (28, 9210, 9659), (29, 9660, 9769), (30, 9770, 9869), (31, 9870, 9919), (32, 9920, 10359),
    (33, 36000, 36199), (34, 36200, 36349), (35, 36350, 36949), (36, 36950, 37549),
    (37, 37550, 37749), (38, 37750, 38249), (39, 38250, 38649), (40, 38650, 39649),
    (41, 39650, 41589), (42, 41590, 43589), (43, 43590, 45589), (44, 45590, 46589),
    (45, 46590, 46789), (46, 46790, 54539), (47, 54540, 55239), (48, 55240, 56739),
    (49, 56740, 58239), (50, 58240, 59089), (51, 59090, 59139), (52, 59140, 60139),
    (53, 60140, 60254), (65, 65536, 66435), (66, 66436, 67335), (67, 67336, 67535),
    (68, 67536, 67835), (69, 67836, 68335), (70, 68336, 68585), (71, 68586, 68935),
    (72, 68936, 68985), (73, 68986, 69035), (74, 69036, 69465), (75, 69466, 70315),
    (76, 70316, 70365), (85, 70366, 70545), (87, 70546, 70595), (88, 70596, 70645),
)  # fmt: skip
"""Band, first and last downlink EARFCN: 3GPP TS 36.101, table 5.7.3-1."""

NR_DOWNLINK = (
    (1, 422000, 434000), (2, 386000, 398000), (3, 361000, 376000), (5, 173800, 178800),
    (7, 524000, 538000), (8, 185000, 192000), (12, 145800, 149200), (14, 151600, 153600),
    (18, 172000, 175000), (20, 158200, 164200), (25, 386000, 399000), (26, 171800, 178800),
    (28, 151600, 160600), (29, 143400, 145600), (30, 470000, 472000), (34, 402000, 405000),
    (38, 514000, 524000), (39, 376000, 384000), (40, 460000, 480000), (41, 499200, 537999),
    (48, 636667, 646666), (50, 286400, 303400), (51, 285400, 286400), (53, 496700, 499000),
    (65, 422000, 440000), (66, 422000, 440000), (70, 399000, 404000), (71, 123400, 130400),
    (74, 295000, 303600), (75, 286400, 303400), (76, 285400, 286400), (77, 620000, 680000),
    (78, 620000, 653333), (79, 693334, 733333), (257, 2054166, 2104165), (258, 2016667, 2070832),
    (260, 2229166, 2279165), (261, 2070833, 2084999),
)  # fmt: skip
"""Band, first and last downlink NR-ARFCN: 3GPP TS 38.104, table 5.4.2.3-1 and -2."""

_AMERICAS = frozenset({2, 12, 14, 25, 26, 29, 30, 48, 53, 66, 70, 71, 260, 261})
"""Bands used in ITU Region 2 alone."""
_CHINA = frozenset({1, 3, 5, 8, 28, 34, 39, 40, 41, 77, 78, 79, 258})
"""Bands that operators of mobile country code 460 hold."""


def lte_band(earfcn: ArrayLike) -> NDArray[np.int32]:
    """Give the LTE band of downlink channel numbers.

    Parameters
    ----------
    earfcn : array_like of number
        EARFCN; NaN or a number outside every band gives 0.

    Returns
    -------
    array of int32, the same shape
        Band number; 0: none.

    Examples
    --------
    >>> lte_band([1300, 6400, 39250, 5000, float("nan")]).tolist()
    [3, 20, 40, 0, 0]
    """
    number = np.asarray(earfcn, np.float64)
    band, first, last = (np.array(c) for c in zip(*LTE_DOWNLINK, strict=True))
    at = np.clip(np.searchsorted(first, np.nan_to_num(number, nan=-1.0), "right") - 1, 0, None)
    inside = (number >= first[at]) & (number <= last[at])
    return np.where(inside, band[at], 0).astype(np.int32)


def nr_band(arfcn: int, country: str | None = None) -> int:
    """Give the NR band of a downlink channel (or SSB) number; 0: none, or several are possible.

    Parameters
    ----------
    arfcn : int
        NR-ARFCN (TS 38.104, global raster).
    country : str, optional
        Mobile country code, three digits; it rules out bands that are not used there.

    Examples
    --------
    >>> nr_band(633984), nr_band(504990, "460"), nr_band(152650, "460"), nr_band(152650)
    (78, 41, 28, 28)
    >>> nr_band(152650, "310")  # n14 and n28 overlap, and n14 lies inside n28
    14
    >>> nr_band(526000), nr_band(526000, "460")  # n7 and n41
    (0, 41)
    """
    found = [b for b in NR_DOWNLINK if b[1] <= arfcn <= b[2] and _used_in(b[0], country)]
    inner = [b for b in found if all(o[1] <= b[1] and b[2] <= o[2] for o in found)]
    return inner[0][0] if inner else 0


def _used_in(band: int, country: str | None) -> bool:
    if country == "460":
        return band in _CHINA
    return band not in _AMERICAS or (country or "")[:1] in ("3", "7")
