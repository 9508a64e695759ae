"""Where partitions run: here, in processes, or on a Spark cluster; the same kernels everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from covermap.engine.local import Workers, copies
from covermap.engine.memory import usable_bytes, workers_for
from covermap.errors import EngineError

ENGINES = ("local", "spark")


@contextmanager
def early_workers(
    engine: str = "local", count: int | None = None, memory_bytes: int | None = None
) -> Iterator[ProcessPoolExecutor | None]:
    """Give processes for `workers_of`, if this one may be copied (see ``local.copies``).

    For a process that does one build and has not begun with it; `workers_of` says what is wrong
    with what is asked.
    """
    wanted = workers_for(usable_bytes(memory_bytes), count) if engine == "local" else 1
    with copies(wanted) as pool:
        yield pool


def workers_of(
    engine: str = "local",
    master: str | None = None,
    count: int | None = None,
    memory_bytes: int | None = None,
    shared: Path | None = None,
    pool: ProcessPoolExecutor | None = None,
) -> Workers:
    """Give the workers of a build: the one place where the engine is chosen.

    Parameters
    ----------
    engine
        `local` or `spark`.
    master
        Address of the Spark master; only with Spark.
    count
        Worker processes; None: one a core, as far as memory bears them.
    memory_bytes
        What the build may take; None: 60 % of what the machine has.
    shared
        Folder that executors see as well; needed with Spark.
    pool
        Processes of `early_workers` for the same engine, count and memory.

    Raises
    ------
    EngineError
        No such engine, or it cannot run here.
    """
    if engine not in ENGINES:
        raise EngineError(f"--engine {engine}: no such engine. There are: {', '.join(ENGINES)}.")
    usable = usable_bytes(memory_bytes)
    if engine == "spark":
        # imported here: PySpark is an extra
        from covermap.engine.spark import SparkWorkers

        return SparkWorkers(master, usable, shared or Path())
    if master is not None:
        raise EngineError(f"--master {master}: the local engine has none; add --engine spark.")
    return Workers(workers_for(usable, count), usable, pool)
