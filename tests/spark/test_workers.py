"""Items on executors: each is done once, errors are themselves, a lost executor is made good."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from covermap.engine.spark import SparkWorkers
from covermap.engine.sums import Sums
from covermap.errors import BuildError
from spark.conftest import executors, kill

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")

# Functions inside functions travel by value: executors do not know this folder of tests.


def test_items_are_done_by_several_processes_that_are_not_this_one(cluster: SparkWorkers) -> None:
    def work(item: int) -> tuple[int, int]:
        import os
        import time

        time.sleep(0.1)
        return item * item, os.getpid()

    done = dict(cluster.run(work, range(12), small=True))
    assert {k: square for k, (square, _) in done.items()} == {k: k * k for k in range(12)}
    pids = {pid for _, pid in done.values()}
    assert len(pids) >= 2
    assert os.getpid() not in pids


def test_no_items_give_no_results(cluster: SparkWorkers) -> None:
    assert list(cluster.run(str, [])) == []


def test_an_error_of_the_work_is_raised_as_itself_and_ends_the_job(cluster: SparkWorkers) -> None:
    def work(item: int) -> int:
        from covermap.errors import BuildError

        if item == 3:
            raise BuildError("part 3: damaged")
        return item

    with pytest.raises(BuildError, match=r"^part 3: damaged$"):
        list(cluster.run(work, range(8)))
    assert dict(cluster.run(lambda item: item, range(3))) == {0: 0, 1: 1, 2: 2}


def test_leaving_early_cancels_what_still_runs(cluster: SparkWorkers) -> None:
    def work(item: int) -> int:
        import time

        time.sleep(0.05 if item == 0 else 60)
        return item

    began = time.monotonic()
    for position, _ in cluster.run(work, range(4)):
        assert position == 0
        break
    assert time.monotonic() - began < 30
    deadline = time.monotonic() + 20
    tracker = cluster.session.context.statusTracker()
    while tracker.getActiveJobsIds() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not tracker.getActiveJobsIds()


def killer(marks: Path) -> tuple[threading.Thread, list[int]]:
    """Kill the executor of the first task that says it has begun, then let tasks go on."""
    killed: list[int] = []

    def wait_and_kill() -> None:
        while not (begun := list(marks.glob("begun-*"))):
            time.sleep(0.05)
        one = int(begun[0].name.removeprefix("begun-"))
        here = executors()
        while one not in here and one > 1:  # a Python worker: its executor is above it
            one = int(Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()[1])
        assert one in here
        kill(one)
        killed.append(one)
        (marks / "go").touch()

    thread = threading.Thread(target=wait_and_kill, daemon=True)
    thread.start()
    return thread, killed


def wait_for_the_kill(marks: Path) -> Callable[[], None]:
    folder = str(marks)

    def wait() -> None:
        import os
        import time

        if not os.path.exists(f"{folder}/go"):
            open(f"{folder}/begun-{os.getpid()}", "w").close()
        while not os.path.exists(f"{folder}/go"):
            time.sleep(0.05)

    return wait


def test_an_executor_killed_in_the_midst_of_its_items_costs_nothing_but_time(
    cluster: SparkWorkers, shared: Path
) -> None:
    marks = shared / "items"
    marks.mkdir()
    wait = wait_for_the_kill(marks)

    def work(item: int) -> int:
        wait()
        return item + 100

    thread, killed = killer(marks)
    told = list(cluster.run(work, range(10)))
    thread.join()
    assert sorted(told) == [(k, k + 100) for k in range(10)]  # each once, none lost
    assert killed
    assert killed[0] not in executors()


SCHEMA = pa.schema([("file", pa.int64()), ("word", pa.string()), ("n", pa.int64())])
GROUPS, ITEMS, ROWS = 6, 8, 20_000


def sums_of(folder: Path, wait: Callable[[], None], broken: int | None = None) -> Sums:
    target = str(folder)

    def rows_of(seed: int) -> Iterator[pa.Table]:
        import numpy as np
        import pyarrow as pa

        if seed == broken:
            from covermap.errors import BuildError

            raise BuildError("item: damaged")
        rng = np.random.default_rng(seed)
        words = pa.array(["a", "b", "浦东"]).take(pa.array(rng.integers(0, 3, ROWS)))
        file = rng.integers(0, GROUPS - 1, ROWS)  # the last group has no row
        yield pa.table({"file": file, "word": words, "n": rng.integers(-9, 10**9, ROWS)})

    def write(group: int, rows: pa.Table) -> str:
        import os
        import uuid

        wait()
        aside = f"{target}/.{group}.{uuid.uuid4().hex}.part"
        with open(aside, "w", encoding="utf-8") as out:
            ordered = rows.sort_by("word").to_pylist()
            out.write(repr([(row["word"], row["n"]) for row in ordered]))
            out.flush()
            os.fsync(out.fileno())
        return aside

    def keep(group: int, aside: str) -> int:
        os.rename(aside, f"{target}/{group}")
        return 1

    return Sums(range(ITEMS), rows_of, SCHEMA, ("n",), "file", GROUPS, write, keep, [], len)


def plain_sums() -> dict[str, str]:
    total = {str(group): dict[str, int]() for group in range(GROUPS)}
    for seed in range(ITEMS):
        rng = np.random.default_rng(seed)
        words = np.array(["a", "b", "浦东"])[rng.integers(0, 3, ROWS)]
        files, values = rng.integers(0, GROUPS - 1, ROWS), rng.integers(-9, 10**9, ROWS)
        for file, word, n in zip(files.tolist(), words.tolist(), values.tolist(), strict=True):
            of = total[str(file)]
            of[word] = of.get(word, 0) + n
    return {group: repr(sorted(of.items())) for group, of in total.items()}


def kept(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in folder.iterdir() if not p.name.startswith(".")}


def nothing() -> Any:
    return lambda: None


def test_sums_are_exact_and_every_group_is_written_once(
    cluster: SparkWorkers, shared: Path
) -> None:
    out = shared / "sums"
    out.mkdir()
    told = list(cluster.add_up(sums_of(out, nothing())))
    assert told == [(1, 1)] * GROUPS
    assert kept(out) == plain_sums()


def test_an_executor_killed_while_it_writes_sums_leaves_them_exact(
    cluster: SparkWorkers, shared: Path
) -> None:
    out, marks = shared / "sums-killed", shared / "sums-marks"
    out.mkdir()
    marks.mkdir()
    thread, killed = killer(marks)
    told = list(cluster.add_up(sums_of(out, wait_for_the_kill(marks))))
    thread.join()
    assert told == [(1, 1)] * GROUPS
    assert kept(out) == plain_sums()
    assert killed
    assert killed[0] not in executors()


def test_an_error_of_a_kernel_is_raised_as_itself_and_nothing_is_kept(
    cluster: SparkWorkers, shared: Path
) -> None:
    out = shared / "sums-broken"
    out.mkdir()
    with pytest.raises(BuildError, match=r"^item: damaged$"):
        list(cluster.add_up(sums_of(out, nothing(), broken=3)))
    assert kept(out) == {}
