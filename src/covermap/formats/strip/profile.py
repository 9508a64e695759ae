"""What a strip chart shows of a line in one layer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PIECE_COLUMNS = (
    "segment", "from_m", "to_m", "chainage", "tunnel", "verdict", "probability", "n", "runs",
    "rsrp_mean_dbm", "rsrp_p5_dbm", "lon", "lat",
)  # fmt: skip
"""Columns of `Profile.pieces`: `chainage` is that of `from_m` as people write it, `probability`
that the persistent level meets the standard, `lon` and `lat` (WGS-84) the middle of the piece."""
SUMMARY_COLUMNS = (
    "answer", "route_length_km", "route_covered_km", "route_weak_km", "route_none_km",
    "route_unmeasured_km", "longest_gap_km", "share_expected", "share_low", "share_high", "p_pass",
)  # fmt: skip
"""What `Profile.summary` tells of the whole line, as in the table line_verdicts."""


@dataclass(frozen=True)
class Mark:
    """A station or other mark."""

    name: str
    chainage_m: float
    text: str
    """Its chainage as people write it, official where posts are known."""


@dataclass(frozen=True)
class Span:
    """A tunnel or bridge."""

    kind: str
    name: str | None
    from_m: float
    to_m: float


@dataclass(frozen=True)
class Part:
    """A section, and its answer in the layer."""

    kind: str
    """station or county."""
    name: str
    from_m: float
    to_m: float
    answer: str | None
    """pass, fail or undetermined; None: the layer says nothing of it."""
    share_low: float | None
    """Lower end of the interval of its covered share, 0-1; None: nothing is measured."""
    share_high: float | None


@dataclass(frozen=True)
class Tick:
    """A round figure of the count along the line."""

    chainage_m: float
    text: str


@dataclass(frozen=True)
class Profile:
    """Signal and verdicts of one course in one layer, from `from_m` to `to_m`."""

    line_id: str
    title: str
    line_class: str
    length_m: float
    oneway: int | None
    """Travel: +1 with the chainage only, -1 against it; None: both, or not known."""
    operator: str
    operator_name: str
    technology: str
    from_m: float
    to_m: float
    threshold_dbm: float | None
    """What the mean level must reach; None: it differs by technology, or is not known."""
    simulated: bool
    rules: str
    """Title of the rule pack."""
    official: bool
    """Whether ticks and marks tell the official count; else metres from the line's start."""
    summary: dict[str, Any] | None
    """The whole line in this layer, `SUMMARY_COLUMNS`; None: the layer says nothing of it."""
    pieces: pa.Table
    sections: tuple[Part, ...]
    stations: tuple[Mark, ...]
    structures: tuple[Span, ...]
    ticks: tuple[Tick, ...]

    def as_data(self) -> dict[str, Any]:
        """Give it as plain values, as JSON holds them."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("sections", "stations", "structures", "ticks"):
            data[name] = [asdict(one) for one in data[name]]
        return {**data, "pieces": self.pieces.to_pylist()}

    def numbers(self, column: str) -> Floats:
        """Give a column of the pieces as numbers; nan where there is none."""
        values: Floats = self.pieces.column(column).cast(pa.float64()).fill_null(np.nan).to_numpy()
        return values

    def texts(self, column: str) -> list[Any]:
        """Give a column of the pieces as Python values."""
        found: list[Any] = self.pieces.column(column).to_pylist()
        return found


LEAST_M = 1e-3
"""A piece that reaches less far into a column is not in it: rounding puts no verdict there."""


@dataclass(frozen=True)
class Columns:
    """A profile in equal columns; arrays of one length, nan where nothing is known."""

    edges: Floats
    """Chainages between the columns: one more than there are columns."""
    level: Floats
    """Mean of the pieces' mean levels, in dB."""
    low: Floats
    """Mean of their 5th percentiles."""
    probability: Floats
    main: NDArray[np.int64]
    """Verdict of the largest measured length, as a number of `MEASURED`; -1: none is measured."""
    worst: NDArray[np.int64]
    """Worst verdict of any piece in the column, the same way."""


def columns_of(profile: Profile, count: int) -> Columns:
    """Bring a profile into `count` columns; a piece counts by the length of it that lies there."""
    edges = np.linspace(profile.from_m, profile.to_m, count + 1)
    start, end = profile.numbers("from_m"), profile.numbers("to_m")
    first = np.clip(np.searchsorted(edges, start, side="right") - 1, 0, count - 1)
    last = np.clip(np.searchsorted(edges, end, side="left") - 1, 0, count - 1)
    spread = np.maximum(last - first + 1, 0)
    piece = np.repeat(np.arange(len(start)), spread)
    within = np.arange(spread.sum()) - np.repeat(np.cumsum(spread) - spread, spread)
    column = first[piece] + within
    overlap = np.minimum(end[piece], edges[column + 1]) - np.maximum(start[piece], edges[column])
    overlap = np.where(overlap < LEAST_M, 0.0, overlap)

    def mean(name: str) -> Floats:
        values = profile.numbers(name)[piece]
        known = np.isfinite(values)
        weight = np.bincount(column[known], overlap[known], count)
        total = np.bincount(column[known], (overlap * values)[known], count)
        out = np.full(count, np.nan)
        np.divide(total, weight, out=out, where=weight > 0)
        return out

    codes = np.array([MEASURED.get(v, -1) for v in profile.texts("verdict")], np.int64)
    lengths = np.stack(
        [np.bincount(column, np.where(codes[piece] == c, overlap, 0.0), count) for c in range(3)]
    )
    some = lengths.max(axis=0) > 0
    worst = 2 - np.argmax(lengths[::-1] > 0, axis=0)
    return Columns(
        edges, mean("rsrp_mean_dbm"), mean("rsrp_p5_dbm"), mean("probability"),
        np.where(some, lengths.argmax(axis=0), -1), np.where(some, worst, -1),
    )  # fmt: skip


MEASURED = {"covered": 0, "weak": 1, "none": 2}
"""Verdict -> its number; what is not here is not measured."""


def level_range(profile: Profile) -> tuple[float, float]:
    """Give the lowest and highest level of the chart's axis, whole tens of dBm."""
    levels = [profile.numbers("rsrp_mean_dbm"), profile.numbers("rsrp_p5_dbm")]
    threshold = [] if profile.threshold_dbm is None else [profile.threshold_dbm]
    values = np.concatenate([*levels, np.array(threshold, np.float64), [-120.0, -80.0]])
    values = values[np.isfinite(values)]
    low = max(float(np.floor(values.min() / 10) * 10), -150.0)
    high = min(float(np.ceil(values.max() / 10) * 10), -30.0)
    return low, max(high, low + 10)
