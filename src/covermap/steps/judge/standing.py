"""How every unit of a group stands in one layer: kilometres, shares with intervals, answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.estimates import (
    UNDETERMINED,
    LineTest,
    answers,
    bounds,
    chance_to_pass,
    estimate,
    reached,
    shares,
)
from covermap.core.judging.paths import Bits, length_by_draw, pack
from covermap.core.judging.pieces import Course, Pieces
from covermap.core.judging.verdicts import UNMEASURED, Codes
from covermap.tables import VERDICTS, nan_as_null

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
MM_PER_KM = 1e6


@dataclass(frozen=True)
class LayerPaths:
    """One layer's posterior: bits per segment and draw, and which segments they are about."""

    assessed: Flags
    persistent: Bits
    campaign: Bits
    drive: Bits

    def take(self, segments: Ints) -> LayerPaths:
        """Give some segments alone."""
        return LayerPaths(*(getattr(self, n)[segments] for n in self.__dataclass_fields__))


@dataclass(frozen=True)
class Standing:
    """One layer's units: lengths, and the assessed length that is good in each draw."""

    lengths_mm: Ints
    """Shape (units, 4): by verdict."""
    route_mm: Ints
    """Shape (units, 4)."""
    tunnel_mm: Ints
    assessed_mm: Ints
    inferred_mm: Ints
    persistent_mm: Ints
    """Shape (units, draws)."""
    campaign_mm: Ints
    drive_mm: Ints
    if_bad: Floats
    """Shape (units, draws): the share that the answer is about (that of the persistent level, or of
    one more run where each run is judged by itself), what nobody measured taken as bad."""
    if_good: Floats
    """The same with it taken as good; both as the rule says (see `bounds`)."""

    @property
    def total_mm(self) -> Ints:
        """Length of each unit."""
        total: Ints = self.lengths_mm.sum(axis=1)
        return total


def stand(
    course: Course, pieces: Pieces, verdict: Codes, paths: LayerPaths, test: LineTest
) -> Standing:
    """Add up one layer's segments into units."""
    inferred = paths.assessed & (verdict == UNMEASURED)
    persistent, campaign, drive = (
        length_by_draw(pieces.offset, pieces.segment, pieces.length_mm, paths.assessed, bits)
        for bits in (paths.persistent, paths.campaign, paths.drive)
    )
    asked = drive if test.runs == "each" else persistent
    lengths = pieces.by_verdict(pieces.length_mm, verdict)
    assessed = pieces.sums(pieces.length_mm, paths.assessed)
    return Standing(
        lengths,
        pieces.by_verdict(pieces.route_mm, verdict),
        pieces.sums(pieces.length_mm, course.tunnel),
        assessed,
        pieces.sums(pieces.length_mm, inferred),
        persistent,
        campaign,
        drive,
        *bounds(asked, assessed, lengths.sum(axis=1), test),
    )


def columns_of(
    standing: Standing, test: LineTest, tunnels_known: Flags, runs: Ints, campaigns: Ints
) -> dict[str, pa.Array]:
    """Give the columns that lines and sections have in common, answer included."""
    found = _kilometres(standing.lengths_mm, "") | _kilometres(standing.route_mm, "route_")
    seen = standing.assessed_mm > 0
    found["tunnel_km"] = nan_as_null(
        np.where(tunnels_known, standing.tunnel_mm / MM_PER_KM, np.nan)
    )
    for name in ("assessed", "inferred"):
        km = getattr(standing, f"{name}_mm") / MM_PER_KM
        found[f"{name}_km"] = nan_as_null(np.where(seen, km, np.nan))
    for name, prefix, middle in (
        ("persistent", "share", "share_expected"),
        ("campaign", "campaign", "campaign_share"),
        ("drive", "drive", "drive_share"),
    ):
        share = shares(getattr(standing, f"{name}_mm"), standing.assessed_mm)
        about = estimate(share, test.confidence)
        found[middle] = nan_as_null(about.expected)
        found[f"{prefix}_low"] = nan_as_null(about.low)
        found[f"{prefix}_high"] = nan_as_null(about.high)
    found["p_pass"] = nan_as_null(chance_to_pass(standing.if_bad, test))
    found["runs"] = pa.array(runs.astype(np.int32), mask=~seen)
    found["campaigns"] = pa.array(campaigns.astype(np.int32), mask=~seen)
    found["answer"] = pa.array(
        answers(standing.if_bad, standing.if_good, test).tolist(), pa.string()
    )
    return found


def passing(standing: Standing, test: LineTest) -> tuple[Bits, Bits]:
    """Give the draws in which each unit reaches the rule, packed: the rest bad, and good."""
    return pack(reached(standing.if_bad, test)), pack(reached(standing.if_good, test))


def undetermined(columns: dict[str, pa.Array]) -> Ints:
    """Positions of units that are assessed and neither pass nor fail."""
    open_ = np.array([a == UNDETERMINED for a in columns["answer"].to_pylist()], bool)
    return np.flatnonzero(open_ & columns["assessed_km"].is_valid().to_numpy(zero_copy_only=False))


def _kilometres(mm: Ints, prefix: str) -> dict[str, pa.Array]:
    km = mm / MM_PER_KM
    found = {f"{prefix}{name}_km": pa.array(km[:, code]) for code, name in enumerate(VERDICTS)}
    # the sum of the four as they are written, so that they add up to it to the last bit
    found[f"{prefix}length_km"] = pa.array(km[:, 0] + km[:, 1] + km[:, 2] + km[:, 3])
    return found
