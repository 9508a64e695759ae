"""From run means of a group's lines to posterior paths: the one place that calls the model."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.interval.model import IntervalSettings, Priors
from covermap.core.interval.posterior import posterior_paths
from covermap.core.interval.runs import LineRuns
from covermap.core.judging.judge import CDB
from covermap.core.judging.paths import Bits
from covermap.core.judging.pieces import Course
from covermap.core.judging.runs import RunMeans
from covermap.core.judging.verdicts import without_service
from covermap.rules import RulePack

Ints = NDArray[np.int64]


def interval_settings(pack: RulePack) -> IntervalSettings:
    """Give the model's settings with what the pack says in their place."""
    rule = pack.interval
    priors = replace(Priors(), campaign_scale_db=rule.campaign_scale_db)
    return IntervalSettings(priors=priors, fit=rule.fit)


def draw_paths(
    course: Course,
    means: RunMeans,
    campaigns: list[str],
    threshold_dbm: float,
    pack: RulePack,
    layer: tuple[str, str],
    line_ids: pa.ChunkedArray,
) -> tuple[Bits, Bits, Bits]:
    """Draw the paths of a layer: persistent, during the campaigns, of one further drive.

    A run mean in which samples without service reach the pack's `none_share` is censored: the
    level was at the pack's floor or below. Random numbers depend on the names of line, layer and
    campaign alone, so that a line's paths are the same in whatever group it is judged, and draw k
    holds one state of each campaign on all lines. Bits of lines without observation are 0.
    """
    censored = without_service(means.n, means.n_none, pack.no_service.none_share)
    level = means.level_cdb / CDB / np.maximum(means.n, 1)
    numbers = [identity("campaign", layer[0], name) for name in campaigns]
    runs = LineRuns(
        line=course.offset,
        key=np.array([identity("line", name) for name in line_ids.to_pylist()], np.int64),
        length_m=course.length_m,
        y_dbm=np.where(censored, pack.no_service.level_dbm, level),
        segment=means.place,
        run=means.run,
        n=means.n,
        direction=means.direction,
        campaign=np.array(numbers, np.int64)[means.campaign],
        censored=censored,
    )
    paths = posterior_paths(
        runs, threshold_dbm, interval_settings(pack), pack.interval.draws, identity("layer", *layer)
    )
    return paths.persistent, paths.campaign, paths.drive


def identity(*names: str) -> int:
    """Give a signed 64-bit number that the names alone decide."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
