"""Places that were held out, as the tables of scores and of reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.core.prediction.evaluate import TENTHS, Held, by_distance, reliability, scored
from covermap.tables import ANY, PREDICTION_RELIABILITY, PREDICTION_SCORES, conform, in_order

HELD = ("blocks", "runs")
ANEW, ONCE = "anew", "once"


@dataclass(frozen=True)
class HeldOut:
    """Places of one layer that were held out in one way."""

    layer: tuple[str, str]
    held: str
    block_m: float | None
    learnt: str
    """`anew`: all of it without each part; `once`: covariance and spread from everything."""
    threshold_dbm: float
    places: Held


def joined(parts: Sequence[Held]) -> Held:
    """Bring places together, in this order."""
    return Held(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Held)))


def together(parts: Sequence[HeldOut]) -> list[HeldOut]:
    """All layers as one, levels told against each one's threshold."""
    made = []
    for kind in HELD:
        own = [p for p in parts if p.held == kind]
        if own:
            places = joined([_against(p) for p in own])
            made.append(HeldOut((ANY, ANY), kind, own[0].block_m, own[0].learnt, 0.0, places))
    return made


def _against(part: HeldOut) -> Held:
    names = ("level_dbm", "mean_dbm", "low_dbm", "high_dbm")
    changed: dict[str, Any] = {
        name: getattr(part.places, name) - part.threshold_dbm for name in names
    }
    return replace(part.places, **changed)


def scores_of(parts: Sequence[HeldOut], simulated: bool) -> pa.Table:
    """Score each part, whole and by distance; schema PREDICTION_SCORES."""
    rows = []
    for part in parts:
        whole = (0.0, np.inf, scored(part.places, part.threshold_dbm))
        for low, high, score in [whole, *by_distance(part.places, part.threshold_dbm)]:
            several = part.layer == (ANY, ANY)
            rows.append(_named(part) | vars(score) | {
                "from_m": low, "to_m": high if np.isfinite(high) else None,
                "threshold_dbm": None if several else part.threshold_dbm, "simulated": simulated,
            })  # fmt: skip
    return _table(rows, PREDICTION_SCORES)


def reliability_of(parts: Sequence[HeldOut]) -> pa.Table:
    """Count what was said against what was seen; schema PREDICTION_RELIABILITY."""
    rows = []
    for part in parts:
        reached = part.places.level_dbm >= part.threshold_dbm
        counts = zip(*reliability(part.places.covered, reached), strict=True)
        for tenth, (n, said, seen) in zip(range(TENTHS), counts, strict=True):
            rows.append(_named(part) | {"tenth": tenth, "n": n, "said": said, "seen": seen})
    return _table(rows, PREDICTION_RELIABILITY)


def _named(part: HeldOut) -> dict[str, Any]:
    return {"operator": part.layer[0], "technology": part.layer[1], "held": part.held,
            "block_m": part.block_m, "learnt": part.learnt}  # fmt: skip


def _table(rows: list[dict[str, Any]], table: Any) -> pa.Table:
    plain = [{k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
             for row in rows]  # fmt: skip
    return in_order(conform(pa.Table.from_pylist(plain, table.schema), table), table)
