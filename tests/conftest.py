"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

import shelf

# A first call compiles or loads much; its time says nothing of the code under test.
settings.register_profile("covermap", deadline=None)
settings.load_profile("covermap")

PROJECT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Set up a shelf for this run; worker processes inherit it."""
    if not hasattr(config, "workerinput"):
        os.environ[shelf.PLACE] = tempfile.mkdtemp(prefix="covermap-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Clear the shelf away."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(shelf.PLACE), ignore_errors=True)


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root."""
    return PROJECT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real inputs that lie beside the project; the test is skipped, saying so, without them."""
    folder = Path(os.environ.get("COVERMAP_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real inputs are absent: no folder {folder}")
    return folder
