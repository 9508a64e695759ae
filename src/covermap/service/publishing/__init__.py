"""A published map: a folder that any static web server or object store serves, nothing running.

What the page would ask of the service lies there as files, made by the same code that answers.
Layout::

    index.html  assets/  icon.svg  licenses.txt     the map, as the service gives it
    static.json                                      which build, which layers, where
    README.txt                                       how to put it on a web server or object store
    <build>/build.json  <build>/lines.json           the build; identities of its lines, in order
    <build>/<layer>/lines.json  spots.json           lists of a layer
    <build>/<layer>/lines.pmtiles                    what is known of each line in it
    <build>/tiles/*.pmtiles                          archives of tiles, read by range
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from covermap.errors import NotKnownError, PublishError
from covermap.service.publishing.content import Content, write_content
from covermap.service.publishing.page import write_page
from covermap.service.publishing.place import empty_place
from covermap.service.snapshot import Snapshot
from covermap.store import Build
from covermap.tables import layer_name

__all__ = ["Published", "publish_map"]


@dataclass(frozen=True)
class Published:
    """What was written."""

    path: Path
    build: str
    layers: int
    files: int
    bytes: int
    largest: int
    """Bytes of the largest archive: what a server without ranges makes a reader fetch."""


def publish_map(
    build: Build,
    out: Path,
    static: Path,
    layers: list[str] | None = None,
    force: bool = False,
    progress: Callable[[float], None] = lambda _share: None,
) -> Published:
    """Write a build's map as files; the folder appears whole, or stays as it was.

    Parameters
    ----------
    build
        The build to publish.
    out
        Folder to write; one that an earlier call wrote is replaced.
    static
        Folder of the built web map.
    layers
        Names of layers (`any/nr`); None: all of the build.
    force
        Replace a folder that holds something else.
    progress
        Told the share that is done, 0-1.

    Raises
    ------
    PublishError
        The folder holds something else, or the map is not built.
    NotKnownError
        The build has no such layer.
    """
    if not (static / "index.html").is_file():
        raise PublishError(
            f"{static}: the map is not built. Run `npm ci && npm run build` in web/."
        )
    snapshot = Snapshot(build)
    content = Content(snapshot, _chosen(snapshot, layers))
    with empty_place(out, force) as folder:
        write_page(folder, static, snapshot)
        write_content(folder, content, progress)
        files = [path for path in folder.rglob("*") if path.is_file()]
        sizes = {path: path.stat().st_size for path in files}
    archives = [size for path, size in sizes.items() if path.suffix == ".pmtiles"]
    return Published(
        out,
        build.id,
        len(content.layers),
        len(files),
        sum(sizes.values()),
        max(archives, default=0),
    )


def _chosen(snapshot: Snapshot, asked: list[str] | None) -> list[tuple[str, str]]:
    known = {layer_name(*layer): layer for layer in snapshot.layers}
    for name in asked or ():
        if name not in known:
            raise NotKnownError(f"no layer {name!r}. There are: {', '.join(known) or 'none'}.")
    return [layer for name, layer in known.items() if asked is None or name in asked]
