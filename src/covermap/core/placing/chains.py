"""Runs that change lines: the stamps of one run as chains on several lines, one after the other.

A stamp that only a train faster than this one could have reached, from all sides, is a mistake:
nothing beyond it was travelled.

The line that fits a run best takes its stamps first. What is stamped before and after them, and in
a hop of them that stamps of other lines lie in, may be a way on another line: where two stations at
least that the first line does not have fit one, in times that trains can keep. Then nothing of the
first line between them was travelled. One such stamp alone is a mistake.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from covermap.core.geodesy import Ints
from covermap.core.placing.course import trip_of
from covermap.core.placing.profile import Motion
from covermap.core.placing.stamps import MIN_SHARE, Chain, LineFacts, Stamps, best_chain
from covermap.core.placing.timing import DEPARTURE, STAMP_SD_S, Seen, Trip, times_of

FEWEST = 2
"""So many stations that the line before does not have show another line."""
TOO_FAST = 2.5
"""So many standard errors faster than the run usually is: it was not there."""
NONE = np.zeros(0, np.int64)


def chains_of(
    stamps: Stamps, stations: pd.DataFrame, lines: dict[int, LineFacts] | None = None
) -> list[Chain]:
    """Find the lines of a run.

    Parameters
    ----------
    stamps, stations, lines
        As for :func:`best_chain`.

    Returns
    -------
    list of Chain
        In order of time, apart but for stamps where the run changes. None at all where fewer than
        `MIN_SHARE` of the stamped stations are believed. Each stamp that is left aside is told
        of once.
    """
    kept, wrong = np.arange(len(stamps.key)), NONE
    while True:
        mine = Stamps([stamps.key[k] for k in kept], stamps.time_s[kept])
        whole = best_chain(mine, stations, lines)
        made = [] if whole is None else _with_others(whole, mine, stations, lines)
        out = [_not_reached(c, mine, lines) for c in made]
        if not any(len(o) for o in out):
            break
        wrong, kept = np.r_[wrong, *(kept[o] for o in out)], np.delete(kept, np.concatenate(out))
    believed = {mine.key[k] for chain in made for k in chain.stamp}
    if len(believed) < max(2, MIN_SHARE * len(set(stamps.key))):
        return []
    made = [_renumbered(c, kept) for c in made]
    told = np.union1d(made[0].disordered, wrong).astype(np.int64)
    return [made[0]._replace(disordered=told), *made[1:]]


def _renumbered(chain: Chain, kept: Ints) -> Chain:
    """Give the stamps of a chain their numbers among all."""
    return chain._replace(
        stamp=kept[chain.stamp], unknown=kept[chain.unknown], foreign=kept[chain.foreign],
        disordered=kept[chain.disordered], doubled=kept[chain.doubled],
        before_gap=int(kept[chain.before_gap]) if chain.before_gap >= 0 else -1,
    )  # fmt: skip


def _not_reached(chain: Chain, stamps: Stamps, lines: dict[int, LineFacts] | None) -> Ints:
    """Give the stamps of the stop at which the run begins, ends or turns too soon to be there.

    In the middle of a way a wrong name credits nothing: the run came by.
    """
    fact = (lines or {}).get(chain.line, LineFacts(float(chain.stop_m.max())))
    trip = trip_of(chain, stamps, fact)
    moves = np.sign(np.diff(trip.stop_m))
    turns = np.flatnonzero(np.r_[True, moves[1:] != moves[:-1], True]) if len(moves) else NONE
    stamped = np.unique(trip.seen.stop)
    turns = np.intersect1d(turns, stamped)
    early = np.array([_early(trip, int(k), fact.motion) for k in turns])
    if not len(turns) or early.max() <= TOO_FAST:
        return NONE
    number = np.searchsorted(stamped, turns[int(np.argmax(early))])
    out = chain.stamp[chain.stop == np.unique(chain.stop)[number]]
    first, last, keys = int(out[0]), int(out[-1]), stamps.key
    while first > 0 and keys[first - 1] == keys[first]:
        first -= 1
    while last + 1 < len(keys) and keys[last + 1] == keys[last]:
        last += 1
    return np.arange(first, last + 1)


def _early(trip: Trip, stop: int, motion: Motion) -> float:
    """Tell by how many standard errors a run was too fast to a stop, and from it.

    The less of both, each by what the rest of the run on that side shows of its speed; 0 where
    that is too little.
    """
    (at, kind, time_s), stop_m, station = trip
    here, made = at == stop, []
    for before in (True, False):
        part = slice(0, stop + 1) if before else slice(stop, None)
        side = at < stop if before else at > stop
        if len(stop_m[part]) == 1:
            continue
        if len(np.unique(at[side])) < FEWEST:
            return 0.0
        seen = Seen(at[side] - part.start, kind[side], time_s[side])
        times = times_of([Trip(seen, stop_m[part], station[part])], motion)[0]
        if before:
            late, sd = time_s[here].min() - times.arrive_s[-1], times.arrive_sd_s[-1]
        else:
            late, sd = times.depart_s[0] - time_s[here].max(), times.depart_sd_s[0]
            if kind[here][-1] != DEPARTURE:
                late, sd = late - times.dwell_s[0], np.hypot(sd, times.dwell_sd_s[0])
        made.append(-late / np.hypot(sd, STAMP_SD_S))
    return float(min(made))


def _with_others(
    chain: Chain, stamps: Stamps, stations: pd.DataFrame, lines: dict[int, LineFacts] | None
) -> list[Chain]:
    """Add the chains of other lines before, within and after a chain, and split it by them."""
    ends = np.r_[0, chain.stamp, len(stamps.key) - 1]
    others, cuts = [], []
    for k, (a, b) in enumerate(pairwise(ends)):
        within = (chain.foreign > a) & (chain.foreign < b) | np.isin(chain.foreign, [a, b])
        found = (
            _on_another(chain, slice(int(a), int(b) + 1), stamps, stations, lines)
            if within.sum() >= FEWEST
            else []
        )
        others += found
        if found and 0 < k < len(ends) - 2:
            cuts.append(k)
    if not others:
        return [chain]
    theirs = np.unique(np.concatenate([c.stamp for c in others]))
    told = chain._replace(
        foreign=np.setdiff1d(chain.foreign, theirs),
        disordered=np.setdiff1d(chain.disordered, theirs),
    )
    every = [*_split(told, cuts), *others]
    return sorted(every, key=lambda c: (int(c.stamp[0]), int(c.stamp[-1])))


def _on_another(
    chain: Chain, part: slice, stamps: Stamps, stations: pd.DataFrame,
    lines: dict[int, LineFacts] | None,
) -> list[Chain]:  # fmt: skip
    """Find the chains of a part of the stamps on other lines; what they leave aside is told."""
    mine = Stamps(stamps.key[part], stamps.time_s[part])
    found = best_chain(mine, stations[stations["line"] != chain.line], lines)
    own = set(stations.loc[stations["line"] == chain.line, "key"])
    if found is None or len({mine.key[k] for k in found.stamp} - own) < FEWEST:
        return []
    return [
        c._replace(
            stamp=c.stamp + part.start, doubled=c.doubled + part.start, unknown=NONE, foreign=NONE,
            disordered=NONE, before_gap=c.before_gap + part.start if c.before_gap >= 0 else -1,
        )
        for c in _with_others(found, mine, stations, lines)
    ]  # fmt: skip


def _split(chain: Chain, cuts: list[int]) -> list[Chain]:
    """Split a chain before the believed stamps of some numbers; the first part tells of all."""
    made = []
    for first, last in zip([0, *cuts], [*cuts, len(chain.stamp)], strict=True):
        stop = chain.stop[first:last]
        made.append(
            chain._replace(
                stamp=chain.stamp[first:last], chainage_m=chain.chainage_m[first:last],
                stop=stop - stop[0], stop_m=chain.stop_m[stop[0] : stop[-1] + 1],
            )
        )  # fmt: skip
        chain = chain._replace(
            unknown=NONE, foreign=NONE, disordered=NONE, doubled=NONE, missing=0, before_gap=-1
        )
    return made
