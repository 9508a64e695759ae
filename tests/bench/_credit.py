"""What a match credits beside what was travelled; one rule for every matcher.

By metres: each matcher says from where to where it was on each edge; stretches of one edge that
overlap count once, and so does the truth. By whole arcs (Newson and Krumm 2009): the length of the
arcs added and of those missed, over the length of the route.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Pieces(NamedTuple):
    """Stretches of arcs; metres from the start of the arc, in its direction."""

    drive: np.ndarray
    arc: np.ndarray
    from_m: np.ndarray
    to_m: np.ndarray


class Shares(NamedTuple):
    """How a matcher did; shares of length."""

    wrong: float
    """Credited though not travelled, over credited."""
    missed: float
    """Travelled though not credited, over travelled."""
    mismatch: float
    """Whole arcs added and missed, over the route."""


def whole(arcs: list, length_m: np.ndarray) -> Pieces:
    """Give whole arcs of each drive as pieces."""
    arc = np.concatenate(arcs)
    drive = np.repeat(np.arange(len(arcs)), [len(a) for a in arcs])
    return Pieces(drive, arc, np.zeros(len(arc)), length_m[arc >> 1])


def shares(true: Pieces, got: Pieces, length_m: np.ndarray) -> Shares:
    """Score what was got; arcs that are touched for less than a centimetre are not travelled."""
    real = got.to_m - got.from_m > 0.01
    got = Pieces(*(a[real] for a in got))
    both = Pieces(*(np.concatenate(p) for p in zip(true, got, strict=True)))
    a, b, union = (_covered(p, length_m) for p in (true, got, both))
    added, missed = (
        length_m[(np.setdiff1d(x, y) % (2 * len(length_m))) >> 1].sum()
        for x, y in ((_keys(got, length_m), _keys(true, length_m)),
                     (_keys(true, length_m), _keys(got, length_m)))
    )  # fmt: skip
    return Shares((union - a) / b, (union - b) / a, (added + missed) / a)


def _keys(pieces: Pieces, length_m: np.ndarray) -> np.ndarray:
    return np.unique(pieces.drive * (2 * len(length_m)) + pieces.arc)


def _covered(pieces: Pieces, length_m: np.ndarray) -> float:
    """Length of the union of stretches, edge by edge and drive by drive."""
    edge = pieces.arc >> 1
    back = (pieces.arc & 1).astype(bool)
    low = np.where(back, length_m[edge] - pieces.to_m, pieces.from_m)
    high = np.where(back, length_m[edge] - pieces.from_m, pieces.to_m)
    key = pieces.drive * len(length_m) + edge
    order = np.lexsort((low, key))
    key, low, high = key[order], low[order], high[order]
    new = np.r_[True, key[1:] != key[:-1]]
    # Each group's metres are lifted above those of the one before, so that one running maximum
    # serves all; a metre fits into the mantissa 1e9 times.
    lift = (np.cumsum(new) - 1) * 2.0 * length_m.max()
    top = np.maximum.accumulate(high + lift)
    before = np.r_[-np.inf, top[:-1]]
    return float(np.maximum(0.0, high + lift - np.maximum(low + lift, before)).sum())
