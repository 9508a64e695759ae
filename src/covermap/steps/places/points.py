"""Evidence of key points as numbered points, judged in every layer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.cube.counts import NO_BIN
from covermap.core.judging.certainty import Spread
from covermap.core.judging.judge import Judged
from covermap.core.judging.runs import Counts
from covermap.core.judging.verdicts import PlaceTest
from covermap.core.places.attaching import KeyPoint
from covermap.core.places.deep import together
from covermap.core.places.judging import (
    NONE_SURVEYED,
    Layer,
    OfOperator,
    Surveyed,
    by_standard,
    judge_layers,
)
from covermap.rules import RulePack, Standard
from covermap.tables import NO_TECHNOLOGY

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PointVerdicts:
    """What is said of key points; every array has one entry a key point."""

    layers: dict[Layer, Judged]
    days: list[str]
    """Days that occur, earliest first: `Judged.period` counts them."""
    together: NDArray[np.float64]
    """How much of the runs of a place's key points is one and the same."""


def judge_points(
    evidence: pa.Table,
    points: list[KeyPoint],
    place: Ints,
    scene: list[str | None],
    pairs: list[Layer],
    rules: RulePack,
) -> PointVerdicts:
    """Judge every key point in every layer.

    Parameters
    ----------
    evidence
        Schema PLACE_EVIDENCE.
    points, place, scene
        Key points, and the number of the place and the scene of each.
    pairs
        Operators and technologies that occur anywhere in the build.
    rules
        A pack that has [place]. A key point's samples are judged by [cell], with the minimum of
        [place] and the standards of its scene, or else of the pack.
    """
    days = sorted({day for day in evidence.column("day").unique().to_pylist() if day})
    counts = _counts(evidence, points)
    surveyed = _surveyed(counts, evidence, pairs, days)
    spread = Spread(**rules.certainty.model_dump(exclude={"source"}))
    of_scene = {n: one.standards for n, one in rules.scenes.items() if one.standards and n in scene}
    own = sorted(of_scene)
    sets = [tests_of(rules, {})] + [tests_of(rules, dict(of_scene[name])) for name in own]
    made = [judge_layers(surveyed, tests, spread, len(points)) for tests in sets]
    standard = np.array([own.index(s) + 1 if s in own else 0 for s in scene], np.int64)
    seen = np.flatnonzero(counts.place >= 0)
    at, run = counts.place[seen], counts.run[seen]
    alike = together(place[at], at, run, len(points), place)
    return PointVerdicts(by_standard(made, standard), days, alike)


def tests_of(rules: RulePack, own: dict[Any, Standard]) -> dict[str, PlaceTest]:
    """Give what a key point must show, by technology of [place]."""
    place, cell, none = rules.place, rules.cell, rules.no_service
    assert place is not None
    made = {}
    for technology in place.technologies:
        standard = own.get(technology, rules.standards[technology])
        made[str(technology)] = PlaceTest(
            standard.rsrp_dbm, standard.sinr_db, cell.rule,
            cell.share if cell.rule == "share" else cell.quantile,
            place.min_samples, none.level_dbm, none.none_share, cell.exceed,
        )  # fmt: skip
    return made


def _counts(evidence: pa.Table, points: list[KeyPoint]) -> Counts:
    """Take up evidence by numbers; of a key point that is not among these, -1."""
    names = pa.array([f"{p.place_id}\0{p.key_point_id}" for p in points], pa.string())
    written = pc.binary_join_element_wise(
        evidence.column("place_id"), evidence.column("key_point_id"), "\0"
    )
    columns = {
        "place": _number(written, names),
        "run": _coded(evidence.column("run_id")),
        "campaign": _coded(evidence.column("campaign")),
        "direction": np.zeros(evidence.num_rows, np.int64),
    }
    for name in ("rsrp_bin", "sinr_bin", "n", "rsrp_sum_cdb", "sinr_sum_cdb"):
        values = evidence.column(name).cast(pa.int64())
        columns[name] = pc.fill_null(values, NO_BIN).to_numpy().astype(np.int64)
    return Counts(**columns)


def _surveyed(
    counts: Counts, evidence: pa.Table, pairs: list[Layer], days: list[str]
) -> dict[str, OfOperator]:
    day = _number(evidence.column("day"), pa.array(days, pa.string()))
    usable = counts.place >= 0
    operator, technology = (
        np.array(evidence.column(c).to_pylist(), object) for c in ("operator", "technology")
    )
    usable &= (counts.rsrp_bin != NO_BIN) | (technology == NO_TECHNOLOGY)
    of: dict[str, dict[str, Surveyed]] = defaultdict(dict)
    for name, kind in pairs:
        rows = np.flatnonzero(usable & (operator == name) & (technology == kind))
        of[name][kind] = Surveyed(counts.take(rows), day[rows])
    return {
        name: OfOperator(
            {kind: one for kind, one in held.items() if kind != NO_TECHNOLOGY},
            held.get(NO_TECHNOLOGY, NONE_SURVEYED),
        )
        for name, held in of.items()
    }


def _number(values: pa.ChunkedArray, known: pa.Array) -> Ints:
    found = pc.fill_null(pc.index_in(values, value_set=known, skip_nulls=True), -1)
    made: Ints = found.to_numpy().astype(np.int64)
    return made


def _coded(column: pa.ChunkedArray) -> Ints:
    """Give each text its rank among those that occur."""
    known = pc.sort_indices(column.unique())
    return _number(column, column.unique().take(known))
