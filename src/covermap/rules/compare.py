"""What differs between two rule packs, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from covermap.rules.pack import RulePack

NAMES = ("id", "title", "title_zh", "version")
"""What names a pack: two packs that differ in these alone judge alike."""


@dataclass(frozen=True)
class Change:
    """One key that two packs give different values; None: the pack does not have it."""

    key: str
    first: Any
    second: Any


def differences(first: RulePack, second: RulePack, sources: bool = False) -> list[Change]:
    """List the keys whose values differ, in the order of the file; `sources`: these, too.

    What one pack alone has (a section, a target) is one change, with all that is in it.

    Examples
    --------
    >>> from covermap.rules import load_pack
    >>> found = differences(load_pack("trai"), load_pack("korea"))
    >>> found[0]
    Change(key='standards.lte.rsrp_dbm', first=-110.0, second=-105.0)
    """
    values = [pack.model_dump(mode="json", exclude=set(NAMES)) for pack in (first, second)]
    found = list(_walk("", *values))
    return found if sources else [change for change in found if not _only_told(change.key)]


def _only_told(key: str) -> bool:
    """Whether a key says where a figure is from, or what it is called, and judges nothing."""
    return key.rsplit(".", 1)[-1] in ("source", "title", "title_zh")


def _walk(place: str, first: Any, second: Any) -> Iterator[Change]:
    first, second = (None if value == {} else value for value in (first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        for key in dict.fromkeys([*first, *second]):
            inside = f"{place}.{key}" if place else key
            yield from _walk(inside, first.get(key), second.get(key))
    elif first != second:
        yield Change(place, first, second)
