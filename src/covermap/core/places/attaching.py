"""Samples to key points: by identity, name or floor as written, never by a position.

What is looked up are the distinct ways in which places, key points and floors are written, a few
however many samples there are.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from covermap.core.places.naming import WHOLE, plain

UNKNOWN_PLACE = "unknown_place"
UNKNOWN_KEY_POINT = "unknown_key_point"
NO_KEY_POINT = "no_key_point_named"
AMBIGUOUS = "name_of_several"
MOST_NEAREST = 3
_ALIKE = 0.5
"""Names at least this alike are told as near (ratio of `difflib`)."""


class Written(NamedTuple):
    """Where samples say that they were made."""

    place: str | None
    key_point: str | None
    floor: str | None


@dataclass(frozen=True)
class KeyPoint:
    """A key point that is known."""

    place_id: str
    key_point_id: str
    place_names: tuple[str, ...]
    """Code and name of its place, as declared."""
    name: str | None
    floor: str | None


@dataclass(frozen=True)
class Attached:
    """The key point that was meant; or why there is none, and the names nearest to it."""

    key_point: KeyPoint | None
    reason: str | None = None
    nearest: tuple[str, ...] = ()


class Known:
    """The key points of all places, ready to be looked up."""

    def __init__(self, points: Sequence[KeyPoint]) -> None:
        self._of_place: dict[str, dict[str, KeyPoint]] = defaultdict(dict)
        self._called: dict[str, set[str]] = defaultdict(set)
        self._shown: dict[str, str] = {}
        self._by_id: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for one in points:
            self._add(one)
        for place, held in self._of_place.items():
            if len(held) > 1:  # beside its key points, the place itself is an outline
                held.pop(WHOLE, None)
            assert held, place

    def _add(self, one: KeyPoint) -> None:
        self._of_place[one.place_id].setdefault(one.key_point_id, one)
        for name in (one.place_id, *one.place_names):
            self._called[plain(name)].add(one.place_id)
            self._shown.setdefault(plain(name), name)
        if plain(one.key_point_id) not in (plain(one.name), plain(one.floor), ""):
            self._by_id[plain(one.key_point_id)].add((one.place_id, one.key_point_id))

    @property
    def points(self) -> list[KeyPoint]:
        """Every key point once, by place and identity."""
        held = (one for points in self._of_place.values() for one in points.values())
        return sorted(held, key=lambda one: (one.place_id, one.key_point_id))

    def attach(self, written: Written) -> Attached:
        """Find the key point that is meant.

        A place is known by identity, code or name. Within it a key point is known by identity,
        else by name, else its floor alone where no key point is written; a floor also tells key
        points of one name apart. Without a place, an identity that only one place has is enough;
        a name is not.
        """
        if written.place is None:
            return self._by_identity(written.key_point)
        places = self._called.get(plain(written.place), set())
        if len(places) != 1:
            return self._no_place(written.place, several=bool(places))
        held = list(self._of_place[min(places)].values())
        return _within(held, written)

    def _by_identity(self, key_point: str | None) -> Attached:
        found = self._by_id.get(plain(key_point), set())
        if len(found) != 1:
            return Attached(None, AMBIGUOUS if found else UNKNOWN_PLACE)
        place, identity = min(found)
        return Attached(self._of_place[place][identity])

    def _no_place(self, written: str, *, several: bool) -> Attached:
        if several:
            return Attached(None, AMBIGUOUS)
        return Attached(None, UNKNOWN_PLACE, _nearest(written, self._shown))


def _within(held: list[KeyPoint], written: Written) -> Attached:
    """Find the key point among those of its place."""
    if written.key_point is None and len(held) == 1 and held[0].key_point_id == WHOLE:
        return Attached(held[0])
    found = _called(held, written)
    if len(found) > 1 and written.floor is not None:
        found = [one for one in found if plain(one.floor) == plain(written.floor)]
    if len(found) == 1:
        return Attached(found[0])
    if found:
        return Attached(None, AMBIGUOUS, _listed(found))
    if written.key_point is None and written.floor is None:
        return Attached(None, NO_KEY_POINT, _listed(held))
    names = {plain(_shown(one)): _shown(one) for one in held}
    near = _nearest(written.key_point or written.floor or "", names)
    return Attached(None, UNKNOWN_KEY_POINT, near or _listed(held))


def _called(held: list[KeyPoint], written: Written) -> list[KeyPoint]:
    """Key points that are called so: by identity first, then by name; else those of the floor."""
    if written.key_point is None:
        level = plain(written.floor)
        return [
            one for one in held if level and level in (plain(one.floor), plain(one.key_point_id))
        ]
    word = plain(written.key_point)
    by_id = [one for one in held if plain(one.key_point_id) == word]
    return by_id or [one for one in held if plain(one.name) == word]


def _nearest(written: str, names: dict[str, str]) -> tuple[str, ...]:
    close = difflib.get_close_matches(plain(written), sorted(names), MOST_NEAREST, _ALIKE)
    return tuple(names[name] for name in close)


def _listed(held: list[KeyPoint]) -> tuple[str, ...]:
    return tuple(sorted(_shown(one) for one in held)[:MOST_NEAREST])


def _shown(one: KeyPoint) -> str:
    return one.name or one.floor or one.key_point_id
