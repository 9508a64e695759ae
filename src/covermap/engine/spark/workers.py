"""The workers of a build on a Spark cluster: the interface of the local ones."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from covermap.engine.local import Workers
from covermap.engine.spark.executors import check_executors
from covermap.engine.spark.needs import check
from covermap.engine.spark.session import Session, first_line, full_text
from covermap.engine.sums import Sums
from covermap.errors import EngineError

Item = TypeVar("Item")
Result = TypeVar("Result")

LOOK_SECONDS = 0.5
MOST_TASKS = 10_000
"""Tasks of one job; more items share them."""


class SparkWorkers(Workers):
    """Executors of one build: asked for at its beginning, given back at its end.

    Parameters
    ----------
    master
        Address of the Spark master.
    memory_bytes
        What the driver's own part of the work may take; executors have their own setting.
    shared
        Folder that driver and executors both see; Spark's messages are kept in it.
    """

    def __init__(self, master: str | None, memory_bytes: int, shared: Path) -> None:
        super().__init__(1, memory_bytes)
        self.master, self.shared = master, shared
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start Spark, and see that its executors can do the work.

        Raises
        ------
        EngineError
            Spark, Java, the master or an executor is missing something; the message says what.
        """
        address = check(self.master)
        self.shared.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opening:
            session = opening.enter_context(Session(address, self.shared / "spark.log"))
            check_executors(session, self.shared)
            self.session = session
            self.count = max(1, session.context.defaultParallelism)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the executors back; work that still runs is cancelled."""
        self._open.close()

    def run(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        small: bool = False,  # noqa: ARG002
    ) -> Iterator[tuple[int, Result]]:
        """Do `work` on every item on the executors; yield (position, result) as each is done.

        An item whose executor is lost is done again elsewhere, so `work` must write whole files or
        none (`store.whole_folder`). An error of `work` itself is raised here at once.

        Parameters
        ----------
        work
            A function of module level.
        items
            What to work on; paths in them must be of the shared file system.
        small
            Not looked at: the executors are there already.
        """
        if not items:
            return
        from pyspark import cloudpickle

        from covermap.engine.spark.posts import Posts, do_items

        context = self.session.context
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        posts = context.accumulator([], Posts())
        posts.accum_param = Posts(heard.put)
        payloads = [
            (position, cloudpickle.dumps((work, item)))  # type: ignore[no-untyped-call]
            for position, item in enumerate(items)
        ]
        tasks = context.parallelize(payloads, min(len(payloads), MOST_TASKS))

        def job() -> None:
            tasks.foreachPartition(do_items(posts))

        for position, fine, value in self.in_job(job, heard):
            if not fine:
                raise value
            yield position, value

    def add_up(self, sums: Sums, *, small: bool = False) -> Iterator[tuple[int, int]]:  # noqa: ARG002
        """Add up rows of equal keys in Spark's own aggregation; yield (1, rows) a group.

        A group of one item's rows is made by one task, without an exchange.
        """
        from covermap.engine.spark.sums import add_up

        alone = sums.alone()
        for _, rows in self.run(sums.together, [sums.pieces[group] for group in alone]):
            yield 1, rows
        if len(alone) < sums.groups:
            yield from add_up(self, sums.without(alone), set(range(sums.groups)) - set(alone))

    def in_job(
        self, job: Callable[[], Any], heard: queue.SimpleQueue[Any], what: str = "covermap"
    ) -> Iterator[Any]:
        """Run a Spark job beside this thread, and yield what is heard of it as it comes.

        Leaving the loop early (an error, an interrupt) cancels the job.

        Raises
        ------
        EngineError
            Spark gave the job up.
        """
        context, group = self.session.context, uuid.uuid4().hex
        ended = object()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                context.setJobGroup(group, what, interruptOnCancel=True)
                job()
            except BaseException as error:
                failures.append(error)
            finally:
                heard.put(ended)

        thread = threading.Thread(target=run, daemon=True, name="covermap-spark-job")
        thread.start()
        try:
            while (told := self._next(heard)) is not ended:
                yield told
        finally:
            if thread.is_alive():
                with suppress(Exception):
                    context.cancelJobGroup(group)
            thread.join(timeout=30)
        if failures:
            raise self._given_up(failures[0])

    def _next(self, heard: queue.SimpleQueue[Any]) -> Any:
        while True:
            if self.session.interrupted.is_set():
                raise KeyboardInterrupt
            with suppress(queue.Empty):
                return heard.get(timeout=LOOK_SECONDS)

    def _given_up(self, error: BaseException) -> BaseException:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        from covermap.engine.spark.posts import carried

        told = carried(full_text(error))
        if told is not None:
            return told
        if isinstance(error, Py4JError | PySparkException | OSError):
            return EngineError(
                f"Spark gave up: {first_line(error)} If executors were lost, give them more memory "
                "(spark.executor.memory, spark.executor.memoryOverhead). Spark's messages are in "
                f"{self.session.log}. What is done is kept: run `covermap build` again."
            )
        return error
