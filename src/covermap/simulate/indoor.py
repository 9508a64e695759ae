"""A survey of key places on foot: what each key point truly has, and a log that names them.

Indoors the log has no position. Some places are not surveyed, some key points are left out, and
some operators are missing in some places: so there are places of every kind.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.simulate.noise import rng
from covermap.simulate.places import OPEN, KeyPoint, key_points
from covermap.simulate.recipe import Operator
from covermap.simulate.world import World
from covermap.simulate.writers.logs import NO_SERVICE_TEXT
from covermap.simulate.writers.text import lines, number, text, write_lines

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NAME = "indoor"
"""Of the survey: its folder, and its entry in `covermap.toml`."""
HEADER = "时间,场所,关键点,楼层,经度,纬度,运营商,网络制式,RSRP(dBm),SINR(dB),业务状态"
COLUMNS = {
    "time": "时间", "place": "场所", "key_point": "关键点", "floor": "楼层", "x": "经度",
    "y": "纬度", "operator": "运营商", "technology": "网络制式", "rsrp_dbm": "RSRP(dBm)",
    "sinr_db": "SINR(dB)", "service": "业务状态",
}  # fmt: skip
TRUTH = pa.schema(
    [
        ("place_id", pa.string()), ("key_point", pa.string()), ("operator", pa.string()),
        ("technology", pa.string()), ("rsrp_dbm", pa.float64()), ("surveyed", pa.bool_()),
    ]
)  # fmt: skip
"""Level of each key point there, null without service; and whether the log has samples of it."""
_TECHNOLOGIES = ("nr", "lte")
"""The first that serves is used."""
_PLACES, _POINTS, _OPERATORS = 0.85, 0.93, 0.93
"""Shares that are surveyed: of places, of the key points of one, of the operators in one."""
_DISTRIBUTED = 0.7
_DISTRIBUTION_DBM, _DISTRIBUTION_SD_DB = -82.0, 6.0
"""Share of places and operators with an indoor distribution, and the level that it gives."""
_WAVE_DB = 3.0
_WALK_S = 60
"""From one key point to the next."""


@dataclass(frozen=True)
class Levels:
    """What one operator has at every key point: level and SINR, NaN without service."""

    rsrp_dbm: dict[str, Floats]
    """By technology."""
    sinr_db: dict[str, Floats]


def write_survey(folder: Path, world: World) -> int:
    """Write a log for each operator and the truth of key points; give the number of records."""
    points = key_points(world)
    (folder / "raw" / NAME).mkdir(parents=True)
    truths, records = [], 0
    for operator in world.recipe.operators:
        levels = _levels(world, operator, points)
        chosen = _surveyed(world, operator, points)
        truths += [_truth(points, operator, t, levels, chosen) for t in levels.rsrp_dbm]
        rows = _records(world, operator, points, levels, chosen)
        path = folder / "raw" / NAME / f"{operator.plmn}.csv"
        write_lines(path, HEADER.encode(), rows)
        records += len(rows)
    pq.write_table(pa.concat_tables(truths), folder / "truth" / "key_points.parquet")
    return records


def _levels(world: World, operator: Operator, points: list[KeyPoint]) -> Levels:
    """Field less the building's loss, or what an indoor distribution gives where that is more."""
    lon, lat = (np.array([getattr(p, n) for p in points]) for n in ("lon", "lat"))
    loss = np.array([p.loss_db for p in points])
    rsrp, sinr = {}, {}
    for technology in _TECHNOLOGIES:
        if not world.field.has(operator.plmn, technology):
            continue
        signal = world.signal_at(operator.plmn, technology, lon, lat)
        inside = _distributed(world, operator, technology, points)
        level = np.fmax(np.nan_to_num(signal.rsrp_dbm, nan=-np.inf) - loss, inside)
        served = level >= world.recipe.field.floor_dbm[technology]  # type: ignore[index]
        noise_limited = np.minimum(25.0, 0.6 * (level + 112.0))
        clear = np.where(inside >= level, noise_limited, np.fmin(signal.sinr_db, noise_limited))
        rsrp[technology] = np.where(served, level, np.nan)
        sinr[technology] = np.where(served, clear, np.nan)
    return Levels(rsrp, sinr)


