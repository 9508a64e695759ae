"""The plan: which files are made, of which parts, so that the rows add up to what was asked.

The plan is a generator: it holds one file at a time, whatever the number of samples. Each part has
its own random generator by name, so any file can be made without those before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from covermap.simulate.noise import rng
from covermap.simulate.recipe import Recipe, Runs
from covermap.simulate.runs.part import Part
from covermap.simulate.runs.tracks import survey_size, trip_rows
from covermap.simulate.world import World

LOCAL = ZoneInfo("Asia/Shanghai")
EXTENSIONS = {
    "gnettrack": "txt", "geojson-points": "geojson.gz", "drive-table": "csv",
    "metro-table": "csv", "probe-table": "parquet", "crowd-table": "csv", "tower-collector": "csv",
}  # fmt: skip
_CROWD_SHARES = (0.45, 0.25, 0.22, 0.08)


@dataclass(frozen=True)
class LogFile:
    """One file to write: its path relative to the workspace and its parts."""

    runs: Runs
    path: str
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Rows before gaps and duplicates."""
        return sum(p.rows for p in self.parts)


def plan(world: World, samples: int) -> Iterator[LogFile]:
    """Give the files, in order; the rows of runs that are not `once` add up to `samples`."""
    for runs, budget in budgets(world, samples):
        if budget:
            yield from _files(world, runs, budget)


def budgets(world: World, samples: int) -> list[tuple[Runs, int]]:
    """Rows of each kind of runs: whole rounds of those that are `once`, shares of the rest."""
    shared = [r for r in world.recipe.runs if not r.once]
    whole, left = sum(r.share for r in shared), samples
    made = []
    for runs in world.recipe.runs:
        if runs.once:
            made.append((runs, _round(world, runs)))
            continue
        last = runs is shared[-1]
        budget = left if last else min(left, round(samples * runs.share / whole))
        left -= budget
        made.append((runs, budget))
    return made


def _round(world: World, runs: Runs) -> int:
    """Rows of one whole round of trips, all devices."""
    rows = sum(math.ceil(_length(world, runs, c) * runs.stretch) for c, _ in _routes(world, runs))
    return rows * len(_devices(world.recipe, runs))


def _files(world: World, runs: Runs, budget: int) -> Iterator[LogFile]:
    if runs.kind == "crowd":
        return _crowd(world, runs, budget)
    if runs.kind == "probe":
        return _probes(world, runs, budget)
    return _trips(world, runs, budget)


def _day_ms(recipe: Recipe, day: int, hour: float) -> int:
    first = date.fromisoformat(recipe.period.first_day) + timedelta(days=day % recipe.period.days)
    start = datetime(first.year, first.month, first.day, tzinfo=LOCAL)
    return round((start.timestamp() + hour * 3600) * 1000)


def _devices(recipe: Recipe, runs: Runs) -> list[tuple[str, str | None]]:
    plmns = runs.operators or tuple(o.plmn for o in recipe.operators)
    return [(p, t) for p in plmns for t in (runs.technologies or (None,))]


def _routes(world: World, runs: Runs) -> list[tuple[str | None, bool]]:
    """Courses and directions of one round; a carriageway has one direction."""
    if runs.kind == "survey":
        return [(None, False)]
    wanted = [c for c in world.courses if c.line.id in runs.lines]
    return [
        (c.id, reverse) for c in wanted for reverse in ((False,) if c.suffix else (False, True))
    ]


def _length(world: World, runs: Runs, course: str | None) -> int:
    if course is None:
        return survey_size(runs)
    return trip_rows(runs, world.course(course))


