"""Whole archives of tiles, read by range: for PMTiles clients and GDAL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from covermap.errors import NotKnownError
from covermap.service.answers import FOR_EVER, REVALIDATE, names
from covermap.service.examples import answers
from covermap.service.parameters import builds_of
from covermap.service.protection import is_head
from covermap.service.ranges import OutsideError, Part, part_of
from covermap.service.routes.tiles import BuildId, Kind, OperatorPath, TechnologyPath
from covermap.service.snapshot import Builds, Snapshot
from covermap.service.tiling import Layer, archive_of

router = APIRouter(tags=["tiles"])

MEDIA_TYPE = "application/vnd.pmtiles"
PIECE_BYTES = 1 << 18
"""Read and sent at once."""
FROM_BUILDS = Depends(builds_of)


@router.get(
    "/tiles/sites.pmtiles",
    summary="Archive of the sites' tiles",
    response_class=Response,
    responses=answers("archive"),
)
def sites_archive(
    request: Request, builds: Annotated[Builds, FROM_BUILDS], build: BuildId = None
) -> Response:
    """Give the PMTiles archive, or the bytes of it that `Range` asks for."""
    return _archive(request, builds.named(build), Layer("sites"), build)


@router.get(
    "/tiles/{kind}/{operator}/{technology}.pmtiles",
    summary="Archive of a layer's tiles",
    response_class=Response,
    responses=answers("archive"),
)
def layer_archive(
    request: Request,
    builds: Annotated[Builds, FROM_BUILDS],
    kind: Kind,
    operator: OperatorPath,
    technology: TechnologyPath,
    build: BuildId = None,
) -> Response:
    """Give the PMTiles archive, or the bytes of it that `Range` asks for."""
    return _archive(request, builds.named(build), Layer(kind, operator, technology), build)


def _archive(request: Request, snapshot: Snapshot, layer: Layer, asked: str | None) -> Response:
    archive = archive_of(snapshot, layer)
    if archive is None:
        raise NotKnownError(f"the build has no archive of {layer.kind}: nothing was drawn.")
    about = archive.path.stat()
    tag = f'"{snapshot.id}-{about.st_size:x}-{about.st_mtime_ns:x}"'
    said = {
        "etag": tag, "cache-control": FOR_EVER if asked else REVALIDATE, "accept-ranges": "bytes",
        "x-covermap-build": snapshot.id,
    }  # fmt: skip
    none_match = request.headers.get("if-none-match")
    if none_match is not None and names(none_match, tag):
        return Response(status_code=304, headers=said)
    try:
        part = part_of(_wanted(request, tag), about.st_size)
    except OutsideError:
        said["content-range"] = f"bytes */{about.st_size}"
        raise HTTPException(416, f"the archive has {about.st_size} bytes.", said) from None
    if part is None:
        return FilePart(archive.path, Part(0, about.st_size), 200, said)
    said["content-range"] = f"bytes {part.start}-{part.end - 1}/{about.st_size}"
    return FilePart(archive.path, part, 206, said)


def _wanted(request: Request, tag: str) -> str | None:
    """Range asked for; none where `If-Range` names another state of the file (strong comparison).

    A range is asked for by GET alone.
    """
    held = request.headers.get("if-range")
    if is_head(request.scope) or (held is not None and held.strip() != tag):
        return None
    return request.headers.get("range")


class FilePart(Response):
    """Bytes of a file, read as they are sent; for HEAD none is read."""

    media_type = MEDIA_TYPE

    def __init__(self, path: Path, part: Part, status: int, headers: dict[str, str]) -> None:
        super().__init__(None, status, {**headers, "content-length": str(part.size)})
        self.path, self.part = path, part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        if is_head(scope):
            await send({"type": "http.response.body", "body": b""})
            return
        handle = await run_in_threadpool(os.open, self.path, os.O_RDONLY)
        try:
            await self._send_pieces(handle, send)
        finally:
            os.close(handle)

    async def _send_pieces(self, handle: int, send: Send) -> None:
        at, end = self.part.start, self.part.end
        while at < end:
            piece = await run_in_threadpool(os.pread, handle, min(PIECE_BYTES, end - at), at)
            at += len(piece) or end - at  # cut short meanwhile: the connection shows it
            more = at < end
            await send({"type": "http.response.body", "body": piece, "more_body": more})
