"""A Spark cluster of two worker processes on this machine, shared by the tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from covermap.engine.memory import GB
from covermap.engine.spark import SparkWorkers
from covermap.engine.spark.needs import check_java, check_pyspark
from covermap.errors import EngineError

MASTER = "local-cluster[2,1,2048]"


@pytest.fixture(scope="session", autouse=True)
def _java() -> None:
    """A machine without Java skips, saying so; where everything must run, that is a failure."""
    try:
        check_pyspark()
        check_java()
    except EngineError as error:
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(f"{error} CI is set: tests of Spark must run there.", pytrace=False)
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that driver and executors see."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="session")
def cluster(_java: None, shared: Path) -> Iterator[SparkWorkers]:
    """Workers on a running cluster."""
    with SparkWorkers(MASTER, 2 * GB, shared) as workers:
        yield workers


def executors() -> list[int]:
    """Processes of executors that descend from this process."""
    parents, found = {}, []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            )
            said = (folder / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue  # it ended meanwhile
        if b"CoarseGrainedExecutorBackend" in said:
            found.append(int(folder.name))
    return [pid for pid in found if _descends(pid, parents)]


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def kill(pid: int) -> None:
    """End a process as a machine that fails does."""
    os.kill(pid, signal.SIGKILL)
