"""Tiles answered as the request comes in: the same answers, whatever the request looks like."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from asking import Client
from covermap.service import Settings, create_app
from covermap.service.running import listen
from covermap.service.shortway import Short
from covermap.service.snapshot import Builds
from covermap.service.tiling import Tiles
from covermap.service.wire import answer_of, tile_protocol

TILE = "/tiles/cells/46000/lte/12/3430/1673.mvt"
EMPTY = "/tiles/cells/46000/lte/12/0/0.mvt"
PLAIN = f"GET {TILE} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"


@pytest.fixture(scope="module")
def short(workspace: Path) -> Short:
    builds = Builds(workspace)
    assert builds.current().layers
    return Short(Tiles(builds))


@pytest.fixture(scope="module")
def port(workspace: Path) -> Iterator[int]:
    """A real server in a thread, that has opened the build."""
    app = create_app(Settings(workspace))
    protocol = tile_protocol(app.state.short, app.state.basemap)
    server = uvicorn.Server(uvicorn.Config(app, http=protocol, log_level="warning"))
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        number = listener.getsockname()[1]
        asked(number, PLAIN.encode())
        yield number
        server.should_exit = True
        thread.join()


def asked(port: int, *pieces: bytes, answers: int = 1) -> list[httpx.Response]:
    """Send bytes, piece by piece, and read so many answers."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.02)
        stream = connection.makefile("rb")
        for _ in range(answers):
            status = stream.readline().split()[1]
            lines = iter(lambda: stream.readline().rstrip(b"\r\n"), b"")
            headers = [tuple(line.split(b": ", 1)) for line in lines]
            length = int(dict(headers).get(b"content-length", b"0"))
            body = stream.read(length)
            found.append(httpx.Response(int(status), headers=headers, content=body))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    "request_",
    [
        PLAIN.replace("1.1", "1.0"),
        PLAIN.replace("GET", "HEAD"),
        PLAIN.replace("GET", "POST"),
        PLAIN[:-2],
        PLAIN[:-1],
        PLAIN + "x",
        PLAIN + PLAIN,
        PLAIN.replace("Host: x", "Host: x\r\nContent-Length: 3"),
        PLAIN.replace("Host: x", "Host: x\r\nTransfer-Encoding: chunked"),
        PLAIN.replace("Host: x", "Host: x\r\nConnection: close"),
        PLAIN.replace("Host: x", "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket"),
        PLAIN.replace("Host: x", "Host: x\r\nExpect: 100-continue"),
        PLAIN.replace("Host: x", "Host: x\r\nAccept-Encoding: identity"),
        PLAIN.replace("Host: x", "Host: x\nIf-None-Match: *"),
        PLAIN.replace("Host: x", "Host: x\r\n folded"),
        PLAIN.replace("Host: x", f"Host: {'x' * 9000}"),
        PLAIN.replace("46000", "460%300"),
        PLAIN.replace(".mvt", ".mvt?build=b1&x=1"),
        PLAIN.replace(".mvt", ".mvt?build=old"),
        PLAIN.replace("/12/", "/77/"),
        PLAIN.replace("46000", "46009"),
        PLAIN.replace(TILE, "/api/build"),
        "\r\n" + PLAIN,
        "",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_request_is_handed_on(short: Short, request_: str) -> None:
    assert answer_of(PLAIN.encode(), short) is not None
    assert answer_of(request_.encode(), short) is None


def test_a_build_that_is_not_open_yet_is_opened_elsewhere(workspace: Path) -> None:
    builds = Builds(workspace)
    short = Short(Tiles(builds))
    assert answer_of(PLAIN.encode(), short) is None
    assert builds.current().layers
    assert answer_of(PLAIN.encode(), short) is not None


@pytest.mark.parametrize("path", [TILE, f"{TILE}?build=b1", EMPTY, "/tiles/sites/10/857/418.mvt"])
@pytest.mark.parametrize("offer", ["gzip", "identity"])
def test_it_answers_as_the_route_does(port: int, client: Client, path: str, offer: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nACCEPT-encoding:  {offer} \r\n"
    (short,) = asked(port, f"{head}\r\n".encode())
    (long,) = asked(port, f"{head}Connection: close\r\n\r\n".encode())
    routed = client.get(f"{path}{'&' if '?' in path else '?&'}", headers={"accept-encoding": offer})
    assert short.status_code == long.status_code == routed.status_code
    assert short.content == long.content == routed.content
    moving = ("date", "server", "connection")
    for other in (long, routed):
        assert {k: v for k, v in short.headers.items() if k not in moving} == {
            k: v for k, v in other.headers.items() if k not in moving
        }
    assert "date" in short.headers


def test_a_known_tag_is_304_on_the_same_connection(port: int) -> None:
    (first,) = asked(port, PLAIN.encode())
    known = PLAIN.replace("Host", f"If-None-Match: W/{first.headers['etag']}\r\nHost").encode()
    again, whole = asked(port, known, PLAIN.encode(), answers=2)
    assert (again.status_code, again.content) == (304, b"")
    assert (whole.status_code, whole.content) == (200, first.content)


ONE, OTHER = PLAIN.encode(), PLAIN.replace(TILE, EMPTY).encode()
API = b"GET /api/build HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(ONE)


@pytest.mark.parametrize(
    ("pieces", "statuses"),
    [
        ([ONE[:30], ONE[30:]], [200]),
        ([bytes([byte]) for byte in ONE], [200]),
        ([ONE + OTHER + ONE], [200, 204, 200]),
        ([ONE[:-1], ONE[-1:] + OTHER, ONE], [200, 204, 200]),
        ([API + ONE], [200, 200]),
        ([API, ONE, OTHER], [200, 200, 204]),
        ([POST, ONE, OTHER], [405, 204]),  # the first tile's request is the body of what is posted
        ([POST[:20], POST[20:] + ONE[:9], ONE[9:], OTHER], [405, 204]),
    ],
)
def test_requests_in_parts_and_several_at_once_are_answered_in_order(
    port: int, pieces: list[bytes], statuses: list[int]
) -> None:
    (tile,) = asked(port, ONE)
    found = asked(port, *pieces, answers=len(statuses))
    assert [answer.status_code for answer in found] == statuses
    if statuses[-1] == 200:
        assert found[-1].content == tile.content


def test_other_addresses_and_methods_work_beside_it(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for _ in range(3):
            tile = http.get(TILE)
            assert tile.headers["content-encoding"] == "gzip"
            assert http.get("/api/build").json()["id"] == "b1"
            assert http.head(TILE).headers["content-length"] == tile.headers["content-length"]
            assert http.get("/tiles/cells/46000/lte/77/0/0.mvt").status_code == 404
