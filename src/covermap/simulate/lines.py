"""Lines: smooth courses through real places, with chainage, tunnels and stations.

A course is a centripetal spline through its points (Catmull-Rom parametrisation, natural ends),
bent sideways by a smooth random wander and cut into vertices 25 m apart. It is plausible, not
surveyed: no line follows the real one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from covermap.errors import ConfigError
from covermap.simulate import facts, recipe
from covermap.simulate.frame import chainage, to_lonlat, to_plane
from covermap.simulate.noise import rng, smooth_waves

Floats = NDArray[np.float64]

VERTEX_M = 25.0
WANDER_LENGTH_M = 2500.0
DECIMALS = 7
"""Of written coordinates: 0.01 m."""


@dataclass(frozen=True)
class Course:
    """One line as it is travelled: vertices and geodesic chainage, all of one length."""

    line: recipe.Line
    suffix: str
    """Tells the carriageways of a dual road apart: '', 'a' (with the course), 'b' (against)."""
    lon: Floats
    lat: Floats
    x: Floats
    y: Floats
    s: Floats
    """Chainage of the vertices, geodesic metres."""
    station_s: Floats
    station_names: tuple[str, ...]

    @property
    def id(self) -> str:
        """Identity of the course in truth tables."""
        return self.line.id + (f"-{self.suffix}" if self.suffix else "")

    @property
    def length_m(self) -> float:
        """Geodesic length, metres."""
        return float(self.s[-1])

    def position(self, s: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude at chainages; same length."""
        return np.interp(s, self.s, self.lon), np.interp(s, self.s, self.lat)

    def heading_deg(self, s: Floats) -> Floats:
        """Course over ground with rising chainage, degrees clockwise from north; same length."""
        turn = np.unwrap(np.arctan2(np.diff(self.x), np.diff(self.y)))
        middle = (self.s[1:] + self.s[:-1]) / 2
        return np.degrees(np.interp(s, middle, turn)) % 360.0

    def in_tunnel(self, s: Floats) -> NDArray[np.bool_]:
        """Whether chainages lie in a tunnel; same length."""
        inside = np.zeros(np.shape(s), bool)
        for a, b in self.tunnels_m:
            inside |= (s >= a) & (s < b)
        return inside

    @property
    def tunnels_m(self) -> list[tuple[float, float]]:
        """Tunnels as chainages from and to, metres, cut at vertices."""
        cuts = [(a * self.length_m, b * self.length_m) for a, b in self.line.tunnels]
        if self.suffix == "b":
            cuts = [(self.length_m - b, self.length_m - a) for a, b in cuts]
        nearest = [(int(np.abs(self.s - a).argmin()), int(np.abs(self.s - b).argmin()))
                   for a, b in cuts]  # fmt: skip
        return [(float(self.s[i]), float(self.s[j])) for i, j in nearest]


def make_courses(world: recipe.Recipe) -> list[Course]:
    """Make every course of a recipe, in recipe order; a dual line gives two."""
    towns = {t.name: (t.lon, t.lat) for t in facts.towns()}
    return [course for line in world.lines for course in _courses(world.seed, line, towns)]


def _courses(seed: int, line: recipe.Line, towns: dict[str, tuple[float, float]]) -> list[Course]:
    stops = facts.stations(line.stations) if line.stations else []
    points = [(s.lon, s.lat) for s in stops] or [_point(line, p, towns) for p in line.via]
    lon, lat = np.array(points).T
    x, y = _bend(seed, line, *_spline(*to_plane(lon, lat)))
    if not line.dual_m:
        return [_finish(line, "", x, y, stops)]
    left, right = _shift(x, y, line.dual_m / 2), _shift(x, y, -line.dual_m / 2)
    back = (left[0][::-1], left[1][::-1])
    return [_finish(line, "a", *right, stops), _finish(line, "b", *back, stops)]


def _point(
    line: recipe.Line, point: str | tuple[float, float], towns: dict[str, tuple[float, float]]
) -> tuple[float, float]:
    if not isinstance(point, str):
        return point
    if point not in towns:
        raise ConfigError(f"line {line.id!r}: no place {point!r} in data/places.csv")
    return towns[point]


def _spline(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    knots = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)) ** 0.5)])
    fine = np.linspace(0.0, knots[-1], 4000)
    fx, fy = CubicSpline(knots, np.c_[x, y], bc_type="natural")(fine).T
    return _even(fx, fy)


def _even(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Cut into vertices about 25 m apart; first and last stay."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    cuts = np.linspace(0.0, s[-1], max(2, round(s[-1] / VERTEX_M) + 1))
    return np.interp(cuts, s, x), np.interp(cuts, s, y)


def _bend(seed: int, line: recipe.Line, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    along = VERTEX_M * np.arange(x.size, dtype=np.float64)
    waves = smooth_waves(rng(seed, "wander", line.id), WANDER_LENGTH_M, 24)
    side = line.offset_m + line.wander_m * waves.at(along, np.zeros_like(along))
    return _even(*_shift(x, y, side))


def _shift(x: Floats, y: Floats, left_m: float | Floats) -> tuple[Floats, Floats]:
    dx, dy = np.gradient(x), np.gradient(y)
    norm = np.hypot(dx, dy)
    return x - left_m * dy / norm, y + left_m * dx / norm


def _finish(
    line: recipe.Line, suffix: str, x: Floats, y: Floats, stops: list[facts.Station]
) -> Course:
    lon, lat = (np.round(v, DECIMALS) for v in to_lonlat(x, y))
    x, y = to_plane(lon, lat)
    s = chainage(lon, lat)
    at = _station_chainage(x, y, s, stops)
    return Course(line, suffix, lon, lat, x, y, s, at, tuple(p.name_zh for p in stops))


def _station_chainage(x: Floats, y: Floats, s: Floats, stops: list[facts.Station]) -> Floats:
    if not stops:
        return np.empty(0)
    px, py = to_plane([p.lon for p in stops], [p.lat for p in stops])
    near = np.hypot(px[:, None] - x, py[:, None] - y).argmin(axis=1)
    return s[near]
