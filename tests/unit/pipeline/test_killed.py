"""A build that is killed at any moment leaves the one served before, and costs nothing later."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from workspaces import make_workspace, table_bytes

# A shell that runs its children in the background has them ignore SIGINT; a user's does not.
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from covermap.cli import main; main()"
)
COMMAND = [sys.executable, "-c", START, "build", "--workers", "2"]
KILLS = 10
STEPS = 9
"""Steps that a build tells the end of, one line each."""


def _kill_after(steps: int, seconds: float, root: Path) -> bool:
    """Kill a build so long after so many of its steps; tell whether it was still running."""
    process = subprocess.Popen(
        [*COMMAND, str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    with process.stderr:
        for _ in range(steps):
            process.stderr.readline()
        time.sleep(seconds)
        running = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    return running


def _more_logs(root: Path, other: Path) -> None:
    for path in sorted((other / "raw").glob("*.csv")):
        shutil.copy(path, root / "raw")


@pytest.mark.slow
def test_kill_9_at_ten_random_moments_harms_nothing(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", runs=1)
    served = build(root, BuildOptions(workers=1))
    before = table_bytes(served.folder)
    whole = make_workspace(tmp_path / "whole", runs=8)
    undisturbed = build(whole, BuildOptions(workers=1))
    _more_logs(root, whole)

    moments = random.Random(1)
    killed = 0
    for _ in range(KILLS):
        killed += _kill_after(moments.randrange(STEPS), moments.uniform(0, 0.4), root)
        current = Workspace(root).current()
        if current.id == served.id:
            assert table_bytes(current.folder) == before
        else:
            assert current.id == undisturbed.id
    assert killed >= 5, "the kills came too late to prove anything"

    after = build(root, BuildOptions(workers=2))
    assert after.id == undisturbed.id
    assert table_bytes(after.folder) == table_bytes(undisturbed.folder)
    left = [p for p in root.rglob("*.part") if p.exists()]
    assert left == []


@pytest.mark.slow
def test_an_interrupted_build_says_so_and_leaves_no_rubbish(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", runs=8)
    process = subprocess.Popen(
        [*COMMAND, str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (root / ".cache").is_dir() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert Workspace(root).current_id is None
    build(root, BuildOptions(workers=1))
