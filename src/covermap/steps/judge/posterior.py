"""Posterior paths of a group's layers: measured ones from the model, derived ones from those."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.judging.certainty import Spread, level_needed_dbm
from covermap.core.judging.judge import Judged
from covermap.core.judging.paths import each, either
from covermap.core.judging.pieces import Pieces, assessed_segments
from covermap.core.judging.runs import RunMeans
from covermap.core.judging.verdicts import UNMEASURED, Codes, PlaceTest, fails_by_sinr
from covermap.rules import RulePack
from covermap.steps.judge.counts import SegmentEvidence
from covermap.steps.judge.model import draw_paths
from covermap.steps.judge.standing import LayerPaths
from covermap.steps.judge.units import Ground

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Behind:
    """Which runs saw which segments: one row each, by segment; runs and campaigns by number."""

    place: Ints
    run: Ints
    campaign: Ints

    def counts(self, pieces: Pieces) -> tuple[Ints, Ints]:
        """Count the runs and the campaigns behind each unit."""
        first = np.searchsorted(self.place, pieces.segment)
        rows = np.searchsorted(self.place, pieces.segment, side="right") - first
        unit = np.repeat(np.repeat(np.arange(pieces.units), np.diff(pieces.offset)), rows)
        at = ranges(first, rows)
        return tuple(
            _distinct(unit, codes[at], pieces.units) for codes in (self.run, self.campaign)
        )  # type: ignore[return-value]


def _distinct(unit: Ints, code: Ints, units: int) -> Ints:
    most = int(code.max(initial=0)) + 1
    return np.bincount(np.unique(unit * most + code) // most, minlength=units).astype(np.int64)


def behind(means: RunMeans) -> Behind:
    """Give the runs behind a layer."""
    return Behind(means.place, means.run, means.campaign)


def together(members: list[Behind]) -> Behind:
    """Give the runs behind a derived layer: those of all its members."""
    joined = [
        np.concatenate([getattr(m, n) for m in members]) for n in ("place", "run", "campaign")
    ]
    order = np.argsort(joined[0], kind="stable")
    return Behind(*(column[order] for column in joined))


def measured_paths(
    evidence: SegmentEvidence,
    ground: Ground,
    layer: tuple[str, str],
    judged: Judged,
    test: PlaceTest,
    pack: RulePack,
) -> tuple[LayerPaths, RunMeans]:
    """Draw one layer's paths from the model; give them with the run means behind them.

    A segment whose SINR, as measured, misses the standard reaches it in no draw: the model is of
    the level alone.
    """
    operator, technology = layer
    means = evidence.run_means(operator, technology, test.none_level_dbm)
    spread = Spread(**pack.certainty.model_dump(exclude={"source"}))
    needed = level_needed_dbm(test.rsrp_dbm, test.rule, test.number, spread.sample_sd_db)
    course, ids = ground.course, ground.lines.rows.column("line_id")
    paths = draw_paths(course, means, evidence.campaigns, needed, pack, layer, ids)
    measured = judged.verdict != UNMEASURED
    assessed = assessed_segments(
        course.offset, measured, course.tunnel, course.length_m, float(pack.line.infer_gap_m)
    )
    found = LayerPaths(assessed, *paths)
    poor = fails_by_sinr(judged.verdict, judged.sinr_mean_db, test)
    for bits in (found.persistent, found.campaign, found.drive):
        bits[poor] = 0
    return found, means


def served_paths(members: list[LayerPaths], verdicts: list[Codes], judged: Judged) -> LayerPaths:
    """Combine one operator's technologies draw by draw: whichever served.

    Where some were measured, those served and no other is credited: a device that stayed on a weak
    signal was not served by a technology that is inferred from both sides of the place. Where none
    was measured, those that are inferred count.
    """
    measured = np.array([verdict != UNMEASURED for verdict in verdicts])
    nobody = ~measured.any(axis=0)
    known = [
        m.assessed & (own | nobody) for m, own in zip(members, measured, strict=True)
    ]  # fmt: skip
    return _combined(members, known, judged, every=False)


def derived_paths(members: list[LayerPaths], judged: Judged, *, every: bool) -> LayerPaths:
    """Combine operators draw by draw: at least one of them, or every one.

    A member that is not assessed somewhere is not credited there, and does not stand in the way.
    """
    return _combined(members, [m.assessed for m in members], judged, every=every)


def _combined(
    members: list[LayerPaths], known: list[Flags], judged: Judged, *, every: bool
) -> LayerPaths:
    """Combine members where they are known.

    Assessed is what has a verdict in the derived layer, and what is assessed in every member.
    """
    whole = np.all([m.assessed for m in members], axis=0)
    join = each if every else either
    names = ("persistent", "campaign", "drive")
    return LayerPaths(
        (judged.verdict != UNMEASURED) | whole,
        *(join([getattr(m, n) for m in members], known) for n in names),
    )
