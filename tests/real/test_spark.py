"""Real logs on Spark and here: the tables have the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from covermap.engine.spark.needs import check_java
from covermap.errors import EngineError
from covermap.store import Workspace
from real_logs import BREMEN_LOGS, CORK
from workspaces import table_bytes

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1900)]

COVERMAP = [sys.executable, "-c", "from covermap.cli import main; main()"]


@pytest.fixture
def _java() -> None:
    try:
        check_java()
    except EngineError as error:
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(f"{error} CI is set: tests of Spark must run there.", pytrace=False)
        pytest.skip(str(error))


@pytest.mark.usefixtures("_java")
def test_cork_and_bremen_give_the_same_bytes_on_spark_as_here(
    tmp_path: Path, real_data: Path
) -> None:
    made = {}
    engines: dict[str, list[str]] = {
        "local": [],
        "spark": ["--engine", "spark", "--master", "local-cluster[2,1,2048]"],
    }
    for engine, options in engines.items():
        root = tmp_path / engine
        root.mkdir()
        (root / "covermap.toml").write_text((CORK + BREMEN_LOGS).format(data=real_data.as_posix()))
        subprocess.run([*COVERMAP, "build", str(root), *options], check=True, timeout=900)
        current = Workspace(root).current()
        made[engine] = (current.id, table_bytes(current.folder))
        assert current.rows("cell_evidence") > 1000
        shutil.rmtree(root / ".cache")
    assert made["spark"] == made["local"]
