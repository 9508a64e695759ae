"""Tracks: where a device truly is at each of its rows, and what it knows of that."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from covermap.simulate import facts
from covermap.simulate.frame import to_lonlat, to_plane
from covermap.simulate.lines import Course
from covermap.simulate.noise import rng
from covermap.simulate.recipe import Runs
from covermap.simulate.runs.part import Part

if TYPE_CHECKING:
    from covermap.simulate.world import World

Floats = NDArray[np.float64]

DWELL_S = 30.0
ACCELERATION = 0.9
"""Of a metro train, m/s2."""
ROWS_PER_USER = 12
SPOTS, SPOT_RADIUS = 24, 0.3
"""Busy places per town, and how far from its centre they lie (one axis), in radii."""
CROWD_SPREAD_M = 35.0
"""How far a user strays from the day's place (one axis), m."""
DAY_MS = 57_600_000
"""Crowd users are awake for 16 hours."""
_CROWD_NEAR_TOWNS, _CROWD_ON_LINES = 0.66, 0.24
_INDOOR_DB = np.array([0.0, 0.0, 6.0, 12.0])


@dataclass(frozen=True)
class Track:
    """True course of a part; arrays of one length."""

    time_ms: NDArray[np.int64]
    lon: Floats
    lat: Floats
    s: Floats
    """Chainage on the course, m; NaN off lines."""
    speed_mps: Floats
    heading_deg: Floats
    """Degrees clockwise from north; NaN when standing."""
    mark: NDArray[np.str_]
    loss_db: Floats
    """Loss beside the line's own (indoors), dB."""
    user: NDArray[np.int64]
    """Tells the users of a crowd apart; 0 elsewhere."""


def trip_rows(runs: Runs, course: Course) -> int:
    """Count the rows of one whole trip over a course."""
    if runs.kind == "metro":
        return math.ceil(float(_metro_timetable(runs, course, False)[0][-1]) / runs.interval_s)
    if runs.step_m is not None:
        return max(1, int(course.length_m / runs.step_m))
    return max(2, math.ceil(course.length_m / (runs.speed_kmh / 3.6 * runs.interval_s)))


def survey_size(runs: Runs) -> int:
    """Count the points of a survey's lattice."""
    columns, rows, *_ = _lattice(runs)
    return columns * rows


def make_track(world: World, runs: Runs, part: Part, source: np.random.Generator) -> Track:
    """Make the true course of one part."""
    if runs.kind == "crowd":
        return _crowd(world, part, source)
    if runs.kind == "probe":
        return _probe(world, runs, part)
    if part.course is None:
        return _survey(runs, part)
    course = world.course(part.course)
    return _metro(runs, part, course) if runs.kind == "metro" else _ride(runs, part, course)


def _rows(part: Part) -> NDArray[np.int64]:
    return np.arange(part.first, part.first + part.rows)


def _on_course(
    part: Part, course: Course, s: Floats, time_ms: NDArray[np.int64], mark: NDArray[np.str_]
) -> Track:
    lon, lat = course.position(s)
    moved = np.abs(np.gradient(s)) if s.size > 1 else np.zeros(1)
    heading = (course.heading_deg(s) + (180.0 if part.reverse else 0.0)) % 360.0
    speed = moved / (part.interval_ms / 1000)
    heading = np.where(speed > 0.3, heading, np.nan)
    return Track(time_ms, lon, lat, s, speed, heading, mark, np.zeros(s.size), _one(s.size))


def _ride(runs: Runs, part: Part, course: Course) -> Track:
    """Drive, train, boat: rolling speed with slow swings; or a row each `step_m`."""
    total, rows = trip_rows(runs, course), _rows(part)
    if runs.step_m is not None:
        s = np.asarray((rows + 0.5) * (course.length_m / total), np.float64)
    else:
        u = (rows + 0.5) / total
        swing = 0.25 * np.sin(2 * math.pi * 7 * u) / (2 * math.pi * 7)
        s = course.length_m * (u + swing)
    if part.reverse:
        s = course.length_m - s
    time_ms = part.start_ms + rows * part.interval_ms
    return _on_course(part, course, s, time_ms, np.full(rows.size, "", dtype="U40"))


