"""The simulated metro with marks only: samples lie near where the train truly was."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench" / "metro.py"

pytestmark = pytest.mark.slow


def test_samples_between_marks_are_within_60_m_in_the_median_and_200_m_at_95_percent():
    found = runpy.run_path(str(BENCH))["main"](4)
    assert found["median_m"] <= 60
    assert found["p95_m"] <= 200
    assert found["hand_median_m"] <= 60
    assert found["linear_median_m"] > 2 * found["median_m"]
