"""Building entry loss after ITU-R P.2109, and declared losses of vehicles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from covermap.core.radio.entry import building_entry_db, carriage_db
from covermap.tables.words import LINE_CLASSES

# ITU-R Study Group 3, "Clutter and BEL" workbook, read as kept in the public repository
# eeveetza/p2109 (validate_p2109): GHz, elevation, building, share in %, loss dB.
WORKBOOK = [
    (28.0, 0.0, "traditional", 1.0e-5, -0.275),
    (28.0, 0.0, "traditional", 1.0, 2.769),
    (28.0, 0.0, "traditional", 10.0, 6.891),
    (28.0, 0.0, "traditional", 50.11872, 20.218),
    (28.0, 0.0, "traditional", 89.12509, 35.448),
    (28.0, 0.0, "traditional", 99.77001, 55.440),
    (28.0, 0.0, "efficient", 1.0, 9.369),
    (28.0, 0.0, "efficient", 50.11872, 41.732),
    (28.0, 0.0, "efficient", 99.77001, 95.448),
    (2.0, 45.0, "traditional", 1.0e-2, -1.131),
    (2.0, 45.0, "traditional", 50.11872, 23.556),
    (2.0, 45.0, "traditional", 97.72372, 43.796),
    (2.0, 45.0, "efficient", 10.0, 20.566),
    (2.0, 45.0, "efficient", 50.11872, 37.995),
    (2.0, 45.0, "efficient", 99.77001, 79.101),
]


@pytest.mark.parametrize(("ghz", "angle", "building", "percent", "loss"), WORKBOOK)
def test_the_loss_equals_the_itu_workbook(
    ghz: float, angle: float, building: str, percent: float, loss: float
) -> None:
    found = building_entry_db(ghz, building, angle, percent / 100)  # type: ignore[arg-type]
    assert float(found) == pytest.approx(loss, abs=0.02)


def test_the_median_of_traditional_buildings_is_the_sum_worked_by_hand() -> None:
    # 1 GHz: L_h = 12.64, mu_2 = 9.1, C = -3.
    by_hand = 10 * math.log10(10**1.264 + 10**0.91 + 10**-0.3)
    assert float(building_entry_db(1.0, "traditional")) == pytest.approx(by_hand)


def test_steep_paths_lose_more_whichever_way() -> None:
    level, up, down = building_entry_db(2.0, "efficient", [0.0, 60.0, -60.0])
    assert up == down
    assert up > level + 10


def test_carriages_lose_what_is_declared_for_their_class_of_line() -> None:
    loss = carriage_db("hsr", [0.7, 1.8, 1.95, 2.1, 3.5, 4.9])
    assert loss[[0, 1, 3, 4, 5]].tolist() == [26.0, 26.0, 30.0, 33.0, 33.0]
    assert 26.0 < loss[2] < 30.0
    assert float(carriage_db("motorway", 1.8)) == 9.0


def test_a_class_of_line_without_a_declared_loss_has_none() -> None:
    undeclared = {c for c in LINE_CLASSES if np.isnan(carriage_db(c, 1.8))}
    assert undeclared == {"rail", "metro", "tram", "waterway"}
