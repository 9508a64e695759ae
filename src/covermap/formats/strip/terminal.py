"""Strip charts for a terminal: unicode blocks as wide as the terminal, or plain ASCII."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len

from covermap.formats.strip.profile import Columns, Floats, Profile, columns_of, level_range

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " .:-=+*#@"
VERDICT_BLOCKS = {0: "█", 1: "▒", 2: "░", -1: "·"}
VERDICT_PLAIN = {0: "#", 1: "w", 2: "0", -1: "."}
STRUCTURES = {"tunnel": "▬T", "bridge": "⌒b", "gap": "╳x"}
"""Sign of each kind, and in plain text."""
STYLES = {0: "\x1b[34m", 1: "\x1b[33m", 2: "\x1b[31m", -1: "\x1b[90m"}
RESET = "\x1b[0m"
ROW_DB = 10
"""Height of a row of the level, dB; 20 where the levels span more than `MOST_ROWS` rows of it."""
MOST_ROWS = 8
LABEL = 9
NARROWEST = 20
DIRECTIONS = {1: "with the chainage", -1: "against the chainage"}


def to_text(profile: Profile, width: int = 100, plain: bool = False, colour: bool = False) -> str:
    """Draw a strip chart in lines of text of at most `width` columns.

    Parameters
    ----------
    profile
        The line.
    width
        Columns of the terminal.
    plain
        ASCII only, for terminals and files that hold nothing else.
    colour
        Colour the verdicts with ANSI codes.

    Returns
    -------
    Lines joined by newlines: title; level, a row that the threshold lies in marked by `>`;
    probability; verdicts; tunnels; stations; chainage.
    """
    count = max(width - LABEL, NARROWEST)
    columns = columns_of(profile, count)
    way = DIRECTIONS.get(profile.oneway or 0)
    layer = f"{profile.operator}/{profile.technology}"
    head = [
        profile.title,
        layer,
        *([way] if way else []),
        *(["SIMULATED"] if profile.simulated else []),
    ]
    lines = ["  ".join(head), *_signal(profile, columns.level, plain)]
    lines.append(_row("P", _chance(columns.probability, plain)))
    lines.append(_row("verdict", _painted(columns.main, plain, colour)))
    if np.any(columns.worst > columns.main):
        hidden = np.where(columns.worst > columns.main, columns.worst, -2)
        lines.append(_row("worst", _painted(hidden, plain, colour)))
    if profile.structures:
        lines.append(_row("", _structures(profile, count, plain)))
    lines += [_row("", row) for row in _stations(profile, count, plain)]
    lines.append(_row("", _ticks(profile, count)))
    lines += [_row("", row) for row in _legend(profile, columns, plain, count)]
    return "\n".join(line.rstrip() for line in lines)


def _row(label: str, text: str) -> str:
    return f"{label:>{LABEL - 1}} {text}"


def _signal(profile: Profile, level: Floats, plain: bool) -> list[str]:
    """Bars from the foot of the axis up; each row is labelled with the level at its foot."""
    low, high = level_range(profile)
    step = ROW_DB if (high - low) / ROW_DB <= MOST_ROWS else 2 * ROW_DB
    rows = int(np.ceil((high - low) / step))
    blocks = PLAIN if plain else BLOCKS
    eighths = np.where(np.isfinite(level), (level - low) / step * 8, 0.0)
    eighths = np.clip(np.rint(eighths), np.where(np.isfinite(level), 1, 0), rows * 8).astype(int)
    asked = profile.threshold_dbm
    made = []
    for row in range(rows - 1, -1, -1):
        text = "".join(blocks[min(max(int(e) - 8 * row, 0), 8)] for e in eighths)
        foot = low + step * row
        holds = asked is not None and foot <= asked < foot + step
        label = f"{asked:g} >" if holds else "dBm  " if row == rows - 1 else f"{foot:.0f}  "
        made.append(_row(label, text))
    return made


def _chance(probability: Floats, plain: bool) -> str:
    """Draw the probability that the persistent level meets the standard: blocks, or tenths."""
    known = np.isfinite(probability)
    if plain:
        tenths = np.floor(np.where(known, probability, 0.0) * 9.999).astype(int)
        return "".join(str(t) if k else " " for t, k in zip(tenths, known, strict=True))
    eighths = np.maximum(np.rint(np.where(known, probability, 0.0) * 8), 1).astype(int)
    return "".join(BLOCKS[e] if k else " " for e, k in zip(eighths, known, strict=True))


def _painted(verdict: np.ndarray, plain: bool, colour: bool) -> str:
    signs = {**(VERDICT_PLAIN if plain else VERDICT_BLOCKS), -2: " "}
    if not colour:
        return "".join(signs[v] for v in verdict.tolist())
    return "".join(f"{STYLES.get(v, '')}{signs[v]}" for v in verdict.tolist()) + RESET


def _column(profile: Profile, count: int, metres: float) -> int:
    share = (metres - profile.from_m) / (profile.to_m - profile.from_m)
    return int(np.clip(int(share * count), 0, count - 1))


def _structures(profile: Profile, count: int, plain: bool) -> str:
    row = [" "] * count
    for span in sorted(profile.structures, key=lambda s: s.kind):  # tunnels over all else
        first, last = (_column(profile, count, m) for m in (span.from_m, span.to_m))
        row[first : last + 1] = [STRUCTURES[span.kind][plain]] * (last + 1 - first)
    return "".join(row)


def _stations(profile: Profile, count: int, plain: bool) -> list[str]:
    """Draw marks, and below them the names for which there is room."""
    if not profile.stations:
        return []
    marks, names, end = [" "] * count, "", 0
    for mark in profile.stations:
        at = _column(profile, count, mark.chainage_m)
        marks[at] = "^" if plain else "▲"
        room = count - cell_len(mark.name)
        at = min(at, max(room, 0))
        if room >= 0 and at >= end:
            names += " " * (at - cell_len(names)) + mark.name
            end = cell_len(names) + 1
    return ["".join(marks).rstrip(), names]


def _ticks(profile: Profile, count: int) -> str:
    text = ""
    for tick in profile.ticks:
        at = _column(profile, count, tick.chainage_m)
        if at >= len(text) + bool(text) and at + len(tick.text) <= count:
            text += " " * (at - len(text)) + tick.text
    return text


def _legend(profile: Profile, columns: Columns, plain: bool, count: int) -> list[str]:
    signs = VERDICT_PLAIN if plain else VERDICT_BLOCKS
    names = {0: "covered", 1: "weak", 2: "no service", -1: "not measured"}
    entries = [f"{signs[k]} {name}" for k, name in names.items()]
    kinds = {s.kind for s in profile.structures}
    entries += [f"{sign[plain]} {kind}" for kind, sign in STRUCTURES.items() if kind in kinds]
    if np.any(columns.worst > columns.main):
        entries.append("worst: shorter stretches in the column")
    entries.append("P: the persistent level meets the standard")
    entries += ["0-9: tenths"] if plain else []
    entries.append("official chainage" if profile.official else "chainage from the start")
    rows = [""]
    for entry in entries:
        if rows[-1] and len(rows[-1]) + 2 + len(entry) > count:
            rows.append("")
        rows[-1] += f"{'  ' if rows[-1] else ''}{entry}"
    return [row[:count] for row in rows]
