"""Pictures of how good predictions are: a reliability diagram, and a map of their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.formats.strip.png import painted
from covermap.formats.strip.shapes import GREY, INK, Drawing, Path, Rect, Shape, Text

Floats = NDArray[np.float64]

SIDE = 420
LEFT, TOP, RIGHT, BELOW = 70, 70, 30, 150
SERIES = ("#2F7FC1", "#C2410C", "#4d8f4a", "#8E5EA2")
GRID = "#dde2e6"
PANEL_W, PANEL_H, HEAD = 560, 400, 46
MOST_PANELS = 8
STEPS_DB = (-15.0, -10.0, -5.0, 5.0, 10.0, 15.0)
COLOURS = ("#2166ac", "#67a9cf", "#c3deec", "#d9d9d9", "#fbd3b9", "#ef8a62", "#b2182b")
"""Foretold too low (blue), within 5 dB (grey), too high (red)."""
_NAMES = {"blocks": "blocks held out 留出区块", "runs": "runs held out 留出测试段"}


@dataclass(frozen=True)
class Curve:
    """Reliability of one way to hold out, by tenth of probability; NaN where there is none."""

    held: str
    n: NDArray[np.int64]
    said: Floats
    seen: Floats


@dataclass(frozen=True)
class ErrorMap:
    """Places held out in one layer, and how far off they were foretold."""

    title: str
    lon: Floats
    lat: Floats
    error_db: Floats
    """Foretold less measured."""


def reliability_png(curves: Sequence[Curve], simulated: bool = False) -> bytes:
    """Draw what share of places was covered, against the probability that they were given."""
    shapes: list[Shape] = [
        Text(LEFT, 26, "Of the places given so much, how many were covered", 16, bold=True),
        Text(LEFT, 48, "给出该概率的地方，实际达标的比例" + _marked(simulated), 13),
    ]
    for k in range(0, 11, 2):
        at = k / 10
        shapes += [
            Path((_at(at, 0), _at(at, 1)), GRID), Path((_at(0, at), _at(1, at)), GRID),
            Text(_at(at, 0)[0], _at(0, 0)[1] + 18, f"{10 * k} %", 12, "middle", GREY),
            Text(LEFT - 8, _at(0, at)[1] + 4, f"{10 * k} %", 12, "end", GREY),
        ]  # fmt: skip
    shapes.append(Path((_at(0, 0), _at(1, 1)), GREY, 1.2))
    bottom = _at(0, 0)[1]
    shapes.append(Text(LEFT + SIDE / 2, bottom + 38, "probability given 给出的概率", 12, "middle"))
    y = bottom + 62
    for curve, colour in zip(curves, SERIES, strict=False):
        shapes += _curve(curve, colour)
        shapes.append(Rect(LEFT, y - 9, 13, 10, colour))
        worst = _worst(curve)
        shapes.append(Text(LEFT + 18, y, f"{_NAMES[curve.held]}: largest gap {worst}", 11))
        counts = "  ".join(str(int(n)) for n in curve.n)
        shapes.append(Text(LEFT + 18, y + 16, f"places by tenth: {counts}", 11, fill=GREY))
        y += 38
    return painted(Drawing(LEFT + SIDE + RIGHT, TOP + SIDE + BELOW, "reliability", tuple(shapes)))


def _at(x: float, y: float) -> tuple[float, float]:
    return LEFT + x * SIDE, TOP + (1.0 - y) * SIDE


def _worst(curve: Curve) -> str:
    some = curve.n >= 100
    if not some.any():
        return "not known (no tenth of 100 places)"
    return (
        f"{100 * np.abs(curve.seen - curve.said)[some].max():.1f} points (tenths of 100 and more)"
    )


def _curve(curve: Curve, colour: str) -> list[Shape]:
    some = np.flatnonzero(curve.n > 0)
    points = tuple(_at(float(curve.said[k]), float(curve.seen[k])) for k in some)
    shapes: list[Shape] = [Path(points, colour, 1.6)] if len(points) > 1 else []
    for (x, y), k in zip(points, some, strict=True):
        half = 4.5 if curve.n[k] >= 100 else 2.5  # few places say little
        shapes.append(Rect(x - half, y - half, 2 * half, 2 * half, colour))
    return shapes


def errors_png(maps: Sequence[ErrorMap], simulated: bool = False) -> bytes:
    """Draw the places that were held out, coloured by how far off they were foretold."""
    shown = list(maps)[:MOST_PANELS]
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    shapes: list[Shape] = []
    for number, one in enumerate(shown):
        shapes += _panel(one, number % columns * PANEL_W, number // columns * PANEL_H)
    top = rows * PANEL_H + 16
    shapes += _legend(top, len(maps) - len(shown), simulated)
    return painted(Drawing(max(columns, 2) * PANEL_W, top + 58, "errors", tuple(shapes)))


def _panel(one: ErrorMap, left: float, top: float) -> list[Shape]:
    rmse = float(np.sqrt(np.mean(one.error_db**2)))
    said = f"{len(one.error_db)} places, RMSE {rmse:.1f} dB, bias {one.error_db.mean():+.1f} dB"
    shapes: list[Shape] = [
        Text(left + 16, top + 22, one.title, 15, bold=True),
        Text(left + 16, top + 40, said, 12, fill=GREY),
    ]
    wide = np.cos(np.radians(float(one.lat.mean())))
    x, y = (one.lon - one.lon.min()) * wide, one.lat.max() - one.lat
    room = PANEL_W - 32, PANEL_H - HEAD - 44
    scale = min(room[0] / max(float(np.ptp(x)), 1e-3), room[1] / max(float(np.ptp(y)), 1e-3))
    colour = np.searchsorted(np.array(STEPS_DB), one.error_db)
    # the largest errors are painted last: they are what one looks for
    for k in np.argsort(np.abs(one.error_db), kind="stable"):
        at = left + 16 + float(x[k]) * scale, top + HEAD + 6 + float(y[k]) * scale
        shapes.append(Rect(at[0] - 1.5, at[1] - 1.5, 3, 3, COLOURS[int(colour[k])]))
    km = _round_km(room[0] / scale * 111.2 / 4)
    length = km / 111.2 * scale
    base = top + PANEL_H - 18
    shapes.append(Path(((left + 16, base), (left + 16 + length, base)), INK, 2.0))
    shapes.append(Text(left + 22 + length, base + 4, f"{km:g} km", 11))
    return shapes


def _round_km(most: float) -> float:
    """Give the largest of 1, 2, 5, 10, ... km that is not more; 0.1 at least."""
    steps = [m * 10.0**e for e in range(-1, 4) for m in (1, 2, 5)]
    return max([s for s in steps if s <= most], default=steps[0])


def _legend(top: float, left_out: int, simulated: bool) -> list[Shape]:
    edges = ("", *(f"{edge:+g}" for edge in STEPS_DB))
    shapes: list[Shape] = []
    for k, colour in enumerate(COLOURS):
        shapes.append(Rect(16 + k * 52, top, 52, 12, colour))
        if edges[k]:
            shapes.append(Text(16 + k * 52, top + 26, edges[k], 11, "middle", GREY))
    text = (
        "foretold less measured, dB, where it was held out 留出处：预测减实测"
        + (f"; {left_out} more layers are not shown" if left_out else "")
        + _marked(simulated)
    )
    return [*shapes, Text(16, top + 46, text, 12)]


def _marked(simulated: bool) -> str:
    return "   SIMULATED 仿真数据" if simulated else ""
