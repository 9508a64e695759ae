"""What sections and areas have in common: layers, sites, and the columns of a spot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.judging.quantiles import bin_quantile
from covermap.core.weak.spots import Figures, Pieces, causes, nearest, outlooks, spot_id
from covermap.engine.step import StepContext
from covermap.tables import ALL, ANY, NO_TECHNOLOGY, VERDICTS, nan_as_null
from covermap.workspace import Config

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Layer = tuple[str, str]

PIECE_COLUMNS = "verdict, probability, n, n_none, rsrp_mean_dbm, sinr_mean_db"


@dataclass(frozen=True)
class Sites:
    """Positions of sites, one row a position and operator (None: not given)."""

    operator: NDArray[np.object_]
    site_id: NDArray[np.object_]
    lon: Floats
    lat: Floats

    @classmethod
    def read(cls, connection: Any) -> Sites:
        """Read the sites; the least identity stands for several at one position."""
        table = connection.sql(
            "SELECT operator, min(site_id) AS site_id, lon, lat FROM sites "
            "GROUP BY operator, lon, lat ORDER BY operator NULLS LAST, lon, lat"
        ).to_arrow_table()
        names = (np.array(table.column(c).to_pylist(), object) for c in ("operator", "site_id"))
        return cls(*names, *(table.column(c).to_numpy() for c in ("lon", "lat")))

    def nearest(self, operator: str, lon: Floats, lat: Floats) -> tuple[pa.Array, Floats]:
        """Nearest site of an operator (of any, for `any` and `all`): identity and distance, m."""
        mine = np.ones(len(self.lon), bool)
        if operator not in (ANY, ALL):
            mine = self.operator == operator
        index, distance_m = nearest(lon, lat, self.lon[mine], self.lat[mine])
        names = pa.array(self.site_id[mine].tolist(), pa.string())
        return names.take(pa.array(index, mask=index < 0)), distance_m


def read_pieces(table: pa.Table, group: Ints, size: Floats) -> Pieces:
    """Take the pieces of spots from rows of a table of verdicts (those with a group)."""
    verdict = pc.index_in(table.column("verdict"), pa.array(VERDICTS)).to_numpy()
    return Pieces(
        group=group,
        size=size,
        verdict=verdict.astype(np.int8),
        probability=floats(table, "probability"),
        n=table.column("n").to_numpy(),
        n_none=table.column("n_none").to_numpy(),
        rsrp_mean_dbm=floats(table, "rsrp_mean_dbm"),
        sinr_mean_db=floats(table, "sinr_mean_db"),
    )


def floats(table: pa.Table, name: str) -> Floats:
    """Give a column as float64 with NaN for null."""
    values: Floats = pc.fill_null(table.column(name), np.nan).to_numpy()
    return values


def spot_columns(
    kind: str,
    layer: Layer,
    figures: Figures,
    names: list[tuple[str, str]],
    lon: Floats,
    lat: Floats,
    sites: Sites,
    ctx: StepContext,
) -> dict[str, Any]:
    """Columns that sections and areas have in common.

    `names` are line and anchor of each spot, for its identity; `lon`, `lat` the anchor's position.
    """
    operator, technology = layer
    count = len(names)
    standard = ctx.rules.standards.get(technology)  # type: ignore[call-overload]
    site, site_m = sites.nearest(operator, lon, lat)
    level, sinr = (standard.rsrp_dbm, standard.sinr_db) if standard else (None, None)
    cause = causes(figures, level, sinr, site_m, ctx.rules.weak.near_site_m)
    told = outlooks(figures.probability_weak, ctx.rules.weak.lasting, ctx.rules.weak.passing)
    ids = [spot_id(kind, operator, technology, line_id, anchor) for line_id, anchor in names]
    return {
        "spot_id": pa.array(ids, pa.string()),
        "kind": pa.repeat(pa.scalar(kind), count),
        "operator": pa.repeat(pa.scalar(operator), count),
        "technology": pa.repeat(pa.scalar(technology), count),
        "pieces": pa.array(figures.pieces.astype(np.int32)),
        "n": pa.array(figures.n),
        "n_none": pa.array(figures.n_none),
        "rsrp_mean_dbm": nan_as_null(figures.rsrp_mean_dbm),
        "sinr_mean_db": nan_as_null(figures.sinr_mean_db),
        "probability_weak": pa.array(figures.probability_weak),
        "outlook": pa.array(told.tolist(), pa.string()),
        "cause": pa.array(cause.tolist(), pa.string()),
        "nearest_site_m": nan_as_null(site_m),
        "nearest_site": site,
        "lon": pa.array(lon),
        "lat": pa.array(lat),
    }


def percentile_5(
    connection: Any, evidence: str, key: str, layer: Layer, n_none: Ints, floor_dbm: float
) -> pa.Array:
    """5th percentile of the level per spot; null in derived layers, which have no counts.

    The view `spot_piece` says which places, by `key`, belong to which spot.
    """
    if is_derived(layer):
        return pa.nulls(len(n_none), pa.float64())
    counts = connection.sql(
        f"SELECT spot, rsrp_bin::BIGINT AS rsrp_bin, sum(n)::BIGINT AS n FROM {evidence} "
        f"JOIN spot_piece USING ({key}) WHERE operator = $operator AND technology = $technology "
        "AND rsrp_bin IS NOT NULL GROUP BY spot, rsrp_bin ORDER BY spot, rsrp_bin",
        params={"operator": layer[0], "technology": layer[1]},
    ).to_arrow_table()
    place, level, n = (counts.column(c).to_numpy() for c in ("spot", "rsrp_bin", "n"))
    return nan_as_null(bin_quantile(place, level, n, n_none, floor_dbm, 0.05))


def is_derived(layer: Layer) -> bool:
    """Whether a layer has no samples of its own."""
    return layer[0] in (ANY, ALL) or layer[1] in (ANY, NO_TECHNOLOGY)


def made_by_simulator(config: Config) -> bool:
    """Whether any measurement behind the verdicts is declared as simulated."""
    return config.workspace.simulated or any(m.simulated for m in config.measurements)
