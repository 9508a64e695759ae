"""A strip chart: a panel for each course, one below the other, and one legend."""

from __future__ import annotations

from typing import Any

from covermap.formats.palette import COLOURS
from covermap.formats.strip import tracks
from covermap.formats.strip.layout import (
    LEFT,
    RIGHT,
    WIDTH,
    Rows,
    Scale,
    common_levels,
    rows_of,
    sections_of,
)
from covermap.formats.strip.profile import Profile, columns_of
from covermap.formats.strip.shapes import GREY, Drawing, Path, Rect, Shape, Text, text_width
from covermap.tables import VERDICTS

LEGEND_ROW = 20
DIRECTIONS = {1: "with the chainage 里程增方向", -1: "against the chainage 里程减方向"}
ANSWERS = {
    "pass": "pass 连续覆盖", "fail": "fail 未连续覆盖", "undetermined": "undetermined 尚不能判定",
}  # fmt: skip
STRUCTURES = {
    "tunnel": "tunnel 隧道", "bridge": "bridge 桥梁", "gap": "gap of the inventory 清单缺失",
}  # fmt: skip
_VERDICTS = {
    "covered": "covered 已覆盖", "weak": "weak 弱覆盖", "none": "no service 无服务",
    "unmeasured": "not measured 未测量",
}  # fmt: skip
MEANING = (
    "P: probability that the persistent level, which lasts from run to run, meets the standard "
    "持久电平达标的概率"
)


def draw(profiles: list[Profile]) -> Drawing:
    """Draw a panel for each profile, with one scale of levels for all, and one legend."""
    rows = rows_of(profiles)
    levels = common_levels(profiles) if profiles else (0.0, 1.0)
    shapes: list[Shape] = []
    for number, profile in enumerate(profiles):
        shapes += _panel(profile, rows, number * rows.height, levels)
    top = len(profiles) * rows.height
    legend, height = _legend(profiles, top)
    title = "; ".join(dict.fromkeys(p.title for p in profiles))
    return Drawing(WIDTH, int(top + height), title, (*shapes, *legend))


def _panel(profile: Profile, rows: Rows, top: float, levels: tuple[float, float]) -> list[Shape]:
    scale = Scale(profile, rows, top, levels)
    count = max(1, min(WIDTH - LEFT - RIGHT, profile.pieces.num_rows))
    columns = columns_of(profile, count)
    return [
        *_head(profile, rows, top),
        *tracks.structures(profile, scale),
        *tracks.level_grid(scale),
        *tracks.signal(columns, scale),
        *tracks.threshold(profile, scale),
        *tracks.verdicts(profile, scale),
        *tracks.chance(columns, scale),
        *tracks.sections(profile, scale),
        *tracks.stations(profile, scale),
        *tracks.ticks(profile, scale),
    ]


def _head(profile: Profile, rows: Rows, top: float) -> list[Shape]:
    name = profile.operator_name
    operator = name if profile.operator in name else f"{name} {profile.operator}"
    technology = "any technology 任一制式" if profile.technology == "any" else profile.technology
    layer = f"{operator} / {technology}"
    way = DIRECTIONS.get(profile.oneway or 0)
    told = ", ".join(
        v for v in (profile.line_class, f"{profile.length_m / 1000:.1f} km", way, profile.line_id)
        if v
    )  # fmt: skip
    simulated = "   SIMULATED 仿真数据" if profile.simulated else ""
    return [
        Text(LEFT, top + rows.head, f"{profile.title}   {layer}", 16, bold=True),
        Text(WIDTH - RIGHT, top + rows.head, told + simulated, 12, "end", GREY),
        Text(LEFT, top + rows.summary, summary_text(profile.summary), 12),
    ]


def summary_text(summary: dict[str, Any] | None) -> str:
    """Say in one line how the whole line stands.

    Examples
    --------
    >>> summary_text(None)
    'nothing is measured 未测量'
    """
    if summary is None or summary["share_expected"] is None:
        return "nothing is measured 未测量"
    km = ", ".join(
        f"{name} {summary[f'route_{verdict}_km']:.1f}"
        for verdict, name in (("covered", "covered"), ("weak", "weak"), ("none", "no service"),
                              ("unmeasured", "not measured"))
    )  # fmt: skip
    low, high = 100 * summary["share_low"], 100 * summary["share_high"]
    return (
        f"{ANSWERS[summary['answer']]}: share of the assessed length "
        f"{100 * summary['share_expected']:.1f} % ({low:.1f}-{high:.1f} %), P(pass) "
        f"{100 * summary['p_pass']:.1f} %; route km {km}; longest gap "
        f"{summary['longest_gap_km']:.1f} km"
    )


def _legend(profiles: list[Profile], top: float) -> tuple[list[Shape], float]:
    """Give the legend's shapes and its height."""
    x, y = float(LEFT), top + 14
    shapes: list[Shape] = []
    for swatch, text in _entries(profiles):
        width = 18 + text_width(text, 11)
        if x + width > WIDTH - RIGHT:
            x, y = float(LEFT), y + LEGEND_ROW
        if swatch == tracks.THRESHOLD:
            shapes.append(Path(((x, y - 4), (x + 13, y - 4)), swatch, 1.6, (5, 3)))
        elif swatch == tracks.LINE:
            shapes.append(Path(((x, y - 4), (x + 13, y - 4)), swatch, 2.0))
        else:
            shapes.append(Rect(x, y - 9, 13, 10, swatch))
        shapes.append(Text(x + 18, y, text, 11))
        x += width + 14
    if rules := next((p.rules for p in profiles if p.rules), ""):
        y += LEGEND_ROW
        shapes.append(Text(LEFT, y, f"rules 规则: {rules}", 11, fill=GREY))
    return shapes, y - top + 14


def _entries(profiles: list[Profile]) -> list[tuple[str, str]]:
    entries = [(COLOURS[v], _VERDICTS[v]) for v in VERDICTS]
    entries += [
        (tracks.LINE, "mean level of the samples 采样平均电平"),
        (tracks.BAND, "down to their 5th percentile 至第 5 百分位"),
        (tracks.THRESHOLD, "what the rules ask 规则门限"),
        (tracks.CHANCE, MEANING),
    ]
    if any(sections_of(p) for p in profiles):
        entries += [(COLOURS[a], f"section: {text}") for a, text in ANSWERS.items()]
    kinds = {s.kind for p in profiles for s in p.structures}
    entries += [(tracks.STRUCTURES[k], text) for k, text in STRUCTURES.items() if k in kinds]
    return entries
