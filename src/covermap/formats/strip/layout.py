"""Where the tracks of a strip chart lie: rows from top to bottom, and scales."""

from __future__ import annotations

from dataclasses import dataclass

from covermap.formats.strip.profile import Part, Profile, level_range

WIDTH = 1200
LEFT, RIGHT = 92, 20
VERDICT_HEIGHT, SECTION_HEIGHT, STRUCTURE_HEIGHT = 18, 9, 8
NAME_ROW = 15
"""Height of a row of station names; there are two."""


@dataclass(frozen=True)
class Rows:
    """Heights from the top of a panel; None where no panel has such a row."""

    head: float
    summary: float
    names: float | None
    """Baseline of the lower row of names."""
    sections: float | None
    level: tuple[float, float]
    verdicts: float
    chance: tuple[float, float]
    structures: float | None
    ticks: float
    """Baseline of the texts of the chainage axis."""
    height: float


def rows_of(profiles: list[Profile]) -> Rows:
    """Give one set of rows that fits every profile, so that panels can be compared."""
    top = 54.0
    names = sections = structures = None
    if any(p.stations for p in profiles):
        top += 2 * NAME_ROW + 4
        names = top - 6
        top += 10
    if any(sections_of(p) for p in profiles):
        sections = top
        top += SECTION_HEIGHT + 16
    level = (top + 6, top + 136)
    verdicts = level[1] + 10
    chance = (verdicts + VERDICT_HEIGHT + 10, verdicts + VERDICT_HEIGHT + 46)
    top = chance[1] + 6
    if any(p.structures for p in profiles):
        structures = top
        top += STRUCTURE_HEIGHT + 4
    ticks = top + 20
    return Rows(24, 44, names, sections, level, verdicts, chance, structures, ticks, ticks + 34)


def sections_of(profile: Profile) -> list[Part]:
    """Sections from station to station, else by county, where there is more than one."""
    for kind in ("station", "county"):
        own = [s for s in profile.sections if s.kind == kind]
        if len(own) > 1:
            return own
    return []


class Scale:
    """From chainage, level and probability to the picture."""

    def __init__(
        self, profile: Profile, rows: Rows, top: float, levels: tuple[float, float]
    ) -> None:
        self.start, self.length = profile.from_m, profile.to_m - profile.from_m
        self.low, self.high = levels
        self.rows, self.top = rows, top

    def x(self, metres: float) -> float:
        """Give the place of a chainage; what is off the panel lies at its edge."""
        share = min(max((metres - self.start) / self.length, 0.0), 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)

    def y(self, level_dbm: float) -> float:
        """Give the height of a level."""
        share = min(max((level_dbm - self.low) / (self.high - self.low), 0.0), 1.0)
        return self._between(self.rows.level, share)

    def y_chance(self, probability: float) -> float:
        """Give the height of a probability."""
        return self._between(self.rows.chance, probability)

    def _between(self, track: tuple[float, float], share: float) -> float:
        return round(self.top + track[1] - share * (track[1] - track[0]), 2)


def common_levels(profiles: list[Profile]) -> tuple[float, float]:
    """Give one axis of levels for all panels."""
    ranges = [level_range(p) for p in profiles]
    return min(low for low, _ in ranges), max(high for _, high in ranges)
