"""A strip chart as plain shapes, which the SVG and PNG writers paint."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from covermap.formats.export.palette import COLOURS
from covermap.formats.strip.profile import Floats, Profile, columns_of, level_range
from covermap.tables import VERDICTS

WIDTH = 1200
LEFT, RIGHT = 64, 20
PANEL_HEIGHT = 330
HEAD, PLOT_TOP, PLOT_BOTTOM = 24, 96, 226
VERDICT_TOP, VERDICT_HEIGHT = 236, 18
PROBABILITY_TOP, PROBABILITY_HEIGHT = 258, 8
STRUCTURE_TOP, STRUCTURE_HEIGHT = 270, 8
TICK_TEXT = 298
LEGEND_HEIGHT = 58
INK, GREY, PALE, BAND, LINE = "#1f2a33", "#6b7680", "#dde2e6", "#b9d3ea", "#15548c"
THRESHOLD = "#c2410c"
TUNNEL, BRIDGE = "#4a4f55", "#b08d57"
RAMP = ("#8c1546", "#cf5630", "#f3bd66", "#a9cfe8", "#5a9bd0", "#1f5a9e")
"""Colours of the probability, from 0 to 1 at the breaks below; in order for the colour-blind."""
BREAKS = (0.05, 0.2, 0.5, 0.8, 0.95)
FONTS = (
    "system-ui, 'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
)


@dataclass(frozen=True)
class Rect:
    """A filled rectangle; `about` is told when one points at it."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    about: str = ""


@dataclass(frozen=True)
class Path:
    """A line through points, or the area inside them."""

    points: tuple[tuple[float, float], ...]
    stroke: str = ""
    width: float = 1.0
    dash: tuple[int, int] | None = None
    fill: str = ""


@dataclass(frozen=True)
class Text:
    """A text at the left end, middle or right end of which (x, y) is its baseline."""

    x: float
    y: float
    text: str
    size: int = 12
    anchor: str = "start"
    fill: str = INK
    bold: bool = False


Shape = Rect | Path | Text


@dataclass(frozen=True)
class Drawing:
    """Shapes from the back to the front, on white."""

    width: int
    height: int
    title: str
    shapes: tuple[Shape, ...]


def draw(profiles: list[Profile]) -> Drawing:
    """Draw a panel for each profile, one below the other, and one legend."""
    shapes: list[Shape] = []
    for number, profile in enumerate(profiles):
        shapes += _panel(profile, float(number * PANEL_HEIGHT))
    top = float(len(profiles) * PANEL_HEIGHT)
    shapes += _legend(profiles, top)
    title = "; ".join(dict.fromkeys(p.title for p in profiles))
    return Drawing(WIDTH, int(top) + LEGEND_HEIGHT, title, tuple(shapes))


class _Scale:
    """From chainage and level to the picture."""

    def __init__(self, profile: Profile, top: float) -> None:
        self.start, self.length = profile.from_m, profile.to_m - profile.from_m
        self.low, self.high = level_range(profile)
        self.top = top

    def x(self, metres: float) -> float:
        share = min(max((metres - self.start) / self.length, 0.0), 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)

    def y(self, level_dbm: float) -> float:
        share = min(max((level_dbm - self.low) / (self.high - self.low), 0.0), 1.0)
        return round(self.top + PLOT_BOTTOM - share * (PLOT_BOTTOM - PLOT_TOP), 2)


def _panel(profile: Profile, top: float) -> list[Shape]:
    scale = _Scale(profile, top)
    return [
        *_head(profile, top),
        *_structures(profile, scale),
        *_grid(scale),
        *_signal(profile, scale),
        *_threshold(profile, scale),
        *_verdicts(profile, scale),
        *_probability(profile, scale),
        *_stations(profile, scale),
        *_ticks(profile, scale),
    ]


def _head(profile: Profile, top: float) -> list[Shape]:
    layer = f"{profile.operator} / {profile.technology}"
    told = f"{profile.line_class}, {profile.length_m / 1000:.1f} km, {profile.line_id}"
    simulated = "   SIMULATED 仿真数据" if profile.simulated else ""
    return [
        Text(LEFT, top + HEAD, f"{profile.title}   {layer}", 16, bold=True),
        Text(WIDTH - RIGHT, top + HEAD, told + simulated, 12, "end", GREY),
    ]


