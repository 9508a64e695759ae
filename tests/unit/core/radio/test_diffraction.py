"""Knife edge and Bullington after ITU-R P.526-15, beside ITU-R's own validation examples."""

from __future__ import annotations

import numpy as np
import pytest

import itu_profiles as itu
from covermap.core.radio.diffraction import bullington, corrected, knife_edge

EARTH_M, LIGHT = 8.5e6, 3e8
CASES = range(5)


def points(path: int) -> np.ndarray:
    """Distances of an itu path's points: every 50 m, and its end."""
    length = itu.LENGTHS_M[path]
    return np.append(np.arange(0.0, length, 50.0), length)


@pytest.mark.parametrize("path", [3, 4])
@pytest.mark.parametrize("case", CASES)
def test_the_loss_over_a_profile_equals_the_itu_validation_example(path: int, case: int) -> None:
    heights = np.array(itu.HEIGHTS[path].split(), float)
    first, second = itu.ANTENNAS_M[case]
    found = bullington(
        points(path), heights, heights[0] + first, heights[-1] + second,
        LIGHT / (itu.MHZ[case] * 1e6), EARTH_M,
    )  # fmt: skip
    assert found == pytest.approx(itu.OVER_GROUND_DB[path][case], abs=0.01)


@pytest.mark.parametrize("path", [1, 2, 3, 4])
@pytest.mark.parametrize("case", CASES)
def test_the_loss_over_the_smooth_earth_equals_the_itu_validation_example(
    path: int, case: int
) -> None:
    at = points(path)
    found = bullington(
        at, np.zeros(len(at)), *itu.SMOOTH_ANTENNAS_M[path][case],
        LIGHT / (itu.MHZ[case] * 1e6), EARTH_M,
    )  # fmt: skip
    assert found == pytest.approx(itu.OVER_SMOOTH_DB[path][case], abs=0.01)


def test_an_edge_level_with_the_line_of_sight_costs_six_db() -> None:
    assert knife_edge(0.0) == pytest.approx(6.03, abs=0.01)
    assert knife_edge(-0.78) == 0.0
    assert knife_edge(-0.7799) == pytest.approx(0.0, abs=0.02)


def test_a_high_edge_loses_as_the_asymptote_of_a_single_screen() -> None:
    # Fresnel's integral for large nu: 20 log10(nu pi sqrt 2) = 13 + 20 log10 nu.
    for nu in (10.0, 100.0):
        assert knife_edge(nu) == pytest.approx(12.95 + 20 * np.log10(nu), abs=0.1)


def test_the_loss_has_no_step_where_the_line_of_sight_is_lost() -> None:
    at = np.linspace(0.0, 10_000.0, 101)
    losses = []
    for top in (29.999_99, 30.0, 30.000_01):
        ground = np.zeros(101)
        ground[50] = top
        losses.append(bullington(at, ground, 30.0, 30.0, 0.15, 1e15))
    assert np.ptp(losses) < 0.001
    assert losses[1] == pytest.approx(corrected(knife_edge(0.0), 10_000.0), abs=1e-6)
