"""`covermap publish`: what can be put on the web without covermap running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from covermap.cli.bars import QUIET_S, Bars
from covermap.errors import PublishError
from covermap.files import disk_is_full, shown_free
from covermap.store import Build, Workspace


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        no_args_is_help=True, help="Publish: write what any web server can serve by itself."
    )
    group.callback()(lambda: None)  # a group even with one command
    group.command("map")(publish_map_command)
    app.add_typer(group, name="publish")


def publish_map_command(
    out: Path = typer.Argument(help="Folder to write; one that this command wrote is replaced."),
    directory: Path = typer.Argument(Path(), help="The workspace."),
    layers: list[str] = typer.Option(
        [], "--layers", help="Layers, as any/any,46000/nr. Default: all of the build."
    ),
    build: str | None = typer.Option(None, "--build", help="A build's id. Default: the current."),
    force: bool = typer.Option(False, "--force", help="Replace a folder that holds other things."),
) -> None:
    """Write the map as files: page, tiles and figures, for any static server or object store."""
    # imported here: the other commands start without the web parts
    from covermap.service import Settings
    from covermap.service.publishing import publish_map

    space = Workspace(directory)
    opened = space.build(build) if build else space.current()
    wanted = [name.strip() for said in layers for name in said.split(",") if name.strip()]
    with Bars(Console(stderr=True), QUIET_S) as bars, _full_disk_told(opened, out):
        bars.start("publish map", 100)
        made = publish_map(
            opened, out, Settings(directory).static, wanted or None, force,
            lambda share: bars.move(100 * share),
        )  # fmt: skip
    typer.echo(
        f"{made.path}: build {made.build}, layers: {made.layers}, files: {made.files}, "
        f"{made.bytes / 1e6:.1f} MB (largest archive {made.largest / 1e6:.1f} MB)"
    )


@contextmanager
def _full_disk_told(build: Build, out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not disk_is_full(error):
            raise
        needed = sum(p.stat().st_size for p in build.tiles.rglob("*") if p.is_file()) / 1e6
        raise PublishError(
            f"{out}: the disk is full; the map's archives alone need {needed:,.1f} MB there, and "
            f"{shown_free(out)} are left. What was published before is untouched. Free some space, "
            "or publish fewer --layers."
        ) from None
