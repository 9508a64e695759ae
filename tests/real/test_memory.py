"""Real workspaces in one gigabyte: whatever the steps, the whole build stays below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from covermap.engine.memory import GB
from covermap.store import Workspace
from held import COVERMAP, peak_bytes
from real_logs import BREMEN, CORK

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("declared", [BREMEN, CORK], ids=["bremen", "cork"])
def test_a_real_workspace_is_built_in_one_gigabyte(
    tmp_path: Path, real_data: Path, declared: str
) -> None:
    root = tmp_path / "w"
    root.mkdir()
    (root / "covermap.toml").write_text(declared.format(data=real_data.as_posix()))
    peak = peak_bytes([*COVERMAP, "build", str(root), "--memory", "1GB"], tmp_path / "said.txt")
    assert peak < GB
    assert Workspace(root).current().rows("cell_verdicts") > 5_000
