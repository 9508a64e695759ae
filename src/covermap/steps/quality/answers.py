"""Figures of groups of tests of one kind, beside what the rule pack asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.quality.clusters import (
    Ratio,
    mean_bounds,
    mean_chance,
    share_bounds,
    share_chance,
)
from covermap.core.quality.figures import Binned, extremes, quantile_bounds
from covermap.rules import RateStandard, ServiceRule
from covermap.tables import ANY, NO_TECHNOLOGY, nan_as_null

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CONFIDENCE = 0.95
"""Of intervals, where the pack says nothing of service quality."""
MBPS = 1e6
MS = 1e3
MEANS = {"downlink": "mean_downlink_mbps", "uplink": "mean_uplink_mbps"}
SHARES = {
    "downlink": "downlink_share", "uplink": "uplink_share", "rates": "tests_share",
    "latency": "latency_share", "stall": "stall_share", "connect": "connect_share",
}  # fmt: skip
AT_MOST = ("stall_share",)
"""Figures that are to be at most the target; all others at least."""
OUTCOMES = ("stall", "connect")


@dataclass(frozen=True)
class Judged:
    """Tests of one kind in groups, as the pack sees them."""

    groups: pa.Table
    """What and where each group is, one row each."""
    binned: Binned
    judged: Ints
    """Per row of `binned`: tests of which a standard asks something."""
    met: Ints
    """Of these, how many meet it."""


@dataclass(frozen=True)
class Figure:
    """One figure of every group; NaN: not known."""

    name: str
    value: Floats
    low: Floats
    high: Floats
    of: Ratio
    chance: Floats | None = None
    """Probability that the value is at least the target."""


def figures_of(kind: str, tests: Judged, rule: ServiceRule | None) -> Iterator[pa.Table]:
    """Give each figure of a kind of tests as rows of `quality_verdicts`."""
    sure = rule.confidence if rule else CONFIDENCE
    if kind in MEANS:
        found = _mean(MEANS[kind], tests.binned, _target(rule, MEANS[kind]), sure)
        yield _rows(found, tests, rule, _told_extremes(tests.binned))
    if kind == "latency":
        for name, share in (("latency_median_ms", 0.5), ("latency_p95_ms", 0.95)):
            yield _rows(_quantile(name, tests.binned, share, sure), tests, rule)
    asked = _asked(kind, tests.groups, rule)
    if asked.any():
        some = tests.judged > 0
        judged = _only(tests.binned, some, tests.judged)
        found = _share(SHARES[kind], judged, tests.met[some], _target(rule, SHARES[kind]), sure)
        extra = {"standard": nan_as_null(_standard(kind, tests.groups, rule))}
        yield _rows(found, tests, rule, extra).filter(pa.array(asked))


def _mean(name: str, binned: Binned, target: float | None, sure: float) -> Figure:
    of = binned.ratio(binned.total / MBPS)
    low, high = mean_bounds(of, sure)
    chance = None if target is None else mean_chance(of, np.full(binned.groups, target))
    return Figure(name, of.value, low, high, of, chance)


def _share(name: str, binned: Binned, met: Ints, target: float | None, sure: float) -> Figure:
    of = binned.shares(met)
    low, high = share_bounds(of, sure)
    chance = None if target is None else share_chance(of, np.full(binned.groups, target))
    return Figure(name, of.own.value, low, high, of.own, chance)


def _quantile(name: str, binned: Binned, share: float, sure: float) -> Figure:
    value, low, high = (v / MS for v in quantile_bounds(binned, share, sure))
    return Figure(name, value, low, high, binned.ratio(binned.n))


def _only(binned: Binned, some: NDArray[np.bool_], n: Ints) -> Binned:
    """Keep some rows, with other numbers of tests; clusters are numbered anew."""
    cluster = np.unique(binned.cluster[some], return_inverse=True)[1].astype(np.int64)
    return Binned(
        binned.groups, binned.group[some], cluster, binned.edge[some], n[some], binned.total[some]
    )


def _told_extremes(binned: Binned) -> dict[str, pa.Array]:
    found = extremes(binned)
    return {
        "extremes": pa.array(found.count),
        "largest": nan_as_null(found.largest / MBPS),
        "without_extremes": nan_as_null(found.mean_without / MBPS),
    }


def _target(rule: ServiceRule | None, name: str) -> float | None:
    value = getattr(rule, name, None)
    return None if value is None else float(value)


def _asked(kind: str, groups: pa.Table, rule: ServiceRule | None) -> NDArray[np.bool_]:
    """Tell of which groups the pack asks something of tests; of outcomes it always does."""
    if kind in OUTCOMES:
        return np.ones(groups.num_rows, bool)
    if rule is None or (kind == "latency" and rule.latency_ms is None):
        return np.zeros(groups.num_rows, bool)
    if kind == "latency":
        return np.ones(groups.num_rows, bool)
    names = {technology for technology in rule.rates if _rate(rule, kind, technology) is not None}
    known = {*names, ANY, NO_TECHNOLOGY} if names else names
    return np.array([t in known for t in groups.column("technology").to_pylist()], bool)


def _rate(rule: ServiceRule, kind: str, technology: str) -> float | None:
    """Give what tests of a technology must reach, Mbit/s; of both directions: of either."""
    standards: Mapping[Any, RateStandard] = rule.rates
    standard = standards.get(technology)
    if standard is None:
        return None
    if kind == "rates":
        return standard.downlink_mbps or standard.uplink_mbps
    return standard.downlink_mbps if kind == "downlink" else standard.uplink_mbps


def _standard(kind: str, groups: pa.Table, rule: ServiceRule | None) -> Floats:
    """Give the one standard of each group's tests; NaN where several technologies have theirs."""
    none = np.full(groups.num_rows, np.nan)
    if rule is None or kind in (*OUTCOMES, "rates"):
        return none
    if kind == "latency":
        return np.full(groups.num_rows, rule.latency_ms)
    found = [_rate(rule, kind, t) for t in groups.column("technology").to_pylist()]
    return np.array([np.nan if one is None else one for one in found])


