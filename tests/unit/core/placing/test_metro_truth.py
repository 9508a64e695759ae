"""The simulated metro with marks only: samples lie near where the train truly was."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench" / "metro.py"

pytestmark = pytest.mark.slow


def test_samples_between_marks_are_within_60_m_in_the_median_and_200_m_at_95_percent():
    found = runpy.run_path(str(BENCH))["main"](4)
    for kind in ("plain_both", "plain_hand", "plain_single", "varied_both", "varied_hand"):
        assert found[f"{kind}_median_m"] <= 60
        assert found[f"{kind}_p95_m"] <= 200
        assert found[f"{kind}_within"] >= 0.9
    assert found["varied_single_median_m"] <= 60
    assert found["varied_single_p95_m"] <= 260
    assert found["varied_single_linear_p95_m"] > 1.5 * found["varied_single_p95_m"]
