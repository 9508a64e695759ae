"""Verdicts of key points, places and scenes from what was counted; no sample is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.judging.certainty import Spread, level_needed_dbm
from covermap.core.judging.judge import Judged
from covermap.core.judging.verdicts import COVERED, UNMEASURED
from covermap.core.places.attaching import KeyPoint
from covermap.core.places.deep import Places, Surveys, judge_places
from covermap.core.places.grouping import called
from covermap.core.places.judging import Layer
from covermap.engine.step import StepContext
from covermap.rules import RulePack
from covermap.steps.places.known import known_points
from covermap.steps.places.points import judge_points, tests_of
from covermap.steps.places.scenes import SceneGroups
from covermap.tables import (
    DEEP,
    KEY_POINT_VERDICTS,
    PLACE_VERDICTS,
    SCENE_SUMS,
    VERDICTS,
    Table,
    conform,
    empty,
    nan_as_null,
)

OF_PLACES = ("standards", "cell", "no_service", "certainty", "place", "scenes")
"""Sections of a pack that verdicts of key places follow from."""
_EVIDENCE = ("cell_evidence", "segment_evidence", "place_evidence")
_WRITTEN = (KEY_POINT_VERDICTS, PLACE_VERDICTS, SCENE_SUMS)


def judge_key_places(ctx: StepContext) -> None:
    """Write `key_point_verdicts`, `place_verdicts` and `scene_sums`.

    Operators are those that any evidence of the build has, so that an operator which nobody
    measured indoors leaves places undetermined, in its own layer and among all. Without places,
    or without [place] in the pack, the tables are empty.
    """
    places = ctx.tables.read("places")
    if ctx.rules.place is None or not places.num_rows:
        for table in _WRITTEN:
            ctx.write(table.name, empty(table))
        return
    about = About.of(places, ctx.rules)
    with ctx.connect("place_evidence") as connection:
        evidence = connection.table("place_evidence").to_arrow_table()
    scene = [about.scene[i] for i in about.place]
    found = judge_points(
        evidence, about.points, about.place, scene, ctx.layers(*_EVIDENCE), ctx.rules
    )
    groups = SceneGroups.of(about.scene, about.grade, about.where, ctx.tables.read("regions"))
    simulated = _simulated(ctx, about)
    deep: dict[Layer, Places] = {}
    sums = []
    for layer, one in sorted(found.layers.items()):
        made = _deep(one, found.together, about, ctx.rules)
        sums.append(groups.rows(layer, made, ctx.rules, simulated))
        deep[layer] = replace(made, given_low=_NOT_KEPT, given_high=_NOT_KEPT)
    ctx.write("scene_sums", pa.concat_tables(sums))
    ctx.write_sorted("key_point_verdicts", _batches(KEY_POINT_VERDICTS, (
        _point_rows(layer, found.layers[layer], about, found.days, simulated) for layer in deep
    )))  # fmt: skip
    ctx.write_sorted("place_verdicts", _batches(PLACE_VERDICTS, (
        _place_rows(layer, found.layers[layer], made, about, found.days, simulated)
        for layer, made in deep.items()
    )))  # fmt: skip


_NOT_KEPT = np.zeros((0, 0))
"""Chances at each state, of one layer, are as large as all its verdicts."""


def _batches(table: Table, rows: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    """Give the rows of layer after layer: they come in the order of the table."""
    for one in rows:
        yield from conform(one, table).to_batches()


@dataclass(frozen=True)
class About:
    """Places and key points that are judged, numbered in the order of their identities."""

    points: list[KeyPoint]
    place: NDArray[np.int64]
    """Number of the place of each key point."""
    place_id: list[str]
    name: list[str | None]
    scene: list[str | None]
    grade: list[str | None]
    simulated: NDArray[np.bool_]
    where: NDArray[np.object_]
    """A point in each place, degrees WGS-84."""

    @classmethod
    def of(cls, places: pa.Table, rules: RulePack) -> About:
        """Take up the table of places; scenes and grades by the pack's names where it has them."""
        points = known_points(places).points
        ids = sorted({point.place_id for point in points})
        number = {name: i for i, name in enumerate(ids)}
        columns = [places.column(c).to_pylist() for c in (
            "place_id", "name", "scene", "grade", "simulated", "geometry",
        )]  # fmt: skip
        first: dict[str, list[Any]] = {}
        for row in zip(*columns, strict=True):
            held = first.setdefault(row[0], list(row))
            for i in (1, 2, 3):
                held[i] = row[i] if held[i] is None else held[i]
        rows = [first[name] for name in ids]
        scene = called([r[2] for r in rows], _scenes(rules))
        grades = [_grade(s, r[3], rules) for s, r in zip(scene, rows, strict=True)]
        where = shapely.point_on_surface(shapely.from_wkb([r[5] for r in rows]))
        return cls(
            points, np.array([number[p.place_id] for p in points], np.int64), ids,
            [r[1] for r in rows], scene, grades, np.array([r[4] for r in rows], bool), where,
        )  # fmt: skip


def _scenes(rules: RulePack) -> dict[str, tuple[str, ...]]:
    return {key: (one.title, one.title_zh) for key, one in rules.scenes.items()}


