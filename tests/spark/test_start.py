"""What is said when Spark, or what it needs, is not as it should be; and what is left behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import covermap
from covermap.core.cells import cells_at
from covermap.engine.memory import GB
from covermap.engine.spark import SparkWorkers, session
from covermap.errors import EngineError

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python for executors, without what .pth files add: an editable covermap is not in it."""
    path = tmp_path / "python"
    monkeypatch.setenv("PYSPARK_PYTHON", str(path))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return path


def write_python(path: Path, packages: str) -> None:
    path.write_text(
        f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{packages}" exec {sys.executable} -S "$@"\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def site_packages() -> str:
    import numpy

    return str(Path(numpy.__file__).parents[1])


def test_code_that_executors_do_not_have_is_shipped(python: Path, tmp_path: Path) -> None:
    write_python(python, site_packages())

    def where(_: int) -> tuple[str, int]:
        import covermap
        from covermap.core.cells import cells_at
        from covermap.resources import resource

        assert resource("data").is_dir()
        return covermap.__file__, int(cells_at([121.47], [31.23], 10)[0])

    with SparkWorkers("local-cluster[1,1,1024]", GB, tmp_path) as workers:
        ((_, (path, cell)),) = workers.run(where, [0])
    assert session.SHIPPED in path
    assert not Path(path).is_relative_to(Path(covermap.__file__).parent)
    assert cell == cells_at([121.47], [31.23], 10)[0]


def test_executors_that_lack_packages_are_named_with_what_they_lack(
    python: Path, tmp_path: Path
) -> None:
    write_python(python, "/nowhere")
    with pytest.raises(
        EngineError, match=r"executor on .* lacks numpy, pyarrow, .*Install covermap"
    ):
        SparkWorkers("local[1]", GB, tmp_path).__enter__()


def test_executors_without_python_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", "/nowhere/python3")
    with pytest.raises(EngineError, match=r"executors cannot run Python: .*Set PYSPARK_PYTHON"):
        SparkWorkers("local[1]", GB, tmp_path).__enter__()


def test_executors_of_another_python_are_told_of_with_both_versions(
    python: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    # a Python that says it is another: the next one is not on every machine
    (tmp_path / "other" / "sitecustomize.py").write_text(
        "import sys\n"
        "class V(tuple):\n    major, minor, micro = 3, 9, 1\n"
        "sys.version_info = V((3, 9, 1, 'final', 0))\n"
    )
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{tmp_path}/other:$PYTHONPATH" exec {sys.executable} "$@"\n'
    )
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    said = rf"their Python is 3\.9, this machine's {here}\. Set PYSPARK_PYTHON to a Python {here}"
    with pytest.raises(EngineError, match=said):
        SparkWorkers("local-cluster[1,1,1024]", GB, tmp_path).__enter__()


def test_a_workspace_that_executors_do_not_see_is_named(python: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("no file system of their own for executors: it takes root and `unshare`")
    shared = tmp_path / "workspace"
    shared.mkdir()
    # executors see an empty file system at the same path: the folder is there, and is another
    python.write_text(
        f"#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs none {shared} && "
        f'PYTHONPATH="$PYTHONPATH:{site_packages()}" exec {sys.executable} "$@"\' -- "$@"\n'
    )
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(EngineError, match=rf"executor on .* does not see {shared}\. Put"):
        SparkWorkers("local-cluster[1,1,1024]", GB, shared).__enter__()
    assert [p.name for p in shared.iterdir()] == ["spark.log"]


def test_workers_with_too_little_memory_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"did not start: .*memory .* must be at least"):
        SparkWorkers("local-cluster[2,1,300]", GB, tmp_path).__enter__()


def test_something_that_listens_but_is_no_master_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "STANDALONE_SECONDS", 3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(EngineError, match=r"takes connections but did not accept covermap"):
            SparkWorkers(f"spark://127.0.0.1:{port}", GB, tmp_path).__enter__()


def test_a_failed_start_leaves_nothing_changed(tmp_path: Path) -> None:
    environment, paths = dict(os.environ), list(sys.path)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(EngineError):
        SparkWorkers("local-cluster[1,1,300]", GB, tmp_path).__enter__()
    assert dict(os.environ) == environment
    assert sys.path == paths
    assert signal.getsignal(signal.SIGINT) is handler
    deadline = time.monotonic() + 10
    while _children() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _children()
    assert threading.current_thread() is threading.main_thread()


def _children() -> list[str]:
    own = Path(f"/proc/{os.getpid()}/task")
    pids = [p for t in own.iterdir() for p in (t / "children").read_text().split()]
    return [pid for pid in pids if b"java" in Path(f"/proc/{pid}/cmdline").read_bytes()]
