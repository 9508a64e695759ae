"""Work on many items in threads, in order, a few ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2
AHEAD = 32
"""Pieces of work that are begun before their turn: what is held in memory stays small."""


def in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int = THREADS
) -> Generator[Result, None, None]:
    """Do work that leaves Python's lock on every item; results in order."""
    if len(items) < 2 or threads < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        running = deque(pool.submit(work, item) for item in items[:AHEAD])
        try:
            for done in range(len(items)):
                yield running.popleft().result()
                if done + AHEAD < len(items):
                    running.append(pool.submit(work, items[done + AHEAD]))
        finally:
            pool.shutdown(cancel_futures=True)
