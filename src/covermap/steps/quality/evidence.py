"""Samples to tests, log by log, and tests to counts per region, line, layer, run and device.

The tests of a log are kept while its samples are what they were; no rule is in them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from covermap.core.cells import NO_CELL, resolutions
from covermap.core.cube.samples import cells_of
from covermap.core.quality.bins import edges_of
from covermap.core.quality.tests import KINDS, NEEDED, find_tests
from covermap.engine.step import StepContext
from covermap.engine.whole_runs import BATCH_ROWS, whole_runs
from covermap.store import rows_in, whole_folder, write_table
from covermap.tables import LEVELS, LOG_TESTS, NO_TECHNOLOGY, TEST_EVIDENCE

NAME = TEST_EVIDENCE.name
COLUMNS = (
    *NEEDED, "seq", "period", "simulated", "lon", "lat", "position_basis", "position_error_m",
)  # fmt: skip
TEXTS = ("run_id", "device_id", "source", "operator", "technology", "period", "position_basis")
SMALL_ROWS = 2_000_000
SHORT = "short.json"
"""Beside the tests of a log: transfers that were too short for a test, by kind."""


@dataclass(frozen=True)
class LogWork:
    """One log's samples, and where its tests go."""

    samples: Path
    folder: Path
    resolution: int
    max_error_m: float
    declared: tuple[tuple[str, tuple[str, ...] | None], ...]
    """Input -> kinds of tests that it is declared to hold; None: not declared."""


def run(ctx: StepContext) -> None:
    """Write `test_evidence`: tests of all logs, counted where they were made."""
    with tempfile.TemporaryDirectory(prefix=".tests-", dir=ctx.out) as aside:
        work = _work(ctx, Path(aside))
        missing = [one for one in work if not one.folder.is_dir()]
        small = sum(rows_in(one.samples) for one in missing) < SMALL_ROWS
        for done, _ in enumerate(ctx.workers.run(tests_of_log, missing, small=small), start=1):
            ctx.progress(0.8 * done / len(missing), "logs")
        ctx.report["logs_read"], ctx.report["logs_kept"] = len(missing), len(work) - len(missing)
        short: Counter[str] = Counter()
        for one in work:
            short.update(json.loads((one.folder / SHORT).read_text(encoding="utf-8")))
        ctx.report["transfers_too_short"] = dict(sorted(short.items()))
        ctx.write_sorted(NAME, _counted(ctx, [one.folder for one in work]))


def _work(ctx: StepContext, aside: Path) -> list[LogWork]:
    declared = tuple(sorted((m.name, m.tests) for m in ctx.config.measurements))
    common = (ctx.config.grid.resolution, ctx.config.positions.max_error_m, declared)
    place = ctx.part or (lambda key: aside / key)
    work = []
    for path in ctx.tables.parts("samples"):
        # the file is a link to a result that is named by its content
        said = json.dumps([NAME, path.resolve().parent.name, path.stem, common])
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        work.append(LogWork(path, place(key), *common))
    return work


def tests_of_log(work: LogWork) -> int:
    """Write the tests of one log; give their number."""
    made, short = [LOG_TESTS.schema.empty_table()], Counter[str]()
    declared = dict(work.declared)
    if _has_tests(work.samples):
        for samples in whole_runs(work.samples, COLUMNS, TEXTS):
            for name, own in _by_input(samples):
                rows, few = _tests(own, declared.get(name), work)
                made.append(rows)
                short.update(few)
    with whole_folder(work.folder) as folder:
        (folder / SHORT).write_text(json.dumps(dict(sorted(short.items()))), encoding="utf-8")
        return write_table(folder / f"{LOG_TESTS.name}.parquet", pa.concat_tables(made), LOG_TESTS)


def _has_tests(path: Path) -> bool:
    """Whether any row group has a value in a column of tests, as its footer tells."""
    file = pq.read_metadata(path)
    columns = [k for k in range(file.num_columns) if file.schema.column(k).name in KINDS.values()]
    for group in map(file.row_group, range(file.num_row_groups)):
        for column in map(group.column, columns):
            known = column.statistics
            if known is None or known.null_count is None or known.null_count < group.num_rows:
                return True
    return False


