"""Sums by key in Spark's own aggregation, between a kernel and a writer that run in Python.

Items travel as rows; `mapInArrow` runs the kernel on each and gives the rows to Spark, which adds
them up (partly where they are made, then after one exchange by key), brings each group together
and gives it to the writer.
"""

from __future__ import annotations

import pickle
import queue
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from covermap.engine.spark.posts import Posts, carrying
from covermap.engine.sums import Sums

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from covermap.engine.spark.workers import SparkWorkers

TASKS_PER_CORE = 4
"""Shares that a stage is cut into: what a lost executor takes with it, or a slow one holds up."""
BATCH_ROWS = 250_000


def add_up(workers: SparkWorkers, sums: Sums, groups: set[int]) -> Iterator[tuple[int, int]]:
    """Add up and write these groups; yield (1, rows) as each is written.

    What a task wrote is told when it has ended well, and only then kept: a task whose input broke
    off, because an executor was lost, may have taken a part of a group for the whole.
    """
    from pyspark import cloudpickle

    session = workers.session.sql()
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    posts = workers.session.context.accumulator([], Posts())
    posts.accum_param = Posts(heard.put)
    tasks = TASKS_PER_CORE * workers.count
    payloads = [(cloudpickle.dumps(item),) for item in sums.items]  # type: ignore[no-untyped-call]

    def job() -> None:
        rows = _items(session, payloads, tasks).mapInArrow(_kernel(sums), _types(sums.schema))
        by_group = (
            _summed(rows, sums).repartition(tasks, sums.group).sortWithinPartitions(sums.group)
        )
        by_group.mapInArrow(_writer(sums, posts), "groups long").agg({"groups": "sum"}).collect()

    missing = set(groups)
    for group, _, written in workers.in_job(job, heard):
        missing.discard(group)
        yield 1, sums.keep(group, written)
    for group in sorted(missing):  # no item gave a row for them
        yield 1, sums.keep(group, sums.write(group, sums.schema.empty_table()))


def _items(session: SparkSession, payloads: list[tuple[bytes]], tasks: int) -> DataFrame:
    shares = min(len(payloads), max(tasks, len(payloads) // 100))
    return session.createDataFrame(
        session.sparkContext.parallelize(payloads, shares), "item binary"
    )


def _summed(rows: DataFrame, sums: Sums) -> DataFrame:
    from pyspark.sql import functions as f

    keys = [name for name in sums.schema.names if name not in sums.sums]
    return rows.groupBy(*keys).agg(*(f.sum(name).alias(name) for name in sums.sums))


def _types(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def _kernel(sums: Sums) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    rows_of, schema = sums.rows_of, sums.schema

    def apply(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for payload in batch.column("item"):
                with carrying():
                    for rows in rows_of(pickle.loads(payload.as_py())):
                        yield from rows.cast(schema).to_batches(BATCH_ROWS)

    return apply


def _writer(
    sums: Sums, posts: Any
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    name, schema, write = sums.group, sums.schema, sums.write

    def apply(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        written = 0
        for group, rows in groups_of(batches, name, schema):
            with carrying():
                posts.add([(group, True, write(group, rows))])
            written += 1
        yield pa.record_batch({"groups": pa.array([written], pa.int64())})

    return apply


def groups_of(
    batches: Iterator[pa.RecordBatch], name: str, schema: pa.Schema
) -> Iterator[tuple[int, pa.Table]]:
    """Cut rows that come sorted by a column into one table for each of its values.

    Only the rows of one group, and a batch, are held.
    """
    held: list[pa.RecordBatch] = []
    current: int | None = None
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            value = batch.column(name)[start].as_py()
            if current is not None and value != current:
                yield current, pa.Table.from_batches(held).cast(schema)
                held = []
            current = value
            # sorted, so the value's rows end where a greater one first stands
            end = start + pc.sum(pc.equal(batch.column(name).slice(start), value)).as_py()
            held.append(batch.slice(start, end - start))
            start = end
    if current is not None:
        yield current, pa.Table.from_batches(held).cast(schema)
