"""A vector file out of its `.gz` or `.zip`, in a temporary folder that goes away again.

The libraries that read vector files want files, and a Shapefile is several.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from covermap.errors import FormatError
from covermap.formats.source import Source, expand


@contextmanager
def unpacked(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Give the file itself, or the one file with a known suffix inside its archive.

    Raises
    ------
    InputError, ArchiveError
        Missing, truncated, encrypted, or a bomb (`source.expand`).
    FormatError
        The suffix is not known, or an archive holds no such file, or several.
    """
    if path.suffix.lower() not in (".gz", ".zip"):
        _check_suffix(path, path.suffix, suffixes)
        yield path
        return
    sources = expand(path, str(path))
    with tempfile.TemporaryDirectory(prefix="covermap-") as folder:
        yield _write_out(path, sources, Path(folder), suffixes)


def _write_out(path: Path, sources: list[Source], folder: Path, suffixes: tuple[str, ...]) -> Path:
    found = [s for s in sources if Path(s.name).suffix.lower() in suffixes]
    if path.suffix.lower() == ".gz":
        _check_suffix(path, Path(sources[0].name).suffix, suffixes)
    elif len(found) != 1:
        names = ", ".join(str(s.member) for s in found) or "none"
        raise FormatError(f"{path}: needs exactly one vector file inside; there are: {names}.")
    stem = _stem(found[0])
    for source in sources:
        if _stem(source) == stem:
            _write(source, folder / f"{stem.name}{Path(source.name).suffix.lower()}")
    return folder / f"{stem.name}{Path(found[0].name).suffix.lower()}"


def _stem(source: Source) -> PurePosixPath:
    return PurePosixPath(source.member or source.name).with_suffix("")


def _check_suffix(path: Path, suffix: str, suffixes: tuple[str, ...]) -> None:
    if suffix.lower() not in suffixes:
        raise FormatError(f"{path}: not a vector file by its suffix ({', '.join(suffixes)}).")


def _write(source: Source, target: Path) -> None:
    with target.open("wb") as sink:
        for piece in source.chunks():
            sink.write(piece)
