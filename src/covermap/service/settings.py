"""What the service is told: built at the edge, passed as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


def _shipped_map() -> Path:
    return Path(__file__).resolve().parent / "static"


@dataclass(frozen=True)
class Settings:
    """Which workspace to serve, and the built map."""

    workspace: Path
    static: Path = field(default_factory=_shipped_map)
    """Folder of the built map; without an `index.html` in it the API is served alone."""
    near_m: float = 200.0
    """How far a point look-up searches for lines, m."""
    max_limit: int = 1000
    """Largest page of a list."""
