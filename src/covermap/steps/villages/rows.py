"""Rows of the tables of villages, a layer at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.villages.sums import filled, interval, settles, variances
from covermap.core.villages.verdicts import MEASURED, UNMEASURED, Villages
from covermap.rules.villages import VillageRule
from covermap.steps.villages.places import Places
from covermap.steps.villages.regions import Belonging
from covermap.tables import (
    VILLAGE_BASES,
    VILLAGE_EVIDENCE,
    VILLAGE_LEVELS,
    VILLAGE_SUMS,
    VILLAGE_VERDICT_WORDS,
    VILLAGE_VERDICTS,
    nan_as_null,
)

Ints = NDArray[np.int64]
Layer = tuple[str, str]
WHOLE, REGION, OUTSIDE = "all", "region", "outside"


class Writer:
    """Turns verdicts of one layer after the other into rows."""

    def __init__(
        self, places: Places, regions: Belonging, periods: Sequence[str], rule: VillageRule,
        simulated: bool,
    ) -> None:  # fmt: skip
        self._places, self._regions, self._rule = places, regions, rule
        self._periods = periods
        self._simulated = places.simulated | simulated
        self._names = [self._named(number) for number in range(1 + len(VILLAGE_LEVELS))]
        self._settled: dict[int, NDArray[np.float64]] = {}
        self._summed: dict[int, pa.Table] = {}
        self._ids = pa.DictionaryArray.from_arrays(
            pa.array(np.arange(places.villages, dtype=np.int32)), places.village_id
        )

    def verdicts(self, layer: Layer, judged: Villages) -> pa.Table:
        """Give the rows of VILLAGE_VERDICTS, sorted by village."""
        count = self._places.villages
        columns: dict[str, Any] = {
            "village_id": self._ids,
            "operator": coded(np.zeros(count, np.int8), [layer[0]]),
            "technology": coded(np.zeros(count, np.int8), [layer[1]]),
            "verdict": coded(judged.verdict, VILLAGE_VERDICT_WORDS),
            "probability": nan_as_null(judged.probability),
            "basis": coded(judged.basis, VILLAGE_BASES),
            "evidence": coded(judged.evidence, VILLAGE_EVIDENCE),
            "key_points": pa.array(judged.points.astype(np.int32)),
            "key_points_measured": pa.array(judged.points_measured.astype(np.int32)),
            "best_key_point": coded(judged.best, self._places.point_names),
            "worst_key_point": coded(judged.worst, self._places.point_names),
            "cells": pa.array(judged.cells),
            "cells_covered": pa.array(judged.covered),
            "n": pa.array(judged.n),
            "last_period": coded(judged.period, self._periods),
            "settles": pa.array(self._settles(judged)),
            "simulated": pa.array(self._simulated),
        }
        return pa.table({name: columns[name] for name in VILLAGE_VERDICTS.names})

    def _settles(self, judged: Villages) -> NDArray[np.float64]:
        """Give what measuring each village settles; once for layers that are the same."""
        if id(judged) in self._settled:
            return self._settled[id(judged)]
        nested = self._regions.nested
        chance = filled(judged.probability, nested, self._rule.alike.prior_villages)
        found = settles(chance, nested)
        found[(judged.basis == MEASURED) & (judged.verdict != UNMEASURED)] = 0.0
        self._settled[id(judged)] = np.round(found, 6)
        return self._settled[id(judged)]

    def sums(self, layer: Layer, judged: Villages) -> pa.Table:
        """Give the rows of VILLAGE_SUMS: the whole, and every region of every level."""
        if id(judged) not in self._summed:
            self._summed[id(judged)] = self._sum(judged)
        whole = self._summed[id(judged)]
        fixed = {"operator": layer[0], "technology": layer[1]}
        columns = {
            name: pa.repeat(pa.scalar(fixed[name]), whole.num_rows)
            if name in fixed
            else whole[name]
            for name in VILLAGE_SUMS.names
        }
        return pa.table(columns)

    def _sum(self, judged: Villages) -> pa.Table:
        spread = variances(judged.probability, self._regions.nested)
        parts = [self._level(number, judged, spread[number]) for number in range(len(spread))]
        return pa.concat_tables(parts)

    def _level(self, number: int, judged: Villages, variance: NDArray[np.float64]) -> pa.Table:
        """Sum one level; villages in none of its regions come last, if there are any."""
        size = len(variance)
        region = self._regions.nested.code[:, number] % size  # -1: the last
        told = ~np.isnan(judged.probability)
        period = np.full(size, -1, np.int64)
        np.maximum.at(period, region, judged.period)
        villages = np.bincount(region, minlength=size)
        assessed = np.bincount(region[told], minlength=size)
        expected = np.bincount(region[told], judged.probability[told], size).astype(np.float64)
        low, high = interval(assessed, expected, variance, self._rule.confidence)
        none = assessed == 0
        columns: dict[str, Any] = {
            **self._names[number],
            "villages": villages,
            **{
                word: np.bincount(region[judged.verdict == code], minlength=size)
                for code, word in enumerate(VILLAGE_VERDICT_WORDS)
            },
            "assessed": assessed,
            "expected_lit": pa.array(np.round(expected, 6), mask=none),
            "expected_low": pa.array(low, mask=none),
            "expected_high": pa.array(high, mask=none),
            "lit_low": low,
            "lit_high": high + (villages - assessed),
            "last_period": coded(period, self._periods).cast(pa.string()),
            "simulated": np.bincount(region, self._simulated, size) > 0,
        }
        rows = pa.table(columns)
        return rows if number and villages[-1] and size > 1 else rows.slice(0, size - 1)

    def _named(self, number: int) -> dict[str, pa.Array]:
        told: list[tuple[str | None, ...]] = [(WHOLE, None, None, None), (WHOLE, None, None, None)]
        if number:
            level = VILLAGE_LEVELS[number - 1]
            names = self._regions.names
            told = [(REGION, level, one, names.get(one)) for one in self._regions.region_id[level]]
            told.append((OUTSIDE, level, None, None))
        columns = zip(*told, strict=True)
        titles = ("scope", "level", "region_id", "name")
        return {t: pa.array(c, pa.string()) for t, c in zip(titles, columns, strict=True)}


def coded(numbers: NDArray[Any], words: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """Give texts by their numbers; null where a number is negative."""
    absent = numbers < 0
    indices = pa.array(numbers.astype(np.int32), mask=absent if absent.any() else None)
    words = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
    return pa.DictionaryArray.from_arrays(indices, words)
