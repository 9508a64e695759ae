"""The tracks of one panel of a strip chart, each as shapes."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from covermap.formats.palette import COLOURS
from covermap.formats.strip.layout import (
    LEFT,
    NAME_ROW,
    RIGHT,
    SECTION_HEIGHT,
    STRUCTURE_HEIGHT,
    VERDICT_HEIGHT,
    WIDTH,
    Scale,
    sections_of,
)
from covermap.formats.strip.profile import Columns, Profile
from covermap.formats.strip.shapes import GREY, Path, Rect, Shape, Text, text_width

PALE, BAND, LINE, CHANCE = "#dde2e6", "#b9d3ea", "#15548c", "#7fb0d8"
THRESHOLD = "#c2410c"
STRUCTURES = {"tunnel": "#4a4f55", "bridge": "#b08d57", "gap": "#d1495b"}
IN_TUNNEL = "#eceef0"
END = WIDTH - RIGHT


def side(text: str, y: float) -> Text:
    """Name a track at its left."""
    return Text(LEFT - 8, y, text, 11, "end", GREY)


def level_grid(scale: Scale) -> list[Shape]:
    """Draw the axis of levels."""
    shapes: list[Shape] = [side("dBm", scale.y(scale.high) - 9)]
    step = 10 if scale.high - scale.low <= 60 else 20
    first = np.ceil(scale.low / step) * step
    for level in np.arange(first, scale.high + 1, step).tolist():
        y = scale.y(level)
        shapes += [Path(((LEFT, y), (END, y)), PALE), side(f"{level:.0f}", y + 4)]
    return shapes


def signal(columns: Columns, scale: Scale) -> list[Shape]:
    """Draw the mean level as a line, and the band down to the 5th percentile of the samples."""
    level, low = columns.level, columns.low
    middle = (columns.edges[1:] + columns.edges[:-1]) / 2
    bands: list[Shape] = []
    strokes: list[Shape] = []
    for run in _stretches(np.isfinite(level)):
        x = [scale.x(m) for m in middle[run]]
        upper = list(zip(x, map(scale.y, level[run]), strict=True))
        if len(upper) == 1:
            (px, py), half = upper[0], (WIDTH - LEFT - RIGHT) / len(level) / 2
            strokes.append(Path(((px - half, py), (px + half, py)), LINE, 1.4))
            continue
        lower = np.where(np.isfinite(low[run]), low[run], level[run])
        under = zip(x, map(scale.y, lower), strict=True)
        bands.append(Path((*upper, *reversed(list(under))), fill=BAND))
        strokes.append(Path(tuple(upper), LINE, 1.4))
    return [*bands, *strokes]


def _stretches(known: NDArray[np.bool_]) -> list[slice]:
    """Stretches of True in a row."""
    found, at = [], 0
    for value, group in groupby(known.tolist()):
        size = len(list(group))
        if value:
            found.append(slice(at, at + size))
        at += size
    return found


def threshold(profile: Profile, scale: Scale) -> list[Shape]:
    """Draw what the rule pack asks of the level."""
    if profile.threshold_dbm is None:
        return []
    y = scale.y(profile.threshold_dbm)
    told = f"{profile.threshold_dbm:g} dBm"
    return [
        Path(((LEFT, y), (END, y)), THRESHOLD, 1.2, (6, 4)),
        Text(END, y - 4, told, 11, "end", THRESHOLD),
    ]


def verdicts(profile: Profile, scale: Scale) -> list[Shape]:
    """Draw the verdicts; what is not measured is low, what is worse lies over what is better."""
    start, end = profile.numbers("from_m"), profile.numbers("to_m")
    y = scale.top + scale.rows.verdicts
    shapes: list[Rect] = []
    at = 0
    for verdict, group in groupby(profile.texts("verdict")):
        last = at + len(list(group)) - 1
        x0, x1 = scale.x(start[at]), scale.x(end[last])
        about = f"{verdict}: {(end[last] - start[at]) / 1000:.2f} km"
        # A stretch thinner than the eye sees keeps a hair of width: a weak spot does not vanish.
        width = max(x1 - x0, 0.8 if verdict in ("weak", "none") else 0.1)
        height = VERDICT_HEIGHT if verdict != "unmeasured" else VERDICT_HEIGHT / 3
        shapes.append(Rect(x0, y + VERDICT_HEIGHT - height, width, height, COLOURS[verdict], about))
        at = last + 1
    order = ("unmeasured", "covered", "weak", "none")
    shapes.sort(key=lambda s: order.index(s.about.partition(":")[0]))
    return [side("verdict 判定", y + 13), *shapes]


def chance(columns: Columns, scale: Scale) -> list[Shape]:
    """Draw the probability as steps; nothing where nothing is measured."""
    found, edges = columns.probability, columns.edges
    shapes: list[Shape] = []
    for share, name in ((0.0, "0"), (0.5, ""), (1.0, "P 100 %")):
        y = scale.y_chance(share)
        shapes.append(Path(((LEFT, y), (END, y)), PALE))
        if name:
            shapes.append(side(name, y + 4))
    for run in _stretches(np.isfinite(found)):
        heights = np.repeat([scale.y_chance(p) for p in found[run]], 2).tolist()
        x = np.repeat([scale.x(m) for m in edges[run.start : run.stop + 1]], 2)[1:-1].tolist()
        foot = scale.y_chance(0.0)
        area = (*zip(x, heights, strict=True), (x[-1], foot), (x[0], foot))
        shapes.append(Path(area, fill=CHANCE))
    return shapes


def sections(profile: Profile, scale: Scale) -> list[Shape]:
    """Draw sections by answer; those of which nothing is measured are as unmeasured verdicts."""
    shown = sections_of(profile)
    if not shown or scale.rows.sections is None:
        return []
    y = scale.top + scale.rows.sections
    shapes: list[Shape] = [side("sections 区段", y + 9)]
    for part in shown:
        known = part.answer is not None and part.share_low is not None
        fill = COLOURS[str(part.answer)] if known else COLOURS["unmeasured"]
        height = SECTION_HEIGHT if known else SECTION_HEIGHT / 3
        x0, x1 = scale.x(part.from_m), scale.x(part.to_m)
        about = f"{part.name}: {part.answer if known else 'unmeasured'}"
        shapes.append(
            Rect(x0, y + SECTION_HEIGHT - height, max(x1 - x0 - 1, 0.6), height, fill, about)
        )
    return shapes


def structures(profile: Profile, scale: Scale) -> list[Shape]:
    """Draw tunnels, shaded in the level's track too, bridges, and gaps of the inventory."""
    if not profile.structures or scale.rows.structures is None:
        return []
    y = scale.top + scale.rows.structures
    top, bottom = (scale.top + v for v in scale.rows.level)
    shades: list[Shape] = []
    bars: list[Shape] = [side("tunnels 隧道", y + 8)]
    for span in profile.structures:
        x0, x1 = scale.x(span.from_m), scale.x(span.to_m)
        width = max(x1 - x0, 1.0)
        about = " ".join(v for v in (span.kind, span.name) if v)
        if span.kind == "tunnel":
            shades.append(Rect(x0, top, width, bottom - top, IN_TUNNEL, about))
        bars.append(Rect(x0, y, width, STRUCTURE_HEIGHT, STRUCTURES[span.kind], about))
    return [*shades, *bars]


