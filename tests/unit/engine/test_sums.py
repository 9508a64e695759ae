"""Which groups of a sum need no exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from covermap.engine.sums import Sums


@dataclass(frozen=True)
class Item:
    file: int


def sums(items: list[Any], groups: int, pieces: int | None = None) -> Sums:
    each = [[n] for n in range(groups if pieces is None else pieces)]
    return Sums(
        items, lambda _: iter(()), pa.schema([("file", pa.int64())]), (), "file", groups,
        lambda *_: None, lambda *_: None, each, len,
    )  # fmt: skip


def test_groups_of_one_item_are_alone_and_the_others_are_exchanged() -> None:
    work = sums([Item(0), Item(1), Item(1), Item(3)], 4)
    assert work.alone() == [0, 3]
    assert work.without([0, 3]).items == [Item(1), Item(1)]


def test_items_that_give_rows_of_several_groups_leave_none_alone() -> None:
    assert sums([Item(0), object()], 2).alone() == []


def test_pieces_that_make_several_groups_leave_none_alone() -> None:
    assert sums([Item(0), Item(1)], 2, pieces=1).alone() == []
