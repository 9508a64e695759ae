"""Laws of the simulator: plans add up, rides arrive, faults only add or take what they say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.simulate.faults import break_lines
from covermap.simulate.frame import to_lonlat, to_plane
from covermap.simulate.noise import rng
from covermap.simulate.recipe import Faults, load_recipe
from covermap.simulate.runs.observe import last_true
from covermap.simulate.runs.plan import plan
from covermap.simulate.runs.tracks import ACCELERATION, _hop_distance, make_track
from covermap.simulate.truth import segment_ends
from covermap.simulate.world import World, make_world
from covermap.simulate.writers.text import number


@cache
def world() -> World:
    sample = load_recipe("sample")
    sparse = {"city_m": 8000.0, "county_m": 8000.0, "town_m": 8000.0, "rural_m": 16000.0}
    return make_world(sample.model_copy(update={"sites": sample.sites.model_copy(update=sparse)}))


@settings(deadline=None, max_examples=25)
@given(st.integers(100, 3_000_000))
def test_the_rows_of_a_plan_add_up_whatever_the_number(samples: int) -> None:
    files = list(plan(world(), samples))
    assert sum(f.rows for f in files) == samples
    assert len({f.path for f in files}) == len(files)
    assert all(0 < f.rows <= f.runs.files_rows for f in files)


@settings(deadline=None, max_examples=15)
@given(st.integers(500, 20_000), st.integers(0, 1000))
def test_rides_stay_on_their_course_and_never_turn_back(samples: int, pick: int) -> None:
    rides = [f for f in plan(world(), samples) if f.parts[0].course is not None]
    file = rides[pick % len(rides)]
    part = file.parts[0]
    course = world().course(str(part.course))
    track = make_track(world(), file.runs, part, rng(1, "t"))
    assert (track.s >= 0).all()
    assert (track.s <= course.length_m + 1e-6).all()
    step = np.diff(track.s) * (-1 if part.reverse else 1)
    assert (step >= -1e-6).all()
    assert (np.diff(track.time_ms) > 0).all()


@given(st.floats(100, 20_000), st.floats(5, 90))
def test_a_metro_hop_starts_at_rest_ends_at_rest_and_covers_its_gap(gap: float, top: float) -> None:
    top = min(top, float(np.sqrt(ACCELERATION * gap)))
    total = gap / top + top / ACCELERATION
    t = np.linspace(0, total, 400)
    done = _hop_distance(t, np.full(400, gap), np.full(400, top))
    assert done[0] == pytest.approx(0, abs=1e-9)
    assert abs(done[-1] - gap) < 1e-6 * gap
    speed = np.diff(done) / np.diff(t)
    assert (speed >= -1e-9).all()
    assert (speed <= top * (1 + 1e-9)).all()
    assert (np.abs(np.diff(speed) / np.diff(t)[1:]) <= ACCELERATION * (1 + 1e-6)).all()


@given(st.lists(st.booleans(), min_size=1).filter(any))
def test_last_true_is_the_nearest_true_one_at_or_before(flags: list[bool]) -> None:
    found = last_true(np.array(flags))
    first = flags.index(True)
    expected = [
        max([j for j in range(i + 1) if flags[j]], default=first) for i in range(len(flags))
    ]
    assert found.tolist() == expected


@given(st.integers(0, 300), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 2**32))
def test_broken_lines_hold_every_row_in_order(n: int, twice: float, cut: float, seed: int) -> None:
    rows = [b"%04d|some|fields|and|more" % i for i in range(n)]
    faults = Faults(duplicate=twice, malformed=cut)
    made, row = break_lines(rows, faults, np.random.default_rng(seed))
    assert len(made) == row.size
    assert sorted(set(row.tolist())) == list(range(n))
    assert (np.diff(row) >= 0).all()
    assert all(rows[i].startswith(m) for m, i in zip(made, row, strict=True))


@given(st.floats(1, 1e6), st.sampled_from([50.0, 100.0]))
def test_segments_of_the_truth_add_up_to_the_line(length_m: float, nominal_m: float) -> None:
    ends = segment_ends(length_m, nominal_m)
    assert ends[0] == pytest.approx(0, abs=1e-9)
    assert ends[-1] == length_m
    assert (np.diff(ends) > 0).all()
    assert np.diff(ends).max() <= nominal_m + 1e-3 + 1e-9


@given(st.floats(118.6, 121.9), st.floats(30.8, 32.3))
def test_the_plane_and_back_is_the_same_place(lon: float, lat: float) -> None:
    x, y = to_plane([lon], [lat])
    back = to_lonlat(x, y)
    assert abs(back[0][0] - lon) < 1e-9
    assert abs(back[1][0] - lat) < 1e-9


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1))
def test_numbers_as_text_read_back_equal(values: list[float]) -> None:
    text = number(np.array(values), "-").to_pylist()
    read = np.array([np.nan if t == "-" else float(t) for t in text])
    assert np.array_equal(read, np.array(values), equal_nan=True)
