from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import pytest

import handmade
from asking import Client
from covermap.formats.archive import TileArchive
from covermap.service import Settings, create_app
from covermap.service.answers import Content
from covermap.service.snapshot import Builds
from covermap.service.tiling import Layer, Tiles

TILE = "/tiles/cells/46000/lte/12/3430/1673.mvt"


def decoded(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = mapbox_vector_tile.decode(answer.content)
    return found


@pytest.mark.parametrize("kind", ["cells", "segments", "lines", "weak_spots"])
def test_tilejson_leads_to_tiles_that_hold_what_it_says(client: Client, kind: str) -> None:
    about = client.get(f"/tiles/{kind}/46000/lte.json").json()
    assert about["tilejson"] == "3.0.0"
    assert about["simulated"] is True
    assert about["attribution"] == "nobody"
    assert about["tiles"] == [
        f"http://testserver/tiles/{kind}/46000/lte/{{z}}/{{x}}/{{y}}.mvt?build=b1"
    ]
    west, _, east, _ = about["bounds"]
    assert 121 < west < east < 122
    for zoom in (about["minzoom"], 12, about["maxzoom"]):
        x, y = _tile_at(zoom, (west + east) / 2, (about["bounds"][1] + about["bounds"][3]) / 2)
        near = [(x + i, y + j) for i in (0, -1, 1) for j in (0, -1, 1)]
        urls = [about["tiles"][0].format(z=zoom, x=a, y=b) for a, b in near]
        answers = [a for a in map(client.get, urls) if a.status_code == 200]
        assert answers, f"nothing near the middle at zoom {zoom}"
        tile = decoded(answers[0])
        described = {layer["id"]: layer for layer in about["vector_layers"]}
        assert set(tile) <= set(described)
        for name, layer in tile.items():
            assert described[name]["minzoom"] <= zoom <= described[name]["maxzoom"]
            for feature in layer["features"]:
                assert set(feature["properties"]) <= set(described[name]["fields"])


def _tile_at(zoom: int, lon: float, lat: float) -> tuple[int, int]:
    from covermap.core.tiles.tiling import to_world

    x, y = to_world(lon, lat)
    return int(x * 2**zoom), int(y * 2**zoom)


def test_sites_have_one_address_for_all_layers(client: Client) -> None:
    about = client.get("/tiles/sites.json").json()
    x, y = _tile_at(10, 121.45, 31.22)
    answer = client.get(about["tiles"][0].format(z=10, x=x, y=y))
    assert len(decoded(answer)["sites"]["features"]) >= 1


def test_a_tile_comes_as_the_archive_holds_it(client: Client, workspace: Path) -> None:
    answer = client.get(TILE, headers={"accept-encoding": "gzip"})
    archive = TileArchive(workspace / "builds" / "b1" / "tiles" / "cells.46000.lte.pmtiles")
    held = archive.tile(12, 3430, 1673)
    assert held is not None
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(held)
    assert answer.content == gzip.decompress(held)  # the client has unpacked it


@pytest.mark.parametrize("offer", ["identity", "br", "gzip;q=0", ""])
def test_a_client_without_gzip_gets_plain_bytes(client: Client, offer: str) -> None:
    answer = client.get(TILE, headers={"accept-encoding": offer})
    assert "content-encoding" not in answer.headers
    assert "cells" in decoded(answer)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '"x" , W/{},"y"', "*"])
@pytest.mark.parametrize("offer", ["gzip", "identity"])
def test_a_known_etag_is_answered_without_a_body(client: Client, form: str, offer: str) -> None:
    first = client.get(TILE, headers={"accept-encoding": offer})
    tag = first.headers["etag"]
    assert tag.startswith('"')  # strong: the same bytes
    again = client.get(TILE, headers={"accept-encoding": offer, "if-none-match": form.format(tag)})
    assert again.status_code == 304
    assert again.content == b""
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("held", ['"other"', 'W/"other"', "", "x", '"'])
def test_another_etag_gets_the_tile(client: Client, held: str) -> None:
    assert client.get(TILE, headers={"if-none-match": held}).status_code == 200


def test_packed_and_plain_bytes_have_tags_of_their_own(client: Client) -> None:
    packed = client.get(TILE, headers={"accept-encoding": "gzip"})
    plain = client.get(TILE, headers={"accept-encoding": "identity"})
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    held = {"accept-encoding": "identity", "if-none-match": packed.headers["etag"]}
    assert client.get(TILE, headers=held).status_code == 200


@pytest.mark.parametrize("query", ["", "?build=b1"])
def test_the_short_way_and_the_route_answer_alike(client: Client, query: str) -> None:
    client.get(TILE)  # opens the build: only then is there a short way
    paths = [TILE, "/tiles/cells/46000/lte/12/0/0.mvt", "/tiles/sites/10/857/418.mvt"]
    for path in paths:
        for offer in ("gzip", "identity"):
            short = client.get(path + query, headers={"accept-encoding": offer})
            # the same address in a spelling that only the routes understand
            long = client.get(f"{path}?{query[1:]}&", headers={"accept-encoding": offer})
            assert (short.status_code, short.content) == (long.status_code, long.content)
            assert dict(short.headers) == dict(long.headers)