def _distributed(
    world: World, operator: Operator, technology: str, points: list[KeyPoint]
) -> Floats:
    """Level that a place's indoor distribution gives; -inf without one, and in the open."""
    level = np.full(len(points), -np.inf)
    for i, point in enumerate(points):
        name = (world.recipe.seed, "distribution", operator.plmn, point.code)
        if point.loss_db == OPEN or rng(*name).random() >= _DISTRIBUTED:
            continue
        own = rng(*name, technology, point.name).standard_normal()
        level[i] = _DISTRIBUTION_DBM + _DISTRIBUTION_SD_DB * own
    return level


def _surveyed(world: World, operator: Operator, points: list[KeyPoint]) -> Flags:
    """Which key points this operator's device was carried to."""
    seed = world.recipe.seed

    def chosen(share: float, *name: str) -> bool:
        return bool(rng(seed, "surveyed", *name).random() < share)

    return np.array([
        chosen(_PLACES, p.code) and chosen(_POINTS, p.code, p.name)
        and chosen(_OPERATORS, p.code, operator.plmn) for p in points
    ])  # fmt: skip


def _truth(
    points: list[KeyPoint], operator: Operator, technology: str, levels: Levels, chosen: Flags
) -> pa.Table:
    level = levels.rsrp_dbm[technology]
    columns = [
        [p.code for p in points], [p.name for p in points], [operator.plmn] * len(points),
        [technology] * len(points), pa.array(level, pa.float64(), mask=np.isnan(level)), chosen,
    ]  # fmt: skip
    return pa.table(columns, schema=TRUTH)


def _records(
    world: World, operator: Operator, points: list[KeyPoint], levels: Levels, chosen: Flags
) -> list[bytes]:
    """Give lines of the log, key point by key point; each place is a day's walk of its own."""
    each, noise = world.recipe.places.indoor_samples, world.recipe.noise
    at = np.repeat(np.flatnonzero(chosen), each)
    source = rng(world.recipe.seed, "indoor", operator.plmn)
    codes = {code: i for i, code in enumerate(dict.fromkeys(p.code for p in points))}
    place = np.array([codes[points[i].code] for i in at], np.int64)
    run = noise.run_sd_db * source.standard_normal(len(codes))[place]
    fading = run + noise.sample_sd_db * source.standard_normal(at.size)
    best = np.full(at.size, "", dtype="U4")
    level, sinr = np.full(at.size, np.nan), np.full(at.size, np.nan)
    for technology in reversed(_TECHNOLOGIES):
        if technology in levels.rsrp_dbm:
            here = ~np.isnan(levels.rsrp_dbm[technology][at])
            best[here] = {"nr": "NR", "lte": "LTE"}[technology]
            level[here] = levels.rsrp_dbm[technology][at][here]
            sinr[here] = levels.sinr_db[technology][at][here]
    open_air = np.array([points[i].loss_db == OPEN for i in at], bool)
    lon, lat = (np.array([getattr(points[i], n) for i in at]) for n in ("lon", "lat"))
    return lines(
        [
            text(_times(world, place, each)),
            *(text([getattr(points[i], n) for i in at]) for n in ("place", "name", "floor")),
            number(np.where(open_air, lon, np.nan)), number(np.where(open_air, lat, np.nan)),
            operator.plmn, text(best), number(level + fading, decimals=1),
            number(sinr + 0.3 * fading, decimals=1),
            text(np.where(best == "", NO_SERVICE_TEXT, "")),
        ],
        ",",
    )  # fmt: skip


def _times(world: World, place: NDArray[np.int64], each: int) -> list[str]:
    """Local times: a place a day, from nine o'clock, a second a sample and walks between points."""
    period = world.recipe.period
    first = dt.datetime.fromisoformat(f"{period.first_day}T09:00:00")
    nth = np.arange(place.size) - np.searchsorted(place, place)
    second = nth + nth // each * _WALK_S
    return [
        (first + dt.timedelta(days=int(p) % period.days, seconds=int(s))).isoformat(" ")
        for p, s in zip(place, second, strict=True)
    ]
