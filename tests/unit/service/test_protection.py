"""What every answer has in common: headers, HEAD, compression, static files, fuzzed input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handmade
from asking import Client
from covermap.errors import BuildError, CovermapError, NotKnownError, TableError
from covermap.service import Settings, create_app
from covermap.service.errors import status_of
from covermap.service.protection import content_policy
from covermap.service.snapshot import Builds

TILE = "/tiles/cells/46000/lte/12/3430/1673.mvt"
EVERYWHERE = [
    "/", "/docs", "/openapi.json", "/healthz", "/api/build", "/api/lines", "/api/lines/g2",
    "/api/weak-spots", "/api/weak-spots/ws-0", "/api/point?lon=121.47&lat=31.23",
    "/api/cells/8a309959d54ffff", "/tiles/cells/46000/lte.json", "/tiles/sites.json", TILE,
    "/tiles/cells/46000/lte.pmtiles", "/tiles/sites.pmtiles",
]  # fmt: skip


@pytest.mark.parametrize("path", [*EVERYWHERE, "/nothing", "/api/lines?limit=0"])
def test_every_answer_carries_the_headers_that_protect_a_browser(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "worker-src 'self' blob:" in headers["content-security-policy"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_head_tells_what_get_would_without_the_body(client: Client, path: str) -> None:
    got, told = client.get(path), client.request("HEAD", path)
    assert told.status_code == got.status_code == 200
    assert told.content == b""
    assert told.headers["content-type"] == got.headers["content-type"]
    assert told.headers["content-length"] == got.headers["content-length"]


def test_other_methods_are_refused_in_the_one_form(client: Client) -> None:
    answer = client.request("POST", "/api/build")
    assert answer.status_code == 405
    assert answer.json() == {"error": "Method Not Allowed"}


def test_json_is_compressed_for_those_who_take_it(client: Client) -> None:
    packed = client.get("/api/lines", headers={"accept-encoding": "gzip"})
    plain = client.get("/api/lines", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 4
    assert packed.json() == plain.json()
    assert packed.headers["etag"] != plain.headers["etag"]  # strong tags: other bytes, other tag
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


def test_a_known_answer_is_not_sent_again(client: Client) -> None:
    first = client.get("/api/lines")
    again = client.get("/api/lines", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_basemap_opens_its_host_and_nothing_for_scripts(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    manifest = json.loads((folder / "build.json").read_text("utf-8"))
    manifest["config"]["map"]["basemap"] = "https://t0.tianditu.gov.cn/vec_w/{z}/{x}/{y}?tk=1"
    (folder / "build.json").write_text(json.dumps(manifest), "utf-8")
    policy = Client(create_app(Settings(tmp_path))).get("/").headers["content-security-policy"]
    parts = dict(p.strip().split(" ", 1) for p in policy.split(";"))
    assert "https://t0.tianditu.gov.cn" in parts["connect-src"]
    assert "https://t0.tianditu.gov.cn" in parts["img-src"]
    assert parts["script-src"] == "'self'"


@pytest.mark.parametrize(
    "basemap", ["https://x; script-src *", "javascript:alert(1)", "x\ny", "", "https://[x"]
)
def test_a_basemap_cannot_write_into_the_policy(basemap: str) -> None:
    policy = content_policy(basemap)
    assert policy.count("script-src") == 1
    assert "*" not in policy
    assert "\n" not in policy


def test_the_map_is_served_with_its_types(client: Client) -> None:
    assert client.get("/").headers["content-type"] == "text/html; charset=utf-8"
    script = client.get("/assets/main-1a2b.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    assert client.get("/assets/main-1a2b.css").headers["content-type"].startswith("text/css")
    assert client.get("/index.html").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/..%2Fsecret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt",
     "//etc/passwd", "/%2Fetc/passwd", "/assets/%00", "/assets", "/" + "a" * 5000, "/notes.py",
     "/..%5Csecret.txt", "/assets/%c3%28"],
)  # fmt: skip
def test_nothing_outside_the_built_map_is_given_out(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, workspace: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    (tmp_path / "static" / "link.txt").symlink_to(tmp_path / "secret.txt")
    client = Client(create_app(Settings(workspace, tmp_path / "static")))
    assert client.get("/link.txt").status_code == 404


def test_without_a_built_map_the_page_says_how_to_build_it(tmp_path: Path, workspace: Path) -> None:
    answer = Client(create_app(Settings(workspace, tmp_path / "none"))).get("/")
    assert answer.status_code == 200
    assert "npm run build" in answer.text


def test_every_error_has_a_status_of_its_own_or_its_parents() -> None:
    assert status_of(NotKnownError("x")) == 404
    assert status_of(BuildError("x")) == 503
    assert status_of(TableError("x")) == 400
    assert status_of(CovermapError("x")) == 400


TEXT = st.text(max_size=30)
NUMBER = st.floats() | st.integers() | TEXT
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["operator", "technology", "class", "bbox", "q", "limit", "offset", "order", "kind",
         "cause", "line_id", "lon", "lat", "datum"]
    ),
    NUMBER
    | st.lists(st.floats(), min_size=4, max_size=4).map(lambda v: ",".join(map(str, v))),
    max_size=4,
)  # fmt: skip
PATHS = st.sampled_from(["/api/lines", "/api/weak-spots", "/api/point", "/api/build"]) | st.builds(
    lambda kind, name: f"/api/{kind}/{quote(name, safe='')}",
    st.sampled_from(["lines", "weak-spots", "cells"]),
    TEXT,
)
FUZZ = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@FUZZ
@given(PATHS, PARAMETERS)
def test_no_query_makes_it_fail(client: Client, path: str, query: dict[str, object]) -> None:
    answer = client.get(path, params={k: str(v).encode("utf-8", "replace").decode()
                                      for k, v in query.items()})  # fmt: skip
    assert answer.status_code in (200, 404, 422)
    found = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert (answer.status_code == 200) == ("error" not in found)


PIECE = st.integers(-3, 40) | st.sampled_from(
    ["cells", "segments", "46000", "any", "lte", "..", "%"]
)


@FUZZ
@given(st.lists(PIECE | TEXT, min_size=1, max_size=7))
def test_no_tile_address_makes_it_fail(client: Client, pieces: list[object]) -> None:
    path = "/".join(quote(str(p), safe="") for p in pieces)
    for end in (".mvt", ".json"):
        answer = client.get(f"/tiles/{path}{end}")
        assert answer.status_code in (200, 204, 404, 422)


def test_a_fault_of_ours_is_not_hidden_as_the_users(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: Builds) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Builds, "current", broken)
    with pytest.raises(RuntimeError, match="a fault"):
        Client(create_app(Settings(workspace))).get("/api/build")


def test_tiles_are_packed_once_and_not_twice(client: Client) -> None:
    answer = client.get(TILE, headers={"accept-encoding": "gzip"})
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(answer.content)
