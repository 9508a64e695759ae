"""What a build tells while it runs. The command line draws it; tests ignore it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Advance = Callable[[float], None]
"""Told how many more units of a step's work are done."""


@dataclass
class StepReport:
    """What one step read and wrote."""

    step: str
    read: dict[str, int] = field(default_factory=dict)
    wrote: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    parts: int = 1
    cached: int = 0
    """How many of its parts were taken from the cache."""
    notes: dict[str, Any] = field(default_factory=dict)


class Timed(Protocol):
    """Runs one stage with its progress shown and its time taken."""

    def __call__(self, step: str, total: float, work: Callable[[Advance], StepReport]) -> None:
        """Run it."""


class Progress(Protocol):
    """Receives the build's progress."""

    def start(self, step: str, total: float) -> None:
        """Begin a step of `total` units of work (bytes or parts)."""

    def advance(self, units: float) -> None:
        """Note that so many more units are done."""

    def end(self, report: StepReport) -> None:
        """End the step."""


class Silent:
    """Shows nothing."""

    def start(self, step: str, total: float) -> None:
        """Show nothing."""

    def advance(self, units: float) -> None:
        """Show nothing."""

    def end(self, report: StepReport) -> None:
        """Show nothing."""
