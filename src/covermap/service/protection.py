"""What every answer carries: headers that keep a browser safe; and HEAD for every GET."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
}


_HEAD = "covermap.head"


def is_head(scope: Scope) -> bool:
    """Whether the request asks for the headers alone: no body need be read."""
    return bool(scope.get(_HEAD))


def content_policy(basemap: str | None = None) -> str:
    """Content-Security-Policy of the map.

    Everything comes from here; MapLibre makes its workers from blobs and sets styles on elements. A
    basemap on another host opens that host; a basemap style may name more hosts, so with one any
    https host may give tiles and images, and still no script.
    """
    other = _origin(basemap)
    sources = f" {other} https:" if other else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "worker-src 'self' blob:",
            "child-src 'self' blob:",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{sources}",
            f"connect-src 'self'{sources}",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _origin(basemap: str | None) -> str | None:
    try:
        parts = urlsplit(basemap or "")
    except ValueError:  # brackets that hold no address
        return None
    # what stands in the policy may hold neither ';' nor spaces nor wildcards
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        return None
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(maxsize=8)
def headers_with(basemap: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Headers of every answer, as they are sent."""
    said = {**ALWAYS, "Content-Security-Policy": content_policy(basemap)}
    return tuple((name.lower().encode(), value.encode()) for name, value in said.items())


class Protection:
    """ASGI layer: adds the headers, and answers HEAD as GET without the body."""

    def __init__(self, app: ASGIApp, basemap: Callable[[], str | None]) -> None:
        self.app, self.basemap = app, basemap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET", _HEAD: True}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = headers_with(self.basemap())
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app(scope, receive, guarded)
