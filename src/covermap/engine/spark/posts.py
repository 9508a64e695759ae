"""What executors do with items, and how their results come back as each is done.

An accumulator carries the results: Spark counts the update of a task once, when it ends well,
however often the task was tried.
"""

from __future__ import annotations

import base64
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyspark.accumulators import AccumulatorParam

if TYPE_CHECKING:
    from pyspark.accumulators import Accumulator

Post = tuple[int, bool, Any]
"""Position of the item, whether it went well, and the result or the error."""


class Posts(AccumulatorParam[list[Post]]):
    """Lists joined together; on the driver each post is handed on instead."""

    def __init__(self, hand_on: Callable[[Post], None] | None = None) -> None:
        self._hand_on = hand_on

    def __reduce__(self) -> tuple[type[Posts], tuple[()]]:
        """Travel without what only the driver has."""
        return Posts, ()

    def zero(self, value: list[Post]) -> list[Post]:  # noqa: ARG002 - Spark's interface
        """Give no posts."""
        return []

    def addInPlace(self, value1: list[Post], value2: list[Post]) -> list[Post]:  # noqa: N802
        """Join two lists."""
        if self._hand_on is None:
            return [*value1, *value2]
        for post in value2:
            self._hand_on(post)
        return value1


MARK = "covermap-error:"


@contextmanager
def carrying() -> Iterator[None]:
    """Let an error of the block reach the driver as what it is, through Spark's texts."""
    try:
        yield
    except Exception as error:
        try:
            packed = base64.b64encode(pickle.dumps(error)).decode()
        except Exception:  # it cannot travel: its text does
            raise error from None
        raise RuntimeError(f"{MARK}{packed};") from None


def carried(text: str) -> Exception | None:
    """Give the error that a text of Spark's carries, if it carries one."""
    found = re.search(re.escape(MARK) + "([A-Za-z0-9+/=]+);", text)
    if found is None:
        return None
    error: Exception = pickle.loads(base64.b64decode(found.group(1)))
    return error


def do_items(posts: Accumulator[list[Post]]) -> Callable[[Iterable[tuple[int, bytes]]], None]:
    """Give the work of one task: its items, one after the other."""

    def do(items: Iterable[tuple[int, bytes]]) -> None:
        for position, payload in items:
            work, item = pickle.loads(payload)
            posts.add([_post(position, work, item)])

    return do


def _post(position: int, work: Callable[[Any], Any], item: Any) -> Post:
    try:
        value, fine = work(item), True
    except Exception as error:  # told to the driver: trying again would not help
        value, fine = error, False
    try:
        pickle.dumps(value)
    except Exception:
        value, fine = RuntimeError(f"{type(value).__name__}: {value}"), False
    return position, fine, value