def _by_input(samples: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Part samples by the input that their run is named after: a file of samples has one."""
    coded = samples.column("run_id").combine_chunks()
    inputs = pc.replace_substring_regex(coded.dictionary, "/.*", "").take(coded.indices)
    for name in pc.unique(inputs).to_pylist():
        yield name, samples.filter(pc.equal(inputs, name))


def _tests(
    samples: pa.Table, declared: tuple[str, ...] | None, work: LogWork
) -> tuple[pa.Table, dict[str, int]]:
    found = find_tests(samples, declared)
    own = samples.take(pa.array(found.row))
    cell = cells_of(own, work.max_error_m, work.resolution)
    kind = np.array(list(KINDS))[found.kind]
    upper = kind == "latency"
    edge = np.where(upper, edges_of(found.value, upper=True), edges_of(found.value))
    technology = own.column("technology").cast(pa.string())
    columns: dict[str, Any] = {
        name: own.column(name).cast(LOG_TESTS.schema.field(name).type)
        for name in LOG_TESTS.names if name in own.column_names
    } | {
        "technology": pc.if_else(own.column("service"), technology, NO_TECHNOLOGY),
        "cell": pa.array(cell, mask=cell == NO_CELL),
        "kind": pa.array(kind, pa.string()),
        "bin": pa.array(edge),
        "value": pa.array(found.value),
    }  # fmt: skip
    return pa.table({n: columns[n] for n in LOG_TESTS.names}, schema=LOG_TESTS.schema), found.short


def _counted(ctx: StepContext, folders: list[Path]) -> Iterator[pa.RecordBatch]:
    """Count tests in every place that they were made in, in the order of the table."""
    parts = [str(folder / f"{LOG_TESTS.name}.parquet") for folder in folders]
    if not parts:
        return
    with ctx.connect("matched", "counting_cells", "samples", "named_points") as build:
        build.read_parquet(parts).create_view("tests")
        keys = ", ".join(TEST_EVIDENCE.names[3:11])
        scopes = " UNION ALL ".join(_scopes(build))
        rows = build.sql(
            f"SELECT scope, level, scope_id, {keys}, count(*) AS n, "
            "CAST(sum(value) AS BIGINT) AS sum, bool_or(simulated) AS simulated "
            f"FROM ({scopes}) GROUP BY scope, level, scope_id, {keys} "
            f"ORDER BY {', '.join(TEST_EVIDENCE.key)}"
        )
        for batch in rows.to_arrow_reader(BATCH_ROWS):
            yield batch.cast(TEST_EVIDENCE.schema)


def _scopes(build: Any) -> Iterator[str]:
    """Give a query for each kind of place: tests with the place that they were made in."""
    yield "SELECT 'all' AS scope, CAST(NULL AS VARCHAR) AS level, CAST(NULL AS VARCHAR) AS " \
          "scope_id, tests.* FROM tests"  # fmt: skip
    yield (
        "SELECT 'line', NULL, line_id, tests.* FROM tests JOIN matched USING (run_id, seq) "
        "WHERE line_id IS NOT NULL"
    )
    yield (
        "SELECT 'place', NULL, place_id, tests.* FROM tests JOIN samples s USING (run_id, seq) "
        "JOIN named_points p ON s.place IS NOT DISTINCT FROM p.place "
        "AND s.key_point IS NOT DISTINCT FROM p.key_point AND s.floor IS NOT DISTINCT FROM p.floor"
    )
    for (cell,) in build.execute("SELECT cell FROM counting_cells LIMIT 1").fetchall():
        parent = parent_sql("tests.cell", int(resolutions(np.array([cell], np.int64))[0]))
        for level in LEVELS:
            yield (
                f"SELECT 'region', '{level}', {level}, tests.* FROM tests "
                f"JOIN counting_cells ON counting_cells.cell = {parent} WHERE {level} IS NOT NULL"
            )


def parent_sql(cell: str, resolution: int) -> str:
    """Write the ancestor of a cell of at least this resolution in SQL.

    The resolution stands in bits 52 to 55 of the index; each finer digit has three bits, all set
    where it is not used.
    """
    unused = (1 << 3 * (15 - resolution)) - 1
    return f"(({cell} & ~{15 << 52}::BIGINT) | {resolution << 52}::BIGINT | {unused}::BIGINT)"
