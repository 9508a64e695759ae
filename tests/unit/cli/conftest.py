"""A built workspace that tests of the command line may spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspaces import built_workspace


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """Give a built workspace of one's own."""
    return built_workspace(tmp_path / "w", runs=1)
