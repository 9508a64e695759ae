"""Strip charts of `covermap lines show`: in the terminal, as SVG and as PNG."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from covermap.cli.bars import working
from covermap.course import read_count, read_profile
from covermap.formats.strip import Profile, to_svg, to_text
from covermap.store import Build, write_text


@dataclass(frozen=True)
class Wanted:
    """What is to be drawn, and where to."""

    layer: tuple[str, str]
    part: tuple[str | None, str | None]
    """Chainages as they were typed; None: the line's end."""
    svg: Path | None
    png: Path | None
    plain: bool
    """ASCII only."""


def draw_courses(build: Build, courses: list[str], wanted: Wanted) -> None:
    """Draw the strip chart of each course, into the files named, else in the terminal."""
    with working(Console(stderr=True), "read the profile"):
        profiles = [_profile(build, line_id, wanted) for line_id in courses]
    charts = f"{len(profiles)} strip chart{'s' if len(profiles) > 1 else ''}"
    if wanted.svg:
        write_text(wanted.svg, to_svg(profiles))
        typer.echo(f"{wanted.svg}: {charts}")
    if wanted.png:
        from covermap.formats.strip.png import to_png  # the other commands start without it

        wanted.png.write_bytes(to_png(profiles))
        typer.echo(f"{wanted.png}: {charts}")
    if wanted.svg or wanted.png:
        return
    console = Console()
    ascii_only = wanted.plain or not _holds_blocks()
    colour = console.is_terminal and not console.no_color
    texts = [to_text(p, console.width, ascii_only, colour) for p in profiles]
    typer.echo("\n\n".join(texts))


def _holds_blocks() -> bool:
    """Whether the terminal's encoding has block characters."""
    try:
        "█▁▲".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _profile(build: Build, line_id: str, wanted: Wanted) -> Profile:
    part = read_count(build, line_id).stretch_of(*wanted.part)
    return read_profile(build, build.manifest, line_id, wanted.layer, part)
