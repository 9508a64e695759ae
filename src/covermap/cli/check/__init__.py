"""`covermap check`: tells what files are, and the lines that declare them. Needs no workspace."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from covermap.cli.check.candidates import LEAST, POSTS, RASTER, Candidate, candidates
from covermap.cli.check.entry import Checked, entries
from covermap.cli.check.facts import log_facts, site_facts, together, vector_facts
from covermap.cli.check.posts import post_facts
from covermap.cli.check.raster import raster_facts
from covermap.cli.check.render import as_data, as_text
from covermap.cli.check.where import compare_with_lines, decisive
from covermap.core.datum import DatumFit, parse_datum
from covermap.errors import CovermapError, FormatError
from covermap.formats.figures import plain
from covermap.formats.logs.rows import header_line
from covermap.formats.logs.sheets import PARQUET, is_sheet, sheet_names
from covermap.formats.logs.sniffing import head_text
from covermap.formats.logs.table import table_names
from covermap.formats.sites import FORMATS as SITE_FORMATS
from covermap.formats.source import Source, expand


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    files: list[Path] = typer.Argument(
        ..., help="Logs, site tables, vector files, rasters, archives, or folders of them."
    ),
    lines: Path | None = typer.Option(
        None, "--lines", help="Known roads or rail: tells WGS-84 from GCJ-02 by distance."
    ),
    datum: str | None = typer.Option(
        None, "--datum", help="Read positions in this datum: wgs84, gcj02, bd09, EPSG:n."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of text."),
) -> None:
    """Tell what each file is: format, rows, times, extent, datum, operators, problems.

    Ends with the covermap.toml lines that declare them. Exit code 2 when nothing can be done with
    one of the files; the others are told all the same. Of kilometre posts and site tables each
    finding is told with its line, rule and what to do: exit code 1 when there is any error or
    warning.
    """
    said = parse_datum(datum) if datum else None
    done, errors = _check_all(files, said, lines)
    fits = (
        {f.path: _fit(f, lines) for f in done if f.candidate.kind not in (POSTS, RASTER)}
        if lines
        else {}
    )
    done = [_with_fit(f, fits.get(f.path)) for f in done]
    if as_json:
        typer.echo(_json(done, errors, fits))
    else:
        _print(done, fits)
    for message in errors.values():
        typer.echo(f"Error: {message}", err=True)
    if errors:
        raise typer.Exit(2)
    if any(f["level"] != "note" for file in done for f in file.facts.findings):
        raise typer.Exit(1)


def _check_all(
    files: list[Path], datum: str | None, lines: Path | None
) -> tuple[list[Checked], dict[str, str]]:
    done: list[Checked] = []
    errors: dict[str, str] = {}
    tables: dict[str, list[tuple[str, Source, list[Candidate]]]] = {}
    for path in (f for named in files for f in _files(named)):
        try:
            for checked in _check_file(path, datum, tables, lines):
                done.append(checked)
        except CovermapError as error:
            errors[str(path)] = str(error)
    for parts in tables.values():
        try:
            done.append(_check_together(parts, datum))
        except CovermapError as error:
            errors[parts[0][0]] = str(error)
    return done, errors


def _files(path: Path) -> list[Path]:
    """Files that a path names: itself, or all in the folder and below it that are not hidden."""
    if not path.is_dir():
        return [path]
    inner = (p.relative_to(path) for p in sorted(path.rglob("*")) if p.is_file())
    found = [path / p for p in inner if not any(part.startswith(".") for part in p.parts)]
    return found or [path]  # an empty folder is told as one


def _check_file(
    path: Path,
    datum: str | None,
    tables: dict[str, list[tuple[str, Source, list[Candidate]]]],
    lines: Path | None,
) -> list[Checked]:
    """Check one file: one result for each format among its members."""
    shown = str(path)
    sources = expand(path, shown)
    if _shapefile(sources):
        return [_vector(path, [Candidate("vector", "vector", "zipped Shapefile", 0.9)], datum)]
    groups: dict[tuple[str, str], list[tuple[Source, list[Candidate]]]] = {}
    for source in sources:
        found = candidates(source)
        best = _best(source, found)
        if best.kind == POSTS and len(sources) == 1:
            facts = post_facts(path, shown, datum, lines)
            return [Checked(shown, best, tuple(found[1:]), facts, (), datum)]
        if best.kind == RASTER:
            return [Checked(shown, best, (), raster_facts(path, shown, datum), (), datum)]
        if best.kind == "vector":
            if len(sources) == 1:
                return [_vector(path, found, datum)]
            raise FormatError(f"{source.shown}: a vector file among others; unpack the archive.")
        if best.kind == "sites" and SITE_FORMATS[best.format].together:
            tables.setdefault(best.format, []).append((shown, source, found))
        else:
            groups.setdefault((best.kind, best.format), []).append((source, found))
    return [_group(shown, parts, datum) for parts in groups.values()]


def _best(source: Source, found: list[Candidate]) -> Candidate:
    if found and found[0].score >= LEAST:
        return found[0]
    source.read_bytes()  # says so when it is empty
    if is_sheet(source.head(8)):
        names = ", ".join(sheet_names(source))
        raise FormatError(f"{source.shown}: no sheet of {names} is recognised by its columns.")
    if source.head(4) == PARQUET:
        names = ", ".join(table_names(source))  # says so when it is damaged
        raise FormatError(f"{source.shown}: none of its columns is recognised: {names}.")
    header = header_line(head_text(source))[:120]
    if not header:
        source.read_text()  # says which binary form it seems to have
    raise FormatError(
        f"{source.shown}: no format is recognised; it begins with {header!r}. If it is a table of "
        'measurements, declare format = "table" with columns = { x = "...", y = "...", ... }.'
    )


def _group(shown: str, parts: list[tuple[Source, list[Candidate]]], datum: str | None) -> Checked:
    now_ms = int(time.time() * 1000)
    facts = [
        log_facts(source, found[0], datum, now_ms)
        if found[0].kind == "measurements"
        else site_facts([source], found[0], datum)
        for source, found in parts
    ]
    first = parts[0][1]
    whole = together(facts, shown) if len(facts) > 1 else facts[0]
    return Checked(shown, first[0], tuple(first[1:]), whole, tuple(facts), datum)


def _check_together(parts: list[tuple[str, Source, list[Candidate]]], datum: str | None) -> Checked:
    """Check a table that several files make: cells here, antennas there."""
    found = parts[0][2]
    facts = site_facts([source for _, source, _ in parts], found[0], datum)
    paths = [path for path, _, _ in parts]
    return Checked(paths[0], found[0], tuple(found[1:]), facts, (), datum, also=tuple(paths[1:]))


def _vector(path: Path, found: list[Candidate], datum: str | None) -> Checked:
    facts = vector_facts(path, str(path), datum)
    return Checked(str(path), found[0], tuple(found[1:]), facts, (), datum)


def _shapefile(sources: list[Source]) -> bool:
    return any(s.member is not None and s.name.lower().endswith(".shp") for s in sources)


def _fit(file: Checked, lines: Path) -> DatumFit | None:
    return compare_with_lines(file.facts.x, file.facts.y, lines)


def _with_fit(file: Checked, fit: DatumFit | None) -> Checked:
    if fit is None or file.datum or file.candidate.kind == "vector" or not decisive(fit):
        return file
    return replace(file, fitted=fit.best)


def _print(done: list[Checked], fits: dict[str, DatumFit | None]) -> None:
    for file in done:
        typer.echo(as_text(file))
        if file.path in fits:
            typer.echo(f"  lines         {_fit_text(fits[file.path])}")
        typer.echo("")
    if done:
        typer.echo("covermap.toml:\n")
        typer.echo("\n".join(entries(done)))


def _fit_text(fit: DatumFit | None) -> str:
    if fit is None:
        return "none near the positions: nothing to compare with"
    medians = ", ".join(f"{name} {value:.0f} m" for name, value in fit.median_m.items())
    verdict = f"{fit.best} fits" if decisive(fit) else "not decisive"
    return f"median distance of {fit.points} positions if read as {medians}: {verdict}"


def _json(done: list[Checked], errors: dict[str, str], fits: dict[str, DatumFit | None]) -> str:
    files: list[dict[str, Any]] = []
    for file in done:
        data = as_data(file)
        fit = fits.get(file.path)
        data["median_distance_to_lines_m"] = fit.median_m if fit else None
        files.append(data)
    failed = [{"file": name, "error": message} for name, message in errors.items()]
    whole = {"files": files, "errors": failed, "entries": entries(done)}
    return json.dumps(plain(whole), ensure_ascii=False, indent=2, allow_nan=False)
