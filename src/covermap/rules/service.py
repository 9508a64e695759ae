"""Service quality: what tests of rate, latency, stalls and connection must reach."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from covermap.rules.typed import Confidence, Count, Positive, Share, Source, Strict, Technology

DIGITS = 3
"""Tests are counted in bins of so many significant digits: a standard lies between two of them."""


def _answered(name: str, value: float | None, smallest: float) -> None:
    """Refuse a standard that counts of tests do not answer exactly."""
    if value is None:
        return
    digits = str(round(value / smallest)).rstrip("0")
    if len(digits) > DIGITS or abs(value / smallest - round(value / smallest)) > 1e-6:
        raise ValueError(f"{name} = {value:g}: give at most {DIGITS} significant digits")


class RateStandard(Strict):
    """What a test of rate must reach: one direction, or both."""

    downlink_mbps: Positive | None = None
    uplink_mbps: Positive | None = None
    source: Source

    @model_validator(mode="after")
    def _says_something(self) -> RateStandard:
        if self.downlink_mbps is None and self.uplink_mbps is None:
            raise ValueError("needs downlink_mbps = ... or uplink_mbps = ...")
        _answered("downlink_mbps", self.downlink_mbps, 1e-6)
        _answered("uplink_mbps", self.uplink_mbps, 1e-6)
        return self


class ServiceRule(Strict):
    """What tests must reach, and what the tests of a place, line, region must reach together."""

    rates: Annotated[dict[Technology, RateStandard], Field(min_length=1)]
    """What a single test must reach, by technology."""
    mean_downlink_mbps: Positive | None = None
    """Mean downlink rate of a group of tests. None: the pack does not judge it; so below."""
    mean_uplink_mbps: Positive | None = None
    tests_share: Share | None = None
    """Share of tests that meet the rate standard."""
    latency_ms: Positive | None = None
    """A test of latency meets the standard up to here."""
    latency_share: Share | None = None
    """Share of latency tests that do."""
    stall_share: Share | None = None
    """At most this share of the time, or of the tests, stalls."""
    connect_share: Share | None = None
    """At least this share of attempts to connect succeeds."""
    min_tests: Count
    """Fewer tests leave a group unmeasured."""
    min_runs: Count
    """So do tests of fewer runs or devices: one device in one place says little of a region."""
    confidence: Confidence
    source: Source

    @model_validator(mode="after")
    def _says_what_it_asks(self) -> ServiceRule:
        _answered("latency_ms", self.latency_ms, 1e-3)
        if self.latency_share is not None and self.latency_ms is None:
            raise ValueError("latency_share needs latency_ms = ...")
        return self
