"""Where partitions run: here, in processes, or on a Spark cluster; the same kernels everywhere."""

from __future__ import annotations

from covermap.engine.local import Workers
from covermap.engine.memory import usable_bytes, workers_for
from covermap.errors import EngineError

ENGINES = ("local",)


def workers_of(
    engine: str = "local",
    master: str | None = None,
    count: int | None = None,
    memory_bytes: int | None = None,
) -> Workers:
    """Give the workers of a build: the one place where the engine is chosen.

    Parameters
    ----------
    engine
        `local`.
    master
        Address of the Spark master; only with Spark.
    count
        Worker processes; None: one a core, as far as memory bears them.
    memory_bytes
        What the build may take; None: 60 % of what the machine has.

    Raises
    ------
    EngineError
        No such engine, or it cannot run here.
    """
    if engine not in ENGINES:
        raise EngineError(f"--engine {engine}: no such engine. There are: {', '.join(ENGINES)}.")
    if master is not None:
        raise EngineError(f"--master {master}: --engine {engine} has no master.")
    usable = usable_bytes(memory_bytes)
    return Workers(workers_for(usable, count), usable)
