from __future__ import annotations

from pathlib import Path

import pytest

from covermap.engine import memory, workers_of
from covermap.engine.local import Workers
from covermap.engine.memory import GB, WORKER_BYTES, parse_size, usable_bytes, workers_for
from covermap.engine.step import StepContext
from covermap.errors import EngineError
from covermap.rules import load_pack
from covermap.store import Tables
from covermap.workspace import Config


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 5e8), ("1GB", 1e9), ("1.5 gb", 1.5e9), ("2G", 2e9), ("1GiB", 2**30), ("1T", 1e12)],
)
def test_a_size_is_read_with_its_unit(text: str, size: float) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1", "GB", "-1GB", "1.GB", "1e9", "1 PB", "1GBB"])
def test_what_is_no_size_is_named_with_how_to_write_one(text: str) -> None:
    with pytest.raises(EngineError, match=r"not a size. Write for example 500MB"):
        parse_size(text)


def test_by_default_a_build_takes_60_percent_of_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "total_bytes", lambda: 10 * GB)
    assert usable_bytes() == 6 * GB
    assert workers_of().memory_bytes == 6 * GB


def test_a_small_machine_is_used_whole_as_long_as_one_process_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "total_bytes", lambda: WORKER_BYTES + 1)
    assert usable_bytes() == WORKER_BYTES
    monkeypatch.setattr(memory, "total_bytes", lambda: WORKER_BYTES - 1)
    with pytest.raises(EngineError, match=r"has 700 MB, and a build needs at least 700 MB"):
        usable_bytes()


def test_too_little_memory_is_an_error_that_says_what_is_needed() -> None:
    with pytest.raises(EngineError, match=r"--memory 300 MB was given.*needs at least 700 MB"):
        workers_of(memory_bytes=300_000_000)


def test_workers_are_sized_to_cores_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "cores", lambda: 8)
    assert workers_for(100 * GB) == 8
    assert workers_for(100 * GB, wanted=3) == 3
    assert workers_for(1 * GB) == 1
    # each worker has its floor, and the leading process its code
    for count in range(2, 9):
        least = memory.CODE_BYTES + count * WORKER_BYTES
        assert workers_for(least) == count
        assert workers_for(least - 1) == count - 1


def test_a_step_sees_the_memory_of_its_workers(tmp_path: Path) -> None:
    ctx = StepContext(
        Tables(tmp_path),
        tmp_path,
        Config(),
        load_pack("project-default", tmp_path),
        Workers(1, 123),
    )
    assert ctx.memory_bytes == 123


def test_the_narrowest_cgroup_counts_in_version_2(tmp_path: Path) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("0::/outer/inner\n")
    inner = tmp_path / "fs/outer/inner"
    inner.mkdir(parents=True)
    folders = list(memory._cgroups("memory", tmp_path / "fs", membership))
    assert folders == [inner, inner.parent, tmp_path / "fs"]


def test_the_controller_of_version_1_is_found(tmp_path: Path) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("9:name=systemd:/x\n5:memory:/job\n4:cpu,cpuacct:/other\n")
    folders = list(memory._cgroups("memory", tmp_path / "fs", membership))
    assert folders[0] == tmp_path / "fs/memory/job"
    assert next(iter(memory._cgroups("cpu", tmp_path / "fs", membership))).name == "other"


def test_limits_of_cgroups_are_taken_and_the_word_max_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.setattr(memory, "_cgroups", lambda _: iter([inner, tmp_path]))
    whole = memory.total_bytes()
    (inner / "memory.max").write_text("max\n")
    assert memory.total_bytes() == whole
    (tmp_path / "memory.max").write_text("2000000000\n")
    assert memory.total_bytes() == 2 * GB
    (inner / "memory.limit_in_bytes").write_text("1000000000\n")
    assert memory.total_bytes() == 1 * GB


def test_a_quota_of_cpu_time_counts_as_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_cgroups", lambda _: iter([tmp_path]))
    monkeypatch.setattr(memory.os, "sched_getaffinity", lambda _: set(range(16)))
    assert memory.cores() == 16
    (tmp_path / "cpu.max").write_text("max 100000")
    assert memory.cores() == 16
    (tmp_path / "cpu.max").write_text("250000 100000")
    assert memory.cores() == 2
    (tmp_path / "cpu.max").write_text("50000 100000")
    assert memory.cores() == 1


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(EngineError, match=r"no such engine. There are: local, spark"):
        workers_of("dask")
