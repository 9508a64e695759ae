"""The published map as files: what is in it, what it may replace; it is whole or not there."""

from __future__ import annotations

import gzip
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pmtiles.tile import tileid_to_zxy

import handmade
from asking import Client
from commands import covermap
from covermap.errors import NotKnownError, PublishError
from covermap.formats.archive import TileArchive
from covermap.service import Settings
from covermap.service.publishing import Published, lines, publish_map
from covermap.service.publishing.content import plain_names
from covermap.store import Workspace

INDEX = '<!doctype html><head><meta charset="utf-8" /><title>covermap</title></head>'
ONE = ["any/any"]
"""A layer, where what is published does not matter."""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text(INDEX, "utf-8")
    (folder / "assets" / "main-1.js").write_text("export {}", "utf-8")
    return folder


def publish(workspace: Path, out: Path, web: Path, **how: Any) -> Published:
    return publish_map(Workspace(workspace).current(), out, web, **how)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, workspace: Path, web: Path) -> Path:
    folder = tmp_path_factory.mktemp("out") / "map"
    publish(workspace, folder, web)
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def line_in(folder: Path, number: int) -> Any:
    """What a layer's archive of lines holds of one."""
    packed = TileArchive(folder / "lines.pmtiles").tile(*tileid_to_zxy(number))
    assert packed is not None
    return json.loads(gzip.decompress(packed))


def layer_of(out: Path, operator: str, technology: str) -> dict[str, Any]:
    (found,) = [x for x in read(out / "static.json")["layers"]
                if (x["operator"], x["technology"]) == (operator, technology)]  # fmt: skip
    return dict(found)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


def test_its_figures_are_those_that_the_service_answers(out: Path, client: Client) -> None:
    of = layer_of(out, "46000", "lte")
    folder = out / "b1" / of["folder"]
    query = "operator=46000&technology=lte"
    assert read(folder / "lines.json") == client.get(f"/api/lines?{query}").json()["items"]
    spots = read(folder / "spots.json")
    served = client.get(f"/api/weak-spots?{query}").json()["items"]
    assert [{k: v for k, v in spot.items() if k != "bbox"} for spot in spots] == served
    for spot in spots:
        west, south, east, north = spot["bbox"]
        assert west <= spot["lon"] <= east
        assert south <= spot["lat"] <= north
    for number, line_id in enumerate(read(out / "b1" / "lines.json")):
        line = line_in(folder, number)
        assert line["detail"] == client.get(f"/api/lines/{line_id}?{query}").json()
        assert line["profile"] == client.get(f"/api/lines/{line_id}/profile?{query}").json()
    told = client.get("/api/build").json()
    assert {**told, "created": None} == read(out / "b1" / "build.json")
    assert told["simulated"] is True


def test_its_archives_are_those_of_the_build(out: Path, workspace: Path) -> None:
    tiles = workspace / "builds" / "b1" / "tiles"
    said = read(out / "static.json")
    assert (out / "b1" / said["sites"]).read_bytes() == (tiles / "sites.pmtiles").read_bytes()
    for layer in said["layers"]:
        for kind, name in layer["tiles"].items():
            source = tiles / f"{kind}.{layer['operator']}.{layer['technology']}.pmtiles"
            assert (name is None) == (kind == "predicted")
            if name is not None:
                assert (out / "b1" / name).read_bytes() == source.read_bytes()


def test_its_page_is_marked_and_asks_no_other_host(out: Path) -> None:
    page = (out / "index.html").read_text("utf-8")
    assert '<meta name="covermap-published" content="static.json" />' in page
    assert page.index("charset") < page.index("Content-Security-Policy") < 1024
    assert "connect-src 'self';" in page
    assert "frame-ancestors" not in page
    assert "http" not in page.replace("http-equiv", "")
    told = (out / "README.txt").read_text("utf-8")
    assert "b1/tiles/*.pmtiles" in told
    assert "BUILD" not in told


def test_the_same_build_gives_the_same_bytes(
    out: Path, workspace: Path, web: Path, tmp_path: Path
) -> None:
    publish(workspace, tmp_path / "again", web)
    assert contents(tmp_path / "again") == contents(out)


