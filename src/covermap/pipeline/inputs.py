"""What a workspace's declarations stand for on disk: files, their members, their hashes."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from covermap.errors import InputError
from covermap.files import file_key
from covermap.formats.source import Source, expand
from covermap.workspace import Config, Indicators, Lines, Measurements, Sites, input_files


@dataclass(frozen=True, eq=False)
class LogInput:
    """One log: a file or a member of an archive, its declaration and its hash.

    Compared by identity, so that logs can be keys although declarations hold dictionaries.
    """

    source: Source
    declaration: Measurements
    sha256: str
    weight: float
    """Its share of the file's bytes, for progress."""
    duplicate_of: str | None = None
    """Name of an equal log that is read in its stead."""


def log_inputs(root: Path, config: Config) -> tuple[list[LogInput], list[str]]:
    """List every log of the workspace in canonical order; equal logs are marked as duplicates.

    Returns
    -------
    logs, unreadable
        The logs, and the messages of files that cannot be opened or unpacked.
    """
    found: list[LogInput] = []
    unreadable: list[str] = []
    for declaration in config.measurements:
        where = f"covermap.toml [[measurements]] {declaration.name!r}"
        for path in input_files(root, declaration.files, where):
            found += _logs_of(path, shown_name(root, path), declaration, unreadable)
    found.sort(key=lambda log: (log.source.shown, log.declaration.name))
    return _mark_duplicates(found), unreadable


def _logs_of(
    path: Path, shown: str, declaration: Measurements, unreadable: list[str]
) -> list[LogInput]:
    """Give the logs in one file; a damaged member does not take the others with it."""
    found = []
    try:
        sources = expand(path, shown)
    except InputError as error:
        unreadable.append(str(error))
        return []
    for source in sources:
        weight = path.stat().st_size / len(sources)
        try:
            found.append(LogInput(source, declaration, source.sha256(), weight))
        except InputError as error:
            unreadable.append(str(error))
    return found


def _mark_duplicates(logs: list[LogInput]) -> list[LogInput]:
    first: dict[str, str] = {}
    marked = []
    for log in logs:
        same = first.setdefault(log.sha256, log.source.shown)
        if same == log.source.shown:
            marked.append(log)
        else:
            marked.append(replace(log, duplicate_of=same))
    return marked


def table_sources(root: Path, kind: str, declaration: Sites | Indicators) -> list[Source]:
    """List the sources of an entry of tables, such as `[[sites]]`, in canonical order."""
    where = f"covermap.toml [[{kind}]] {declaration.name!r}"
    paths = input_files(root, declaration.files, where)
    return [s for path in paths for s in expand(path, shown_name(root, path))]


def line_files(root: Path, declaration: Lines) -> list[Path]:
    """List every file that a `[[lines]]` entry reads."""
    where = f"covermap.toml [[lines]] {declaration.name!r}"
    patterns = [*declaration.files]
    patterns += [p for p in (declaration.names_from, declaration.stations, declaration.posts) if p]
    return input_files(root, tuple(patterns), where)


def files_key(root: Path, paths: list[Path]) -> list[tuple[str, str]]:
    """Give name and hash of every file, siblings of a shapefile included."""
    whole = sorted({sibling for path in paths for sibling in _with_siblings(path)})
    return [(shown_name(root, path), file_key(path)) for path in whole]


def _with_siblings(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return [path]
    return [p for p in path.parent.glob(f"{path.stem}.*") if p.is_file()]


def shown_name(root: Path, path: Path) -> str:
    """Name of a file as tables show it: relative to the workspace, with forward slashes."""
    return Path(os.path.relpath(path, root)).as_posix()
