"""A built workspace that tests of the command line may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import covermap
from workspaces import make_workspace


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a workspace; copy it before changing it."""
    root = make_workspace(tmp_path_factory.mktemp("built") / "w", runs=1)
    done = covermap("build", root, "--workers", "1")
    assert done.code == 0, done.err
    return root


@pytest.fixture
def space(built_once: Path, tmp_path: Path) -> Path:
    """Give a built workspace of one's own."""
    root = tmp_path / "w"
    shutil.copytree(built_once, root)
    return root
