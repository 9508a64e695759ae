"""`covermap export`: rows of the current build to a file."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from covermap.cli.bars import QUIET_S, Bars
from covermap.errors import ExportError
from covermap.formats.export import FORMATS
from covermap.steps.export import KINDS, ExportRequest, Filters, export
from covermap.steps.export.rasters import RasterRequest, export_rasters
from covermap.store import Build, Workspace

RASTERS = "rasters"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export_command)


def export_command(
    kind: str = typer.Argument(help=f"What to export: {', '.join(KINDS)}; or {RASTERS}."),
    directory: Path = typer.Argument(Path(), help="The workspace."),
    to: Path = typer.Option(
        ..., "--to", help=f"File to write; one that is there is replaced. Of {RASTERS}: a folder."
    ),
    form: str | None = typer.Option(
        None, "--format", help=f"{', '.join(FORMATS)}. Default: by the file's suffix."
    ),
    datum: str = typer.Option(
        "wgs84", "--datum", help="wgs84, gcj02, bd09, cgcs2000 or EPSG:n. Named in the file."
    ),
    operator: str | None = typer.Option(None, "--operator", help="One operator; any, all too."),
    technology: str | None = typer.Option(None, "--technology", help="One technology; any too."),
    line: str | None = typer.Option(None, "--line", help="One line: identity, number or name."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="So many rows at most."),
    top: int | None = typer.Option(
        None, "--top", min=1, help="The so many largest of each kind in each layer."
    ),
    pixel: float | None = typer.Option(
        None, "--pixel", min=0.0, help=f"Of {RASTERS}: side of a pixel in units of the CRS."
    ),
    build: str | None = typer.Option(None, "--build", help="A build's id. Default: the current."),
) -> None:
    """Write rows of a build to a file that names its datum; or what is predicted, as rasters."""
    space = Workspace(directory)
    opened = space.build(build) if build else space.current()
    if kind == RASTERS:
        _only(
            f"export {RASTERS}", {"--format": form, "--line": line, "--limit": limit, "--top": top}
        )
        _rasters(opened, RasterRequest(to, operator, technology, datum, pixel or None))
        return
    _only(f"export {kind}", {"--pixel": pixel})
    request = ExportRequest(kind, to, form, datum, Filters(operator, technology, line, limit, top))
    with Bars(Console(stderr=True), QUIET_S, "rows") as bars:
        bars.start(f"export {kind}", None)
        result = export(opened, request, bars.move)
    typer.echo(f"{result.path}: {result.rows} rows, {result.format}, datum {result.datum}")


def _rasters(build: Build, request: RasterRequest) -> None:
    with Bars(Console(stderr=True), QUIET_S, "rasters") as bars:
        bars.start(f"export {RASTERS}", None)
        made = export_rasters(build, request, bars.move)
    for path in made:
        typer.echo(f"{path}: Cloud Optimized GeoTIFF")


def _only(command: str, others: dict[str, object]) -> None:
    """Refuse options that mean nothing here."""
    for name, value in others.items():
        if value is not None:
            raise ExportError(f"{name} means nothing to `covermap {command}`; leave it out.")
