"""A world: relief, lines, sites and the radio field of one recipe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from covermap.simulate.field import Field, Signal
from covermap.simulate.frame import to_plane
from covermap.simulate.lines import Course, make_courses
from covermap.simulate.noise import rng, smooth_waves
from covermap.simulate.recipe import Recipe
from covermap.simulate.relief import Relief, make_relief
from covermap.simulate.sites import Sites, make_sites

Floats = NDArray[np.float64]

_FEEDER_AT_STATION_DBM = {"lte": -80.0, "nr": -84.0, "nbiot": -78.0}
_FEEDER_DROP_DB = 16.0
_FEEDER_DROP_M = 180.0
_FEEDER_SD_DB = 4.0


@dataclass(frozen=True)
class World:
    """Everything that is, before anyone measures."""

    recipe: Recipe
    relief: Relief
    courses: tuple[Course, ...]
    sites: dict[str, Sites]
    field: Field

    def serves(self, technology: str, signal: Signal) -> NDArray[np.bool_]:
        """Whether the level reaches the technology's floor (NaN never does); same length."""
        floor: float = self.recipe.field.floor_dbm[technology]  # type: ignore[index]
        return np.nan_to_num(signal.rsrp_dbm, nan=-np.inf) >= floor

    def signal_at(self, plmn: str, technology: str, lon: Floats, lat: Floats) -> Signal:
        """Field outdoors at places (degrees WGS-84); same length."""
        return self.field.at(plmn, technology, *to_plane(lon, lat))

    def signal_on(self, course: Course, plmn: str, technology: str, s: Floats) -> Signal:
        """Field as received on a line at chainages: with the vehicle's loss and in tunnels.

        In a rail or road tunnel there is none (NaN); in a metro tunnel there is a leaky feeder.
        """
        lon, lat = course.position(s)
        open_air = self.signal_at(plmn, technology, lon, lat)
        loss = course.line.loss_db
        level = open_air.rsrp_dbm - loss
        noise_limited = level + 118.0
        sinr = np.minimum(open_air.sinr_db, noise_limited)
        tunnel = course.in_tunnel(s)
        rssi = open_air.rssi_dbm - loss
        rsrq = open_air.rsrq_db
        if course.line.line_class == "metro":
            feeder = self._feeder(course, plmn, technology, s)
            level = np.where(tunnel, feeder, level)
            sinr = np.where(tunnel, np.minimum(25.0, 0.6 * (feeder + 112.0)), sinr)
            rsrq = np.where(tunnel, -10.5, rsrq)
            rssi = np.where(tunnel, feeder + 28.0, rssi)
        else:
            level, sinr, rsrq, rssi = (
                np.where(tunnel, np.nan, v) for v in (level, sinr, rsrq, rssi)
            )
        return Signal(level, rsrq, sinr, rssi, open_air.site, open_air.sector)

    def _feeder(self, course: Course, plmn: str, technology: str, s: Floats) -> Floats:
        """Level of the leaky feeder, dBm: strong at stations; NaN where the operator has none."""
        away = np.abs(s[:, None] - course.station_s[None, :]).min(axis=1)
        name = (self.recipe.seed, "feeder", course.id, plmn)
        wave = smooth_waves(rng(*name, technology), 150.0, 24).at(s, np.zeros_like(s))
        here = smooth_waves(rng(*name), 700.0, 24).at(s, np.zeros_like(s))
        level = (
            _FEEDER_AT_STATION_DBM[technology]
            - _FEEDER_DROP_DB * (1 - np.exp(-away / _FEEDER_DROP_M))
            + _FEEDER_SD_DB * wave
        )
        share = next(o.tunnels for o in self.recipe.operators if o.plmn == plmn)
        edge = NormalDist().inv_cdf(min(max(share, 1e-9), 1 - 1e-9))
        return np.where((here > edge) & (away > 100.0), math.nan, level)

    def course(self, name: str) -> Course:
        """Give the course of that identity."""
        return next(c for c in self.courses if c.id == name)


def make_world(recipe: Recipe) -> World:
    """Make the world of a recipe: the same recipe gives the same world."""
    relief = make_relief(recipe)
    courses = tuple(make_courses(recipe))
    sites = make_sites(recipe, list(courses))
    return World(recipe, relief, courses, sites, Field(recipe, relief, sites))
