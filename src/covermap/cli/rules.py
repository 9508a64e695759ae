"""`covermap rules`: rule packs listed, shown, checked and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from covermap.cli.printing import print_table
from covermap.errors import CovermapError, RulePackError
from covermap.rules import RulePack, differences, load_pack, pack_names, pack_text

rules = typer.Typer(help="Rule packs: every threshold, named and sourced.", no_args_is_help=True)
OPTIONAL = ("village", "place", "scenes", "service", "stars", "area", "iot", "targets")
"""Sections that a pack may leave out."""
DEFAULT = "project default"
NOT_THERE, GIVEN = "-", "given"
"""As a value: the pack does not have it; it has the whole section."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(rules, name="rules")


@rules.command("list")
def list_packs() -> None:
    """List the rule packs that are shipped."""
    packs = [load_pack(name) for name in pack_names()]
    width = max(len(pack.id) for pack in packs)
    for pack in packs:
        typer.echo(f"{pack.id:{width}}  {pack.version:3} {pack.title}")


@rules.command("show")
def show(
    name: str = typer.Argument(help="A shipped pack, or a .toml file to check and show."),
) -> None:
    """Show a rule pack as TOML, with the source of each figure; a start for one of your own."""
    load_pack(name, Path())
    typer.echo(pack_text(name, Path()).rstrip("\n"))


@rules.command("check")
def check(
    names: list[str] = typer.Argument(metavar="PACK...", help="Shipped packs, or .toml files."),
) -> None:
    """Check rule packs: say what each judges and how many figures are official, or each fault.

    A fault is one line with file, key, value and what is allowed. Any fault: exit code 2.
    """
    faults = []
    for name in names:
        try:
            typer.echo("\n".join(_about(name, load_pack(name, Path()))))
        except CovermapError as error:
            faults.append(str(error))
    if faults:
        raise RulePackError("\n".join(faults))


def _about(name: str, pack: RulePack) -> list[str]:
    said = {True: [], False: []}  # type: dict[bool, list[str]]
    for section in OPTIONAL:
        said[bool(getattr(pack, section))].append(section)
    sources = _sources(pack.model_dump(mode="json", exclude_unset=True))
    own = sum(DEFAULT in source for source in sources)
    return [
        f"{name}: good. {pack.id}, version {pack.version}: {pack.title}",
        f"  judges: cells, segments, lines{''.join(f', {s}' for s in said[True])}",
        *([f"  does not judge: {', '.join(said[False])}"] if said[False] else []),
        f"  sources: {len(sources)}, of which {own} say '{DEFAULT}'",
    ]


def _sources(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    own = [value["source"]] if isinstance(value.get("source"), str) else []
    return own + [source for inner in value.values() for source in _sources(inner)]


@rules.command("diff")
def diff(
    first: str = typer.Argument(help="A shipped pack, or a .toml file."),
    second: str = typer.Argument(help="Another."),
    sources: bool = typer.Option(False, "--sources", help="Tell other sources and titles, too."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Tell what differs between two packs, key by key; `covermap rejudge` tells what follows."""
    packs = load_pack(first, Path()), load_pack(second, Path())
    changes = differences(*packs, sources)
    if as_json:
        rows = [{"key": c.key, "first": c.first, "second": c.second} for c in changes]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    elif not changes:
        typer.echo("No difference: the two packs judge alike.")
    else:
        texts = [[c.key, _text(c.first), _text(c.second)] for c in changes]
        print_table(["key", *(pack.id for pack in packs)], texts, 3)


def _text(value: Any) -> str:
    if value is None:
        return NOT_THERE
    if isinstance(value, dict):
        return GIVEN
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
