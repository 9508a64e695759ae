"""Kilometre posts put into stretches of unbroken count; wrong and doubled ones left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints

Bools = NDArray[np.bool_]

TOLERANCE = 0.05
TOLERANCE_M = 30.0
"""Posts are of one count when their figures and their chainages differ by the same length, to this
share of it or this many metres: posts stand where there is room for them."""
SAME_PLACE_M = 0.5
"""Posts nearer to each other than this along the line are at one place."""


class Counted(NamedTuple):
    """Posts of many lines put into stretches: rows in order of line and chainage."""

    row: Ints
    """Post that each row is, by its place in what was given."""
    stretch: Ints
    """0-based number of the stretch on its line."""
    breaks: int
    """Places where the count breaks."""
    against: int
    """Lines whose count runs against their chainage (nothing is wrong with that)."""
    backwards: int
    """Stretches that run the other way than most of their line does."""
    odd: Ints
    """Posts left out: they agree with neither neighbour."""
    doubled: Ints
    """Posts left out: another stands at the same place."""


def count_stretches(
    line: Ints, chainage_m: Floats, official_m: Floats, prefix: Ints, part: Ints
) -> Counted:
    """Put posts into stretches of unbroken count.

    Parameters
    ----------
    line, chainage_m
        Where each post stands, shape (n,).
    official_m, prefix
        Its figure, and a number for the letters before it.
    part
        0: a plain post; 1, 2: the figure back and ahead of an equation, in the order of the count.

    Notes
    -----
    Two posts next to each other are of one count when letters are equal and figures differ by as
    much as chainages (see `TOLERANCE`), in one direction. A post that agrees with neither
    neighbour, while those agree with each other, is left out as odd; so is a post at an end, or
    between two breaks, of a line with more than two posts, that agrees with no other.
    """
    way = _ways(line, chainage_m, official_m, part)
    turn = np.where(way[line] < 0, -part, part) if len(line) else part
    row = np.lexsort((np.arange(len(line)), official_m, turn, chainage_m, line))
    row, doubled = _without_doubled(row, line, chainage_m, part)
    odd: list[Ints] = []
    while True:
        link = _links(row, line, chainage_m, official_m, prefix, part)
        bad = _odd(row, link, line, chainage_m, official_m, prefix, part)
        if not bad.any():
            break
        odd.append(row[bad])
        row = row[~bad]
    new_line = np.r_[True, line[row][1:] != line[row][:-1]] if len(row) else np.zeros(0, bool)
    starts = ~link | new_line
    index = np.cumsum(starts)
    first = index[np.flatnonzero(new_line)]
    owner = np.cumsum(new_line) - 1
    stretch = index - (first[owner] if len(row) else 0)
    backwards = _backwards(row, link, line, official_m, way)
    left_out = np.sort(np.concatenate(odd)) if odd else np.zeros(0, np.int64)
    against = int((way[np.unique(line[row])] < 0).sum()) if len(row) else 0
    return Counted(
        row, stretch.astype(np.int64), int((starts & ~new_line).sum()), against, backwards,
        left_out.astype(np.int64), doubled,
    )  # fmt: skip


def _ways(line: Ints, chainage_m: Floats, official_m: Floats, part: Ints) -> Floats:
    """Direction in which the count of each line runs: +1 with the chainage, -1 against it."""
    if len(line) == 0:
        return np.zeros(0)
    plain = np.flatnonzero(part != 2)
    order = plain[np.lexsort((official_m[plain], chainage_m[plain], line[plain]))]
    same = line[order][1:] == line[order][:-1]
    step, rise = np.diff(chainage_m[order]), np.diff(official_m[order])
    like = np.abs(np.abs(rise) - step) <= np.maximum(TOLERANCE_M, TOLERANCE * step)
    vote = np.where(same & like, np.sign(rise), 0.0)
    sums = np.bincount(line[order][1:], weights=vote, minlength=int(line.max()) + 1)
    return np.where(sums < 0, -1.0, 1.0)


def _without_doubled(row: Ints, line: Ints, chainage_m: Floats, part: Ints) -> tuple[Ints, Ints]:
    """Leave out plain posts at the place of the one before them."""
    if len(row) == 0:
        return row, row
    same = (line[row][1:] == line[row][:-1]) & (np.diff(chainage_m[row]) < SAME_PLACE_M)
    plain = (part[row][1:] == 0) | (part[row][:-1] == 0)
    # Of a plain post and an equation at one place the equation stays: it says more.
    again = np.zeros(len(row), bool)
    again[1:] |= same & plain & (part[row][1:] == 0)
    again[:-1] |= same & plain & (part[row][1:] != 0)
    return row[~again], np.sort(row[again])


def _agree(
    a: Ints, b: Ints, line: Ints, chainage_m: Floats, official_m: Floats, prefix: Ints
) -> Floats:
    """Direction of the one count that posts a and b (farther along) are of; 0: they are not."""
    step, rise = chainage_m[b] - chainage_m[a], official_m[b] - official_m[a]
    off = np.abs(np.abs(rise) - step)
    same = (line[a] == line[b]) & (prefix[a] == prefix[b]) & (step > 0) & (rise != 0)
    return np.where(same & (off <= np.maximum(TOLERANCE_M, TOLERANCE * step)), np.sign(rise), 0.0)


def _links(
    row: Ints, line: Ints, chainage_m: Floats, official_m: Floats, prefix: Ints, part: Ints
) -> Bools:
    """For each row: whether it goes on with the count of the row before."""
    link = np.zeros(len(row), bool)
    if len(row) < 2:
        return link
    way = _agree(row[:-1], row[1:], line, chainage_m, official_m, prefix)
    equation = (
        (part[row[:-1]] != 0)
        & (part[row[1:]] != 0)
        & (np.abs(chainage_m[row[1:]] - chainage_m[row[:-1]]) < SAME_PLACE_M)
    )
    link[1:] = (way != 0) & ~equation
    _part_where_it_turns(link, np.r_[0.0, way])
    return link


@njit(cache=True)
def _part_where_it_turns(link: Bools, way: Floats) -> None:
    """End a stretch where the count turns: one that has risen does not fall."""
    for i in range(1, len(link)):
        if link[i] and link[i - 1] and way[i] != way[i - 1]:
            link[i] = False


def _odd(
    row: Ints, link: Bools, line: Ints, chainage_m: Floats, official_m: Floats, prefix: Ints,
    part: Ints,
) -> Bools:  # fmt: skip
    """Tell posts that agree with neither neighbour, on lines with more than two posts."""
    n = len(row)
    if n == 0:
        return np.zeros(0, bool)
    goes_on = np.r_[link[1:], False]
    alone = ~link & ~goes_on & (part[row] == 0)
    posts = np.bincount(line[row])[line[row]]
    odd = alone & (posts > 2)
    # Two wrong ones in a row must not take a right one along: one in three at a time.
    between = np.zeros(n, bool)
    if n > 2:
        way = _agree(row[:-2], row[2:], line, chainage_m, official_m, prefix)
        between[1:-1] = way != 0
    certain = odd & between
    return certain if certain.any() else odd


def _backwards(row: Ints, link: Bools, line: Ints, official_m: Floats, way: Floats) -> int:
    if len(row) < 2:
        return 0
    rise = np.sign(np.diff(official_m[row]))
    wrong = link[1:] & (rise != way[line[row[1:]]])
    starts = wrong & ~np.r_[False, wrong[:-1] & link[1:-1]]
    return int(starts.sum())
