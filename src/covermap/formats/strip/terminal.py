"""Strip charts for a terminal: unicode blocks as wide as the terminal, or plain ASCII."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len

from covermap.formats.strip.profile import Profile, columns_of, level_range

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " .:-=+*#@"
VERDICT_BLOCKS = {0: "█", 1: "▒", 2: "░", -1: "·"}
VERDICT_PLAIN = {0: "#", 1: "w", 2: "0", -1: "."}
STYLES = {0: "\x1b[34m", 1: "\x1b[33m", 2: "\x1b[31m", -1: "\x1b[90m"}
RESET = "\x1b[0m"
ROWS = 4
LABEL = 6
NARROWEST = 20


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
    Lines joined by newlines: title; signal; threshold; verdicts; tunnels; stations; chainage.
    """
    count = max(width - LABEL, NARROWEST)
    level, _, _, verdict = columns_of(profile, count)
    simulated = "  SIMULATED" if profile.simulated else ""
    head = f"{profile.title}  {profile.operator}/{profile.technology}{simulated}"
    lines = [head, *_signal(profile, level, plain)]
    lines.append(f"{'':{LABEL}}{_verdicts(verdict, plain, colour)}")
    if profile.structures:
        lines.append(f"{'':{LABEL}}{_structures(profile, count, plain)}".rstrip())
    lines += [f"{'':{LABEL}}{row}" for row in _stations(profile, count, plain)]
    lines.append(f"{'':{LABEL}}{_ticks(profile, count)}")
    lines += [f"{'':{LABEL}}{row}" for row in _legend(profile, plain, count)]
    return "\n".join(line.rstrip() for line in lines)


def _signal(profile: Profile, level: np.ndarray, plain: bool) -> list[str]:
    """Bars from the foot of the axis up; a row that holds the threshold says so."""
    low, high = level_range(profile)
    blocks = PLAIN if plain else BLOCKS
    eighths = np.where(np.isfinite(level), (level - low) / (high - low) * ROWS * 8, 0.0)
    eighths = np.clip(np.rint(eighths), np.where(np.isfinite(level), 1, 0), ROWS * 8).astype(int)
    rows = []
    for row in range(ROWS - 1, -1, -1):
        text = "".join(blocks[min(max(int(e) - 8 * row, 0), 8)] for e in eighths)
        bottom, top = (low + (high - low) * (row + k) / ROWS for k in (0, 1))
        asked = profile.threshold_dbm
        holds = asked is not None and bottom <= asked < top
        label = f"{asked:.0f}>" if holds else f"{top:.0f}"
        rows.append(f"{label:>{LABEL - 1}} {text}")
    return rows


def _verdicts(verdict: np.ndarray, plain: bool, colour: bool) -> str:
    signs = VERDICT_PLAIN if plain else VERDICT_BLOCKS
    if not colour:
        return "".join(signs[v] for v in verdict.tolist())
    return "".join(f"{STYLES[v]}{signs[v]}" for v in verdict.tolist()) + RESET


def _column(profile: Profile, count: int, metres: float) -> int:
    share = (metres - profile.from_m) / (profile.to_m - profile.from_m)
    return int(np.clip(int(share * count), 0, count - 1))


def _structures(profile: Profile, count: int, plain: bool) -> str:
    signs = {"tunnel": "T" if plain else "▬", "bridge": "b" if plain else "⌒"}
    row = [" "] * count
    for span in sorted(profile.structures, key=lambda s: s.kind):  # tunnels over bridges
        first, last = (_column(profile, count, m) for m in (span.from_m, span.to_m))
        row[first : last + 1] = [signs.get(span.kind, "?")] * (last + 1 - first)
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


def _legend(profile: Profile, plain: bool, count: int) -> list[str]:
    signs = VERDICT_PLAIN if plain else VERDICT_BLOCKS
    names = {0: "covered", 1: "weak", 2: "no service", -1: "not measured"}
    entries = [f"{signs[k]} {name}" for k, name in names.items()]
    if profile.structures:
        entries += ["T tunnel", "b bridge"] if plain else ["▬ tunnel", "⌒ bridge"]
    rows = [""]
    for entry in entries:
        if rows[-1] and len(rows[-1]) + 2 + len(entry) > count:
            rows.append("")
        rows[-1] += f"{'  ' if rows[-1] else ''}{entry}"
    return rows
