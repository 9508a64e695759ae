import numpy as np
import pytest

from covermap.core.placing.profile import METRO, running_time_s
from covermap.core.placing.timing import ARRIVAL, DEPARTURE, Seen, Trip, kinds_of, times_of

GAP_M = 1200.0
RUN_S = 1.1 * float(running_time_s(np.array([GAP_M]), METRO)[0])


def trip(dwell, run=RUN_S, single=False, back=False, stops=8, noise=0.0, seed=0):
    """Make a trip over stops with dwells and running times (one figure, or one for each)."""
    dwell, run = np.broadcast_to(dwell, stops), np.broadcast_to(run, stops - 1)
    arrive = np.r_[0.0, np.cumsum(dwell[:-1] + run)]
    arrive = arrive + np.random.default_rng(seed).normal(0.0, noise, stops)
    place = np.arange(stops)[::-1] if back else np.arange(stops)
    if single:
        seen = Seen(np.arange(stops), np.full(stops, ARRIVAL), arrive)
    else:
        seen = Seen(
            np.repeat(np.arange(stops), 2), np.tile([ARRIVAL, DEPARTURE], stops),
            np.stack([arrive, arrive + dwell], axis=1).ravel(),
        )  # fmt: skip
    return Trip(seen, GAP_M * place, place)


def test_a_run_that_stands_longer_than_others_everywhere_is_usual_for_itself():
    made = times_of([*(trip(30.0) for _ in range(4)), trip(42.0), trip(18.0)], METRO)
    usual = [float(np.mean(m.dwell_s)) for m in made]
    assert usual[0] == pytest.approx(30.0, abs=2.0)
    assert usual[4] > usual[0] + 4.0
    assert usual[5] < usual[0] - 4.0


def test_a_run_that_is_slower_than_others_everywhere_is_usual_for_itself():
    made = times_of([*(trip(30.0) for _ in range(4)), trip(30.0, 1.15 * RUN_S)], METRO)
    assert np.mean(made[4].run_s) > 1.05 * np.mean(made[0].run_s)


def test_each_station_has_its_own_dwell_which_other_runs_tell():
    dwell = np.full(8, 30.0)
    dwell[3] = 50.0
    alone = times_of([trip(dwell, single=True)], METRO)[0]
    others = times_of([*(trip(dwell) for _ in range(4)), trip(dwell, single=True)], METRO)[4]
    stood = others.depart_s - others.arrive_s
    assert stood[3] == pytest.approx(50.0, abs=4.0)
    assert others.dwell_s[3] > 42.0 > alone.dwell_s[3]
    assert others.depart_sd_s[3] < alone.depart_sd_s[3]


def test_a_station_has_a_dwell_for_each_direction():
    up, down = np.full(8, 30.0), np.full(8, 30.0)
    up[3], down[4] = 55.0, 15.0  # the same station, seen from the other end
    both = [*(trip(up) for _ in range(4)), *(trip(down, back=True) for _ in range(4))]
    made = times_of([*both, trip(up, single=True), trip(down, single=True, back=True)], METRO)
    assert made[8].dwell_s[3] > 45.0
    assert made[9].dwell_s[4] < 25.0


def test_each_section_has_its_own_time_which_other_runs_tell():
    run = np.full(7, RUN_S)
    run[2] = 1.25 * RUN_S
    alone = times_of([trip(30.0, run, single=True)], METRO)[0]
    others = times_of([*(trip(30.0, run) for _ in range(4)), trip(30.0, run, single=True)], METRO)
    assert others[4].run_s[2] > 1.15 * others[4].run_s[3]
    assert others[4].run_s[2] > alone.run_s[2]


def test_how_far_things_differ_is_learnt():
    """Trains that keep time to the second are surer than those that do not."""
    exact = times_of([trip(30.0) for _ in range(6)], METRO)[0]
    source = np.random.default_rng(1)
    loose = times_of([trip(source.uniform(10, 60, 8), seed=k) for k in range(6)], METRO)[0]
    assert np.mean(exact.dwell_sd_s) < 0.6 * np.mean(loose.dwell_sd_s)
    assert np.mean(exact.run_sd_s) < np.mean(loose.run_sd_s) + 1.0


def test_faster_lines_are_told_from_slower_ones_by_their_own_stamps():
    for factor in (0.9, 1.3):
        made = times_of([trip(30.0, factor * RUN_S)], METRO)[0]
        np.testing.assert_allclose(made.run_s, factor * RUN_S, rtol=0.05)


def test_departures_never_come_before_arrivals():
    source = np.random.default_rng(2)
    for seed in range(5):
        given = trip(12.0, RUN_S * source.uniform(0.6, 1.5, 7), single=True, noise=8.0, seed=seed)
        made = times_of([given], METRO)[0]
        every = np.stack([made.arrive_s, made.depart_s], axis=1).ravel()
        assert (np.diff(every) >= -1e-9).all()


def test_of_stops_with_one_stamp_or_two_the_kinds_are_told():
    stop = np.array([0, 1, 2, 3, 4])
    time_s = np.arange(5) * 110.0
    stop_m = GAP_M * np.arange(5)
    assert kinds_of(stop, time_s, stop_m, METRO).kind.tolist() == [ARRIVAL] * 5
    some = kinds_of(np.array([0, 0, 1, 2, 3]), np.r_[0.0, 30, 110, 220, 330], stop_m[:4], METRO)
    assert some.kind.tolist() == [ARRIVAL] * 4
    assert some.time_s.tolist() == [0.0, 110.0, 220.0, 330.0]
    both = kinds_of(
        np.repeat(np.arange(3), 2), np.r_[0.0, 30, 110, 140, 220, 250], stop_m[:3], METRO
    )
    assert both.kind.tolist() == [ARRIVAL, DEPARTURE] * 3
