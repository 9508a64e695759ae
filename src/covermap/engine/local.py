"""Run partitions on this machine: in this process, or in worker processes that die with it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def worker_count(wanted: int | None = None) -> int:
    """Give the number of worker processes: as asked, else one a core."""
    return max(1, wanted or len(os.sched_getaffinity(0)))


def run_parts(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[int, Result]]:
    """Do `work` on every item; yield (position, result) as each is done, in any order.

    One worker, or one item, runs in this process. The first error stops the rest and is raised.

    Parameters
    ----------
    work
        A function of module level (worker processes import it by name).
    items
        What to work on; each must be picklable.
    workers
        Number of worker processes.
    """
    if workers == 1 or len(items) < 2:
        for position, item in enumerate(items):
            yield position, work(item)
        return
    yield from _in_processes(work, items, min(workers, len(items)))


def _in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[int, Result]]:
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_die_with, initargs=(os.getpid(),)
    )
    todo = iter(enumerate(items))
    running: dict[Future[Result], int] = {}
    try:
        _fill(pool, work, todo, running, workers * 2)
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
            _fill(pool, work, todo, running, workers * 2)
    except BaseException:
        _stop(pool)
        raise
    pool.shutdown()


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


def _stop(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def _die_with(parent: int) -> None:
    """End this worker when the parent is gone, however it went (kill -9 included)."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
