from __future__ import annotations

import gzip
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


def test_a_known_etag_is_answered_without_a_body(client: Client) -> None:
    first = client.get(TILE)
    again = client.get(TILE, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(TILE, headers={"if-none-match": 'W/"other"'})
    assert other.status_code == 200


def test_a_tile_of_a_named_build_may_be_kept_for_ever(client: Client) -> None:
    assert client.get(TILE).headers["cache-control"] == "no-cache"
    assert "immutable" in client.get(f"{TILE}?build=b1").headers["cache-control"]


def test_nothing_there_is_204(client: Client) -> None:
    answer = client.get("/tiles/cells/46000/lte/12/0/0.mvt")
    assert answer.status_code == 204
    assert answer.content == b""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/tiles/cells/46000/lte/3/0/0.mvt", "zoom 3 is not drawn: cells has zooms 4 to 13."),
        ("/tiles/cells/46000/lte/15/0/0.mvt", "zooms 4 to 13"),
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
