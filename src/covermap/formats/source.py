"""Where bytes come from: a plain file, a `.gz`, or one member of a `.zip`.

:func:`expand` turns a path into sources and refuses what is truncated, unsafe or a bomb; a
:class:`Source` reads bytes and text. Nothing is unpacked to disk.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from covermap.errors import ArchiveError, InputError
from covermap.formats.text import REPLACE, Decoded, decode

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
CHUNK = 1 << 20

ZIPPED_DOCUMENTS = (".xlsx", ".xlsm", ".ods", ".docx", ".pptx", ".kmz", ".gdbz")
"""Files that are zip archives inside and one document to everyone."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold before it is taken for a bomb."""

    total_bytes: int = 8 << 30
    """All members unpacked."""
    ratio: float = 250.0
    """Unpacked by packed size; DEFLATE reaches 1032, logs 5-60."""
    ratio_from_bytes: int = 16 << 20
    """Smaller contents may have any ratio."""
    members: int = 10_000


LIMITS = Limits()


@dataclass(frozen=True)
class Source:
    """One stream of bytes with the name it is shown under.

    Attributes
    ----------
    path : Path
        File on disk.
    member : str or None
        Name inside a zip archive; None: the file itself (unpacked, when it is a `.gz`).
    shown : str
        Name used in tables and messages: `raw/x.zip!dir/a.csv`.
    limits : Limits
        What unpacking may reach.
    """

    path: Path
    member: str | None
    shown: str
    limits: Limits = LIMITS

    @property
    def name(self) -> str:
        """Last part of the name, without `.gz`: `a.csv`."""
        inner = self.member if self.member is not None else self.path.name
        last = PurePosixPath(inner).name
        return last[:-3] if last.lower().endswith(".gz") else last

    @property
    def packed(self) -> bool:
        """Whether bytes must be unpacked (no other program can open `path` as it is)."""
        return self.member is not None or _starts_with(self.path, (GZIP_MAGIC,))

    def chunks(self) -> Iterator[bytes]:
        """Unpacked content, piece by piece.

        Raises
        ------
        InputError
            The file cannot be opened.
        ArchiveError
            Truncated, damaged, encrypted, or larger than the limits when unpacked.
        """
        with _explained(self.shown), self._opened() as stream:
            yield from _pieces(stream)

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        packed_bytes = self.path.stat().st_size
        if self.member is None:
            with self.path.open("rb") as plain:
                yield self._unzipped(plain, packed_bytes)
            return
        with zipfile.ZipFile(self.path) as archive:
            info = archive.getinfo(self.member)
            with archive.open(info) as stream:
                yield self._unzipped(stream, info.compress_size)

    def _unzipped(self, stream: IO[bytes], packed_bytes: int) -> IO[bytes]:
        buffered = io.BufferedReader(stream)  # type: ignore[type-var]
        if not buffered.peek(2).startswith(GZIP_MAGIC):
            return buffered
        unpacked = gzip.GzipFile(fileobj=buffered)
        return io.BufferedReader(_Bounded(unpacked, packed_bytes, self.limits, self.shown))

    def read_bytes(self) -> bytes:
        """Whole content. Raises as :meth:`chunks` does, and InputError when it is empty."""
        data = b"".join(self.chunks())
        if not data:
            raise InputError(f"{self.shown}: the file is empty (0 bytes). {REPLACE}")
        return data

    def head(self, n: int = 65_536) -> bytes:
        """First `n` bytes, or fewer when there are no more; empty for an empty file."""
        held = bytearray()
        with _explained(self.shown), self._opened() as stream:
            while len(held) < n:
                piece = stream.read(n - len(held))
                if not piece:
                    break
                held += piece
        return bytes(held)

    def read_text(self) -> Decoded:
        """Whole content as text, with the encoding found and what was wrong with it.

        Raises
        ------
        InputError
            Empty file.
        FormatError
            Binary where text is expected.
        """
        return decode(self.read_bytes(), self.shown)

    def open_text(self) -> IO[str]:
        """Text stream of the whole content, each line ended by a line feed."""
        return io.StringIO(self.read_text().text)

    def size(self) -> int:
        """Bytes of the unpacked content."""
        if self.packed:
            return sum(len(piece) for piece in self.chunks())
        return self.path.stat().st_size

    def sha256(self) -> str:
        """Hash of the unpacked content, hexadecimal: the same log packed or plain is the same."""
        digest = hashlib.sha256()
        for piece in self.chunks():
            digest.update(piece)
        return digest.hexdigest()


class _Bounded(io.RawIOBase):
    """A gzip stream that stops as soon as it has given more than the limits allow."""

    def __init__(self, stream: gzip.GzipFile, packed: int, limits: Limits, shown: str) -> None:
        self._stream, self._packed, self._limits, self._shown = stream, packed, limits, shown
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._stream.read(len(buffer))
        self._given += len(piece)
        _check_size(self._given, self._packed, self._limits, self._shown)
        buffer[: len(piece)] = piece
        return len(piece)


