"""Places by scene, grade and region, beside the quotas of a pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.core.places.deep import NO, UNDETERMINED, YES, Places
from covermap.core.places.grouping import within_regions
from covermap.core.places.judging import Layer
from covermap.core.places.quotas import Counted, count_groups, needed
from covermap.rules import RulePack
from covermap.tables import DEEP, nan_as_null

Ints = NDArray[np.int64]
Key = tuple[str | None, str | None, str | None, str | None]
"""Scene, grade, level and identity of the region; None for all regions."""


@dataclass(frozen=True)
class SceneGroups:
    """Which places are counted together: a place is in all regions that it lies in."""

    keys: tuple[Key, ...]
    place: Ints
    """Places and, entry by entry, the group that each is counted in."""
    group: Ints

    @classmethod
    def of(
        cls,
        scene: list[str | None],
        grade: list[str | None],
        where: NDArray[np.object_],
        regions: pa.Table,
    ) -> SceneGroups:
        """Group places by scene and grade, in all regions together and in each."""
        shapes = shapely.from_wkb(regions.column("geometry").to_numpy(zero_copy_only=False))
        level, name = (regions.column(c).to_pylist() for c in ("level", "region_id"))
        found: list[tuple[Key, int]] = [
            ((scene[i], grade[i], None, None), i) for i in range(len(scene))
        ]
        for i, r in zip(*(a.tolist() for a in within_regions(where, shapes)), strict=True):
            found.append(((scene[i], grade[i], level[r], name[r]), i))
        keys = sorted({key for key, _ in found}, key=_order)
        number = {key: i for i, key in enumerate(keys)}
        return cls(
            tuple(keys), np.array([i for _, i in found], np.int64),
            np.array([number[key] for key, _ in found], np.int64),
        )  # fmt: skip

    def rows(
        self, layer: Layer, deep: Places, rules: RulePack, simulated: NDArray[np.bool_]
    ) -> pa.Table:
        """Give one layer's rows of `scene_sums`: those of the pack's quotas too that no place has.

        A number of places is asked of all regions together, a share or all of each.
        """
        assert rules.place is not None
        keys = [*self.keys, *self._without_places(rules)]
        places = np.bincount(self.group, minlength=len(keys))
        asked = [_asked(key, int(n), rules) for key, n in zip(keys, places, strict=True)]
        quota = np.array([-1 if n is None else n for _, n in asked], np.int64)
        at = self.place
        counted = count_groups(
            self.group, len(keys), deep.probability[at], deep.given_low[:, at],
            deep.given_high[:, at], quota, rules.place.confidence,
        )  # fmt: skip
        counted = _undeclared(counted, quota, places)
        answers = [
            np.bincount(self.group[deep.deep[at] == answer], minlength=len(keys))
            for answer in (YES, NO, UNDETERMINED)
        ]
        made_up = np.bincount(self.group, simulated[at], len(keys)) > 0
        return _table(keys, layer, places, answers, asked, counted, made_up | simulated.all())

    def _without_places(self, rules: RulePack) -> Iterator[Key]:
        for scene, one in rules.scenes.items():
            for grade in one.grades:
                if (scene, grade, None, None) not in self.keys:
                    yield scene, grade, None, None


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((part is None, part or "") for part in key)


def _asked(key: Key, places: int, rules: RulePack) -> tuple[str | None, int | None]:
    """Give the kind of a group's quota, and how many places it asks for."""
    scene, grade, level, _ = key
    quotas = rules.scenes[scene].grades if scene in rules.scenes else {}
    one = quotas.get(grade or "")
    if one is None:
        return None, None
    if level is not None and one.quota == "count":
        return one.quota, None
    if not places and one.quota != "count":
        return one.quota, None
    return one.quota, needed(one.quota, one.value, places)


def _undeclared(counted: Counted, quota: Ints, places: Ints) -> Counted:
    """Leave a quota open where fewer places are declared than it asks for."""
    fewer = (quota >= 0) & (places < quota)
    return replace(
        counted,
        reached=np.where(fewer, UNDETERMINED, counted.reached).astype(np.int8),
        p_reached_high=np.where(fewer, 1.0, counted.p_reached_high),
    )


def _table(
    keys: list[Key],
    layer: Layer,
    places: Ints,
    answers: list[Ints],
    asked: list[tuple[str | None, int | None]],
    counted: Counted,
    simulated: NDArray[np.bool_],
) -> pa.Table:
    parts = list(zip(*keys, strict=True))
    yes, no, open_ = answers
    return pa.table({
        "scene": pa.array(parts[0], pa.string()),
        "grade": pa.array(parts[1], pa.string()),
        "level": pa.array(parts[2], pa.string()),
        "region_id": pa.array(parts[3], pa.string()),
        "operator": pa.repeat(layer[0], len(keys)),
        "technology": pa.repeat(layer[1], len(keys)),
        "places": pa.array(places.astype(np.int32)),
        "deep": pa.array(yes.astype(np.int32)),
        "not_deep": pa.array(no.astype(np.int32)),
        "undetermined": pa.array(open_.astype(np.int32)),
        "expected": pa.array(counted.expected),
        "low": pa.array(counted.low),
        "high": pa.array(counted.high),
        "quota_kind": pa.array([kind for kind, _ in asked], pa.string()),
        "quota": pa.array([None if n is None else float(n) for _, n in asked], pa.float64()),
        "reached": pa.array([None if r < 0 else DEEP[r] for r in counted.reached], pa.string()),
        "p_reached_low": nan_as_null(counted.p_reached_low),
        "p_reached_high": nan_as_null(counted.p_reached_high),
        "simulated": pa.array(simulated),
    })  # fmt: skip
