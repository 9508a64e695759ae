"""The shortest way to tiles: answered as the request comes in, before it becomes a task.

uvicorn makes a task and a dozen objects of each request; for a tile that is kept ready that is most
of the time. Here a request that is whole, plain and alone is answered on the spot, by the same code
as the route; every other one (in parts, several at once, with a body, HTTP/1.0, not of a tile, or
not answered there) goes through uvicorn as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from covermap.service.answers import Answer, Headers
from covermap.service.protection import headers_with
from covermap.service.shortway import Short

MOST_BYTES = 8192
"""A longer request is not looked at here."""
_REQUEST = re.compile(
    rb"GET (/tiles/[!\"$&->@-~]+)(?:\?([!-~]*))? HTTP/1\.1\r\n((?:[!-9;-~]+:[\t -~]*\r\n)+)\r\n"
)
"""Target without an escape, then headers in ASCII, one a line, and nothing behind them."""
_FIELD = re.compile(rb"([!-9;-~]+):[\t ]*([\t -~]*?)[\t ]*\r\n")
_LONG_WAY = {b"connection", b"content-length", b"expect", b"transfer-encoding", b"upgrade"}
"""Headers that ask for more than an answer."""
_ASKED = (b"if-none-match", b"accept-encoding")


def answer_of(data: bytes, short: Short) -> Answer | None:
    """Answer a whole request for a tile; None: not here."""
    if len(data) > MOST_BYTES:
        return None
    request = _REQUEST.fullmatch(data)
    if request is None:
        return None
    path, query, lines = request.groups()
    said: dict[bytes, str] = {}
    for name, value in _FIELD.findall(lines):
        name = name.lower()
        if name in _LONG_WAY and value.lower() != b"keep-alive":
            return None
        if name in _ASKED:
            if name in said:
                return None  # the same header twice
            said[name] = value.decode()
    return short.answer(
        path.decode(), (query or b"").decode(), said.get(_ASKED[0]), said.get(_ASKED[1])
    )


@lru_cache(maxsize=4096)
def _head(status: int, headers: Headers) -> bytes:
    start = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return start + b"".join(b"%b: %b\r\n" % field for field in headers)


def tile_protocol(short: Short, basemap: Callable[[], str | None]) -> type[HttpToolsProtocol]:
    """Make the protocol of a service: uvicorn's own, with the short way before it."""

    class TileProtocol(HttpToolsProtocol):
        """One connection."""

        between = True
        """No request is half read."""

        def data_received(self, data: bytes) -> None:
            """Answer on the spot, or hand on."""
            if data.startswith(b"GET /tiles/") and self._is_idle():
                answer = answer_of(data, short)
                if answer is not None:
                    self._write(answer)
                    return
            super().data_received(data)

        def _is_idle(self) -> bool:
            done = self.cycle is None or self.cycle.response_complete
            return self.between and done and not self.pipeline and not self.flow.write_paused

        def _write(self, answer: Answer) -> None:
            self._unset_keepalive_if_required()
            self.server_state.total_requests += 1
            always = tuple(self.server_state.default_headers) + headers_with(basemap())
            head = _head(answer.status, answer.headers), _lines(always)
            self.transport.write(b"".join((*head, b"\r\n", answer.body)))
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

        def on_message_begin(self) -> None:
            """Note that a request is being read."""
            self.between = False
            super().on_message_begin()

        def on_message_complete(self) -> None:
            """Note that it is whole."""
            self.between = True
            super().on_message_complete()

    return TileProtocol


@lru_cache(maxsize=64)
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % field for field in headers)