def _metro_timetable(runs: Runs, course: Course, reverse: bool) -> tuple[Floats, Floats, Floats]:
    """Tell times (s) of arrival and departure at each stop, top speeds, and the stops' chainage."""
    stops = course.station_s[::-1] if reverse else course.station_s
    gaps = np.abs(np.diff(stops))
    top = np.minimum(runs.speed_kmh / 3.6, np.sqrt(ACCELERATION * gaps))
    ride = gaps / top + top / ACCELERATION
    arrive = np.concatenate([[0.0], np.cumsum(ride + DWELL_S)])
    times = np.stack([arrive, arrive + DWELL_S], axis=1).ravel()
    return times, top, stops


def _metro(runs: Runs, part: Part, course: Course) -> Track:
    """Metro: stop to stop with acceleration and braking; marks at arrival and departure."""
    times, top, stops = _metro_timetable(runs, course, part.reverse)
    rows = _rows(part)
    t = rows * runs.interval_s
    event = np.clip(np.searchsorted(times, t, side="right") - 1, 0, times.size - 1)
    hop, riding = event // 2, (event % 2 == 1) & (event < times.size - 1)
    safe = np.minimum(hop, top.size - 1)
    gap = np.abs(np.diff(stops))[safe]
    done = np.where(riding, _hop_distance(t - times[event], gap, top[safe]), 0.0)
    sign = -1.0 if part.reverse else 1.0
    s = np.asarray(stops[np.minimum(hop, stops.size - 1)] + sign * done, np.float64)
    names = course.station_names[::-1] if part.reverse else course.station_names
    mark = np.full(rows.size, "", dtype="U40")
    changed = np.flatnonzero(np.diff(event, prepend=-1))
    for row in changed:
        arrived = event[row] % 2 == 0
        at = int(row) if arrived else max(int(row) - 1, 0)
        mark[at] = names[min(event[row] // 2, len(names) - 1)]
    return _on_course(part, course, s, part.start_ms + rows * part.interval_ms, mark)


def _hop_distance(t: Floats, gap: Floats, top: Floats) -> Floats:
    """Metres done after t seconds of a hop: accelerate, roll at top speed, brake."""
    ramp = top / ACCELERATION
    total = gap / top + ramp
    speeding = 0.5 * ACCELERATION * np.minimum(t, ramp) ** 2
    rolling = top * np.clip(t - ramp, 0.0, total - 2 * ramp)
    braking = np.clip(t - (total - ramp), 0.0, ramp)
    return speeding + rolling + top * braking - 0.5 * ACCELERATION * braking**2


def _lattice(runs: Runs) -> tuple[int, int, float, float, float]:
    assert runs.box is not None
    assert runs.step_m is not None
    west, south, east, north = runs.box
    (x0, x1), (y0, y1) = to_plane([west, east], [south, north])
    step = runs.step_m
    return int((x1 - x0) / step) + 1, int((y1 - y0) / step) + 1, float(x0), float(y0), step


def _survey(runs: Runs, part: Part) -> Track:
    """Points of a lattice, row by row, each row walked back against the one before."""
    columns, _, x0, y0, step = _lattice(runs)
    rows = _rows(part)
    column, row = rows % columns, rows // columns
    column = np.where(row % 2 == 1, columns - 1 - column, column)
    lon, lat = to_lonlat(x0 + column * step, y0 + row * step)
    time_ms = part.start_ms + rows * part.interval_ms
    return _standing(time_ms, lon, lat, np.zeros(rows.size))


def _one(n: int) -> NDArray[np.int64]:
    return np.zeros(n, dtype=np.int64)


def _standing(time_ms: NDArray[np.int64], lon: Floats, lat: Floats, loss_db: Floats) -> Track:
    n = time_ms.size
    nothing = np.full(n, np.nan)
    return Track(
        time_ms,
        lon,
        lat,
        nothing,
        np.zeros(n),
        nothing,
        np.full(n, "", dtype="U40"),
        loss_db,
        _one(n),
    )


def _probe(world: World, runs: Runs, part: Part) -> Track:
    """Stand at one place near a town, row after row in time."""
    source = rng(world.recipe.seed, "probe place", runs.name, part.number)
    town = _towns_inside(world)[int(source.integers(len(_towns_inside(world))))]
    x, y = to_plane([town.lon], [town.lat])
    dx, dy = source.standard_normal(2) * town.radius_m
    lon, lat = to_lonlat(x + dx, y + dy)
    n = part.rows
    time_ms = part.start_ms + _rows(part) * part.interval_ms
    indoors = 10.0 if source.random() < 0.4 else 0.0
    return _standing(time_ms, np.full(n, lon[0]), np.full(n, lat[0]), np.full(n, indoors))


def _towns_inside(world: World) -> list[facts.Town]:
    a = world.recipe.area
    inside = [t for t in facts.towns() if a.west < t.lon < a.east and a.south < t.lat < a.north]
    return inside or facts.towns()


def _crowd(world: World, part: Part, source: np.random.Generator) -> Track:
    """Users near one place for a day: most in towns, some along lines, a few in open country."""
    n = part.rows
    users = max(1, n // ROWS_PER_USER)
    kind = source.random(users)
    x, y = _scatter(world, source, users)
    tx, ty = _near_towns(world, source, users)
    town = kind < _CROWD_NEAR_TOWNS
    x, y = np.where(town, tx, x), np.where(town, ty, y)
    if world.courses:
        lx, ly = _near_lines(world, source, users)
        along = (kind >= _CROWD_NEAR_TOWNS) & (kind < _CROWD_NEAR_TOWNS + _CROWD_ON_LINES)
        x, y = np.where(along, lx, x), np.where(along, ly, y)
    user = source.integers(0, users, n)
    about = CROWD_SPREAD_M * source.standard_normal((2, n))
    lon, lat = to_lonlat(x[user] + about[0], y[user] + about[1])
    time_ms = part.start_ms + np.sort(source.integers(0, DAY_MS, n))
    track = _standing(time_ms, lon, lat, _INDOOR_DB[source.integers(0, _INDOOR_DB.size, n)])
    return replace(track, user=user, speed_mps=np.full(n, np.nan))


def _scatter(world: World, source: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    a = world.recipe.area
    return to_plane(source.uniform(a.west, a.east, n), source.uniform(a.south, a.north, n))


def _near_towns(world: World, source: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    towns = _towns_inside(world)
    weight = np.array([t.radius_m for t in towns])
    pick = source.choice(len(towns), size=n, p=weight / weight.sum())
    x, y = to_plane([t.lon for t in towns], [t.lat for t in towns])
    # A few busy streets and squares per town, so that cells gather several samples.
    spot = source.integers(0, SPOTS, n)
    sx, sy = _spots(world, len(towns))
    spread = 45.0 * source.standard_normal((2, n))
    return (
        x[pick] + weight[pick] * sx[pick, spot] + spread[0],
        y[pick] + weight[pick] * sy[pick, spot] + spread[1],
    )


def _spots(world: World, count: int) -> tuple[Floats, Floats]:
    sx, sy = SPOT_RADIUS * rng(world.recipe.seed, "crowd spots").standard_normal((2, count, SPOTS))
    return sx, sy


def _near_lines(world: World, source: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    courses = [c for c in world.courses if c.line.line_class != "metro"] or list(world.courses)
    pick, share = source.integers(0, len(courses), n), source.random(n)
    x, y = np.empty(n), np.empty(n)
    for i, course in enumerate(courses):
        mine = pick == i
        s = share[mine] * course.length_m
        x[mine], y[mine] = np.interp(s, course.s, course.x), np.interp(s, course.s, course.y)
    side = 60.0 * source.standard_normal((2, n))
    return x + side[0], y + side[1]
