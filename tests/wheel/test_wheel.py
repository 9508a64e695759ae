"""The wheel holds everything: installed in an empty environment, it serves from another folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workspaces import make_workspace

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, text=True, capture_output=True, timeout=600
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--wheel-dir", out, project, cwd=out)  # fmt: skip
    return next(out.glob("covermap-*.whl"))


@pytest.fixture(scope="module")
def installed(project: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environment with the locked dependencies and the wheel, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("env")
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    # What is not imported here need not be compiled.
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    run(*pip, "--require-hashes", "-r", project / "requirements.lock", cwd=folder)
    run(*pip, "--no-deps", wheel, cwd=folder)
    return folder / "env" / "bin" / "covermap"


def test_the_wheel_holds_map_recipes_rules_and_facts(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "covermap/service/static/index.html",
        "covermap/rules/packs/project-default.toml",
        "covermap/cli/covermap.toml.template",
        "covermap/_resources/tiles/cells.toml",
        "covermap/_resources/data/sample.toml",
    ):
        assert needed in names, needed
    assert not [n for n in names if "node_modules" in n or n.startswith("tests/")]


@contextmanager
def served(command: Path, workspace: Path, cwd: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [command, "serve", workspace, "--port", str(port)], cwd=cwd,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield _wait_for(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(address + "/healthz", timeout=2):
                return address
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError("the server did not answer in 30 s")


def test_the_installed_command_builds_and_serves_from_another_folder(
    installed: Path, tmp_path: Path
) -> None:
    os.environ.pop("PYTHONPATH", None)
    run(installed, "simulate", "world", "--samples", "500", cwd=tmp_path)
    # what the sample workspace gives, tests of the documentation build; here a short road is enough
    config = make_workspace(tmp_path / "road", runs=1) / "covermap.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("[workspace]", "[workspace]\nsimulated = true"), encoding="utf-8"
    )
    run(installed, "build", "road", cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with served(installed, tmp_path / "road", elsewhere) as address:
        with urllib.request.urlopen(address + "/") as page:
            assert b"<html" in page.read()
        with urllib.request.urlopen(address + "/api/build") as answer:
            assert json.load(answer)["simulated"] is True
