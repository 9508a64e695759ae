"""Weak spots: the figures of their pieces, their anchor, identity, nearest site and cause."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.geodesy import lengths_m
from covermap.core.judging.verdicts import NONE, Codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OUTLOOKS = ("lasting", "unsure", "passing")
"""Whether what was seen is there to stay."""
CAUSES = ("no_service", "poor_sinr", "site_near_weak", "no_site_near", "weak_signal")
_MOSTLY = 0.5


@dataclass(frozen=True)
class Pieces:
    """Segments or cells of spots: arrays of one length, sorted by place."""

    group: Ints
    """Spot of each piece, 0 to spots - 1, each occurring."""
    size: Floats
    """Length in m, or area in m2."""
    verdict: Codes
    probability: Floats
    n: Ints
    n_none: Ints
    rsrp_mean_dbm: Floats
    sinr_mean_db: Floats


@dataclass(frozen=True)
class Figures:
    """What is said of each spot; NaN is 'not known'."""

    size: Floats
    pieces: Ints
    n: Ints
    n_none: Ints
    rsrp_mean_dbm: Floats
    sinr_mean_db: Floats
    probability_weak: Floats
    none_share: Floats
    """Share of the spot's size whose verdict is `none`."""
    anchor: Ints
    """Row of the spot's weakest piece: lowest mean level, the first of equals."""


def summarise(pieces: Pieces) -> Figures:
    """Sum and average the pieces of each spot.

    Mean level and SINR are weighted by samples, which for the level makes them the mean of all
    samples of an operator's technology. `probability_weak` is the plain mean of ``1 - p``.
    """
    spots = int(pieces.group.max()) + 1 if len(pieces.group) else 0
    count = np.bincount(pieces.group, minlength=spots)
    size = np.bincount(pieces.group, pieces.size, spots).astype(np.float64)
    none = np.bincount(pieces.group, pieces.size * (pieces.verdict == NONE), spots)
    missing = np.bincount(pieces.group, 1.0 - pieces.probability, spots)
    return Figures(
        size=size,
        pieces=count.astype(np.int64),
        n=_total(pieces.group, pieces.n, spots),
        n_none=_total(pieces.group, pieces.n_none, spots),
        rsrp_mean_dbm=_weighted(pieces.group, pieces.rsrp_mean_dbm, pieces.n, spots),
        sinr_mean_db=_weighted(pieces.group, pieces.sinr_mean_db, pieces.n, spots),
        probability_weak=missing / count,
        none_share=none / size,
        anchor=_weakest(pieces),
    )


def _total(group: Ints, values: Ints, spots: int) -> Ints:
    total = np.zeros(spots, np.int64)
    np.add.at(total, group, values)
    return total


def _weighted(group: Ints, values: Floats, n: Ints, spots: int) -> Floats:
    known = ~np.isnan(values)
    weight = np.bincount(group[known], n[known], spots)
    total = np.bincount(group[known], values[known] * n[known], spots)
    with np.errstate(invalid="ignore"):
        mean: Floats = total / weight
    return mean


def _weakest(pieces: Pieces) -> Ints:
    level = np.nan_to_num(pieces.rsrp_mean_dbm, nan=np.inf)
    order = np.lexsort((np.arange(len(level)), level, pieces.group))
    group = pieces.group[order]
    first = np.ones(len(group), bool)
    first[1:] = group[1:] != group[:-1]
    return order[first].astype(np.int64)


def outlooks(probability_weak: Floats, lasting: float, passing: float) -> NDArray[np.object_]:
    """Say of each spot whether it is there to stay.

    The verdicts that make a spot are of the samples; its probability is of the persistent level.
    `lasting`: the probability reaches `lasting`. `passing`: it is below `passing`, so that most
    drives would find the place good. Else `unsure`; so also where it is not known (NaN).

    Examples
    --------
    >>> outlooks(np.array([0.9, 0.8, 0.5, 0.2, 0.1]), 0.8, 0.2).tolist()
    ['lasting', 'lasting', 'unsure', 'unsure', 'passing']
    """
    found = np.full(len(probability_weak), "unsure", object)
    found[probability_weak >= lasting] = "lasting"
    found[probability_weak < passing] = "passing"
    return found


def spot_id(kind: str, operator: str, technology: str, line_id: str, anchor: str) -> str:
    """Identity of a spot: 16 hexadecimal digits of the SHA-256 of what it is and where.

    The anchor is the spot's weakest piece: the chainage of a segment's start in whole metres, or
    the index of a cell. A spot keeps its identity from build to build, however it grows or
    shrinks, as long as its weakest piece stays the same.

    Examples
    --------
    >>> spot_id("section", "46000", "nr", "g42", "12300")
    '86ae76a4e46978f9'
    """
    text = "|".join((kind, operator, technology, line_id, anchor))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def nearest(lon: Floats, lat: Floats, site_lon: Floats, site_lat: Floats) -> tuple[Ints, Floats]:
    """Nearest site of each point, and the geodesic distance to it in m.

    Searched on the unit sphere (a tie of the sphere and the ellipsoid, 0.3 %, is left to the
    sphere). Without sites: -1 and NaN.
    """
    if not len(site_lon) or not len(lon):
        return np.full(len(lon), -1, np.int64), np.full(len(lon), np.nan)
    tree = cKDTree(_unit(site_lon, site_lat))
    found = np.asarray(tree.query(_unit(lon, lat))[1], np.int64)
    return found, lengths_m(lon, lat, site_lon[found], site_lat[found])


def _unit(lon: Floats, lat: Floats) -> Floats:
    east, north = np.radians(lon), np.radians(lat)
    across = np.cos(north)
    return np.column_stack([across * np.cos(east), across * np.sin(east), np.sin(north)])


def causes(
    figures: Figures,
    rsrp_dbm: float | None,
    sinr_db: float | None,
    site_m: Floats,
    near_site_m: float,
) -> NDArray[np.object_]:
    """Say why each spot fails; the first that holds.

    1. `no_service`: over half of it has the verdict `none`.
    2. `poor_sinr`: its mean level reaches the standard's, its mean SINR does not.
    3. `site_near_weak`, `no_site_near`: the nearest site of the operator is within `near_site_m`,
       or is not.
    4. `weak_signal`: no sites of the operator are known.

    Parameters
    ----------
    rsrp_dbm, sinr_db
        The technology's standard; None (technology `any`, or no SINR asked): `poor_sinr` is never
        said.
    site_m
        Distance to the nearest site; NaN where none is known.
    """
    cause = np.where(site_m <= near_site_m, "site_near_weak", "no_site_near").astype(object)
    cause[np.isnan(site_m)] = "weak_signal"
    if rsrp_dbm is not None and sinr_db is not None:
        strong = figures.rsrp_mean_dbm >= rsrp_dbm
        cause[strong & (figures.sinr_mean_db < sinr_db)] = "poor_sinr"
    cause[figures.none_share > _MOSTLY] = "no_service"
    return cause
