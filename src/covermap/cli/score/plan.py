"""A small map of regions for the scorecard's page: drawn into it, nothing is fetched."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import shapely

from covermap.cli.printing import known
from covermap.cli.score.card import Card, Row

WIDTH, MOST_HEIGHT = 420, 420
STEPS = ("#b2182b", "#ef8a62", "#fddbc7", "#d1e5f0", "#67a9cf", "#2166ac")
"""Colours of shares, from none to all, in equal steps: told apart by colour-blind readers, too."""
NOTHING = "#e3e6ea"
"""Colour of regions of which nothing is known."""


def plan_of(card: Card, rows: list[Row]) -> str:
    """Draw the regions of some rows by their share of all; empty where no shape is known.

    Shapes are in degrees; a degree of longitude is drawn as short as it is in their middle.
    """
    wanted = {row["region_id"]: row for row in rows}
    regions = card.build.read("regions", ["region_id", "geometry"]).to_pylist()
    shapes = {r["region_id"]: shapely.from_wkb(r["geometry"]) for r in regions
              if r["region_id"] in wanted}  # fmt: skip
    if not shapes:
        return ""
    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    narrow = math.cos(math.radians((south + north) / 2))
    scale = min(WIDTH / max((east - west) * narrow, 1e-9), MOST_HEIGHT / max(north - south, 1e-9))
    size = (east - west) * narrow * scale, (north - south) * scale
    paths = "".join(
        f'<path d="{_path(shape, (west, north), (narrow * scale, scale))}" '
        f'fill="{_colour(wanted[name])}" stroke="#6b7885" stroke-width="0.6">'
        f"<title>{escape(_said(card, wanted[name]))}</title></path>"
        for name, shape in sorted(shapes.items())
    )
    return (
        f'<svg width="{size[0]:.0f}" height="{size[1]:.0f}" viewBox="0 0 {size[0]:.0f} '
        f'{size[1]:.0f}" role="img">{paths}</svg>{_legend(card)}'
    )


def _share(row: Row) -> float | None:
    """Share of all, or of the figure to reach where there is no all."""
    if not known(row["value"]):
        return None
    if known(row["total"]) and row["total"] > 0:
        return float(row["value"] / row["total"])
    return float(row["reached"]) if known(row["reached"]) else None


def _colour(row: Row) -> str:
    share = _share(row)
    if share is None:
        return NOTHING
    return STEPS[min(int(max(share, 0.0) * len(STEPS)), len(STEPS) - 1)]


def _said(card: Card, row: Row) -> str:
    name = row["name"] if known(row["name"]) else row["region_id"]
    return f"{name}: {card.amount(row)} ({card.ends(row)})"


def _path(shape: shapely.Geometry, corner: tuple[float, float], scale: tuple[float, float]) -> str:
    """Write rings as a path, coarser than a pixel shows left out."""
    coarse = shapely.simplify(shape, 0.5 / scale[1])
    parts = []
    for ring in shapely.get_rings(shapely.get_parts(coarse)):
        points = (shapely.get_coordinates(ring) - corner) * (scale[0], -scale[1])
        pairs = " ".join(f"{x:.1f},{y:.1f}" for x, y in np.asarray(points))
        parts.append(f"M{pairs}Z")
    return "".join(parts)


def _legend(card: Card) -> str:
    boxes = "".join(
        f'<span class="key" style="background:{colour}"></span>{100 * k / len(STEPS):.0f}-'
        f"{100 * (k + 1) / len(STEPS):.0f} % "
        for k, colour in enumerate(STEPS)
    )
    unknown = f'<span class="key" style="background:{NOTHING}"></span>'
    return f"<p><small>{boxes}{unknown}{escape(card.say('not_known'))}</small></p>"
