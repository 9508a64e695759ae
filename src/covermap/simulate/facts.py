"""Reference facts: real towns and stations, from ``data/`` (sources in ``data/README.md``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from covermap.resources import resource

RADIUS_M = {"city": 9000.0, "county": 4500.0, "town": 1800.0}
"""Radius of the built-up core that a tier of town gets in the simulated world, metres."""


@dataclass(frozen=True)
class Town:
    """A real town: name, tier (city, county, town), position WGS-84, population (None: n/a)."""

    name: str
    name_zh: str
    tier: str
    lon: float
    lat: float
    population: int | None

    @property
    def radius_m(self) -> float:
        """Radius of the built-up core, metres."""
        return RADIUS_M[self.tier]


@dataclass(frozen=True)
class Station:
    """A real station: the line it belongs to, its name, position WGS-84."""

    line: str
    name: str
    name_zh: str
    lon: float
    lat: float


def towns() -> list[Town]:
    """Read the towns, in file order."""
    return [
        Town(
            r["name"], r["name_zh"], r["tier"], float(r["lon"]), float(r["lat"]),
            int(r["population"]) if r["population"] else None,
        )
        for r in _rows("places.csv")
    ]  # fmt: skip


def stations(line: str) -> list[Station]:
    """Read the stations of one line, in order along it."""
    return [
        Station(r["line"], r["name"], r["name_zh"], float(r["lon"]), float(r["lat"]))
        for r in _rows("stations.csv")
        if r["line"] == line
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with resource("data", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
