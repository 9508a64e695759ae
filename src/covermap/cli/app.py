"""The `covermap` command: gathers the commands and turns errors into one clear line.

Exit codes: 0 done; 2 nothing could be done (bad input, bad declaration, bad option); 130
interrupted; 70 a fault of this program.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from pathlib import Path

import typer

import covermap.cli as package
from covermap import __version__
from covermap.errors import CovermapError, Interrupted
from covermap.files import disk_is_full, shown_free

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


def _gather(wanted: str | None) -> None:
    """Let every module beside this one that has `register(app)` add its command.

    A module is named as its command, so that a command loads nothing of the others.
    """
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name != "app")
    for name in [wanted] if wanted is not None and wanted in names else names:
        module = importlib.import_module(f"covermap.cli.{name}")
        if hasattr(module, "register"):
            module.register(app)


def main() -> None:
    """Run the command; an error of the user's is one line on stderr, never a traceback."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    if wanted != "--version":
        _gather(wanted)
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(standalone_mode=False, prog_name="covermap")
    except typer.Exit as stop:
        return int(stop.exit_code)
    except typer.TyperException as error:
        getattr(error, "show", lambda: None)()
        return 2
    except (KeyboardInterrupt, typer.Abort, Interrupted):
        typer.echo("Interrupted. What was there before is untouched.", err=True)
        return 130
    except CovermapError as error:
        typer.echo(f"Error: {error}", err=True)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone
        return 0
    except OSError as error:
        typer.echo(f"Error: {_said(error)}", err=True)
        return 2
    except Exception as error:
        return _fault(error)
    return code if isinstance(code, int) else 0


def _said(error: OSError) -> str:
    """Say what the system refused; a full disk with the room that is left and what to do."""
    if not disk_is_full(error):
        return f"{error.filename or 'system'}: {error.strerror or error}"
    return _full_disk(error)


def _full_disk(error: Exception) -> str:
    name = getattr(error, "filename", None)
    room = f" ({shown_free(Path(str(name)).parent)} left)" if name else ""
    return (
        f"{name or 'system'}: the disk is full{room}. What was there before is untouched; free "
        "some space and run the command again."
    )


def _fault(error: Exception) -> int:
    if disk_is_full(error):  # as a library's own error tells it
        typer.echo(f"Error: {_full_disk(error)}", err=True)
        return 2
    if os.environ.get("COVERMAP_DEBUG"):
        traceback.print_exception(error)
    typer.echo(
        f"Error: a fault of covermap itself: {type(error).__name__}: {error}. Run again with "
        "COVERMAP_DEBUG=1 to see where, and report it.",
        err=True,
    )
    return 70
