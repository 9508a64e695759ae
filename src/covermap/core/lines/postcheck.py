"""What is remarkable in a file of kilometre posts: pairs of neighbours that do not fit.

Nothing here mends or leaves out: it names pairs of posts, what was measured between them and what
their figures say, for someone who can look.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, lengths_m
from covermap.core.lines.stretches import SAME_PLACE_M, TOLERANCE, TOLERANCE_M

Remark = Literal[
    "equation", "letters_change", "count_break", "runs_backwards", "gap", "against_chainage",
    "same_figure", "same_place",
]  # fmt: skip
GAP = 2.5
"""Neighbours farther apart than so many times the usual distance of their line are a gap."""


class Remarks(NamedTuple):
    """Pairs of posts, by their place in what was given; arrays of one length."""

    kind: NDArray[np.object_]
    first: Ints
    second: Ints
    apart_m: Floats
    """Between their places: along the line, or straight; NaN where a place is not known."""
    told_m: Floats
    """Figure of the second less that of the first."""


def along_lines(
    line: Ints, chainage_m: Floats, official_m: Floats, prefix: Ints, stretch: Ints
) -> Remarks:
    """Compare neighbours along lines, where stretches of unbroken count are known.

    Parameters
    ----------
    line, chainage_m, official_m, prefix, stretch
        Posts, as :func:`covermap.core.lines.stretches.count_stretches` makes them, in any order.

    Returns
    -------
    Remarks
        `equation`: the count jumps at one place, as told. `letters_change`. `count_break`: it
        jumps between two posts. `runs_backwards`: the first two posts of a stretch that runs
        the other way than most of its line. `gap`: over `GAP` times as far apart as is usual on
        the line. `against_chainage`: first and last post of a line whose count falls along it.
    """
    order = np.lexsort((stretch, chainage_m, line))
    line, place, told = line[order], chainage_m[order], official_m[order]
    stretch, prefix = stretch[order], prefix[order]
    a = np.flatnonzero(line[1:] == line[:-1])
    b = a + 1
    step, rise = place[b] - place[a], told[b] - told[a]
    on = stretch[b] == stretch[a]
    way = _majority(line[a][on], np.sign(rise[on]), int(line.max(initial=-1)) + 1)
    back = on & (np.sign(rise) != way[line[a]])
    again = np.r_[False, back[:-1] & (b[:-1] == a[1:])] if len(back) else back
    usual = _usual(line[a][on], step[on], len(way))
    kinds = {
        "equation": ~on & (step < SAME_PLACE_M),
        "letters_change": ~on & (prefix[b] != prefix[a]),
        "count_break": ~on,
        "runs_backwards": back & ~again,
        "gap": on & ~back & (step > GAP * usual[line[a]]),
    }
    kind = np.select(list(kinds.values()), list(kinds), "")
    said = np.flatnonzero(kind != "")
    found = [(kind[said], order[a[said]], order[b[said]], step[said], rise[said])]
    falling = np.flatnonzero(way < 0)
    first = np.searchsorted(line, falling)
    last = np.searchsorted(line, falling, side="right") - 1
    found.append((
        np.full(len(falling), "against_chainage"), order[first], order[last],
        place[last] - place[first], told[last] - told[first],
    ))  # fmt: skip
    return _joined(found)


def by_figures(group: Ints, official_m: Floats, lon: Floats, lat: Floats, row: Ints) -> Remarks:
    """Compare neighbours by their figures, where no line is known.

    Parameters
    ----------
    group
        Posts that are of one count: of one line as it is named, and of the same letters.
    lon, lat
        Position, degrees; NaN where there is none.
    row
        Row that told each: two figures of one equation are of one row and not compared.

    Returns
    -------
    Remarks
        `same_figure`, `same_place`; `count_break`: farther apart, straight, than the figures say
        (a line is not shorter than that); `gap`: over `GAP` times the usual difference.
    """
    order = np.lexsort((row, official_m, group))
    group, told, row = group[order], official_m[order], row[order]
    x, y = lon[order], lat[order]
    a = np.flatnonzero((group[1:] == group[:-1]) & (row[1:] != row[:-1]))
    b = a + 1
    rise = told[b] - told[a]
    straight = lengths_m(x[a], y[a], x[b], y[b])
    usual = _usual(group[a], rise, int(group.max(initial=-1)) + 1)
    kinds = {
        "same_figure": rise == 0,
        "same_place": straight < SAME_PLACE_M,
        "count_break": straight > rise + np.maximum(TOLERANCE_M, TOLERANCE * rise),
        "gap": rise > GAP * usual[group[a]],
    }
    kind = np.select(list(kinds.values()), list(kinds), "")
    said = np.flatnonzero(kind != "")
    return _joined([(kind[said], order[a[said]], order[b[said]], straight[said], rise[said])])


def _majority(line: Ints, sign: Floats, lines: int) -> Floats:
    """Give the way in which most of each line's count runs: +1 or -1."""
    return np.where(np.bincount(line, sign, lines) < 0, -1.0, 1.0)


def _usual(line: Ints, step: Floats, lines: int) -> Floats:
    """Give the median of the steps of each line (the upper one of two); infinite without any."""
    order = np.lexsort((step, line))
    count = np.bincount(line, minlength=lines)
    middle = np.cumsum(count) - count + count // 2
    found = np.full(lines, np.inf)
    some = count > 0
    found[some] = step[order][middle[some]]
    return found


def _joined(parts: list[tuple[NDArray[np.object_], Ints, Ints, Floats, Floats]]) -> Remarks:
    kind, first, second, apart, told = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((kind.astype(str), second, first))
    return Remarks(
        kind.astype(object)[order], first[order], second[order], apart[order], told[order]
    )