def expand(path: Path, shown: str, limits: Limits = LIMITS) -> list[Source]:
    """Give the sources in a file: one for a plain file or `.gz`, one per member of a `.zip`.

    Folders, `__MACOSX`, `.DS_Store` and `._*` are skipped; members come sorted by name. A `.gz` is
    read through once, so that truncation shows here; a `.zip` shows it by its directory.

    Raises
    ------
    InputError
        The file is missing or cannot be opened.
    ArchiveError
        Truncated or damaged, encrypted, empty, nested, unsafe member names, or a bomb.
    """
    if path.is_dir():
        raise InputError(f"{shown}: a folder, not a file; name the files in it.")
    if not path.is_file():
        raise InputError(f"{shown}: no such file.")
    with _explained(shown):
        if _is_zip(path):
            return _members(path, shown, limits)
        source = Source(path, None, shown, limits)
        if _starts_with(path, (GZIP_MAGIC,)):
            _check_gzip(source)
        return [source]


def check_document(data: bytes, shown: str, limits: Limits = LIMITS) -> None:
    """Refuse a document that is a zip inside (XLSX) when it unpacks to more than the limits.

    Raises
    ------
    ArchiveError
        A bomb, or damaged.
    """
    with _explained(shown), zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        size, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
        _check_size(size, packed, limits, shown)


def _check_gzip(source: Source) -> None:
    head = source.head(8)
    if head.startswith(ZIP_MAGICS) or head.startswith(GZIP_MAGIC):
        raise ArchiveError(f"{source.shown}: an archive inside an archive; unpack it once.")
    for _ in source.chunks():
        pass


def _is_zip(path: Path) -> bool:
    if path.suffix.lower() in ZIPPED_DOCUMENTS:
        return False
    return path.suffix.lower() == ".zip" or _starts_with(path, ZIP_MAGICS)


def _members(path: Path, shown: str, limits: Limits) -> list[Source]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    if len(infos) > limits.members:
        raise ArchiveError(
            f"{shown}: {len(infos)} members, more than {limits.members}; not unpacked."
        )
    _check_size(sum(i.file_size for i in infos), sum(i.compress_size for i in infos), limits, shown)
    kept = sorted((i for i in infos if not _skipped(i)), key=lambda i: i.filename)
    if not kept:
        raise ArchiveError(f"{shown}: the archive holds no files.")
    for info in kept:
        _check_member(info, shown, limits)
    names = [i.filename for i in kept]
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise ArchiveError(f"{shown}: two members are named {twice!r}.")
    return [Source(path, name, f"{shown}!{name}", limits) for name in names]


def _check_member(info: zipfile.ZipInfo, shown: str, limits: Limits) -> None:
    where = f"{shown}!{info.filename}"
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in info.filename[:2]:
        raise ArchiveError(f"{shown}: unsafe member name {info.filename!r}; not unpacked.")
    if info.flag_bits & 0x1:
        raise ArchiveError(f"{where}: encrypted; unpack it with its password first.")
    if info.filename.lower().endswith((".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz")):
        raise ArchiveError(f"{where}: an archive inside an archive; unpack it once.")
    _check_size(info.file_size, info.compress_size, limits, where)


def _skipped(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    if info.is_dir() or not parts or "__MACOSX" in parts:
        return True
    return parts[-1] in (".DS_Store", "Thumbs.db") or parts[-1].startswith("._")


def _check_size(size: int, packed: int, limits: Limits, shown: str) -> None:
    if size > limits.total_bytes:
        raise ArchiveError(
            f"{shown}: over {limits.total_bytes >> 20} MiB when unpacked; not unpacked. "
            "Split it, or give it unpacked."
        )
    if size > limits.ratio_from_bytes and size > limits.ratio * max(packed, 1):
        raise ArchiveError(
            f"{shown}: unpacks to more than {limits.ratio:.0f} times its size, as a zip bomb does; "
            "not unpacked. If it is a real log, give it unpacked."
        )


def _starts_with(path: Path, magics: tuple[bytes, ...]) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(magics)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


@contextmanager
def _explained(shown: str) -> Iterator[None]:
    """Turn what the libraries raise into one clear line."""
    try:
        yield
    except EOFError:
        raise ArchiveError(f"{shown}: the archive is truncated; fetch the file again.") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveError(
            f"{shown}: truncated or damaged archive ({error}); fetch the file again."
        ) from None
    except (NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"{shown}: cannot be unpacked: {error}.") from None
    except OSError as error:
        raise InputError(f"{shown}: cannot be read: {error.strerror or error}.") from None
