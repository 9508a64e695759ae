"""Names for nameless ways in the middle of a line: the name that the course has on both sides.

Mappers split a way for a bridge or a speed limit and the new piece has no name; without one it
would break the line in two, and a short one would pass for a siding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.chains import Limits, join_ways
from covermap.core.lines.inventory import Ways, has_name, route_groups, way_lengths_m
from covermap.core.lines.naming import names_around

LONGEST_M = 20_000.0
"""A nameless stretch longer than this is not taken for an omission."""


class Filled(NamedTuple):
    """Ways with the names filled in, and the length of those that got one, m, shape (n,)."""

    ways: Ways
    length_m: Floats


def fill_names(ways: Ways, limits: Limits) -> Filled:
    """Give nameless ways the number and name that their course has before and after them.

    Parameters
    ----------
    ways
        In canonical order.
    limits
        How ways are joined into courses; of one class, whatever their names.
    """
    called = has_name(ways)
    if called.all() or not called.any():
        return Filled(ways, np.zeros(0))
    label = np.where(called, route_groups(ways), -1)
    classes = np.unique(ways.line_class.astype(str), return_inverse=True)[1].astype(np.int64)
    chains = join_ways(ways.geometry, classes, limits)
    length = way_lengths_m(ways.geometry)
    got = names_around(label, chains.chain, chains.position, length, LONGEST_M)
    new = (got >= 0) & ~called
    first = _first_of_each(label)
    ref, name = ways.ref.copy(), ways.name.copy()
    ref[new], name[new] = ways.ref[first[got[new]]], ways.name[first[got[new]]]
    return Filled(replace(ways, ref=ref, name=name), length[new])


def _first_of_each(label: Ints) -> Ints:
    """First way with each label, by label."""
    first = np.full(int(label.max(initial=-1)) + 1, -1, np.int64)
    named = np.flatnonzero(label >= 0)[::-1]
    first[label[named]] = named
    return first
