"""Where a published folder goes: what may be replaced, and how it appears in one step."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covermap.errors import PublishError

CONTENTS = "static.json"
MADE_BY = "covermap publish map"
"""What `static.json` says: a folder with it is ours to replace."""


@contextmanager
def empty_place(out: Path, force: bool) -> Iterator[Path]:
    """Give an empty folder beside `out`; it takes its place only when the block ends well.

    Raises
    ------
    PublishError
        `out` is a file, a workspace, the folder one is in, or holds something else (unless forced).
    """
    out = out.resolve()
    _check(out, force)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    try:
        yield partial
        partial.chmod(0o755)
        _swap(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check(out: Path, force: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise PublishError(f"{out}: it is a file. Name a folder.")
    if Path.cwd().is_relative_to(out) or (out / "covermap.toml").exists():
        raise PublishError(f"{out}: the whole folder is replaced; it must not be one you work in.")
    if any(out.iterdir()) and not force and not _is_ours(out):
        raise PublishError(
            f"{out}: not empty, and `covermap publish map` did not make it. Name another folder, "
            "or give --force to replace everything in it."
        )


def _is_ours(folder: Path) -> bool:
    try:
        said = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("made_by") == MADE_BY


def _swap(partial: Path, out: Path) -> None:
    """Put the new folder in place of the old one, which comes back if that fails."""
    if not out.exists():
        partial.rename(out)
        return
    holder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".old", dir=out.parent))
    try:
        before = out.rename(holder / "before")
        try:
            partial.rename(out)
        except OSError:
            before.rename(out)
            raise
    finally:
        shutil.rmtree(holder, ignore_errors=True)
