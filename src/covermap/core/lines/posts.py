"""Official chainage: kilometre posts, breaks in the count, and the way back.

The official count of a line need not start where the line starts, nor run the way its chainage
runs, nor be unbroken: where a line was rebuilt longer or shorter the count jumps (a chainage
equation: K10+000 = K10+350). Posts are grouped into **stretches** of unbroken count. A stretch
holds from its first post to the next stretch's first post; the first and last hold to the ends of
the line. Between two posts of a stretch the count is linear; outside them it goes on metre by
metre. A figure may therefore be met twice on a line (a long chain), or nowhere (a short one).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from covermap.core.geodesy import Floats, Ints

ROUNDING_M = 1e-6
"""A figure this far beyond an end of its line is at that end."""


class PostTable(NamedTuple):
    """Posts of many lines, in order of line, stretch and chainage; numba takes it."""

    first: Ints
    """For each line the first of its posts; one longer than the lines."""
    length_m: Floats
    """Length of each line, m."""
    chainage_m: Floats
    official_m: Floats
    stretch: Ints
    prefix: Ints
    """Number of the letters before the figure, by `prefixes`."""
    way: Floats
    """+1 or -1: whether the count of the post's stretch grows with the chainage."""


def post_table(
    line: Ints, length_m: Floats, chainage_m: Floats, official_m: Floats, stretch: Ints,
    prefix: Ints,
) -> PostTable:  # fmt: skip
    """Make ready for look-ups; posts need not be in order.

    Parameters
    ----------
    line
        Line of each post, a row of `length_m`; a line may have none.
    """
    order = np.lexsort((chainage_m, stretch, line))
    line, stretch = line[order], stretch[order]
    first = np.searchsorted(line, np.arange(len(length_m) + 1)).astype(np.int64)
    chain, official = np.asarray(chainage_m, float)[order], np.asarray(official_m, float)[order]
    way = _stretch_ways(line, stretch, official)
    return PostTable(
        first, np.asarray(length_m, float), chain, official, stretch.astype(np.int64),
        prefix[order].astype(np.int64), way,
    )  # fmt: skip


def _stretch_ways(line: Ints, stretch: Ints, official: Floats) -> Floats:
    """Direction of each post's stretch; a stretch of one post runs as most of its line does."""
    if len(line) == 0:
        return np.zeros(0)
    same_line = line[1:] == line[:-1]
    rise = np.where(same_line & (stretch[1:] == stretch[:-1]), np.sign(np.diff(official)), 0.0)
    whole = np.bincount(line[1:], weights=rise, minlength=int(line.max()) + 1)
    starts = np.r_[True, ~same_line | (stretch[1:] != stretch[:-1])]
    index = np.cumsum(starts) - 1
    own = np.bincount(index[1:], weights=rise, minlength=int(index[-1]) + 1)
    way = np.where(own[index] != 0, np.sign(own[index]), np.sign(whole[line]))
    return np.where(way < 0, -1.0, 1.0)


def official_m(posts: PostTable, line: Ints, chainage_m: Floats) -> tuple[Floats, Ints]:
    """Official figure at places on lines.

    Returns
    -------
    official_m, prefix
        Metres and the number of the letters; NaN and -1 on lines without posts, and for chainages
        that are NaN. At a break the figure ahead (along the chainage) is given.
    """
    made = np.full(len(line), np.nan)
    prefix = np.full(len(line), -1, np.int64)
    _official(posts, np.asarray(line, np.int64), np.asarray(chainage_m, float), made, prefix)
    return made, prefix


@njit(cache=True)
def _official(posts, line, chainage, made, prefix):  # type: ignore[no-untyped-def]
    for i in range(len(line)):
        if line[i] < 0 or np.isnan(chainage[i]):
            continue
        low, high = posts.first[line[i]], posts.first[line[i] + 1]
        if low == high:
            continue
        # Last post at or before the place; at a break both posts lie there and the later counts.
        at = low + np.searchsorted(posts.chainage_m[low:high], chainage[i], side="right") - 1
        at = max(at, low)
        made[i] = _figure(posts, at, high, chainage[i])
        prefix[i] = posts.prefix[at]


@njit(cache=True)
def _figure(posts, at, high, place):  # type: ignore[no-untyped-def]
    """Figure at a place by the post at or before it (or the first one) and the one after."""
    into = place - posts.chainage_m[at]
    after = at + 1
    if into > 0 and after < high and posts.stretch[after] == posts.stretch[at]:
        span = posts.chainage_m[after] - posts.chainage_m[at]
        rise = posts.official_m[after] - posts.official_m[at]
        return posts.official_m[at] + rise * (into / span)
    return posts.official_m[at] + posts.way[at] * into


def chainages_of(
    posts: PostTable, line: Ints, official: Floats, prefix: Ints
) -> tuple[Ints, Floats]:
    """Find all places on lines that official figures can mean.

    Parameters
    ----------
    line, official, prefix
        What is asked: line, figure in m, number of the letters; -1 for any letters.

    Returns
    -------
    query, chainage_m
        Row asked for and chainage, in that order; of another length than what is asked: a figure
        may be met more than once where the count breaks, or not at all.
    """
    counts = np.zeros(len(line), np.int64)
    asked = np.asarray(line, np.int64), np.asarray(official, float), np.asarray(prefix, np.int64)
    none = np.zeros(0)
    _places(posts, *asked, counts, none)
    found = np.empty(int(counts.sum()))
    _places(posts, *asked, counts, found)
    return np.repeat(np.arange(len(line)), counts), found


@njit(cache=True)
def _places(posts, line, official, prefix, counts, found):  # type: ignore[no-untyped-def]
    """Count the places of each figure, or write them where `found` has room."""
    total = 0
    for i in range(len(line)):
        counts[i] = 0
        if line[i] < 0 or np.isnan(official[i]):
            continue
        low, high = posts.first[line[i]], posts.first[line[i] + 1]
        for at in range(low, high):
            if prefix[i] >= 0 and posts.prefix[at] != prefix[i]:
                continue
            place = _place(posts, at, low, high, official[i], posts.length_m[line[i]])
            if not np.isnan(place):
                if len(found):
                    found[total] = place
                total += 1
                counts[i] += 1


@njit(cache=True)
def _place(posts, at, low, high, official, length):  # type: ignore[no-untyped-def]
    """Chainage of a figure on the piece of line that one post counts, NaN where not there."""
    past = (official - posts.official_m[at]) * posts.way[at]
    place = posts.chainage_m[at] + past
    if past < 0:
        return max(place, 0.0) if at == low and place >= -ROUNDING_M else np.nan
    after = at + 1
    if after == high:
        return min(place, length) if place <= length + ROUNDING_M else np.nan
    if posts.stretch[after] != posts.stretch[at]:
        return place if place < posts.chainage_m[after] else np.nan
    share = (official - posts.official_m[at]) / (posts.official_m[after] - posts.official_m[at])
    span = posts.chainage_m[after] - posts.chainage_m[at]
    return posts.chainage_m[at] + span * share if share < 1.0 else np.nan
