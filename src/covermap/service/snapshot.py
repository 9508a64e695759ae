"""The build being served: opened once, kept while requests use it, replaced by the next one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.cells import resolutions
from covermap.course import Counts
from covermap.errors import BuildError, NotKnownError
from covermap.formats.archive import TileArchive, archive_name
from covermap.formats.recipe import PER_LAYER_KINDS
from covermap.store import Build, Tables, Workspace
from covermap.tables import ALL, ANY, TABLES, TECHNOLOGIES

SERVED = (
    "cell_verdicts", "segment_verdicts", "line_verdicts", "weak_spots", "segments", "lines",
    "stations", "sites", "structures", "posts", "sections", "section_verdicts", "network_verdicts",
    "settling", "people_verdicts", "region_sites", "quality_verdicts", "scorecard",
    "cell_prediction", "segment_prediction",
)  # fmt: skip
"""Tables that requests read."""
KEPT = 3
"""Builds kept open: the current one, and those that a browser may still ask tiles of."""


@dataclass(frozen=True)
class Shapes:
    """Geometry of a table's rows with a spatial index."""

    geometry: NDArray[np.object_]
    keys: list[tuple[Any, ...]]
    tree: shapely.STRtree


class _Opened(Tables):
    """Tables of a build on a connection that is open already."""

    def __init__(self, folder: Path, connection: Any) -> None:
        super().__init__(folder)
        self._connection = connection

    def connect(self, *_names: str, **_how: Any) -> Any:
        """Give a cursor; every table that is served is a view of its connection."""
        return self._connection.cursor()


class Snapshot:
    """One build, open for reading from many threads."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.id = build.id
        self.manifest = build.manifest
        self._archives: dict[tuple[str, str | None, str | None], TileArchive | None] = {}
        self._shapes: dict[str, Shapes] = {}
        self._archives_lock, self._shapes_lock = Lock(), Lock()
        present = [name for name in SERVED if build.has(name)]
        self._connection = build.connect(*present)
        self.tables = _Opened(build.folder, self._connection)
        for name in sorted(set(SERVED) - set(present)):
            self._connection.register("nothing", TABLES[name].schema.empty_table())
            self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM nothing")
            self._connection.unregister("nothing")

    @contextmanager
    def of_lines(self, lines: Sequence[str], names: Sequence[str]) -> Iterator[Snapshot]:
        """Give the same build with a few lines alone, whose rows of some tables are in memory."""
        few = copy(self)
        few.__dict__.pop("counts", None)
        few._connection = duckdb.connect(config={"threads": 1})
        few.tables = _Opened(self.build.folder, few._connection)
        try:
            for name in names:
                cursor = self._connection.cursor()
                query = f"SELECT * FROM {name} WHERE line_id IN (SELECT unnest(?::VARCHAR[]))"
                rows = cursor.sql(query, params=[list(lines)]).to_arrow_table()
                few._connection.register("found", rows)
                few._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM found")
                few._connection.unregister("found")
            yield few
        finally:
            few._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows that a query gives; every value of a user's is a parameter."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    @cached_property
    def layers(self) -> list[tuple[str, str]]:
        """Operators and technologies of the build, measured or predicted; `any` and `all` first."""
        found = self.tables.layers("cell_verdicts", "segment_verdicts", "cell_prediction")
        return sorted(
            found, key=lambda pair: (_operator_order(pair[0]), _technology_order(pair[1]))
        )

    @cached_property
    def operators(self) -> list[str]:
        """Operators of the layers, in their order."""
        return list(dict.fromkeys(operator for operator, _ in self.layers))

    @cached_property
    def technologies(self) -> list[str]:
        """Technologies of the layers, `any` first."""
        return sorted({technology for _, technology in self.layers}, key=_technology_order)

    @cached_property
    def resolution(self) -> int:
        """H3 resolution of the build's cells."""
        some = self.rows("SELECT cell FROM cell_verdicts LIMIT 1")
        if some:
            return int(resolutions(np.array([some[0]["cell"]], np.int64))[0])
        return int(self.manifest.get("config", {}).get("grid", {}).get("resolution", 10))

    @cached_property
    def counts(self) -> Counts:
        """How the chainage of each line is written."""
        return Counts(self.tables)

    @cached_property
    def simulated(self) -> bool:
        """Whether anything in the build was made by the simulator."""
        return self.build.simulated

    @cached_property
    def basemap(self) -> str | None:
        """Address of the map to draw under the layers, if one is declared."""
        declared: str | None = (self.manifest.get("config", {}).get("map") or {}).get("basemap")
        return declared

    @property
    def rules(self) -> dict[str, Any]:
        """Name of the rule pack that the verdicts rest on."""
        said = self.manifest.get("rules", {})
        return {key: said.get(key) for key in ("id", "title", "title_zh", "version")}

    def check_layer(self, operator: str, technology: str) -> None:
        """Refuse a layer that the build does not have.

        Raises
        ------
        NotKnownError
            It names the operators or technologies that there are.
        """
        known(operator, self.operators, "operator")
        known(technology, self.technologies, "technology")
        if (operator, technology) not in self.layers:
            offered = ", ".join(t for o, t in self.layers if o == operator)
            raise NotKnownError(f"operator {operator!r} has no {technology!r}. It has: {offered}.")

    def archive(
        self, kind: str, operator: str | None, technology: str | None
    ) -> TileArchive | None:
        """Tile archive of a checked layer; None where the build drew none."""
        key = (kind, operator, technology) if kind in PER_LAYER_KINDS else (kind, None, None)
        with self._archives_lock:
            if key not in self._archives:
                path = self.build.tiles / archive_name(*key)
                self._archives[key] = TileArchive(path) if path.is_file() else None
            return self._archives[key]

    def shapes(self, table: str, key: str) -> Shapes:
        """Geometry of a table's rows, indexed once; `key` names their columns, with commas."""
        with self._shapes_lock:
            if table not in self._shapes:
                self._shapes[table] = self._indexed(table, key.split(","))
            return self._shapes[table]

    def _indexed(self, table: str, columns: list[str]) -> Shapes:
        data = self.build.read(table, [*columns, "geometry"])
        geometry = shapely.from_wkb(data.column("geometry").to_numpy())
        keys = list(zip(*(data.column(c).to_pylist() for c in columns), strict=True))
        return Shapes(geometry, keys, shapely.STRtree(geometry))


