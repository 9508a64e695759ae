"""A workspace's folder: its builds, and the one that is served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from covermap.errors import BuildError
from covermap.store.tables import Tables
from covermap.store.writing import write_text

MANIFEST = "build.json"
MADE = "made.json"
"""When and how fast a build was made: apart, so that `build.json` is the same for one content."""


class Workspace:
    """A folder with `covermap.toml`, its cache, builds and the current build."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.cache = self.root / ".cache"
        self.builds = self.root / "builds"

    @property
    def current_id(self) -> str | None:
        """Id of the build being served."""
        path = self.root / "current"
        if not path.is_file():
            return None
        return path.read_text(encoding="utf-8", errors="replace").strip()

    def current(self) -> Build:
        """Open the build being served.

        Raises
        ------
        BuildError
            Nothing has been built yet, or the build that `current` names is gone.
        """
        name = self.current_id
        if name is None:
            raise BuildError(f"{self.root}: nothing is built yet. Run `covermap build` there.")
        if name not in self.build_ids():
            raise BuildError(
                f"{self.root / 'current'}: names build {name!r}, which is not there. Run "
                "`covermap build` again."
            )
        return self.build(name)

    def build(self, name: str) -> Build:
        """Open a build by its id."""
        known = self.build_ids()
        if name not in known:
            raise BuildError(f"{self.root}: no build {name!r}. There are: {', '.join(known)}.")
        return Build(self.builds / name)

    def build_ids(self) -> list[str]:
        """Ids of whole builds, oldest first."""
        found = [p.parent for p in self.builds.glob("*/" + MANIFEST)]
        return [p.name for p in sorted(found, key=lambda p: (p.stat().st_mtime, p.name))]

    def publish(self, name: str) -> None:
        """Make a build the one that is served, in one atomic step."""
        self.build(name)
        write_text(self.root / "current", name + "\n")


class Build(Tables):
    """One immutable, complete result of the pipeline."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.id = folder.name

    @property
    def manifest(self) -> dict[str, Any]:
        """What `build.json` says (inputs, rules, tables), and when it was made by `made.json`.

        Raises
        ------
        BuildError
            One of them is damaged.
        """
        data = self._json(MANIFEST)
        return data | self._json(MADE) if (self.folder / MADE).is_file() else data

    def _json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BuildError(
                f"{path}: damaged ({error}). Delete {self.folder} and run `covermap build` again."
            ) from None
        return data

    @property
    def simulated(self) -> bool:
        """Whether anything that was declared for the build was made by the simulator."""
        said = self.manifest
        declared = [said.get("workspace")]
        for part in said.get("config", {}).values():
            declared += part if isinstance(part, list) else [part]
        return any(isinstance(entry, dict) and bool(entry.get("simulated")) for entry in declared)

    @property
    def tiles(self) -> Path:
        """Folder of tile archives."""
        return self.folder / "tiles"
