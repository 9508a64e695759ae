"""Cells and segments: what a sample must reach, and how the samples of a piece make a verdict."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from covermap.rules.typed import Count, Positive, Share, Source, Strict


class Standard(Strict):
    """What a sample must reach: RSRP, and SINR where it is reported and the pack asks for it.

    Samples are counted in 1 dB bins: where single samples are asked (shares, quantiles), a
    threshold between two whole dB is taken as the next whole dB above it.
    """

    rsrp_dbm: float
    sinr_db: float | None = None
    source: Source


class PieceRule(Strict):
    """How the samples of a piece, a cell or a segment, make a verdict."""

    rule: Literal["mean", "share", "quantile"] = "mean"
    share: Share | None = None
    """`share`: at least this share of the samples meets the standard."""
    exceed: bool = False
    """`share`: exactly that share is not enough (a place is weak at <= 90 %)."""
    quantile: Share | None = None
    """`quantile`: this quantile of the level reaches the standard."""
    min_samples: Count = 1
    source: Source

    @model_validator(mode="after")
    def _has_its_number(self) -> PieceRule:
        if self.rule == "share" and self.share is None:
            raise ValueError("rule = 'share' needs share = ...")
        if self.rule == "quantile" and self.quantile is None:
            raise ValueError("rule = 'quantile' needs quantile = ...")
        if self.exceed and self.rule != "share":
            raise ValueError("exceed = true goes with rule = 'share' only")
        return self


class SegmentRule(PieceRule):
    """How the samples of a segment make a verdict: its evidence tells runs apart."""

    runs: Literal["pooled", "each"] = "pooled"
    """`pooled`: the samples of all runs are judged together. `each`: every run that has
    `min_samples` there must meet the rule by itself, so the worst run decides; and a line passes
    by the share that one more run by itself would find, not by that of the persistent level."""


class NoService(Strict):
    """How samples without service count."""

    level_dbm: float
    """Level at which they enter a mean: a censored low observation."""
    none_share: Annotated[float, Field(gt=0, le=1)]
    """From this share of samples without service on, the verdict is `none`."""
    source: Source


class Certainty(Strict):
    """Spread, dB, of what one drive shows around the persistent level of a place."""

    prior_mean_dbm: float
    prior_sd_db: Positive
    campaign_sd_db: Annotated[float, Field(ge=0)]
    run_sd_db: Annotated[float, Field(ge=0)]
    sample_sd_db: Positive
    source: Source


class WeakRule(Strict):
    """What makes a weak spot."""

    min_section_m: Annotated[float, Field(ge=0)]
    """Shorter weak sections are not listed."""
    bridge_m: Annotated[float, Field(ge=0)]
    """Weak sections with at most this much unmeasured length between them are one."""
    min_cells: Count
    near_site_m: Positive
    """A site nearer than this is 'near' in the cause."""
    lasting: Share = 0.8
    """A spot that is weak with at least this probability is told as `lasting`: plan its cure."""
    passing: Share = 0.2
    """One that is weak with less than this is told as `passing`: what was seen was probably a fade
    of that drive. Between the two it is `unsure`: drive again before money is spent."""
    source: Source

    @model_validator(mode="after")
    def _in_order(self) -> WeakRule:
        if self.passing > self.lasting:
            raise ValueError(
                f"passing must not be above lasting: {self.passing:g}, {self.lasting:g}"
            )
        return self
