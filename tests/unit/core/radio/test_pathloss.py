"""Path loss after 3GPP TR 38.901, beside two independent programs and the table worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from covermap.core.radio import ranges
from covermap.core.radio.pathloss import (
    RMA,
    SCENARIOS,
    UMA,
    UMI,
    breakpoint_m,
    los_probabilities,
    mean_loss,
    path_losses_db,
    rma_los,
    rma_nlos,
    shadowing_db,
)

# pycraf 2.1.0 (pathprof.imt_rural_macro_losses, imt_urban_macro_losses, imt_urban_micro_losses):
# scenario, d2 m, mast m, GHz, terminal m, street m, building m, LOS dB, NLOS dB, P(LOS).
PYCRAF = [
    ("rma", 10, 35, 0.7, 1.5, 20.0, 5.0, 60.301, 60.301, 1.0),
    ("rma", 10, 35, 0.7, 1.5, 10.0, 12.0, 60.456, 65.713, 1.0),
    ("rma", 50, 35, 0.7, 1.5, 20.0, 5.0, 65.167, 69.283, 0.96079),
    ("rma", 50, 35, 0.7, 1.5, 10.0, 12.0, 65.737, 74.827, 0.96079),
    ("rma", 300, 50, 0.8, 1.5, 20.0, 5.0, 81.068, 94.031, 0.74826),
    ("rma", 300, 50, 0.8, 1.5, 10.0, 12.0, 83.003, 99.319, 0.74826),
    ("rma", 769, 35, 0.7, 1.5, 20.0, 5.0, 88.825, 112.044, 0.46813),
    ("rma", 769, 35, 0.7, 1.5, 10.0, 12.0, 91.79, 117.588, 0.46813),
    ("rma", 1500, 20, 1.8, 1.5, 20.0, 5.0, 105.864, 137.683, 0.22537),
    ("rma", 1500, 20, 1.8, 1.5, 10.0, 12.0, 109.384, 144.104, 0.22537),
    ("rma", 3000, 60, 0.9, 1.5, 20.0, 5.0, 109.245, 130.933, 0.05029),
    ("rma", 3000, 60, 0.9, 1.5, 10.0, 12.0, 113.491, 136.139, 0.05029),
    ("rma", 5000, 35, 2.6, 1.5, 20.0, 5.0, 124.525, 154.837, 0.00681),
    ("rma", 5000, 35, 2.6, 1.5, 10.0, 12.0, 130.034, 160.381, 0.00681),
    ("rma", 9900, 100, 3.5, 1.5, 20.0, 5.0, 138.285, 156.264, 5e-05),
    ("rma", 9900, 100, 3.5, 1.5, 10.0, 12.0, 150.053, 161.341, 5e-05),
    ("rma", 2500, 30, 2.1, 5.0, 20.0, 5.0, 111.263, 138.057, 0.08291),
    ("rma", 2500, 30, 2.1, 5.0, 10.0, 12.0, 116.402, 143.768, 0.08291),
    ("uma", 10, 25, 0.7, 1.5, 20.0, 5.0, 55.861, 65.436, 1.0),
    ("umi", 10, 10, 0.7, 1.5, 20.0, 5.0, 52.782, 58.569, 1.0),
    ("uma", 60, 25, 0.8, 1.5, 20.0, 5.0, 65.863, 82.303, 0.57007),
    ("umi", 60, 10, 0.8, 1.5, 20.0, 5.0, 69.689, 83.257, 0.43221),
    ("uma", 250, 25, 1.8, 1.5, 20.0, 5.0, 85.902, 112.432, 0.08955),
    ("umi", 250, 10, 1.8, 1.5, 20.0, 5.0, 94.773, 112.493, 0.07289),
    ("uma", 559, 25, 3.5, 1.5, 20.0, 5.0, 99.333, 131.805, 0.03234),
    ("umi", 559, 10, 3.5, 1.5, 20.0, 5.0, 109.051, 130.974, 0.0322),
    ("uma", 561, 25, 3.5, 1.5, 20.0, 5.0, 99.381, 131.866, 0.03222),
    ("umi", 561, 10, 3.5, 1.5, 20.0, 5.0, 109.113, 131.029, 0.03209),
    ("uma", 1200, 25, 2.1, 1.5, 20.0, 5.0, 112.122, 140.322, 0.015),
    ("umi", 1200, 10, 2.1, 1.5, 20.0, 5.0, 122.086, 137.959, 0.015),
    ("uma", 4900, 25, 3.5, 1.5, 20.0, 5.0, 137.015, 168.634, 0.00367),
    ("umi", 4900, 10, 3.5, 1.5, 20.0, 5.0, 146.76, 164.253, 0.00367),
    ("uma", 800, 40, 0.9, 1.5, 20.0, 5.0, 100.478, 126.097, 0.0225),
    ("umi", 800, 10, 0.9, 1.5, 20.0, 5.0, 114.593, 123.905, 0.0225),
    ("uma", 2000, 25, 2.6, 10.0, 20.0, 5.0, 108.922, 145.744, 0.009),
    ("umi", 2000, 10, 2.6, 8.0, 20.0, 5.0, 110.021, 145.815, 0.009),
    ("uma", 300, 25, 28.0, 1.5, 20.0, 5.0, 111.469, 139.341, 0.06804),
    ("umi", 300, 10, 28.0, 1.5, 20.0, 5.0, 113.366, 140.673, 0.06023),
]  # fmt: skip

# ns-3, src/propagation/test/three-gpp-propagation-loss-model-test-suite.cc: 5 GHz, masts of 35 m
# (rma), 25 m (uma) and 10 m (umi), terminal 1.5 m: d2 m, LOS?, loss dB. Its tolerance: 0.05 dB.
NS3 = {
    "rma": [
        (10, True, 77.3784), (100, True, 87.2965), (1000, True, 108.5577), (10_000, True, 140.3896),
        (10, False, 77.3784), (100, False, 95.7718), (1000, False, 133.5223),
        (5000, False, 160.5169),
    ],
    "uma": [
        (10, True, 72.9380), (100, True, 86.2362), (1000, True, 109.7252), (5000, True, 137.6794),
        (10, False, 82.5131), (100, False, 106.1356), (1000, False, 144.7641),
        (5000, False, 172.0753),
    ],
    "umi": [(10, True, 69.8591), (100, True, 88.4122)],
}  # fmt: skip
MASTS = {"rma": 35.0, "uma": 25.0, "umi": 10.0}


@pytest.mark.parametrize("row", PYCRAF, ids=lambda r: f"{r[0]} {r[1]} m {r[3]} GHz")
def test_losses_and_probability_equal_pycrafs_over_distance_height_and_frequency(
    row: tuple[str, float, float, float, float, float, float, float, float, float],
) -> None:
    name, d2, mast, ghz, terminal, street, building, seen, hidden, share = row
    found = path_losses_db(
        SCENARIOS.index(name), d2, mast, ghz, [True, False], terminal_m=terminal,
        street_m=street, building_m=building,
    )  # fmt: skip
    assert found == pytest.approx([seen, hidden], abs=0.02)
    got = los_probabilities(SCENARIOS.index(name), d2, terminal)
    assert float(got) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("name", SCENARIOS)
def test_losses_equal_those_of_the_ns_3_test_suite(name: str) -> None:
    for d2, los, loss in NS3[name]:
        found = path_losses_db(SCENARIOS.index(name), d2, MASTS[name], 5.0, los)
        assert float(found) == pytest.approx(loss, abs=0.05)


def test_rma_with_line_of_sight_equals_the_table_worked_by_hand() -> None:
    # d3D = 1000 m, 0.9 GHz, h = 5 m: h^1.72 = 15.9297; 20 log10(40 pi 1000 0.9 / 3) = 91.5266;
    # 0.03 h^1.72 log10(1000) = 1.4337; 0.044 h^1.72 = 0.7009; 0.002 log10(5) 1000 = 1.3979.
    expected = 91.5266 + 1.4337 - 0.7009 + 1.3979
    assert rma_los(900.0, 1000.0, 35.0, 1.5, 0.9, 5.0) == pytest.approx(expected, abs=2e-4)


def test_rma_grows_by_forty_db_a_decade_beyond_the_breakpoint() -> None:
    near, far = (rma_los(d, d, 35.0, 1.5, 0.9, 5.0) for d in (2000.0, 20000.0))
    assert far - near == pytest.approx(40.0, abs=1e-9)


def test_rma_without_line_of_sight_equals_the_table_worked_by_hand() -> None:
    # d3D = 2000 m, h_BS = 35 m, 0.9 GHz: 161.04 - 9.2373 + 5.2423
    # - (24.37 - 3.7 (1/7)^2) 1.544068 + (43.42 - 3.1 1.544068) 0.301030 - 0.915150
    # - (3.2 log10(17.625)^2 - 4.97) = 161.04 - 9.2373 + 5.2423 - 37.5123 + 11.6298 - 0.9151
    # - (3.2 1.553002 - 4.97)
    expected = 161.04 - 9.2373 + 5.2423 - 37.5123 + 11.6298 - 0.9151 - (3.2 * 1.553002 - 4.97)
    found = rma_nlos(2000.0, 35.0, 1.5, 0.9, 20.0, 5.0)
    assert found == pytest.approx(expected, abs=2e-3)


def test_the_loss_has_no_step_at_the_breakpoint() -> None:
    for scenario in (UMA, UMI, RMA):
        turn = breakpoint_m(scenario, 20.0, 1.5, 1.8)
        below, above = path_losses_db(
            scenario, [turn * (1 - 1e-9), turn * (1 + 1e-9)], 20.0, 1.8, True
        )
        assert above - below == pytest.approx(0.0, abs=0.03)


def test_the_breakpoints_are_those_of_notes_1_and_5() -> None:
    assert breakpoint_m(UMA, 25.0, 1.5, 3.5) == pytest.approx(4 * 24 * 0.5 * 3.5e9 / 3e8)
    assert breakpoint_m(RMA, 35.0, 1.5, 0.9) == pytest.approx(2 * math.pi * 35 * 1.5 * 0.9e9 / 3e8)


def test_without_line_of_sight_nothing_is_ever_clearer_than_with_it() -> None:
    d2 = np.geomspace(1, 50_000, 300)
    for scenario in (UMA, UMI, RMA):
        for mast in (8.0, 30.0, 150.0):
            seen = path_losses_db(scenario, d2, mast, 0.7, True)
            assert (path_losses_db(scenario, d2, mast, 0.7, False) >= seen).all()


def test_the_mean_is_weighted_by_the_probability_of_line_of_sight() -> None:
    seen, hidden = path_losses_db(UMI, 120.0, 10.0, 2.1, [True, False])
    p = float(los_probabilities(UMI, 120.0))
    assert mean_loss(UMI, 120.0, 10.0, 1.5, 2.1, 20.0, 5.0) == pytest.approx(
        p * seen + (1 - p) * hidden
    )


def test_high_terminals_of_uma_see_the_mast_more_often() -> None:
    # C'(23) = 1: (18/d + exp(-d/63) (1 - 18/d)) (1 + 1.25 (d/100)^3 exp(-d/150)), d = 200 m.
    street = 0.09 + math.exp(-200 / 63) * 0.91
    by_hand = street * (1 + 1.25 * 8 * math.exp(-200 / 150))
    assert float(los_probabilities(UMA, 200.0, 23.0)) == pytest.approx(by_hand)
    assert float(los_probabilities(UMA, 200.0, 13.0)) == pytest.approx(street)


def test_nearer_than_ten_metres_is_taken_at_ten_and_told() -> None:
    for scenario in (UMA, UMI, RMA):
        near = path_losses_db(scenario, [0.0, 3.0, 10.0], 10.0, 1.8, True)
        assert near.tolist() == [near[2]] * 3
    assert ranges.outside(RMA, [9.9, 10.0], 35.0, 1.8, los=True).tolist() == [ranges.NEAR, 0]


def test_what_is_outside_the_table_is_told_bit_by_bit() -> None:
    def told(**changed: float) -> int:
        usual = {"d2_m": 1000.0, "mast_m": 35.0, "ghz": 1.8, "terminal_m": 1.5, "street_m": 20.0}
        return int(ranges.outside(RMA, los=False, **{**usual, **changed}))

    assert told() == 0
    assert told(d2_m=5001.0) == ranges.FAR
    assert told(ghz=0.45) == told(ghz=30.1) == ranges.FREQUENCY
    assert told(mast_m=5.0, terminal_m=0.5) == ranges.MAST | ranges.TERMINAL
    assert told(street_m=60.0) == ranges.CLUTTER
    assert int(ranges.outside(RMA, 9000.0, 35.0, 1.8, los=True)) == 0
    assert int(ranges.outside(UMA, 100.0, 30.0, 1.8, los=True)) == ranges.MAST


def test_shadowing_is_the_tables_by_state_and_beyond_the_breakpoint() -> None:
    turn = breakpoint_m(RMA, 35.0, 1.5, 0.8)
    near, far = shadowing_db(RMA, True, [turn - 1, turn + 1], 35.0, 0.8)
    assert (near, far) == (4.0, 6.0)
    assert float(shadowing_db(RMA, False, 100.0, 35.0, 0.8)) == 8.0
    assert float(shadowing_db(UMI, False, 100.0, 10.0, 0.8)) == 7.82


def test_a_missing_distance_has_no_loss() -> None:
    assert np.isnan(path_losses_db(UMA, np.nan, 25.0, 1.8, True))
