"""Samples between station marks: placed on the line that has these stations, by time.

Underground there is no position; the tester stamps each station. Between two stamps in a row the
place is linear in time (first version: without acceleration and braking). Before the first stamp
and after the last nothing is known.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np
import pandas as pd

from covermap.core.geodesy import Floats, Ints

SUFFIXES = ("metrostation", "subwaystation", "station", "地铁站", "车站", "站")
"""What testers and maps append to a station's name, or not."""
MIN_SHARE = 0.6
"""A run is put on a line only if the line has at least this share of the stations stamped."""


def station_key(name: str) -> str:
    """Bring a station's name into the form in which names are compared.

    Examples
    --------
    >>> station_key(" 人民广场站 "), station_key("People's Square Station")
    ('人民广场', "people'ssquare")
    """
    text = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    for suffix in SUFFIXES:
        if text.endswith(suffix) and len(text) > len(suffix):
            return text.removesuffix(suffix)
    return text


class Stamps(NamedTuple):
    """Marks of one run in order of time: name keys and seconds."""

    key: list[str]
    time_s: Floats


class Course(NamedTuple):
    """Where a run was by its stamps: the line, and times and chainages of its stamps on it."""

    line: int
    time_s: Floats
    chainage_m: Floats
    unknown: int
    """Stamps that name no station of the line."""


def place_by_marks(stamps: Stamps, stations: pd.DataFrame) -> Course | None:
    """Find the line whose stations were stamped, and the chainage of each stamp.

    Parameters
    ----------
    stamps
        The run's marks.
    stations
        Columns line (number), key (see :func:`station_key`) and chainage_m.

    Returns
    -------
    Course or None
        The line with the most of the stamped stations; of several, the one on which the stamps go
        back and forth least, then the lowest number. None: no line has enough of them.
    """
    wanted = set(stamps.key)
    hits = stations[stations["key"].isin(wanted)]
    shares = hits.groupby("line")["key"].nunique() / max(len(wanted), 1)
    good = shares[(shares >= MIN_SHARE) & (shares * len(wanted) >= 2)]
    if good.empty:
        return None
    courses = [
        _course(stamps, hits[hits["line"] == line], int(str(line)))
        for line in sorted(good.index[good >= good.max() - 1e-9])
    ]
    return min(courses, key=lambda c: (_wandering(c), c.line))


def _course(stamps: Stamps, stations: pd.DataFrame, line: int) -> Course:
    """Chainage of each known stamp; a station met twice (a loop) is taken nearest to the last."""
    at = {str(k): sorted(rows) for k, rows in stations.groupby("key")["chainage_m"]}
    times: list[float] = []
    chainages: list[float] = []
    for key, time in zip(stamps.key, stamps.time_s, strict=True):
        if key in at:
            before = chainages[-1] if chainages else at[key][0]
            nearest = int(np.argmin(np.abs(np.array(at[key]) - before)))
            chainages.append(at[key][nearest])
            times.append(float(time))
    unknown = len(stamps.key) - len(times)
    return Course(line, np.array(times, float), np.array(chainages, float), unknown)


def _wandering(course: Course) -> float:
    """Length of the stamped way over what it spans: 1 for a run from end to end."""
    steps = np.abs(np.diff(course.chainage_m)).sum()
    span = np.ptp(course.chainage_m) if len(course.chainage_m) else 0.0
    return round(float(steps / max(span, 1.0)), 6)


def chainages_between(course: Course, time_s: Floats) -> tuple[Floats, Ints]:
    """Chainage (m; NaN outside the stamps) and direction (+1, -1, 0) at times.

    Standing between two stamps of one station, a sample has the direction of the next move.
    """
    inside = (time_s >= course.time_s[0]) & (time_s <= course.time_s[-1])
    chainage = np.where(inside, np.interp(time_s, course.time_s, course.chainage_m), np.nan)
    leg = np.sign(np.diff(course.chainage_m)).astype(np.int64)
    moves = np.flatnonzero(leg)
    if len(moves):
        following = moves[np.minimum(np.searchsorted(moves, np.arange(len(leg))), len(moves) - 1)]
        leg = leg[following]
    index = np.searchsorted(course.time_s, time_s, side="right") - 1
    direction = leg[np.clip(index, 0, max(len(leg) - 1, 0))] if len(leg) else np.zeros(0, np.int64)
    return chainage, np.where(inside, direction, 0)
