"""The `covermap` command: gathers the commands and turns errors into one clear line.

Exit codes: 0 done; 2 nothing could be done (bad input, bad declaration); 130 interrupted.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click
import typer

import covermap.cli as package
from covermap import __version__
from covermap.errors import CovermapError, Interrupted

app = typer.Typer(
    name="covermap",
    help="Says where mobile networks work, and proves it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        typer.echo(f"covermap {__version__}")
        raise typer.Exit


def _gather() -> None:
    """Every module beside this one that has `register(app)` adds its commands."""
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name != "app")
    for name in names:
        module = importlib.import_module(f"covermap.cli.{name}")
        if hasattr(module, "register"):
            module.register(app)


def main() -> None:
    """Run the command; an error of the user's is one line on stderr, never a traceback."""
    _gather()
    try:
        app(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.exceptions.Abort, Interrupted):
        typer.echo("Interrupted. What was there before is untouched.", err=True)
        sys.exit(130)
    except CovermapError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
