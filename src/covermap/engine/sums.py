"""Rows of many items added up by key and written in groups: what an engine is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Sums:
    """Rows that items give; those of equal keys are added up, and each group is written once.

    All functions are of module level (or partials of such): they run on executors. What is written
    must not depend on the order of a group's rows.
    """

    items: Sequence[Any]
    """What gives rows, about as much work each: a part of a file."""
    rows_of: Callable[[Any], Iterator[pa.Table]]
    """The kernel: rows of an item, of `schema`, without nulls; keys may repeat."""
    schema: pa.Schema
    sums: tuple[str, ...]
    """Columns to add up (int64); all others are the key."""
    group: str
    """The column of the key whose values are the groups, numbered from 0."""
    groups: int
    write: Callable[[int, pa.Table], Any]
    """Write a group under a temporary name, given its rows with distinct keys, in any order; give
    what `keep` needs."""
    keep: Callable[[int, Any], Any]
    """Give what was written its place, and the number of rows; called here, once a group."""
    pieces: Sequence[Sequence[Any]]
    """The same work for one process: as many things in a piece as it makes groups."""
    together: Callable[[Any], int]
    """Make the groups of a piece; give the number of rows."""

    def alone(self) -> list[int]:
        """Give the groups whose rows all come from one item, in order: they need no exchange.

        Known of items that tell it: their attribute `file` is the group of all their rows. The
        piece of such a group must make no other.
        """
        if len(self.pieces) != self.groups:
            return []
        gives = Counter(getattr(item, self.group, None) for item in self.items)
        return [group for group in range(self.groups) if gives[group] == 1 and not gives[None]]

    def without(self, groups: Collection[int]) -> Sums:
        """Leave out the items of some groups that are alone."""
        left = [item for item in self.items if getattr(item, self.group, None) not in groups]
        return replace(self, items=left)
