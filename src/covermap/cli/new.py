"""`covermap new`: make an empty workspace."""

from __future__ import annotations

import secrets
from importlib.resources import files
from pathlib import Path

import typer

from covermap.errors import ConfigError
from covermap.store import write_text
from covermap.workspace import CONFIG_NAME


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(new)


def new(directory: Path = typer.Argument(..., help="Folder to make the workspace in.")) -> None:
    """Make a workspace: a commented covermap.toml and a folder for raw inputs."""
    path = directory / CONFIG_NAME
    if path.exists():
        raise ConfigError(f"{path} is already there; it is left as it is.")
    if directory.exists() and not directory.is_dir():
        raise ConfigError(f"{directory} is a file; name a folder.")
    (directory / "raw").mkdir(parents=True, exist_ok=True)
    template = (files("covermap.cli") / "covermap.toml.template").read_text(encoding="utf-8")
    text = template.replace("@NAME@", directory.resolve().name).replace(
        "@SALT@", secrets.token_hex(16)
    )
    write_text(path, text)
    typer.echo(f"{path} is written. Put logs into {directory / 'raw'}, then:")
    typer.echo(f"  covermap check {directory / 'raw'}/*     tells what they are")
    typer.echo(f"  covermap build {directory}     builds what covermap.toml declares")
