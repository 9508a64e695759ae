"""Station marks of a run: which line they fit, and which of them to believe.

Testers stamp stations by hand: a stamp may be missing, doubled, late, out of order, of another
line, or of no station. On each line that has the stations, the best chain of stamps is found by
dynamic programming: a stamp that is believed counts one; it costs to turn round, to pass stations
without a stamp, and to be far from the time that trains take. What is not in the chain is told.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np
import pandas as pd
from numba import njit

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.profile import METRO, Motion

SUFFIXES = ("metrostation", "subwaystation", "station", "地铁站", "车站", "站")
"""What testers and maps append to a station's name, or not."""
MIN_SHARE = 0.6
"""A run is put on lines only if at least this share of its stamped stations is in their chains."""
TURN_COST = 1.5
"""A single stamp out of order is left aside; two beyond it show that the train turned."""
SKIP_COST = 0.05
"""For each station passed without a stamp; at most `SKIPS` of them count."""
SKIPS = 10
PACE_COST, PACE_LIMIT = 1.0, 0.95
"""For each factor of e between the time taken and the time usual, and at most."""
LATE_S = 15.0
"""A stamp can be late or early by this much."""
LAPS = 3
"""Times that a run may go round a closed line, either way."""


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


class LineFacts(NamedTuple):
    """What is known of a line besides its stations."""

    length_m: float
    closed: bool = False
    """Its end is its start: chainage goes on from 0."""
    oneway: int = 0
    """+1, -1: trains run with, against the chainage; 0: both or not known."""
    motion: Motion = METRO


class Chain(NamedTuple):
    """The stamps of a run that fit a line: row of each, chainage, and what was left aside.

    On a closed line chainages go on beyond the length (or below 0).
    """

    line: int
    stamp: Ints
    chainage_m: Floats
    score: float
    other_line: int
    """Another line that the stamps fit as well; -1: none."""
    unknown: Ints
    """Stamps that name no station of any line."""
    foreign: Ints
    """Stamps that name stations of other lines only."""
    disordered: Ints
    """Stamps of the line's stations that are not in the chain."""
    doubled: Ints
    """Stamps between the first and the last of one stop."""
    missing: int
    """Stations passed without a stamp."""
    before_gap: int
    """The stamp before the first of them; -1: none."""
    stop: Ints
    """For each believed stamp, its stop: stamps of one station in a row are one stop."""
    stop_m: Floats
    """Chainage of every stop in order of travel, stations without a stamp among them."""


def best_chain(
    stamps: Stamps, stations: pd.DataFrame, lines: dict[int, LineFacts] | None = None
) -> Chain | None:
    """Find the line that the stamps fit best.

    Parameters
    ----------
    stamps
        The run's marks.
    stations
        Columns line (number), key (see :func:`station_key`) and chainage_m.
    lines
        Facts of lines by number; those that are not given are open, for both directions.

    Returns
    -------
    Chain or None
        Of lines with equal scores the lowest number, with the next one named. None: no line has
        two of the stations in an order that can be, and `MIN_SHARE` of those stamped from the
        first to the last of them.
    """
    wanted = set(stamps.key)
    hits = stations[stations["key"].isin(wanted)]
    counts = hits.groupby("line")["key"].nunique()
    good = counts[counts >= 2]
    chains = []
    for number in sorted(int(str(line)) for line in good.index):
        mine = stations[stations["line"] == number]
        fact = (lines or {}).get(number, LineFacts(float(mine["chainage_m"].max())))
        chain = _chain(stamps, mine, number, fact, set(hits["key"]))
        named = {stamps.key[k] for k in chain.stamp}
        between = set(stamps.key[chain.stamp[0] : chain.stamp[-1] + 1])
        if len(named) >= max(2, MIN_SHARE * len(between)):
            chains.append(chain)
    if not chains:
        return None
    chains.sort(key=lambda c: (-c.score, c.line))
    rival = len(chains) > 1 and chains[1].score > chains[0].score - 1e-6
    return chains[0]._replace(other_line=chains[1].line if rival else -1)


def _chain(
    stamps: Stamps, stations: pd.DataFrame, number: int, fact: LineFacts, known: set[str]
) -> Chain:
    row, place, rank, every = _candidates(stamps, stations, fact)
    picked, score = _longest(row, place, rank, stamps.time_s[row], _pace(fact))
    used = row[picked]
    keys = np.array(stamps.key, object)
    rest = np.setdiff1d(np.arange(len(keys)), used)
    mine = set(stations["key"])
    here = np.array([k in mine for k in keys[rest]], bool)
    seen = np.array([k in known for k in keys[rest]], bool)
    passed = np.maximum(np.abs(np.diff(rank[picked])) - 1, 0)
    at = place[picked]
    inner = np.zeros(len(used), bool)
    inner[1:-1] = (np.abs(np.diff(at)[1:]) < 1.0) & (np.abs(np.diff(at)[:-1]) < 1.0)
    gaps = used[np.flatnonzero(passed)]
    return Chain(
        number, used, at, round(score, 9), -1, rest[~here & ~seen], rest[~here & seen],
        rest[here], used[inner], int(passed.sum()), int(gaps[0]) if len(gaps) else -1,
        *_stops(at, rank[picked], every),
    )  # fmt: skip


