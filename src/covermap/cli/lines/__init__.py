"""`covermap lines`: import an inventory of lines, list lines, show one, sum them up.

Kilometres are route kilometres: parallel tracks and carriageways count once.
"""

from __future__ import annotations

import typer

from covermap.cli.lines.importing import import_lines
from covermap.cli.lines.links import list_links
from covermap.cli.lines.listing import list_lines
from covermap.cli.lines.network import show_network
from covermap.cli.lines.showing import show_line

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    lines = typer.Typer(
        help="Lines: import an inventory; list, show and sum up lines of the current build.",
        no_args_is_help=True,
    )
    lines.command("import")(import_lines)
    lines.command("list")(list_lines)
    lines.command("show")(show_line)
    lines.command("network")(show_network)
    lines.command("links")(list_links)
    app.add_typer(lines, name="lines")