def known(value: str, listed: Sequence[str], what: str) -> str:
    """Give the value back if it is listed.

    Raises
    ------
    NotKnownError
        It is not; the message names what is.
    """
    if value not in listed:
        raise NotKnownError(f"no {what} {value[:60]!r}. There are: {', '.join(listed) or 'none'}.")
    return value


def _operator_order(name: str) -> tuple[int, str]:
    first = (ANY, ALL)
    return (first.index(name), "") if name in first else (len(first), name)


def _technology_order(name: str) -> tuple[int, str]:
    first = (ANY, *TECHNOLOGIES)
    return (first.index(name), "") if name in first else (len(first), name)


class Builds:
    """Snapshots of a workspace's builds; asks at each request which is current."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self._open: dict[str, Snapshot] = {}
        self._lock = Lock()
        self._pointer = str(self.workspace.root / "current")
        self._current: tuple[tuple[int, int, int], str | None] | None = None

    def current(self) -> Snapshot:
        """Give the build being served now.

        Raises
        ------
        BuildError
            Nothing is built, or what `current` names is gone.
        """
        name = self._current_id()
        if name is None:
            raise BuildError("nothing is built yet. Run `covermap build` in the workspace.")
        return self._open.get(name) or self._opened(name)

    def named(self, name: str | None) -> Snapshot:
        """Give a build by its id, the current one without.

        Raises
        ------
        NotKnownError
            There is no such build any more.
        """
        opened = self._open.get(name) if name is not None else None
        if opened is not None:
            return opened
        now = self._current_id()
        if name is None or name == now:
            return self.current()
        if name not in self._open and name not in self.workspace.build_ids():
            raise NotKnownError(f"no build {name[:60]!r} any more. The current one is {now}.")
        return self._opened(name)

    def is_open(self, name: str | None) -> bool:
        """Whether a build (without a name, the current one) answers at once."""
        opened = self._open.get(name or self._current_id() or "")
        return opened is not None and "layers" in opened.__dict__

    def _current_id(self) -> str | None:
        """Id of the current build; the file is read again only when it is another one."""
        try:
            about = os.stat(self._pointer)  # of every tile: three times as fast as a Path
        except OSError:
            return self.workspace.current_id
        mark = (about.st_ino, about.st_mtime_ns, about.st_size)
        if self._current is None or self._current[0] != mark:
            self._current = (mark, self.workspace.current_id)
        return self._current[1]

    def _opened(self, name: str) -> Snapshot:
        with self._lock:
            if name not in self._open:
                self._open[name] = Snapshot(self.workspace.build(name))
            while len(self._open) > KEPT:
                oldest = next(n for n in self._open if n != name)
                del self._open[oldest]  # requests that hold it end with it
            return self._open[name]
