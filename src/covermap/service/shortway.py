"""The short way to tiles: past routing, for the one address that a map asks for all the time.

It answers by the same code as the route. What it does not answer at once (an address in another
spelling, a layer that is not there, a build that must first be opened) goes the long way, where it
is refused or answered as ever.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from covermap.errors import CovermapError
from covermap.service.answers import Answer
from covermap.service.tiling import Layer, Tiles

_PATH = re.compile(
    r"/tiles/(?:sites|([a-z_]+)/([^/]+)/([^/]+))/([0-9]{1,2})/([0-9]{1,10})/([0-9]{1,10})\.mvt"
)
_QUERY = re.compile(r"build=([A-Za-z0-9_-]{1,100})")


class Short:
    """Answers the address of a tile by the tiles of the builds."""

    def __init__(self, tiles: Tiles) -> None:
        self.tiles = tiles

    def answer(
        self, path: str, query: str, none_match: str | None, accept_encoding: str | None
    ) -> Answer | None:
        """Answer the address of a tile; None: not here."""
        asked = _PATH.fullmatch(path)
        build = _QUERY.fullmatch(query) if query else None
        if asked is None or (query and build is None):
            return None
        name = build[1] if build else None
        if not self.tiles.builds.is_open(name):
            return None
        layer = Layer(asked[1] or "sites", asked[2], asked[3])
        try:
            tile = self.tiles.tile(layer, (int(asked[4]), int(asked[5]), int(asked[6])), name)
        except CovermapError:
            return None
        return tile.answer(none_match, accept_encoding)


class ShortWay:
    """ASGI layer before the routes."""

    def __init__(self, app: ASGIApp, short: Short) -> None:
        self.app, self.short = app, short

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            found = {name: value.decode("latin-1") for name, value in scope["headers"]
                     if name in (b"if-none-match", b"accept-encoding")}  # fmt: skip
            answer = self.short.answer(
                scope["path"], scope["query_string"].decode("latin-1"),
                found.get(b"if-none-match"), found.get(b"accept-encoding"),
            )  # fmt: skip
            if answer is not None:
                start = {"type": "http.response.start", "status": answer.status}
                await send({**start, "headers": list(answer.headers)})
                await send({"type": "http.response.body", "body": answer.body})
                return
        await self.app(scope, receive, send)
