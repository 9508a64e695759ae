"""The antenna pattern of 3GPP TR 38.901, table 7.3-1."""

from __future__ import annotations

import numpy as np
import pytest

from covermap.core.radio.pattern import eirp_dbm, reference_signal_dbm, relative_gains_db


def test_half_the_beamwidth_costs_three_db_and_behind_the_antenna_thirty() -> None:
    assert relative_gains_db([0, 32.5, -32.5, 65.0], 0.0) == pytest.approx([0, -3, -3, -12])
    assert float(relative_gains_db(180.0, 0.0)) == -30.0
    assert float(relative_gains_db(0.0, 3.5, 0.0, 65.0, 7.0)) == pytest.approx(-3.0)


def test_azimuths_that_differ_by_whole_turns_are_one() -> None:
    off = np.array([-350.0, 10.0, 370.0, 730.0])
    assert np.ptp(relative_gains_db(off, 2.0, 4.0)) < 1e-9


def test_the_downtilt_is_the_direction_of_the_maximum() -> None:
    down = np.linspace(-20, 40, 601)
    gain = relative_gains_db(0.0, down, 6.0, 65.0, 8.0)
    assert down[np.argmax(gain)] == pytest.approx(6.0)
    assert gain.max() == pytest.approx(0.0, abs=1e-9)


def test_a_tilted_antenna_is_turned_as_a_whole() -> None:
    # TR 38.901 equations 7.1-7 and 7.1-8 worked by hand: beta 10, at the horizon 90 degrees aside:
    # elevation 0 and azimuth 90 remain, and only the horizontal part is left.
    assert float(relative_gains_db(90.0, 0.0, 10.0, 65.0, 10.0)) == pytest.approx(
        -12 * (90 / 65) ** 2
    )
    # Straight behind at the horizon the tilted beam looks 10 degrees up: 30 dB all the same.
    assert float(relative_gains_db(180.0, 0.0, 10.0, 65.0, 10.0)) == -30.0


def test_an_antenna_without_azimuth_is_the_same_all_round() -> None:
    assert float(relative_gains_db(np.nan, 5.0, 5.0)) == 0.0
    assert float(relative_gains_db(np.nan, 37.5, 5.0)) == pytest.approx(-3.0)
    assert float(relative_gains_db(np.nan, 90.0, 0.0, 65.0, 7.0)) == -30.0


def test_radiated_power_is_shared_out_over_resource_elements() -> None:
    assert float(eirp_dbm(46.0, 17.0, 0.5)) == 62.5
    assert float(reference_signal_dbm(46.0, 12 * 50)) == pytest.approx(18.22, abs=0.005)