def test_a_tile_of_a_named_build_may_be_kept_for_ever(client: Client) -> None:
    assert client.get(TILE).headers["cache-control"] == "no-cache"
    assert "immutable" in client.get(f"{TILE}?build=b1").headers["cache-control"]
    empty = "/tiles/cells/46000/lte/12/0/0.mvt"
    assert client.get(empty).headers["cache-control"] == "no-cache"
    assert "immutable" in client.get(f"{empty}?build=b1").headers["cache-control"]


def test_a_new_build_is_served_at_once_and_an_old_one_by_name(tmp_path: Path) -> None:
    handmade.write_build(tmp_path, "old")
    client = Client(create_app(Settings(tmp_path)))
    before = client.get(TILE)
    handmade.write_build(tmp_path, "new", seed=5)
    after = client.get(TILE)
    assert (before.headers["x-covermap-build"], after.headers["x-covermap-build"]) == ("old", "new")
    assert before.headers["etag"] != after.headers["etag"]
    named = client.get(f"{TILE}?build=old")
    assert (named.content, named.headers["etag"]) == (before.content, before.headers["etag"])


def test_what_is_kept_of_tiles_stays_within_its_room(workspace: Path) -> None:
    tiles = Tiles(Builds(workspace), room_bytes=30_000)
    layer = Layer("cells", "46000", "lte")
    archive = TileArchive(workspace / "builds" / "b1" / "tiles" / "cells.46000.lte.pmtiles")
    for x in range(3420, 3440):
        for y in range(1665, 1680):
            tile = tiles.tile(layer, (12, x, y), None)
            held = archive.tile(12, x, y)
            assert (tile.body if isinstance(tile, Content) else None) == held
            assert tiles.held_bytes <= 30_000
    assert tiles.held_bytes > 10_000


def test_tilejson_has_what_its_specification_requires(client: Client) -> None:
    for path in ("cells/46000/lte", "segments/any/any", "lines/any/any", "weak_spots/any/any",
                 "sites"):  # fmt: skip
        about = client.get(f"/tiles/{path}.json").json()
        assert about["tilejson"] == "3.0.0"
        assert about["tiles"]
        assert all({"{z}", "{x}", "{y}"} <= set(re.findall(r"{\w}", t)) for t in about["tiles"])
        assert 0 <= about["minzoom"] <= about["maxzoom"] <= 30
        west, south, east, north = about["bounds"]
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90
        for layer in about["vector_layers"]:
            assert isinstance(layer["id"], str)
            assert layer["fields"]
            assert set(layer["fields"].values()) <= {"Number", "String", "Boolean"}
            assert set(layer["about"]) == set(layer["fields"])


def test_nothing_there_is_204(client: Client) -> None:
    answer = client.get("/tiles/cells/46000/lte/12/0/0.mvt")
    assert answer.status_code == 204
    assert answer.content == b""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/tiles/sites/3/0/0.mvt", "zoom 3 is not drawn: sites has zooms 6 to 13."),
        ("/tiles/cells/46000/lte/15/0/0.mvt", "zooms 0 to 13"),
        ("/tiles/sites/5/0/0.mvt", "sites has zooms 6 to 13"),
        ("/tiles/cells/46000/lte/4/16/0.mvt", "columns and rows 0 to 15"),
        ("/tiles/cells/46000/lte/4/-1/0.mvt", "columns and rows 0 to 15"),
        ("/tiles/cells/46009/lte/4/0/0.mvt", "no operator '46009'. There are: any, all, 46000"),
        ("/tiles/cells/46000/gsm.json", "no technology 'gsm'. There are: any, lte, nr"),
        ("/tiles/cells/46001/nr.json", "operator '46001' has no 'nr'. It has: any, lte"),
        ("/tiles/sites/46000/lte.json", "no kind of tiles 'sites'"),
        ("/tiles/../x/lte.json", ""),
        ("/tiles/cells/46000/lte/4/0/0.mvt?build=old", "no build 'old' any more"),
    ],
)
def test_what_is_not_there_is_named(client: Client, path: str, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert said in answer.json()["error"]


def test_a_broken_archive_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    (folder / "tiles" / "cells.46000.lte.pmtiles").write_bytes(b"PMTiles")
    answer = Client(create_app(Settings(tmp_path))).get(TILE)
    assert answer.status_code == 503
    assert "not a whole tile archive" in answer.json()["error"]


def test_a_build_without_tiles_answers_that_there_is_nothing(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    shutil.rmtree(folder / "tiles")
    client = Client(create_app(Settings(tmp_path)))
    assert client.get(TILE).status_code == 204
    assert client.get("/tiles/cells/46000/lte.json").json()["maxzoom"] == 15