def _grade(scene: str | None, written: str | None, rules: RulePack) -> str | None:
    """Give a place's grade by the pack's name; that of its scene where it has but one."""
    known = rules.scenes[scene].grades if scene in rules.scenes else {}
    if written is None and len(known) == 1:
        return next(iter(known))
    titles = {key: (one.title, one.title_zh) for key, one in known.items()}
    return called([written], titles)[0]


def _simulated(ctx: StepContext, about: About) -> NDArray[np.bool_]:
    declared = any(m.simulated for m in ctx.config.measurements)
    return about.simulated | (ctx.config.workspace.simulated or declared)


def _deep(judged: Judged, together: NDArray[np.float64], about: About, rules: RulePack) -> Places:
    assert rules.place is not None
    spread = Spread(**rules.certainty.model_dump(exclude={"source"}))
    needed = max(
        level_needed_dbm(test.rsrp_dbm, test.rule, test.number, spread.sample_sd_db)
        for test in tests_of(rules, {}).values()
    )
    return judge_places(
        about.place, judged.verdict != UNMEASURED, judged.verdict == COVERED, judged.probability,
        Surveys(judged.n, judged.runs, together, needed, spread), len(about.place_id),
        rules.place.confidence,
    )  # fmt: skip


def _point_rows(
    layer: Layer, judged: Judged, about: About, days: list[str], simulated: NDArray[np.bool_]
) -> pa.Table:
    measured = judged.verdict != UNMEASURED
    count = len(about.points)
    return pa.table({
        "place_id": pa.array([p.place_id for p in about.points]),
        "key_point_id": pa.array([p.key_point_id for p in about.points]),
        "key_point": pa.array([p.name for p in about.points], pa.string()),
        "floor": pa.array([p.floor for p in about.points], pa.string()),
        **_of_layer(layer, count),
        "verdict": pa.array(VERDICTS).take(pa.array(judged.verdict)),
        "probability": nan_as_null(judged.probability),
        "basis": _basis(measured),
        "n": pa.array(judged.n),
        "n_none": pa.array(judged.n_none),
        "rsrp_mean_dbm": nan_as_null(judged.rsrp_mean_dbm),
        "rsrp_p5_dbm": nan_as_null(judged.rsrp_p5_dbm),
        "sinr_mean_db": nan_as_null(judged.sinr_mean_db),
        "share": nan_as_null(np.where(measured, judged.share, np.nan)),
        "runs": pa.array(judged.runs.astype(np.int32)),
        "last_day": _days(judged.period, days),
        "simulated": pa.array(simulated[about.place]),
    })  # fmt: skip


def _place_rows(
    layer: Layer,
    judged: Judged,
    deep: Places,
    about: About,
    days: list[str],
    simulated: NDArray[np.bool_],
) -> pa.Table:
    count = len(about.place_id)
    totals = {n: _sum(about.place, getattr(judged, n), count) for n in ("n", "n_none")}
    runs, last = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    np.maximum.at(runs, about.place, judged.runs)
    np.maximum.at(last, about.place, judged.period)
    none = deep.worst < 0
    worst = np.maximum(deep.worst, 0)
    least = np.where(none, np.nan, judged.probability[worst])
    return pa.table({
        "place_id": pa.array(about.place_id),
        "name": pa.array(about.name, pa.string()),
        "scene": pa.array(about.scene, pa.string()),
        "grade": pa.array(about.grade, pa.string()),
        **_of_layer(layer, count),
        "deep": pa.array(DEEP).take(pa.array(deep.deep)),
        "probability": nan_as_null(deep.probability),
        "probability_low": pa.array(deep.low),
        "probability_high": pa.array(deep.high),
        "key_points": _int32(deep.key_points),
        "met": _int32(deep.met),
        "missed": _int32(deep.missed),
        "unmeasured": _int32(deep.key_points - deep.met - deep.missed),
        "worst_key_point_id": pa.array(
            [None if n else about.points[w].key_point_id for n, w in zip(none, worst, strict=True)],
            pa.string(),
        ),
        "worst_key_point": pa.array(
            [None if n else about.points[w].name for n, w in zip(none, worst, strict=True)],
            pa.string(),
        ),
        "worst_probability": nan_as_null(least),
        "basis": _basis(deep.met + deep.missed > 0),
        **{name: pa.array(values) for name, values in totals.items()},
        "runs": _int32(runs),
        "last_day": _days(last, days),
        "lon": pa.array(shapely.get_x(about.where)),
        "lat": pa.array(shapely.get_y(about.where)),
        "simulated": pa.array(simulated),
    })  # fmt: skip


def _of_layer(layer: Layer, count: int) -> dict[str, pa.Array]:
    return {n: pa.repeat(v, count) for n, v in zip(("operator", "technology"), layer, strict=True)}


def _basis(measured: NDArray[np.bool_]) -> pa.Array:
    return pa.array(["measured" if one else None for one in measured], pa.string())


def _days(numbers: NDArray[np.int64], days: list[str]) -> pa.Array:
    return pa.array([*days, None], pa.string()).take(
        pa.array(np.where(numbers < 0, len(days), numbers))
    )


def _sum(place: NDArray[np.int64], values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    made = np.zeros(count, np.int64)
    np.add.at(made, place, values)
    return made


def _int32(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(values.astype(np.int32))
