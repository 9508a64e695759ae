"""Tunnels and bridges of lines as intervals of chainage."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from covermap.core.geodesy import Floats, Ints


class Intervals(NamedTuple):
    """Intervals of lines, arrays of one length, in order of line and chainage."""

    line: Ints
    from_m: Floats
    to_m: Floats


def flagged_intervals(line: Ints, chainage_m: Floats, flag: Floats) -> Intervals:
    """Stretches of lines whose edges have a flag.

    Parameters
    ----------
    line, chainage_m
        Vertices of all lines, one line after the other.
    flag
        For each vertex the flag of the edge after it: 1, 0 or NaN (not known, or no edge).

    Returns
    -------
    Intervals
        Edges one after the other with the flag make one interval, however many ways they are.

    Examples
    --------
    >>> made = flagged_intervals(
    ...     np.zeros(4, int), np.array([0.0, 10, 30, 60]), np.array([0, 1.0, 1.0, np.nan]))
    >>> made.from_m.tolist(), made.to_m.tolist()
    ([10.0], [60.0])
    """
    inside = np.nan_to_num(flag) > 0.5
    if len(line):
        inside[np.r_[line[1:] != line[:-1], True]] = False
    edge = np.diff(np.r_[0, inside.astype(np.int8), 0])
    start, end = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    return Intervals(line[start], chainage_m[start], chainage_m[end])
