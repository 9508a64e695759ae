"""Folders that many tests read or copy: made once in a run, whichever worker process asks first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

PLACE = "COVERMAP_TEST_SHELF"
"""Variable that names the folder of this run; conftest sets it before workers start."""


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Folder that `make` has written, for reading alone."""
    folder = Path(os.environ[PLACE]) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


def copy_of(name: str, make: Callable[[Path], object], root: Path) -> Path:
    """Copy of such a folder at `root`, to be changed as one likes."""
    shutil.copytree(made_once(name, make), root, symlinks=True, dirs_exist_ok=True)
    return root