def stations(profile: Profile, scale: Scale) -> list[Shape]:
    """Write names in two rows; one for which there is no room keeps its mark."""
    if scale.rows.names is None:
        return []
    shapes: list[Shape] = []
    base, foot = scale.top + scale.rows.names, scale.top + scale.rows.level[1]
    ends = [0.0, 0.0]
    for mark in profile.stations:
        x = scale.x(mark.chainage_m)
        shapes.append(Path(((x, base + 4), (x, foot)), "#9aa4ad", 0.7))
        half = text_width(mark.name, 11) / 2
        centre = min(max(x, LEFT + half), END - half)
        for row in (0, 1):
            if centre - half > ends[row] + 6:
                shapes.append(
                    Text(round(centre, 2), base - NAME_ROW * row, mark.name, 11, "middle")
                )
                ends[row] = centre + half
                break
    return shapes


def ticks(profile: Profile, scale: Scale) -> list[Shape]:
    """Draw the axis of chainage; a text for which there is no room is left out."""
    shapes: list[Shape] = []
    y = scale.top + scale.rows.ticks
    end = 0.0
    for tick in profile.ticks:
        x = scale.x(tick.chainage_m)
        shapes.append(Path(((x, y - 18), (x, y - 12)), GREY))
        half = text_width(tick.text, 11) / 2
        centre = min(max(x, half + 4), WIDTH - half - 4)
        if centre - half > end + 6:
            shapes.append(Text(round(centre, 2), y, tick.text, 11, "middle", GREY))
            end = centre + half
    count = "official chainage 官方里程" if profile.official else "metres from the start 自起点里程"
    shapes.append(Text(END, y + 15, count, 10, "end", GREY))
    return shapes
