from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import handmade
from asking import Client
from covermap.formats.figures import plain
from covermap.service import Settings, create_app
from covermap.store import Tables
from covermap.tables import LINE_VERDICTS, WEAK_SPOTS


def items(client: Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_lines_are_listed_as_the_table_holds_them(client: Client, workspace: Path) -> None:
    found = client.get("/api/lines").json()
    rows = Tables(workspace / "builds" / "b1").read("line_verdicts").to_pylist()
    assert found["total"] == len(rows) == len(found["items"])
    assert list(found["items"][0]) == [*LINE_VERDICTS.names, "oneway"]
    for row in rows:
        assert plain({**row, "oneway": None}) in found["items"], "figures rounded"


def test_lines_are_filtered_by_layer_class_text_and_place(client: Client) -> None:
    assert {r["operator"] for r in items(client, "/api/lines?operator=46000")} == {"46000"}
    both = items(client, "/api/lines?operator=46000&technology=nr")
    assert {(r["operator"], r["technology"]) for r in both} == {("46000", "nr")}
    assert {r["line_id"] for r in items(client, "/api/lines?class=metro")} == {"m1"}
    assert {r["line_id"] for r in items(client, "/api/lines?q=京沪")} == {"g2"}
    assert {r["line_id"] for r in items(client, "/api/lines?q=LINE")} == {"m1"}
    assert items(client, "/api/lines?q=%25") == []
    near_metro = "/api/lines?bbox=121.53,31.189,121.54,31.191"
    assert {r["line_id"] for r in items(client, near_metro)} == {"m1"}
    assert items(client, "/api/lines?bbox=170,-10,-170,10") == []


def test_the_box_is_held_against_the_course_and_not_its_extent(client: Client) -> None:
    # inside the extent of both lines' courses, and on neither
    assert items(client, "/api/lines?bbox=121.41,31.24,121.42,31.25") == []


def test_pages_together_are_the_list(client: Client) -> None:
    whole = items(client, "/api/lines")
    paged = [r for o in range(0, 21, 3) for r in items(client, f"/api/lines?limit=3&offset={o}")]
    assert paged == whole
    assert items(client, "/api/lines?offset=500") == []


def test_a_line_tells_its_course_its_verdict_in_every_layer_and_its_stations(
    client: Client,
) -> None:
    found = client.get("/api/lines/m1?operator=46000&technology=nr").json()
    assert found["line"]["name"] == "Line 1"
    assert found["line"]["length_m"] == pytest.approx(23962.5)
    assert found["layer"] == {"operator": "46000", "technology": "nr"}
    layers = {(v["operator"], v["technology"]) for v in found["verdicts"]}
    assert layers == set(handmade.LAYERS)
    assert found["stations"] == [
        {"name": "莘庄", "chainage_m": 0.0}, {"name": "人民广场", "chainage_m": 9000.0},
    ]  # fmt: skip


def test_a_line_without_a_layer_named_shows_all_verdicts_and_the_first_layer(
    client: Client,
) -> None:
    found = client.get("/api/lines/g2").json()
    assert len(found["verdicts"]) == len(handmade.LAYERS)
    assert found["layer"] == {"operator": "any", "technology": "any"}
    assert [s["name"] for s in found["stations"]] == ["花桥"]
    assert found["line"]["bbox"] == [121.4, 31.2, 121.62, 31.26]


def test_weak_spots_are_listed_longest_first(client: Client) -> None:
    found = client.get("/api/weak-spots").json()
    assert found["total"] == 3
    assert [s["spot_id"] for s in found["items"]] == ["ws-0", "ws-2", "ws-1"]
    columns = [n for n in WEAK_SPOTS.names if n != "geometry"]
    assert list(found["items"][0]) == [*columns, "from", "to"]
    assert [(s["from"], s["to"]) for s in found["items"]] == [
        ("K100+300", "K100+900"), ("K100+300", "K100+900"), (None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("operator=46000", ["ws-0", "ws-1"]),
        ("technology=any", ["ws-2"]),
        ("kind=area", ["ws-1"]),
        ("line_id=g2&operator=any", ["ws-2"]),
        ("cause=weak_signal", ["ws-0", "ws-2", "ws-1"]),
        ("cause=no_service", []),
        ("outlook=lasting", ["ws-0"]),
        ("outlook=passing&operator=any", ["ws-2"]),
        ("order=n", ["ws-0", "ws-1", "ws-2"]),
        ("order=-rsrp", ["ws-2", "ws-1", "ws-0"]),
        ("order=-area", ["ws-1", "ws-0", "ws-2"]),
        ("order=id&limit=1&offset=1", ["ws-1"]),
        ("bbox=121.40,31.20,121.41,31.21", ["ws-0", "ws-2"]),
        ("bbox=0,0,1,1", []),
    ],
)
def test_weak_spots_are_filtered_and_ordered(
    client: Client, query: str, expected: list[str]
) -> None:
    assert [s["spot_id"] for s in items(client, f"/api/weak-spots?{query}")] == expected


def test_a_weak_spot_shows_its_geometry(client: Client, workspace: Path) -> None:
    found = client.get("/api/weak-spots/ws-1").json()
    assert found["kind"] == "area"
    rows = Tables(workspace / "builds" / "b1").read("weak_spots").to_pylist()
    (row,) = [r for r in rows if r["spot_id"] == "ws-1"]
    shown = shapely.get_coordinates(shapely.from_geojson(json.dumps(found["geometry"])))
    known = shapely.get_coordinates(shapely.from_wkb(row["geometry"]))
    assert np.abs(shown - known).max() <= 0.5e-7 + 1e-12, "seven decimals"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/lines?limit=0", 422, "limit = '0'"),
        ("/api/lines?limit=1001", 422, "at most 1000"),
        ("/api/lines?limit=x", 422, "limit = 'x'"),
        ("/api/lines?offset=-1", 422, "offset = '-1'"),
        ("/api/lines?operator=nobody", 404, "There are: any, all, 46000, 46001"),
        ("/api/lines?technology=5g", 404, "There are: any, lte, nr"),
        ("/api/lines?class=river", 404, "waterway"),
        ("/api/lines?bbox=1,2,3", 422, "west,south,east,north"),
        ("/api/lines?bbox=1,2,3,x", 422, "west,south,east,north"),
        ("/api/lines?bbox=1,2,3,nan", 422, "not a finite number"),
        ("/api/lines?bbox=1,2,3,1e400", 422, "not a finite number"),
        ("/api/lines?bbox=1,20,3,10", 422, "south <= north"),
        ("/api/lines?bbox=1,2,300,4", 422, "longitudes -180 to 180"),
        ("/api/lines?operater=46000", 422, "'operater' is not a parameter here"),
        ("/api/lines/none", 404, "no line 'none'"),
        ("/api/lines/a/b", 404, "no line 'a/b'"),
        ("/api/lines/g2?operator=x", 404, "no operator 'x'"),
        ("/api/weak-spots?order=drop", 422, "order = 'drop'"),
        ("/api/weak-spots?order=spot_id;--", 422, "order ="),
        ("/api/weak-spots?kind=village", 422, "kind"),
        ("/api/weak-spots?cause=aliens", 422, "cause"),
        ("/api/weak-spots/none", 404, "no weak spot 'none'"),
        ("/api/nothing", 404, "/openapi.json lists"),
    ],
)
def test_what_is_not_allowed_is_named(client: Client, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]