def _rows(
    found: Figure,
    tests: Judged,
    rule: ServiceRule | None,
    extra: dict[str, pa.Array] | None = None,
) -> pa.Table:
    groups, count = tests.groups, tests.groups.num_rows
    target = _target(rule, found.name)
    by = np.where(groups.column("by_device").to_numpy(), "device", "run")
    tested = found.of.tests > 0
    columns = {
        name: groups.column(name)
        for name in groups.column_names if name not in ("number", "by_device")
    } | {
        "figure": pa.array([found.name] * count, pa.string()),
        "value": nan_as_null(found.value),
        "low": nan_as_null(found.low),
        "high": nan_as_null(found.high),
        "confidence": pa.array(np.full(count, rule.confidence if rule else CONFIDENCE)),
        "tests": pa.array(found.of.tests),
        "clusters": pa.array(found.of.clusters),
        "clusters_by": pa.array(by, pa.string()),
        "basis": pa.array(["measured"] * count, pa.string(), mask=~tested),
        "extremes": pa.array(np.zeros(count, np.int64)),
        "target": pa.array([target] * count, pa.float64()),
        "answer": pa.array([None] * count, pa.string()),
    }  # fmt: skip
    if target is not None and rule is not None and found.chance is not None:
        at_most = found.name in AT_MOST
        chance = 1 - found.chance if at_most else found.chance
        columns["probability"] = nan_as_null(chance)
        columns["answer"] = pa.array(_answers(found, target, rule, at_most), pa.string())
    return pa.table(columns | (extra or {}))


def _answers(found: Figure, target: float, rule: ServiceRule, at_most: bool) -> list[str]:
    """Where the whole interval lies: at or beyond the target, short of it, or on both sides."""
    if at_most:
        passed, failed = found.high <= target, found.low > target
    else:
        passed, failed = found.low >= target, found.high < target
    enough = (found.of.tests >= rule.min_tests) & (found.of.clusters >= rule.min_runs)
    made = np.where(passed, "pass", np.where(failed, "fail", "undetermined"))
    return [str(one) for one in np.where(enough, made, "undetermined")]