def _trips(world: World, runs: Runs, budget: int) -> Iterator[LogFile]:
    """Trips over lines, all devices of a trip in one vehicle, round after round."""
    recipe, routes, devices = world.recipe, _routes(world, runs), _devices(world.recipe, runs)
    lengths = [math.ceil(_length(world, runs, c) * runs.stretch) for c, _ in routes]
    fraction = min(1.0, budget / (sum(lengths) * len(devices)))
    trip = 0
    while budget > 0:
        for (course, reverse), length in zip(routes, lengths, strict=True):
            source = rng(recipe.seed, "trip", runs.name, trip)
            rows = math.ceil(length * fraction)
            spare = _length(world, runs, course) - rows
            first = int(source.integers(0, spare + 1))
            day, hour = _day_of(trip, len(routes)), 7.0 + 6.0 * source.random()
            for plmn, technology in devices:
                part = Part(
                    ("part", runs.name, trip, plmn, technology or "best"), plmn, technology,
                    f"{runs.name}-{plmn}-{technology or 'best'}", _day_ms(recipe, day, hour),
                    first, min(rows, budget), course, reverse, round(runs.interval_s * 1000),
                )  # fmt: skip
                budget -= part.rows
                if part.rows:
                    yield from _cut(runs, part, trip)
            trip += 1


def _day_of(trip: int, per_round: int) -> int:
    """Spread rounds over the period; routes of a round lie on days in a row."""
    return (trip // per_round) * 37 + (trip % per_round)


def _cut(runs: Runs, part: Part, trip: int) -> Iterator[LogFile]:
    """Cut a long part into files of at most `files_rows` rows, one after the other."""
    for number, first in enumerate(range(0, part.rows, runs.files_rows)):
        rows = min(runs.files_rows, part.rows - first)
        piece = Part(
            (*part.key, number), part.plmn, part.technology, part.device, part.start_ms,
            part.first + first, rows, part.course, part.reverse, part.interval_ms,
        )  # fmt: skip
        where = (part.course or "area") + ("-back" if part.reverse else "")
        stem = f"{trip:05d}-{where}-{part.plmn}" + (
            f"-{part.technology}" if part.technology else ""
        )
        stem += f"-{number + 1}" if part.rows > runs.files_rows else ""
        yield LogFile(runs, f"raw/{runs.name}/{stem}.{EXTENSIONS[runs.format]}", (piece,))


def _probes(world: World, runs: Runs, budget: int) -> Iterator[LogFile]:
    """Time series of fixed devices, all devices in each file, file after file in time."""
    recipe, devices = world.recipe, _devices(world.recipe, runs)
    count = min(runs.stations, budget)
    each = math.ceil(budget / count)
    interval_ms = max(1, recipe.period.days * 86_400_000 // each)
    step = max(1, runs.files_rows // count)
    for number, first in enumerate(range(0, each, step)):
        parts = []
        for probe in range(count):
            plmn, technology = devices[probe % len(devices)]
            rows = min(step, each - first, budget)
            budget -= rows
            if rows:
                parts.append(
                    Part(
                        ("probe", runs.name, probe, number),
                        plmn,
                        technology,
                        f"probe-{probe:04d}",
                        _day_ms(recipe, 0, 0),
                        first,
                        rows,
                        interval_ms=interval_ms,
                        number=probe,
                    )
                )
        path = f"raw/{runs.name}/{number:05d}.{EXTENSIONS[runs.format]}"
        yield LogFile(runs, path, tuple(parts))


def _crowd(world: World, runs: Runs, budget: int) -> Iterator[LogFile]:
    """Points of many users, a file a day (as much as one file holds)."""
    recipe, devices = world.recipe, _devices(world.recipe, runs)
    number = 0
    per_file = min(runs.files_rows, max(1000, math.ceil(budget / recipe.period.days)))
    shares = (_CROWD_SHARES * len(devices))[: len(devices)]
    while budget > 0:
        total = min(per_file, budget)
        budget -= total
        parts = []
        rest = total
        for i, (plmn, technology) in enumerate(devices):
            last = i == len(devices) - 1
            rows = rest if last else min(rest, round(total * shares[i] / sum(shares)))
            rest -= rows
            if rows:
                key = ("crowd", runs.name, number, plmn)
                start = _day_ms(recipe, number, 6.0)
                parts.append(Part(key, plmn, technology, "app", start, 0, rows))
        path = f"raw/{runs.name}/{number:05d}.{EXTENSIONS[runs.format]}"
        yield LogFile(runs, path, tuple(parts))
        number += 1
