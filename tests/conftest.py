"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A first call compiles or loads much; its time says nothing of the code under test.
settings.register_profile("covermap", deadline=None)
settings.load_profile("covermap")

PROJECT = Path(__file__).resolve().parents[1]


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