def test_nan_in_a_table_is_null_in_an_answer(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    rows = Tables(folder).read("line_verdicts").to_pylist()
    for row in rows:
        row["covered_share"], row["share_if_rest_bad"] = float("nan"), float("inf")
    handmade.write(folder, "line_verdicts", handmade._table("line_verdicts", rows))
    found = items(Client(create_app(Settings(tmp_path))), "/api/lines")
    assert {r["covered_share"] for r in found} == {None}
    assert {r["share_if_rest_bad"] for r in found} == {None}


def test_people_are_listed_by_region_and_add_up(client: Client) -> None:
    found = client.get("/api/people?operator=any&technology=any").json()
    assert found["total"] == 3
    assert [row["scope"] for row in found["items"]] == ["all", "outside", "region"]
    for row in found["items"]:
        parts = [row[f"{v}_people"] for v in ("covered", "weak", "none", "unmeasured")]
        assert sum(parts) == row["people"]
    (city,) = client.get(
        "/api/people?region=310000&level=city&operator=46000&technology=lte"
    ).json()["items"]
    assert city["name"] == "上海"
    assert client.get("/api/people?scope=country").status_code == 422
    assert client.get("/api/people?operator=nobody").status_code == 404


def test_base_stations_are_listed_by_region(client: Client) -> None:
    found = client.get("/api/region-sites?operator=all&technology=nr").json()
    assert [(r["scope"], r["target_per_10000"]) for r in found["items"]] == [("all", 38.0)]
    assert client.get("/api/region-sites").json()["total"] > 2
    assert client.get("/api/region-sites?technology=6g").status_code == 422


def test_service_quality_is_listed_by_place_and_figure(client: Client) -> None:
    found = client.get("/api/quality?scope=all&operator=46000").json()
    assert [row["figure"] for row in found["items"]] == ["mean_downlink_mbps", "tests_share"]
    (one,) = client.get("/api/quality?region=310000").json()["items"]
    assert (one["low"], one["high"], one["answer"]) == (232.0, 272.2, "pass")
    (none,) = client.get("/api/quality?region=320500&figure=mean_downlink_mbps").json()["items"]
    assert (none["tests"], none["value"]) == (0, None)
    assert client.get("/api/quality?line=g2").json()["total"] == 0
    assert client.get("/api/quality?place=T1").json()["total"] == 0
    assert client.get("/api/quality?source=rumour").status_code == 422


def test_the_scorecard_tells_targets_with_titles_and_sources(client: Client) -> None:
    found = client.get("/api/scorecard?scope=all&headline=true").json()
    targets = [row["target"] for row in found["items"]]
    assert targets == ["hsr", "metro", "national", "provincial", "roads"]
    assert all("MIIT 2023 no. 257" in row["figure_source"] for row in found["items"])
    metro = client.get("/api/scorecard?target=metro").json()
    assert {row["target"] for row in metro["items"]} == {"metro"}
    assert client.get("/api/scorecard?target=nothing").json()["total"] == 0
    assert client.get("/api/scorecard?scope=planet").status_code == 422
