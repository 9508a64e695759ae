"""Judge key points in every layer: each operator and technology, and those derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from covermap.core.judging.certainty import Spread
from covermap.core.judging.derived import any_technology, operators
from covermap.core.judging.judge import CDB, Judged, hide_unmeasured, judge_technology
from covermap.core.judging.quantiles import sum_by_place
from covermap.core.judging.runs import Counts, observed, run_means, runs_of
from covermap.core.judging.verdicts import PlaceTest
from covermap.tables import ALL, ANY

Ints = NDArray[np.int64]
Layer = tuple[str, str]

NO_ROWS = np.zeros(0, np.int64)
NOTHING = Counts(*(NO_ROWS for _ in fields(Counts)))


@dataclass(frozen=True)
class Surveyed:
    """One operator's counts in one technology, or without service (their places: key points)."""

    counts: Counts
    day: Ints
    """Number of the day of each row; -1: not dated."""

    def latest(self, points: int) -> Ints:
        """Give the number of the latest day of each key point; -1 without one."""
        made = np.full(points, -1, np.int64)
        np.maximum.at(made, self.counts.place, self.day)
        return made


NONE_SURVEYED = Surveyed(NOTHING, NO_ROWS)


@dataclass(frozen=True)
class OfOperator:
    """Everything that was measured of one operator at key points."""

    served: Mapping[str, Surveyed]
    """By technology: those that it showed anywhere, also where no key point has any of it."""
    none: Surveyed


def judge_layers(
    surveyed: Mapping[str, OfOperator],
    tests: Mapping[str, PlaceTest],
    spread: Spread,
    points: int,
) -> dict[Layer, Judged]:
    """Judge every key point in every layer.

    Samples are judged as those of cells and segments are (``judge.judge_technology``), what runs
    saw tells how sure it is, and layers are combined as theirs are (``derived``): `any`
    technology is whichever served, `any` and `all` operators at the same key point. Where nothing
    was measured anywhere, there is the layer any/any, unmeasured.

    Parameters
    ----------
    surveyed
        By operator.
    tests
        By technology: what a key point must show. Other technologies say nothing of it.
    spread
        As the pack's certainty has it.
    points
        Number of key points; every array that comes back has one entry for each.
    """
    found: dict[Layer, Judged] = {}
    for name, one in sorted(surveyed.items()):
        found |= {(name, t): j for t, j in _judge_operator(one, tests, spread, points).items()}
    if not found:
        easiest = min(tests.values(), key=lambda test: test.rsrp_dbm)
        nobody = judge_technology(NOTHING.bins, np.zeros(points, np.int64), easiest, spread)
        return {(ANY, ANY): hide_unmeasured(nobody)}
    for technology in sorted({t for _, t in found}):
        members = [j for (_, t), j in sorted(found.items()) if t == technology]
        found[ANY, technology] = operators(members, every=False)
        found[ALL, technology] = operators(members, every=True)
    return found


def _judge_operator(
    one: OfOperator, tests: Mapping[str, PlaceTest], spread: Spread, points: int
) -> dict[str, Judged]:
    easiest = min(tests.values(), key=lambda test: test.rsrp_dbm)
    none, silent = one.none.counts, one.none.latest(points)
    n_none = sum_by_place(none.place, none.n, points)
    judged = {}
    members = {t: s for t, s in one.served.items() if t in tests}
    for name, seen in {"": NONE_SURVEYED, **members}.items():
        test = tests.get(name, easiest)
        means = run_means(seen.counts, none, round(test.none_level_dbm * CDB))
        judged[name] = judge_technology(
            seen.counts.bins, n_none, test, spread, observed(means, points),
            np.maximum(seen.latest(points), silent),
        )  # fmt: skip
    nothing = judged.pop("")
    place, run = (
        np.concatenate([getattr(c, n) for c in (none, *(s.counts for s in members.values()))])
        for n in ("place", "run")
    )
    judged[ANY] = any_technology(
        list(judged.values()), nothing, easiest, runs_of(place, run, points)
    )
    return {name: hide_unmeasured(found) for name, found in judged.items()}


def by_standard(made: list[dict[Layer, Judged]], standard: Ints) -> dict[Layer, Judged]:
    """Give each key point what was judged by its own standards.

    Parameters
    ----------
    made
        All key points judged by one set of standards after the other; equal layers.
    standard
        Which set is each key point's own.
    """
    if len(made) == 1:
        return made[0]
    every = np.arange(len(standard))
    return {
        layer: Judged(
            **{
                f.name: np.array([getattr(one[layer], f.name) for one in made])[standard, every]
                for f in fields(Judged)
            }
        )
        for layer in made[0]
    }