def test_only_the_layers_asked_for_are_published(
    workspace: Path, web: Path, tmp_path: Path
) -> None:
    made = publish(workspace, tmp_path / "map", web, layers=["any/nr", "46000/lte"])
    assert made.layers == 2
    names = [f"{x['operator']}/{x['technology']}"
             for x in read(tmp_path / "map" / "static.json")["layers"]]  # fmt: skip
    assert names == ["any/nr", "46000/lte"]
    told = read(tmp_path / "map" / "b1" / "build.json")
    assert [x["name"] for x in told["layers"]] == names
    assert [x["id"] for x in told["operators"]] == ["any", "46000"]
    assert told["technologies"] == ["lte", "nr"]
    assert not list((tmp_path / "map").rglob("*46001*"))
    line = line_in(tmp_path / "map" / "b1" / "any-nr", 0)
    shown = {(v["operator"], v["technology"]) for v in line["detail"]["verdicts"]}
    assert shown == {("any", "nr"), ("46000", "lte")}
    with pytest.raises(NotKnownError, match=r"no layer 'any/6g'. There are: any/any, any/lte"):
        publish(workspace, tmp_path / "other", web, layers=["any/6g"])
    assert not (tmp_path / "other").exists()


def test_a_folder_of_its_own_is_replaced_whole(workspace: Path, web: Path, tmp_path: Path) -> None:
    out = tmp_path / "map"
    publish(workspace, out, web, layers=ONE)
    (out / "b0").mkdir()
    publish(workspace, out, web, layers=ONE)
    assert not (out / "b0").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["map"]


def test_a_folder_of_others_is_refused_unless_forced(
    workspace: Path, web: Path, tmp_path: Path
) -> None:
    out = tmp_path / "photos"
    out.mkdir()
    (out / "cat.jpg").write_bytes(b"cat")
    for said in (None, "not JSON", '{"made_by": "somebody"}', "[]"):
        if said is not None:
            (out / "static.json").write_text(said, "utf-8")
        with pytest.raises(PublishError, match=r"not empty, and .* did not make it"):
            publish(workspace, out, web, layers=ONE)
    assert (out / "cat.jpg").read_bytes() == b"cat"
    publish(workspace, out, web, force=True, layers=ONE)
    assert not (out / "cat.jpg").exists()
    assert (out / "index.html").is_file()


def test_an_empty_folder_is_taken(workspace: Path, web: Path, tmp_path: Path) -> None:
    (tmp_path / "map").mkdir()
    publish(workspace, tmp_path / "map", web, layers=ONE)
    assert (tmp_path / "map" / "index.html").is_file()


def test_a_file_a_workspace_and_where_one_works_are_never_replaced(
    workspace: Path, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "covermap.toml").touch()
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    for name, said in (("file", "it is a file"), ("space", "work in"), ("here", "work in")):
        with pytest.raises(PublishError, match=said):
            publish(workspace, tmp_path / name, web, force=True)


def test_what_fails_leaves_the_old_map_and_nothing_half_done(
    workspace: Path, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "map"
    publish(workspace, out, web, layers=ONE)
    before = contents(out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lines, "read_profile", full)
    with pytest.raises(OSError, match="No space left"):
        publish(workspace, out, web, layers=ONE)
    assert contents(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["map"]


def test_a_build_without_tiles_lines_and_spots_is_published_too(tmp_path: Path, web: Path) -> None:
    folder = handmade.write_build(tmp_path / "w")
    shutil.rmtree(folder / "tiles")
    for name in ("lines", "line_verdicts", "weak_spots", "segments", "segment_verdicts"):
        (folder / f"{name}.parquet").unlink()
    made = publish(tmp_path / "w", tmp_path / "map", web)
    assert made.largest == 0
    assert layer_of(tmp_path / "map", "any", "any")["tiles"]["cells"] is None
    assert read(tmp_path / "map" / "b1" / "any-any" / "spots.json") == []


def test_a_map_that_is_not_built_is_named(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="npm run build"):
        publish(workspace, tmp_path / "map", tmp_path / "none")


def test_names_of_folders_are_plain_and_each_another() -> None:
    made = plain_names(["A-nr", "a-nr", "a nr", "", "移动", "../x"])
    assert made == ["a-nr", "a-nr-2", "a-nr-3", "layer", "layer-2", "x"]


def test_the_command_tells_what_it_wrote_and_refuses_in_one_line(
    workspace: Path, tmp_path: Path, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covermap.service.Settings", partial(Settings, static=web))
    out = tmp_path / "map"
    said = covermap("publish", "map", out, workspace, "--layers", "any/any,any/nr")
    assert said.code == 0
    assert said.out.startswith(f"{out}: build b1, layers: 2, files: ")
    (out / "static.json").unlink()
    again = covermap("publish", "map", out, workspace)
    assert again.code == 2
    assert len(again.errors) == 1
    assert covermap("publish", "map", out, workspace, "--force").code == 0
