"""`covermap build --engine spark`: the bytes of the local engine, whatever happens meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from covermap.store import Workspace
from spark.conftest import MASTER, executors, kill
from workspaces import make_workspace, table_bytes

COVERMAP = [sys.executable, "-c", "from covermap.cli import main; main()"]
SPARK = ["--engine", "spark", "--master", MASTER]


@contextmanager
def building(root: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COVERMAP, "build", str(root), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def until_step(process: subprocess.Popen[str], step: str) -> None:
    """Read what is printed until a step has ended."""
    assert process.stderr
    for line in process.stderr:
        if line.startswith(f"{step}: "):
            return
    raise AssertionError(f"{step} did not end")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("spark") / "local", runs=4)


def test_a_build_on_spark_has_the_bytes_of_a_local_one_though_an_executor_dies(
    simulated: Path,
) -> None:
    other = simulated.parent / "spark"
    shutil.copytree(simulated, other)
    subprocess.run([*COVERMAP, "build", str(simulated)], check=True, capture_output=True)
    with building(other, *SPARK) as process:
        until_step(process, "ingest")
        before = executors()
        assert len(before) == 2
        kill(before[0])  # the cube is being made: counted here, added up there
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    local, spark = Workspace(simulated).current(), Workspace(other).current()
    assert spark.id == local.id
    assert table_bytes(spark.folder) == table_bytes(local.folder)
    assert local.rows("cell_evidence") > 100
    assert not list((other / ".cache").glob(".*.part"))
    assert "Traceback" not in err + out

    again = subprocess.run(
        [*COVERMAP, "build", str(other), "--explain"], check=True, capture_output=True, text=True
    )
    grid = re.search(r"^\s*grid\D+(\d+)\D+(\d+)", again.stdout, re.MULTILINE)
    assert grid
    assert grid.group(1) == grid.group(2)  # what Spark made, the local engine finds


def test_an_interrupt_ends_spark_and_leaves_no_build(simulated: Path) -> None:
    other = simulated.parent / "interrupted"
    shutil.copytree(simulated, other, ignore=shutil.ignore_patterns(".cache", "builds", "current"))
    with building(other, *SPARK) as process:
        until_step(process, "ingest")
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not (other / "current").exists()
    deadline = time.monotonic() + 15
    while executors() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not executors()


def test_a_master_that_is_not_there_is_one_line(simulated: Path) -> None:
    began = time.monotonic()
    said = subprocess.run(
        [*COVERMAP, "build", str(simulated), "--engine", "spark", "--master", "spark://127.0.0.1:1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 2
    assert said.stderr.startswith("Error: --master spark://127.0.0.1:1: nobody answers there")
    assert len(said.stderr.splitlines()) == 1
    assert time.monotonic() - began < 30
