"""Sites near villages: evidence of the last order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.geodesy import points_m
from covermap.rules.villages import VillageRule
from covermap.steps.villages.places import Places

Floats = NDArray[np.float64]
Layer = tuple[str, str]
ALSO = {"nr": ("nr", "redcap")}
"""A cell of RedCap is one of NR."""


class SitesNearby:
    """Probability that villages are lit by sites alone, a layer at a time."""

    def __init__(self, sites: pa.Table, places: Places, rule: VillageRule) -> None:
        named = pc.and_(pc.is_valid(sites["operator"]), pc.is_valid(sites["technology"]))
        self._sites = sites.filter(named)
        self._rule = rule
        count = places.villages
        self._known = np.isfinite(places.lon[:count])
        self._at = points_m(places.lon[:count][self._known], places.lat[:count][self._known])

    def layers(self) -> set[Layer]:
        """Layers of the pack's technologies that have a site."""
        pairs = self._sites.select(["operator", "technology"]).group_by(["operator", "technology"])
        held = {(o, t) for o, t in zip(*pairs.aggregate([]).to_pydict().values(), strict=True)}
        return {
            (o, t) for o, _ in held for t in self._rule.technologies
            if any((o, own) in held for own in ALSO.get(t, (t,)))
        }  # fmt: skip

    def chance(self, layer: Layer) -> Floats:
        """Probability of each village by the layer's sites; NaN: there are none, or no position."""
        operator, technology = layer
        own = pc.and_(
            pc.equal(self._sites["operator"], operator),
            pc.is_in(self._sites["technology"], pa.array(ALSO.get(technology, (technology,)))),
        )
        sites = self._sites.filter(own)
        out = np.full(len(self._known), np.nan)
        if sites.num_rows and len(self._at):
            tree = cKDTree(points_m(sites["lon"].to_numpy(), sites["lat"].to_numpy()))
            away, _ = tree.query(self._at, distance_upper_bound=self._rule.site_near_m)
            near = away <= self._rule.site_near_m
            out[self._known] = np.where(near, self._rule.site_lit, self._rule.site_dark)
        return out
