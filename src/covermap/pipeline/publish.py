"""From cached results to one immutable build, and the one atomic step that serves it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from covermap.errors import BuildError, BusyError
from covermap.store import MADE, MANIFEST, Workspace, link_file, rows_in, whole_folder, write_text

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; builds there are not guarded
    fcntl = None  # type: ignore[assignment]


@dataclass
class Layout:
    """Which cached file stands where in the build."""

    files: dict[str, Path] = field(default_factory=dict)
    """Path inside the build -> cached file."""
    _rows: dict[Path, int] = field(default_factory=dict)

    def add_table(self, name: str, folder: Path) -> None:
        """Place `<name>.parquet` of a step's folder."""
        self.files[f"{name}.parquet"] = folder / f"{name}.parquet"

    def add_part(self, name: str, part: str, folder: Path) -> None:
        """Place one part of a table that is kept in parts."""
        self.files[f"{name}/{part}.parquet"] = folder / f"{name}.parquet"

    def of_table(self, name: str) -> list[Path]:
        """Give the cached files of a table, in order; none when it is not laid yet."""
        single = self.files.get(f"{name}.parquet")
        if single is not None:
            return [single]
        inside = f"{name}/"
        return [path for place, path in sorted(self.files.items()) if place.startswith(inside)]

    def rows(self, name: str) -> int:
        """Count the rows of a table; each file's footer is read once a build."""
        files = self.of_table(name)
        for path in files:
            if path not in self._rows:
                self._rows[path] = rows_in(path)
        return sum(self._rows[path] for path in files)

    def add_folder(self, name: str, folder: Path) -> None:
        """Place every file of a folder under `name`."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.files[f"{name}/{path.relative_to(folder).as_posix()}"] = path


def assemble(space: Workspace, name: str, layout: Layout, manifest: dict[str, Any]) -> Path:
    """Link the cached files into `builds/<name>`; one that is there whole stays as it is."""
    target = space.builds / name
    made = json.dumps(manifest.pop("made"), indent=1, sort_keys=True) + "\n"
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if _is_whole(target, layout, text):
        return target
    shutil.rmtree(target, ignore_errors=True)
    with whole_folder(target) as folder:
        for inside, cached in sorted(layout.files.items()):
            link_file(cached, folder / inside)
        write_text(folder / MADE, made)
        write_text(folder / MANIFEST, text)
    return target


def _is_whole(target: Path, layout: Layout, manifest: str) -> bool:
    """Whether a build stands as it was published: its manifest, and every file in its size."""
    try:
        if (target / MANIFEST).read_text(encoding="utf-8") != manifest:
            return False
        sizes = [
            ((target / inside).stat().st_size, cached.stat().st_size)
            for inside, cached in layout.files.items()
        ]
    except (OSError, UnicodeDecodeError):
        return False
    return (target / MADE).is_file() and all(ours == cached for ours, cached in sizes)


@contextmanager
def only_builder(space: Workspace) -> Iterator[None]:
    """Hold the workspace's build lock; the system frees it however this process ends.

    Raises
    ------
    BusyError
        Another process is building here.
    """
    space.cache.mkdir(parents=True, exist_ok=True)
    with (space.cache / "lock").open("w") as stream:
        if fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BusyError(
                    f"{space.root}: another `covermap build` is running here. Wait for it to end."
                ) from None
        yield


def sweep(space: Workspace) -> None:
    """Remove what a killed process left half done. Call it while holding the lock."""
    for folder in (space.cache, space.builds, space.root):
        for path in folder.glob(".*.part"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def prune(space: Workspace) -> None:
    """Remove cached results that no build uses."""
    used: set[str] = set()
    for name in space.build_ids():
        with suppress(BuildError):  # a damaged older build holds nothing back
            used.update(space.build(name).manifest.get("cache", []))
    for folder in space.cache.iterdir():
        if folder.is_dir() and folder.name not in used:
            shutil.rmtree(folder, ignore_errors=True)
