"""A hand-made build behind the real application, and a client without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

import handmade
from asking import Client
from covermap.service import Settings, create_app


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one build, that tests only read."""
    root = tmp_path_factory.mktemp("workspace")
    handmade.write_build(root)
    return root


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built map, as small as one can be, with a secret beside it."""
    folder = tmp_path_factory.mktemp("web") / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>covermap</title>", "utf-8")
    (folder / "assets" / "main-1a2b.js").write_text("export {}", "utf-8")
    (folder / "assets" / "main-1a2b.css").write_text("body{}", "utf-8")
    (folder / "notes.py").write_text("print()", "utf-8")
    (folder.parent / "secret.txt").write_text("secret", "utf-8")
    return folder


@pytest.fixture(scope="session")
def client(workspace: Path, static: Path) -> Client:
    return Client(create_app(Settings(workspace, static)))
