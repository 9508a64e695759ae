"""Identities and names of key points, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

WHOLE = "-"
"""Key point of a place that has none: the place itself."""


def plain(text: str | None) -> str:
    """Give a name as names are compared: full width as half, no case, no space or punctuation.

    Examples
    --------
    >>> plain("Ｂ１ 停车场（东）"), plain("Main-Hall"), plain(None)
    ('b1停车场东', 'mainhall', '')
    """
    if text is None:
        return ""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]", "", folded)


def key_point_ids(
    place: Sequence[str],
    given: Sequence[str | None],
    name: Sequence[str | None],
    floor: Sequence[str | None],
) -> list[str]:
    """Give each key point an identity within its place; same length.

    The one that is given; else its name, and its floor where several of the place have that name;
    else its floor; else `WHOLE`.

    Examples
    --------
    >>> key_point_ids("aaab", [None] * 4, ["hall", "lift", "lift", None], [None, "1", "2", None])
    ['hall', 'lift/1', 'lift/2', '-']
    """
    several = Counter(zip(place, name, strict=True))
    made = []
    for where, own, called, level in zip(place, given, name, floor, strict=True):
        if own is None and called is not None:
            own = f"{called}/{level}" if level and several[where, called] > 1 else called
        made.append(own or level or WHOLE)
    return made
