"""What is told of samples on their way to lines, added up over the pieces of a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from covermap.core.datum import DatumFit, to_wgs84
from covermap.core.geodesy import Floats
from covermap.core.lines.nearest import nearest_edges
from covermap.core.lines.network import Network, is_link
from covermap.formats.problem import Problem
from covermap.steps.match.found import Found, Track
from covermap.steps.match.results import ON_LINK

DATUM_REACH_M = 1000.0
"""Points farther from every line than this say nothing about the datum."""
DATUM_POINTS = 2000
"""At most this many points of a piece are read both ways."""
DATUMS = ("wgs84", "gcj02")


@dataclass(frozen=True)
class About:
    """What was found in one piece, or in several."""

    points: int = 0
    """Samples that were matched without regard to their neighbours."""
    first_point: str | None = None
    on_links: dict[int, int] = field(default_factory=dict)
    """Samples on each link, by its number in the network."""
    known: int = 0
    """Positions that are known well enough."""
    from_lines_m: Floats = field(default_factory=lambda: np.zeros((2, 0)))
    """Distance of some of them to the nearest line, read as each of `DATUMS`."""
    of_marks: list[Problem] = field(default_factory=list)

    def problems(self, network: Network) -> list[Problem]:
        """Give it as rows of the table of problems."""
        return [*self._points(), *self.of_marks, *self._datum(), *self._links(network)]

    def _points(self) -> list[Problem]:
        if not self.points:
            return []
        return [Problem("matched_point_by_point", self.points, None, self.first_point, "declared")]

    def _datum(self) -> list[Problem]:
        """Say so when the positions fit the lines much better read as GCJ-02."""
        tried = self.from_lines_m.shape[1]
        if not tried:
            return []
        medians = dict(zip(DATUMS, np.median(self.from_lines_m, axis=1).tolist(), strict=True))
        if not DatumFit(medians, tried).contradicts("wgs84"):
            return []
        text = (
            f"median distance to the nearest line {medians['wgs84']:.0f} m as declared, "
            f"{medians['gcj02']:.0f} m read as GCJ-02 ({tried} points)"
        )
        return [Problem("likely_gcj02", self.known, None, text, "declared")]

    def _links(self, network: Network) -> list[Problem]:
        """Say how many samples lie on links, and on which most of them."""
        if not self.on_links:
            return []
        most = min(self.on_links, key=lambda link: (-self.on_links[link], link))
        text = f"{network.line_id[most]}: {self.on_links[most]} samples"
        count = sum(self.on_links.values())
        return [Problem(ON_LINK, count, None, text, "counted for no line")]


def about(
    samples: pa.Table, track: Track, found: Found, network: Network, of_marks: list[Problem]
) -> About:
    """Count what is worth telling of a piece."""
    single = np.flatnonzero(track.single)
    first = None
    if len(single):
        run, seq = (samples.column(name)[int(single[0])].as_py() for name in ("run_id", "seq"))
        first = f"{run}: sample {seq}"
    link, count = np.unique(found.line[is_link(network, found.line)], return_counts=True)
    known = np.flatnonzero(track.known)
    return About(
        len(single), first, dict(zip(link.tolist(), count.tolist(), strict=True)), len(known),
        _from_lines(track, network), of_marks,
    )  # fmt: skip


def _from_lines(track: Track, network: Network) -> Floats:
    known = np.flatnonzero(track.known)
    rows = known[:: max(1, len(known) // DATUM_POINTS)]
    made = np.zeros((len(DATUMS), len(rows)))
    for k, datum in enumerate(DATUMS):
        lon, lat = to_wgs84(track.lon[rows], track.lat[rows], datum)
        distance = nearest_edges(network.graph.grid, lon, lat, DATUM_REACH_M).distance_m
        made[k] = np.nan_to_num(distance, nan=DATUM_REACH_M)
    return made


def added(parts: Sequence[About]) -> About:
    """Add up what was found in pieces, in their order."""
    links: dict[int, int] = {}
    for part in parts:
        for link, count in part.on_links.items():
            links[link] = links.get(link, 0) + count
    return About(
        sum(part.points for part in parts),
        next((part.first_point for part in parts if part.first_point), None),
        links,
        sum(part.known for part in parts),
        np.concatenate([np.zeros((2, 0)), *(part.from_lines_m for part in parts)], axis=1),
        [problem for part in parts for problem in part.of_marks],
    )
