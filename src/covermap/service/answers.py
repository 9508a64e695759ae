"""Answers in JSON: figures rounded, an ETag of the content, 304 when the browser has it already."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

from fastapi import Request, Response

from covermap.formats.figures import plain

REVALIDATE = "no-cache"
"""A browser may keep the answer, and asks whether it still holds."""
WORTH_PACKING = 1000
"""Bytes from which on an answer is compressed."""
FOR_EVER = "public, max-age=31536000, immutable"
"""The address names the build: what is there never changes."""


def json_answer(request: Request, payload: Any, build: str, cache: str = REVALIDATE) -> Response:
    """Answer with JSON, or with 304."""
    body = json.dumps(plain(payload), ensure_ascii=False, allow_nan=False).encode()
    return answer(request, body, "application/json", build, cache)


def answer(
    request: Request,
    body: bytes,
    media_type: str,
    build: str,
    cache: str,
    *,
    packed: bool = False,
) -> Response:
    """Answer with a body and its ETag, or with 304 when the request names that ETag.

    `packed` says that the body is compressed already; a client that takes no gzip gets it plain.
    """
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    said = {"ETag": tag, "Cache-Control": cache, "X-Covermap-Build": build}
    said["Vary"] = "Accept-Encoding"
    if _has(request, tag):
        return Response(status_code=304, headers=said)
    if _takes_gzip(request):
        if not packed and len(body) >= WORTH_PACKING:
            body, packed = gzip.compress(body, compresslevel=5, mtime=0), True
        if packed:
            said["Content-Encoding"] = "gzip"
    elif packed:
        body = gzip.decompress(body)
    return Response(body, media_type=media_type, headers=said)


def _takes_gzip(request: Request) -> bool:
    """Whether the client takes gzip; `gzip;q=0` says that it does not."""
    for offer in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = offer.strip().partition(";")
        if name.strip() in ("gzip", "*") and quality.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False


def _has(request: Request, tag: str) -> bool:
    asked = request.headers.get("if-none-match", "")
    return any(one.strip() in (tag, tag.removeprefix("W/"), "*") for one in asked.split(","))
