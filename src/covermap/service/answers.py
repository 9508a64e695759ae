"""Answers in JSON: no NaN, an ETag of the content, 304 when the browser has it already."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date, datetime
from typing import Any

from fastapi import Request, Response

REVALIDATE = "no-cache"
"""A browser may keep the answer, and asks whether it still holds."""
FOR_EVER = "public, max-age=31536000, immutable"
"""The address names the build: what is there never changes."""


def plain(value: Any) -> Any:
    """Bring a value into what JSON can say; NaN and infinity become null.

    Examples
    --------
    >>> plain({"share": float("nan"), "n": 3})
    {'share': None, 'n': 3}
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


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
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer with a body and its ETag, or with 304 when the request names that ETag."""
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    said = {"ETag": tag, "Cache-Control": cache, "X-Covermap-Build": build, **(headers or {})}
    if _has(request, tag):
        said.pop("Content-Encoding", None)
        return Response(status_code=304, headers=said)
    return Response(body, media_type=media_type, headers=said)


def _has(request: Request, tag: str) -> bool:
    asked = request.headers.get("if-none-match", "")
    return any(one.strip() in (tag, tag.removeprefix("W/"), "*") for one in asked.split(","))
