"""What is asked of one build, and what of covermap.toml it replaces."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from covermap.errors import ConfigError
from covermap.workspace import Config, Judge


@dataclass(frozen=True)
class BuildOptions:
    """How to build."""

    rules: str | None = None
    """Rule pack in place of the one that covermap.toml names."""
    workers: int | None = None
    """Worker processes; None: one a core."""
    keep_going: bool = False
    """Leave files that cannot be read aside instead of stopping."""
    engine: str = "local"
    """Where parts of the work run: `local`, or `spark`."""
    master: str | None = None
    """Address of the Spark master (`spark` only)."""
    memory_bytes: int | None = None
    """What the build may take; None: 60 % of the machine's memory."""
    first: str | None = None
    """First period that is judged, in place of covermap.toml's."""
    last: str | None = None
    """Last period that is judged, included, in place of covermap.toml's."""


def asked_of(config: Config, options: BuildOptions) -> Config:
    """Put the periods that were asked for in the place of those declared.

    Raises
    ------
    ConfigError
        What was asked for is no period.
    """
    asked = {k: v for k in ("first", "last") if (v := getattr(options, k)) is not None}
    if not asked:
        return config
    try:
        judge = Judge.model_validate(config.judge.model_dump() | asked)
    except ValidationError:
        said = " ".join(f"--{k} {v}" for k, v in asked.items())
        raise ConfigError(
            f"{said}: not a period. Write it as grid.period says: 2025-01, 2025-01-31, 2025-Q1 "
            "or 2025."
        ) from None
    return config.model_copy(update={"judge": judge})
