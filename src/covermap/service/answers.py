"""Answers: bodies with a strong ETag, packed for those who take it, 304 for those who have them.

Nothing here knows how a request came in: the routes and the short way to tiles answer by the same
code.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from fastapi import Request, Response

from covermap.formats.figures import plain

REVALIDATE = "no-cache"
"""A browser may keep the answer, and asks whether it still holds."""
WORTH_PACKING = 1000
"""Bytes from which on an answer is compressed."""
FOR_EVER = "public, max-age=31536000, immutable"
"""The address names the build: what is there never changes."""
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, headers (lower-case names) and body."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True)
class Content:
    """A body and what is said of it; ready to be answered in each form, any number of times."""

    body: bytes
    media_type: str
    build: str
    cache: str
    packed: bool = False
    """The body is compressed already; a client that takes no gzip gets it plain."""

    def answer(self, none_match: str | None, accept_encoding: str | None) -> Answer:
        """Choose the form, by `Accept-Encoding`; 304 when `If-None-Match` names its ETag."""
        form = self._gzip if takes_gzip(accept_encoding) else self._identity
        if none_match is not None and names(none_match, form.tag):
            return form.unchanged
        return form.whole

    @cached_property
    def _gzip(self) -> _Form:
        if self.packed:
            return self._form(self.body, "gzip")
        if len(self.body) < WORTH_PACKING:
            return self._identity
        return self._form(gzip.compress(self.body, compresslevel=5, mtime=0), "gzip")

    @property
    def _identity(self) -> _Form:
        return self._form(gzip.decompress(self.body) if self.packed else self.body, None)

    def _form(self, body: bytes, encoding: str | None) -> _Form:
        # Two forms of one body are two representations: a strong tag must tell them apart.
        tag = f'"{self._digest}-{encoding}"' if encoding else f'"{self._digest}"'
        always, whole = _said(self.media_type, self.build, self.cache, encoding)
        said = ((b"etag", tag.encode()), *always)
        length = (b"content-length", b"%d" % len(body))
        return _Form(tag, Answer(200, (*said, *whole, length), body), Answer(304, said))

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class _Form:
    """One representation: its tag, the answer with it, and that nothing has changed."""

    tag: str
    whole: Answer
    unchanged: Answer


@lru_cache(maxsize=256)
def _said(media_type: str, build: str, cache: str, encoding: str | None) -> tuple[Headers, Headers]:
    """Headers of a form: those that 304 has too, and those of the body."""
    always = {"cache-control": cache, "x-covermap-build": build, "vary": "Accept-Encoding"}
    whole = {"content-encoding": encoding} if encoding else {}
    return raw(always), raw({**whole, "content-type": media_type})


def raw(headers: dict[str, str]) -> Headers:
    """Headers as they are sent."""
    return tuple(
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    )


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether a client takes gzip; `gzip;q=0` says that it does not, and nothing that it may not.

    Examples
    --------
    >>> [takes_gzip(said) for said in ("gzip, br", "br, *", "gzip;q=0, *", "identity", None)]
    [True, True, False, False, False]
    """
    others = False
    for offer in (accept_encoding or "").lower().split(","):
        name, _, quality = offer.partition(";")
        refused = quality.replace(" ", "").rstrip("0") in ("q=", "q=0.")
        if name.strip() in ("gzip", "x-gzip"):
            return not refused
        others |= name.strip() == "*" and not refused
    return others


def names(listed: str, tag: str) -> bool:
    """Whether a list of ETags names a tag, by weak comparison (RFC 9110, 8.8.3.2); `*` names all.

    Examples
    --------
    >>> names('"a", W/"b"', '"b"'), names("*", '"b"'), names('"bc"', '"b"')
    (True, True, False)
    """
    found = (one.strip().removeprefix("W/") for one in listed.split(","))
    return any(one in (tag, "*") for one in found)


def json_answer(request: Request, payload: Any, build: str, cache: str = REVALIDATE) -> Response:
    """Answer with JSON, or with 304."""
    return respond(request, Content(as_json(payload), "application/json", build, cache))


def as_json(payload: Any) -> bytes:
    """Write as JSON: figures rounded, no NaN."""
    return json.dumps(plain(payload), ensure_ascii=False, allow_nan=False).encode()


def respond(request: Request, content: Content) -> Response:
    """Answer a request of a route with a content."""
    asked = request.headers
    return as_response(content.answer(asked.get("if-none-match"), asked.get("accept-encoding")))


def as_response(answer: Answer) -> Response:
    """Give an answer in the form that routes return."""
    response = Response(answer.body, status_code=answer.status)
    response.raw_headers = list(answer.headers)
    return response