def _grid(scale: _Scale) -> list[Shape]:
    shapes: list[Shape] = []
    step = 10 if scale.high - scale.low <= 60 else 20
    for level in np.arange(scale.low, scale.high + 1, step).tolist():
        y = scale.y(level)
        shapes.append(Path(((LEFT, y), (WIDTH - RIGHT, y)), PALE))
        shapes.append(Text(LEFT - 6, y + 4, f"{level:.0f}", 11, "end", GREY))
    shapes.append(Text(4, scale.top + PLOT_TOP + 4, "dBm", 11, "start", GREY))
    return shapes


def _signal(profile: Profile, scale: _Scale) -> list[Shape]:
    """Mean level as a line, and the band down to the 5th percentile of the samples."""
    count = max(1, min(WIDTH - LEFT - RIGHT, profile.pieces.num_rows))
    level, low, _, _ = columns_of(profile, count)
    edges = np.linspace(profile.from_m, profile.to_m, count + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    shapes: list[Shape] = []
    for run in _runs(np.isfinite(level)):
        x = [scale.x(m) for m in middle[run]]
        upper = list(zip(x, map(scale.y, level[run]), strict=True))
        lower = np.where(np.isfinite(low[run]), low[run], level[run])
        band = [*upper, *reversed(list(zip(x, map(scale.y, lower), strict=True)))]
        if len(upper) == 1:
            (px, py), half = upper[0], (WIDTH - LEFT - RIGHT) / count / 2
            shapes.append(Path(((px - half, py), (px + half, py)), LINE, 1.4))
            continue
        shapes += [Path(tuple(band), fill=BAND), Path(tuple(upper), LINE, 1.4)]
    bands = [s for s in shapes if isinstance(s, Path) and s.fill]
    return [*bands, *(s for s in shapes if s not in bands)]


def _runs(known: np.ndarray) -> list[slice]:
    """Stretches of True in a row."""
    found, at = [], 0
    for value, group in groupby(known.tolist()):
        size = len(list(group))
        if value:
            found.append(slice(at, at + size))
        at += size
    return found


def _threshold(profile: Profile, scale: _Scale) -> list[Shape]:
    if profile.threshold_dbm is None:
        return []
    y = scale.y(profile.threshold_dbm)
    told = f"{profile.threshold_dbm:g} dBm"
    return [
        Path(((LEFT, y), (WIDTH - RIGHT, y)), THRESHOLD, 1.2, (6, 4)),
        Text(WIDTH - RIGHT, y - 4, told, 11, "end", THRESHOLD),
    ]


def _verdicts(profile: Profile, scale: _Scale) -> list[Shape]:
    start, end = profile.numbers("from_m"), profile.numbers("to_m")
    shapes: list[Shape] = [Text(LEFT - 6, scale.top + VERDICT_TOP + 13, "判定", 11, "end", GREY)]
    at = 0
    for verdict, group in groupby(profile.texts("verdict")):
        size = len(list(group))
        x0, x1 = scale.x(start[at]), scale.x(end[at + size - 1])
        about = f"{verdict}: {(end[at + size - 1] - start[at]) / 1000:.2f} km"
        # A stretch thinner than the eye sees keeps a hair of width: a weak spot does not vanish.
        width = max(x1 - x0, 0.8 if verdict in ("weak", "none") else 0.1)
        height = VERDICT_HEIGHT if verdict != "unmeasured" else VERDICT_HEIGHT / 3
        y = scale.top + VERDICT_TOP + (VERDICT_HEIGHT - height)
        shapes.append(Rect(x0, y, width, height, COLOURS[verdict], about))
        at += size
    return sorted(shapes, key=lambda s: isinstance(s, Rect) and s.fill != COLOURS["covered"])


def _probability(profile: Profile, scale: _Scale) -> list[Shape]:
    count = max(1, min(600, profile.pieces.num_rows))
    probability: Floats = columns_of(profile, count)[2]
    edges = np.linspace(profile.from_m, profile.to_m, count + 1)
    y = scale.top + PROBABILITY_TOP
    shapes: list[Shape] = [Text(LEFT - 6, y + 8, "P", 11, "end", GREY)]
    step = np.searchsorted(BREAKS, probability, side="right")
    code = np.where(np.isfinite(probability), step, -1).tolist()
    at = 0
    for value, group in groupby(code):
        size = len(list(group))
        if value >= 0:
            x0, x1 = scale.x(edges[at]), scale.x(edges[at + size])
            shapes.append(Rect(x0, y, x1 - x0, PROBABILITY_HEIGHT, RAMP[value]))
        at += size
    return shapes


def _structures(profile: Profile, scale: _Scale) -> list[Shape]:
    shapes: list[Shape] = []
    for span in profile.structures:
        x0, x1 = scale.x(span.from_m), scale.x(span.to_m)
        width = max(x1 - x0, 1.0)
        about = " ".join(v for v in (span.kind, span.name) if v)
        y = scale.top + STRUCTURE_TOP
        if span.kind == "tunnel":
            height = PLOT_BOTTOM - PLOT_TOP
            shapes.append(Rect(x0, scale.top + PLOT_TOP, width, height, "#eceef0", about))
        fill = TUNNEL if span.kind == "tunnel" else BRIDGE
        shapes.append(Rect(x0, y, width, STRUCTURE_HEIGHT, fill, about))
    return shapes


def _stations(profile: Profile, scale: _Scale) -> list[Shape]:
    """Names in two rows; one for which there is no room keeps its mark."""
    shapes: list[Shape] = []
    ends = [0.0, 0.0]
    for mark in profile.stations:
        x = scale.x(mark.chainage_m)
        foot = scale.top + PLOT_TOP
        shapes.append(Path(((x, foot - 8), (x, scale.top + PLOT_BOTTOM)), "#9aa4ad", 0.7))
        half = text_width(mark.name, 11) / 2
        centre = min(max(x, LEFT + half), WIDTH - RIGHT - half)
        for row in (0, 1):
            if centre - half > ends[row] + 6:
                y = foot - 12 - 15 * row
                shapes.append(Text(round(centre, 2), y, mark.name, 11, "middle"))
                ends[row] = centre + half
                break
    return shapes


def _ticks(profile: Profile, scale: _Scale) -> list[Shape]:
    shapes: list[Shape] = []
    y = scale.top + TICK_TEXT
    end = 0.0
    for tick in profile.ticks:
        x = scale.x(tick.chainage_m)
        shapes.append(Path(((x, y - 19), (x, y - 13)), GREY))
        half = text_width(tick.text, 11) / 2
        centre = min(max(x, half + 4), WIDTH - half - 4)
        if centre - half > end + 6:
            shapes.append(Text(round(centre, 2), y, tick.text, 11, "middle", GREY))
            end = centre + half
    count = "official chainage 官方里程" if profile.official else "metres from the start 自起点里程"
    shapes.append(Text(WIDTH - RIGHT, y + 16, count, 10, "end", GREY))
    return shapes


_VERDICT_TEXT = {
    "covered": "covered 已覆盖", "weak": "weak 弱覆盖", "none": "no service 无服务",
    "unmeasured": "not measured 未测量",
}  # fmt: skip


def _legend(profiles: list[Profile], top: float) -> list[Shape]:
    shapes: list[Shape] = []
    x, y = float(LEFT), top + 14
    entries = [(COLOURS[v], _VERDICT_TEXT[v]) for v in VERDICTS]
    entries += [
        (LINE, "mean level 平均电平"),
        (BAND, "down to the 5th percentile of samples 至 5% 分位"),
    ]
    if any(p.structures for p in profiles):
        entries += [(TUNNEL, "tunnel 隧道"), (BRIDGE, "bridge 桥梁")]
    for fill, text in entries:
        shapes.append(Rect(x, y - 9, 12, 10, fill))
        shapes.append(Text(x + 16, y, text, 11))
        x += 16 + text_width(text, 11) + 16
    x, y = float(LEFT), y + 20
    told = "P: probability that the place meets the standard 达标概率"
    shapes.append(Text(x, y, told, 11))
    x += text_width(told, 11) + 10
    names = ("<5 %", "5", "20", "50", "80", "≥95 %")
    for fill, text in zip(RAMP, names, strict=True):
        shapes.append(Rect(x, y - 9, 12, 10, fill))
        shapes.append(Text(x + 15, y, text, 11, fill=GREY))
        x += 15 + text_width(text, 11) + 8
    if rules := next((p.rules for p in profiles if p.rules), ""):
        shapes.append(Text(WIDTH - RIGHT, y, rules, 11, "end", GREY))
    return shapes


def text_width(text: str, size: int) -> float:
    """Roughly how wide a text is: full width for Chinese, a little over half for the rest."""
    return sum(size * (1.0 if ord(c) > 0x2E80 else 0.56) for c in text)
