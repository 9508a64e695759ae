"""Runs that change lines: the stamps of one run as chains on several lines, one after the other.

The line that fits a run best takes its stamps first. What is stamped before and after them, and in
a hop of them that stamps of other lines lie in, may be a way on another line: where two stations at
least that the first line does not have fit one, in times that trains can keep. Then nothing of the
first line between them was travelled. One such stamp alone is a mistake.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from covermap.core.placing.stamps import MIN_SHARE, Chain, LineFacts, Stamps, best_chain

FEWEST = 2
"""So many stations that the line before does not have show another line."""
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
    whole = best_chain(stamps, stations, lines)
    if whole is None:
        return []
    made = _with_others(whole, stamps, stations, lines)
    believed = {stamps.key[k] for chain in made for k in chain.stamp}
    return made if len(believed) >= max(2, MIN_SHARE * len(set(stamps.key))) else []


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
