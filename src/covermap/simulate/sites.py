"""Sites: where each operator's base stations stand, and the cells on them.

Sites stand on jittered lattices whose spacing follows the wanted density: dense in towns, sparse
in the countryside. Along lines stand masts that all operators may use (a tower company's);
stretches where an operator left them out are drawn at random, which makes believable weak
stretches. An operator may share part of another's own sites.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.simulate import facts, recipe
from covermap.simulate.frame import to_plane
from covermap.simulate.lines import Course
from covermap.simulate.noise import exponential_waves, rng, smooth_waves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BARE_LENGTH_M = 2500.0
"""How far stretches without an operator's masts reach."""
OWN_WAVES = 12
"""Waves of each site's own shadowing."""

CARRIERS = {
    "B3": (1.8, 1650, 15.2), "B8": (0.94, 3590, 15.2), "B5": (0.88, 2452, 15.2),
    "B1": (2.1, 100, 15.2), "B39": (1.9, 38400, 15.2), "B41": (2.6, 40936, 15.2),
    "n78": (3.5, 627264, 17.8), "n41": (2.6, 504990, 17.8), "n28": (0.76, 152650, 18.2),
    "n1": (2.1, 427030, 16.0), "n8": (0.94, 186000, 16.0), "n79": (4.9, 723360, 17.8),
}  # fmt: skip
"""Band -> downlink GHz, a channel number in it, power per resource element (dBm)."""


@dataclass(frozen=True)
class Sites:
    """Sites of one operator; all arrays of one length (a site each)."""

    plmn: str
    x: Floats
    y: Floats
    number: Ints
    """Number of the mast in the world: the same for operators that share it."""
    urban: NDArray[np.bool_]
    height_m: Floats
    azimuth_deg: Floats
    """Of the first of three sectors."""
    tilt_deg: Floats
    load: Floats
    lte_band: NDArray[np.str_]
    nr_band: NDArray[np.str_]
    """'' where the site has no NR."""
    nbiot: NDArray[np.bool_]
    redcap: NDArray[np.bool_]
    waves: Floats
    """Own shadowing: (sites, OWN_WAVES, 3) of kx, ky, phase."""


