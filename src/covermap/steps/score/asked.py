"""One target that is asked for, and the columns that every answer has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from covermap.rules import RulePack, Target
from covermap.rules.targets import (
    AnyTarget,
    DeclaredTarget,
    PlacesTarget,
    ScenesTarget,
    ServiceTarget,
    SitesTarget,
)

READS = (
    "line_verdicts", "section_verdicts", "network_verdicts", "scene_sums", "village_sums",
    "village_verdicts", "village_regions", "quality_verdicts", "people_verdicts", "area_verdicts",
    "region_sites", "declared_indicators", "regions", "runs",
)  # fmt: skip
COLUMNS = (
    ("part", "VARCHAR"), ("scope", "VARCHAR"), ("level", "VARCHAR"), ("region_id", "VARCHAR"),
    ("name", "VARCHAR"), ("operator", "VARCHAR"), ("technology", "VARCHAR"), ("source", "VARCHAR"),
    ("value", "DOUBLE"), ("low", "DOUBLE"), ("high", "DOUBLE"), ("unit", "VARCHAR"),
    ("total", "DOUBLE"), ("undetermined", "DOUBLE"), ("target_value", "DOUBLE"),
    ("p_target", "DOUBLE"), ("basis", "VARCHAR"), ("rows", "BIGINT"), ("of", "VARCHAR"),
    ("last", "VARCHAR"), ("simulated", "BOOLEAN"),
)  # fmt: skip
"""What every query gives, in order; what it does not name is null."""
_TABLES = {"lines": "network_verdicts", "places": "scene_sums", "scenes": "scene_sums",
           "villages": "village_sums", "service": "quality_verdicts", "people": "people_verdicts",
           "areas": "area_verdicts", "sites": "region_sites",
           "declared": "declared_indicators"}  # fmt: skip
_UNITS = {"places": "places", "scenes": "quotas", "villages": "villages", "people": "people",
          "areas": "areas", "sites": "stations"}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One target, and where its answer lies."""

    connection: Any
    """DuckDB, with the tables of `READS`."""
    pack: RulePack
    name: str
    target: AnyTarget

    @property
    def table(self) -> str:
        """Table that the answer comes from."""
        return _TABLES[self.target.kind]

    @property
    def unit(self) -> str:
        """Unit of its values."""
        if isinstance(self.target, ServiceTarget):
            return "share" if self.target.figure == "tests_share" else "Mbit/s"
        if isinstance(self.target, Target | DeclaredTarget):
            return self.target.unit
        return _UNITS[self.target.kind]

    @property
    def figure(self) -> float | None:
        """What is to be reached, where it does not depend on what there is."""
        if isinstance(self.target, ServiceTarget):
            found: float | None = getattr(self.pack.service, self.target.figure)
            return found
        if isinstance(self.target, Target | PlacesTarget | SitesTarget | DeclaredTarget):
            return None if self.target.value is None else float(self.target.value)
        if isinstance(self.target, ScenesTarget):
            return float(len(quotas_of(self)))
        return None

    @property
    def has_figure(self) -> bool:
        """Whether the policy names a figure at all."""
        return getattr(self.target, "value", 0) is not None


Query = tuple[str, dict[str, Any]]
"""SQL that gives `COLUMNS`, and its parameters."""


def quotas_of(asked: Asked) -> dict[str | None, tuple[str, float | None]]:
    """Scenes and grades that have a quota, as parts of the target are named: unit and figure.

    The figure is None where it is a share of all places, or all of them.
    """
    if not isinstance(asked.target, ScenesTarget):
        return {}
    wanted = asked.target.scenes
    return {
        f"{scene}.{grade}": ("places", quota.value if quota.quota == "count" else None)
        for scene, about in asked.pack.scenes.items() if not wanted or scene in wanted
        for grade, quota in about.grades.items()
    }  # fmt: skip


def select(table: str, /, **said: str) -> str:
    """Give a query of all columns: those said, the others null."""
    columns = ", ".join(f'({said.get(name, "NULL")})::{kind} AS "{name}"' for name, kind in COLUMNS)
    return f"SELECT {columns} FROM {table}"


LAST_RUN = "(SELECT strftime(max(last_time), '%Y-%m-%d') FROM runs)"
