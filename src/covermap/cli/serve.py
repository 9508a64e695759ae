"""`covermap serve`: the map and the API of a workspace, on this machine."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    folder: Path = typer.Argument(Path("."), metavar="[DIR]", help="The workspace."),
    port: int = typer.Option(8000, min=0, max=65535, help="Port; 0 takes any that is free."),
    host: str = typer.Option("127.0.0.1", help="Address of this machine to listen on."),
    workers: int = typer.Option(1, min=1, max=64, help="Processes that answer."),
) -> None:
    """Serve the map and the API of a workspace until Ctrl-C."""
    # imported here: the other commands start without the web parts
    from covermap.service import Settings
    from covermap.service.running import run

    run(Settings(folder), host, port, typer.echo, workers)
    typer.echo("Stopped.")