@dataclass(frozen=True)
class _Masts:
    """Masts; arrays of one length. `along_deg`: heading of the line beside it, NaN elsewhere."""

    x: Floats
    y: Floats
    number: Ints
    along_deg: Floats

    def take(self, keep: NDArray[np.bool_]) -> _Masts:
        return _Masts(self.x[keep], self.y[keep], self.number[keep], self.along_deg[keep])

    def join(self, other: _Masts) -> _Masts:
        names = _Masts.__dataclass_fields__
        return _Masts(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


def make_sites(world: recipe.Recipe, courses: list[Course]) -> dict[str, Sites]:
    """Make the sites of every operator, by PLMN, in recipe order."""
    trackside = _trackside(world, courses)
    first = trackside.x.size
    own: dict[str, _Masts] = {}
    for operator in world.operators:
        x, y = _own_positions(world, operator)
        own[operator.plmn] = _Masts(x, y, first + np.arange(x.size), np.full(x.size, np.nan))
        first += x.size
    waves = _mast_waves(world, first)
    return {
        o.plmn: _equip(world, o, _used(world, o, own, trackside), waves) for o in world.operators
    }


def _trackside(world: recipe.Recipe, courses: list[Course]) -> _Masts:
    """Masts beside lines, on either side in turn; one row for both carriageways of a road."""
    found = [np.empty((0, 3))]
    for course in courses:
        spacing = course.line.trackside_m
        if not spacing or course.suffix == "b":
            continue
        source = rng(world.seed, "trackside", course.id)
        s = np.arange(spacing / 2, course.length_m, spacing)
        s = np.clip(s + spacing * source.uniform(-0.25, 0.25, s.size), 0, course.length_m)
        heading = course.heading_deg(s)
        side = source.uniform(60.0, 260.0, s.size) * np.where(np.arange(s.size) % 2, 1, -1)
        x = np.interp(s, course.s, course.x) + side * np.cos(np.radians(heading))
        y = np.interp(s, course.s, course.y) - side * np.sin(np.radians(heading))
        found.append(np.c_[x, y, heading])
    x, y, heading = np.concatenate(found).T
    return _Masts(x, y, np.arange(x.size), heading)


def _used(
    world: recipe.Recipe, operator: recipe.Operator, own: dict[str, _Masts], trackside: _Masts
) -> _Masts:
    """Masts that an operator uses: its own, a share of its partner's, most of those along lines."""
    masts = own[operator.plmn]
    if operator.shared_with is not None:
        theirs = own[operator.shared_with]
        source = rng(world.seed, "shared", operator.plmn)
        theirs = theirs.take(source.random(theirs.x.size) < operator.shared)
        masts = _apart(masts, theirs, 0.5 * world.sites.city_m).join(theirs)
    bare = smooth_waves(rng(world.seed, "bare", operator.plmn), BARE_LENGTH_M, 40)
    edge = NormalDist().inv_cdf(min(max(operator.trackside, 1e-9), 1 - 1e-9))
    trackside = trackside.take(bare.at(trackside.x, trackside.y) < edge)
    return _apart(masts, trackside, 0.3 * world.sites.city_m).join(trackside)


def _apart(masts: _Masts, others: _Masts, metres: float) -> _Masts:
    """Those masts that are not near any of the others."""
    if not others.x.size or not masts.x.size:
        return masts
    near, _ = cKDTree(np.c_[others.x, others.y]).query(np.c_[masts.x, masts.y])
    return masts.take(np.asarray(near) > metres)


def _own_positions(world: recipe.Recipe, operator: recipe.Operator) -> tuple[Floats, Floats]:
    area = world.area
    cx, cy = to_plane([area.west, area.east] * 2, [area.south, area.south, area.north, area.north])
    source = rng(world.seed, "sites", operator.plmn)
    base = 500.0
    found = []
    for level in range(5):
        size = base * 2**level
        gx = np.arange(math.floor(cx.min() / size), math.ceil(cx.max() / size))
        gy = np.arange(math.floor(cy.min() / size), math.ceil(cy.max() / size))
        ix, iy = (v.ravel() for v in np.meshgrid(gx, gy))
        jx, jy = source.random((2, ix.size)) * 0.7 + 0.15
        keep = source.random(ix.size)
        x, y = (ix + jx) * size, (iy + jy) * size
        wanted = _spacing(world, operator, x, y)
        mine = np.clip(np.floor(np.log2(wanted / base)), 0, 4) == level
        inside = (x > cx.min()) & (x < cx.max()) & (y > cy.min()) & (y < cy.max())
        found.append(np.c_[x, y][mine & inside & (keep < (size / wanted) ** 2)])
    points = np.concatenate(found)
    return points[:, 0], points[:, 1]


def _spacing(world: recipe.Recipe, operator: recipe.Operator, x: Floats, y: Floats) -> Floats:
    """Wanted spacing of sites at plane positions, metres."""
    rules = world.sites
    spacing = np.full(x.size, rules.rural_m)
    for town in facts.towns():
        tx, ty = to_plane([town.lon], [town.lat])
        core = {"city": rules.city_m, "county": rules.county_m, "town": rules.town_m}[town.tier]
        grown = core * np.exp(np.maximum(np.hypot(x - tx, y - ty) / town.radius_m - 1, 0) * 0.8)
        spacing = np.minimum(spacing, grown)
    return spacing / math.sqrt(operator.density)


def _equip(world: recipe.Recipe, operator: recipe.Operator, masts: _Masts, waves: Floats) -> Sites:
    x, y = masts.x, masts.y
    source = rng(world.seed, "equip", operator.plmn)
    centre = _urbanity(x, y)
    beside = ~np.isnan(masts.along_deg)
    urban = (centre > 0.35 + 0.2 * source.random(x.size)) & ~beside
    turned = np.round(source.random(x.size) * 12) * 10
    nr = source.random(x.size) < np.maximum(operator.nr_share, np.minimum(1.0, 1.6 * centre))
    return Sites(
        plmn=operator.plmn,
        x=x,
        y=y,
        number=masts.number,
        urban=urban,
        height_m=np.round(np.where(urban, 25.0, 35.0) + 5 * source.standard_normal(x.size)).clip(
            15, 50
        ),
        azimuth_deg=np.where(beside, np.round(np.nan_to_num(masts.along_deg)), turned) % 360,
        tilt_deg=np.where(urban, 8.0, 4.0) + np.round(source.random(x.size) * 3),
        load=np.clip(world.field.load * (0.6 + 0.8 * source.random(x.size)), 0, 1),
        lte_band=np.where(urban, operator.urban_lte, operator.rural_lte),
        nr_band=np.where(nr, np.where(urban, operator.urban_nr, operator.rural_nr), ""),
        nbiot=source.random(x.size) < world.sites.nbiot_share,
        redcap=source.random(x.size) < world.sites.redcap_share,
        waves=waves[masts.number],
    )


def _urbanity(x: Floats, y: Floats) -> Floats:
    """0 in open country, 1 in a town's core; same length."""
    best = np.zeros(x.size)
    for town in facts.towns():
        tx, ty = to_plane([town.lon], [town.lat])
        weight = {"city": 1.0, "county": 1.0, "town": 0.6}[town.tier]
        away = np.hypot(x - tx, y - ty) / town.radius_m
        best = np.maximum(best, weight * np.exp(-np.maximum(away - 0.7, 0)))
    return best


def _mast_waves(world: recipe.Recipe, masts: int) -> Floats:
    """Waves of each mast's own shadowing, by its number, so that sharing operators agree."""
    source = rng(world.seed, "masts")
    drawn = [
        exponential_waves(source, world.field.shadow_distance_m, OWN_WAVES) for _ in range(masts)
    ]
    return np.stack([[w.kx, w.ky, w.phase] for w in drawn]).transpose(0, 2, 1)
