"""Run partitions on this machine: in this process, or in worker processes that die with it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from types import TracebackType
from typing import Self, TypeVar

from covermap.engine.memory import data_bytes_of, usable_bytes
from covermap.engine.sums import Sums

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def copies(count: int) -> Iterator[ProcessPoolExecutor | None]:
    """Give worker processes that are copies of this one; None where that is not safe.

    A copy has all code that this process has imported. Two that come to work take 0.7 s of
    processors, two new processes 2.7 s; without byte code (PYTHONDONTWRITEBYTECODE) 1.3 s and
    5.6 s. But threads do not live on in a copy. So call it before this process works: before a
    library starts threads, a file is locked, or a bar is drawn; only then, and only on Linux, is it
    safe.
    """
    if count < 2 or sys.platform != "linux" or threading.active_count() > 1:
        yield None
        return
    with ProcessPoolExecutor(
        count, get_context("fork"), initializer=_die_with, initargs=(os.getpid(),)
    ) as pool:
        pool.submit(int)  # with the first work all copies are made
        yield pool


class Workers:
    """Worker processes of one build: started when first needed, kept until its end.

    Parameters
    ----------
    count
        Processes that work at the same time.
    memory_bytes
        See `memory_bytes`; None: most of what the machine has.
    pool
        As many processes that are there already (see `copies`), in place of new ones.
    """

    def __init__(
        self, count: int, memory_bytes: int | None = None, pool: ProcessPoolExecutor | None = None
    ) -> None:
        self.count = count
        self.memory_bytes = memory_bytes or usable_bytes()
        """What this process and its workers may take together."""
        self._pool = pool
        self._used = False

    @property
    def data_bytes(self) -> int:
        """What one process may hold besides its code, while the others work as well."""
        return data_bytes_of(self.memory_bytes, self.count)

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the workers; at once when an error or an interrupt ends the build."""
        if self._pool is None:
            return
        if error is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, small: bool = False
    ) -> Iterator[tuple[int, Result]]:
        """Do `work` on every item; yield (position, result) as each is done, in any order.

        Parameters
        ----------
        work
            A function of module level (worker processes import it by name).
        items
            What to work on; each must be picklable.
        small
            Bringing processes to work would cost more than it saves: run in this one, unless they
            have worked already.
        """
        if self.count == 1 or len(items) < 2 or (small and not self._used):
            for position, item in enumerate(items):
                yield position, work(item)
            return
        yield from self._in_processes(work, items)

    def add_up(self, sums: Sums, *, small: bool = False) -> Iterator[tuple[int, int]]:
        """Add up rows of equal keys; yield (groups written, their rows) as they are.

        Parameters
        ----------
        sums
            What to add up and how to write it.
        small
            As for `run`.
        """
        for position, rows in self.run(sums.together, sums.pieces, small=small):
            yield len(sums.pieces[position]), rows

    def _in_processes(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        self._used = True
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.count, get_context("spawn"), initializer=_die_with, initargs=(os.getpid(),)
            )
        todo = iter(enumerate(items))
        running: dict[Future[Result], int] = {}
        _fill(self._pool, work, todo, running, self.count * 2)
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
            _fill(self._pool, work, todo, running, self.count * 2)


def _fill(
    pool: ProcessPoolExecutor,
    work: Callable[[Item], Result],
    todo: Iterator[tuple[int, Item]],
    running: dict[Future[Result], int],
    limit: int,
) -> None:
    # A short queue: an interrupt then leaves little to wait for, and memory stays bounded.
    while len(running) < limit:
        following = next(todo, None)
        if following is None:
            return
        position, item = following
        running[pool.submit(work, item)] = position


def _die_with(parent: int) -> None:
    """End this worker when the parent is gone, however it went (kill -9 included)."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