def _stops(at: Floats, rank: Ints, every: pd.Series[float]) -> tuple[Ints, Floats]:
    """Give the stop of each believed stamp, and all stops, stations passed included."""
    if not len(at):
        return np.zeros(0, np.int64), np.zeros(0)
    new = np.abs(np.diff(at)) >= 1.0
    passed = np.where(new, np.maximum(np.abs(np.diff(rank)) - 1, 0), 0)
    stop = np.r_[0, np.cumsum(new + passed)].astype(np.int64)
    ranks = np.interp(np.arange(stop[-1] + 1), stop, rank) if stop[-1] else rank[:1]
    stop_m = np.array(every.loc[np.round(ranks).astype(np.int64)], np.float64)
    stop_m[stop] = at
    return stop, stop_m


def _candidates(
    stamps: Stamps, stations: pd.DataFrame, fact: LineFacts
) -> tuple[Ints, Floats, Ints, pd.Series[float]]:
    """Give the stamp, chainage and rank of each place that a stamp can mean, in order of stamps.

    And the chainage of every station by its rank.
    """
    ordered = stations.sort_values(["chainage_m", "key"], kind="stable")
    s, keys = ordered["chainage_m"].to_numpy(np.float64), ordered["key"].to_numpy(object)
    rank = np.arange(len(s))
    if fact.closed:  # the last station of a closed line may be its first again
        last = len(s) > 1 and keys[-1] == keys[0] and s[-1] - s[0] > fact.length_m / 2
        s, keys, rank = (v[: len(v) - last] for v in (s, keys, rank))
        laps = np.arange(-LAPS, LAPS + 1)
        rank = (rank + laps[:, None] * len(s)).ravel()
        s, keys = (s + laps[:, None] * fact.length_m).ravel(), np.tile(keys, len(laps))
    own = pd.DataFrame({"key": np.array(stamps.key, object), "stamp": np.arange(len(stamps.key))})
    place = pd.DataFrame({"key": keys, "s": s, "rank": rank})
    both = own.merge(place, on="key").sort_values(["stamp", "s"], kind="stable")
    return (
        both["stamp"].to_numpy(np.int64), both["s"].to_numpy(np.float64),
        both["rank"].to_numpy(np.int64), pd.Series(s, index=rank),
    )  # fmt: skip


class _Pace(NamedTuple):
    """What the price of a step from stamp to stamp rests on, as numba takes it."""

    fastest_mps: float
    oneway: float
    top_mps: float
    acceleration_mps2: float
    dwell_s: float


def _pace(fact: LineFacts) -> _Pace:
    motion = fact.motion
    return _Pace(
        motion.fastest_mps, float(fact.oneway), motion.top_mps, motion.acceleration_mps2,
        motion.dwell_s,
    )  # fmt: skip


def _longest(
    stamp: Ints, place: Floats, rank: Ints, time_s: Floats, pace: _Pace
) -> tuple[Ints, float]:
    """Candidates of the best chain in order, and its score."""
    if not len(stamp):
        return np.zeros(0, np.int64), 0.0
    score, before = _scores(stamp, place, rank, time_s, pace)
    flat = int(np.argmax(np.round(score, 9)))
    best = float(score.ravel()[flat])
    chain = []
    while flat >= 0:
        chain.append(flat // 2)
        flat = int(before.ravel()[flat])
    return np.array(chain[::-1], np.int64), best


@njit(cache=True)
def _scores(stamp, place, rank, time_s, pace):  # type: ignore[no-untyped-def]
    """Best score of a chain that ends at each candidate, moving down (0) or up (1), and its way."""
    n = len(stamp)
    score = np.ones((n, 2))
    before = np.full((n, 2), -1, np.int64)
    for j in range(n):
        for i in range(j):
            if stamp[i] == stamp[j]:
                continue
            for d in range(2):
                gain, way = _step(i, j, d, place, rank, time_s, pace)
                if gain > -1e9 and score[i, d] + gain > score[j, way] + 1e-9:
                    score[j, way] = score[i, d] + gain
                    before[j, way] = 2 * i + d
    return score, before


@njit(cache=True)
def _step(i, j, d, place, rank, time_s, pace):  # type: ignore[no-untyped-def]
    """Tell what going on from i to j adds, and in which direction (0 down, 1 up) it goes."""
    seconds = time_s[j] - time_s[i]
    metres = abs(place[j] - place[i])
    if metres < 1.0:
        return 1.0, d
    if metres > pace.fastest_mps * (seconds + LATE_S):
        return -1e12, d
    way = 1 if place[j] > place[i] else 0
    passed = abs(rank[j] - rank[i]) - 1
    usual = pace.dwell_s * (passed + 0.5)
    ramp = pace.top_mps**2 / pace.acceleration_mps2
    if metres >= ramp:
        usual += metres / pace.top_mps + pace.top_mps / pace.acceleration_mps2
    else:
        usual += 2.0 * np.sqrt(metres / pace.acceleration_mps2)
    late = abs(np.log(max(seconds, 1.0) / usual))
    gain = 1.0 - SKIP_COST * min(passed, SKIPS) - min(PACE_COST * late, PACE_LIMIT)
    if way != d:
        gain -= TURN_COST
    if pace.oneway != 0.0 and (pace.oneway > 0.0) != (way == 1):
        gain -= 0.2
    return gain, way
