"""`covermap rules`: the rule packs that are shipped."""

from __future__ import annotations

from pathlib import Path

import typer

from covermap.rules import load_pack, pack_names, pack_text

rules = typer.Typer(help="Rule packs: every threshold, named and sourced.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(rules, name="rules")


@rules.command("list")
def list_packs() -> None:
    """List the rule packs that are shipped."""
    for name in pack_names():
        pack = load_pack(name)
        typer.echo(f"{pack.id:18} {pack.version:4} {pack.title}")


@rules.command("show")
def show(
    name: str = typer.Argument(help="A shipped pack, or a .toml file to check and show."),
) -> None:
    """Show a rule pack as TOML, with the source of each figure; a start for one of your own."""
    load_pack(name, Path())
    typer.echo(pack_text(name, Path()).rstrip("\n"))
