from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

import handmade
from asking import Client
from covermap.service import Settings, create_app
from covermap.service.examples import EXAMPLES
from covermap.store import Workspace, write_table
from covermap.tables import PREDICTION_SCORES


def test_the_build_says_all_that_a_map_needs_first(client: Client) -> None:
    found = client.get("/api/build").json()
    assert found["id"] == "b1"
    assert found["name"] == "hand-made"
    assert found["simulated"] is True
    assert found["attribution"] == "nobody"
    assert found["datum"] == "WGS-84"
    assert found["rules"]["id"] == "project-default"
    assert set(found["rules"]) == {"id", "title", "title_zh", "version"}
    assert found["resolution"] == 10
    assert found["tables"]["lines"] == 2
    west, south, east, north = found["bounds"]
    assert found["map"]["center"] == pytest.approx(
        [(west + east) / 2, (south + north) / 2], abs=1e-7
    )
    assert {(x["operator"], x["technology"]) for x in found["layers"]} == set(handmade.LAYERS)
    assert found["layers"][0]["name"] == "any/any"


def test_derived_operators_come_first_and_every_operator_has_a_look(client: Client) -> None:
    operators = client.get("/api/build").json()["operators"]
    assert [o["id"] for o in operators] == ["any", "all", "46000", "46001"]
    assert operators[2] == {
        "id": "46000", "name": "China Mobile", "name_zh": "中国移动", "color": "#0085d0",
    }  # fmt: skip
    assert operators[3]["name"] == "46001"
    assert len({o["color"] for o in operators}) == 4


def test_technologies_are_in_the_order_of_generations(client: Client) -> None:
    assert client.get("/api/build").json()["technologies"] == ["any", "lte", "nr"]


def test_a_newly_published_build_is_served_without_a_restart(tmp_path: Path) -> None:
    handmade.write_build(tmp_path, "b1")
    client = Client(create_app(Settings(tmp_path)))
    tile = "/tiles/cells/any/any/12/3430/1673.mvt"
    first = client.get(tile)
    assert client.get("/api/build").json()["id"] == "b1"
    handmade.write_build(tmp_path, "b2", seed=5, publish=False)
    assert client.get("/api/build").json()["id"] == "b1"
    Workspace(tmp_path).publish("b2")
    assert client.get("/api/build").json()["id"] == "b2"
    second = client.get(tile)
    assert second.content != first.content
    assert second.headers["x-covermap-build"] == "b2"
    # a browser that still draws the old build goes on with the old build's tiles
    again = client.get(f"{tile}?build=b1")
    assert again.content == first.content
    assert again.headers["x-covermap-build"] == "b1"


def test_scores_of_predictions_are_told_as_soon_as_they_are_made(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    client = Client(create_app(Settings(tmp_path)))
    before = client.get("/api/build")
    assert before.json()["scores"] == []
    row = dict.fromkeys(PREDICTION_SCORES.names, None) | {
        "operator": "46000", "technology": "lte", "held": "blocks", "block_m": 2000.0,
        "learnt": "anew",
        "from_m": 0.0, "n": 40, "rmse_db": 7.5, "bias_db": 0.5, "inside_90": 0.9,
        "width_90_db": 24.0, "brier": 0.06, "weak": 0, "simulated": True,
    }  # fmt: skip
    rows = [row, row | {"to_m": 250.0}, row | {"held": "runs", "block_m": None}]
    table = pa.Table.from_pylist(rows, PREDICTION_SCORES.schema)
    write_table(folder / "prediction_scores.parquet", table, PREDICTION_SCORES)
    after = client.get("/api/build", headers={"If-None-Match": before.headers["etag"]})
    (score,) = after.json()["scores"]
    assert score.keys() == EXAMPLES["build"]["scores"][0].keys()
    assert (score["rmse_db"], score["weak_recall"], score["n"]) == (7.5, None, 40)


def test_old_builds_are_closed_as_new_ones_come(tmp_path: Path) -> None:
    source = handmade.write_build(tmp_path, "b0")
    for number in range(1, 6):
        target = tmp_path / "builds" / f"b{number}"
        target.mkdir()
        for path in source.rglob("*"):
            if path.is_file():
                (target / path.relative_to(source)).parent.mkdir(exist_ok=True)
                (target / path.relative_to(source)).hardlink_to(path)
    app = create_app(Settings(tmp_path))
    client = Client(app)
    for number in range(6):
        Workspace(tmp_path).publish(f"b{number}")
        assert client.get("/healthz").json()["build"] == f"b{number}"
    assert list(app.state.builds._open) == ["b3", "b4", "b5"]


@pytest.mark.parametrize("path", ["/api/build", "/healthz", "/api/lines", "/tiles/sites.json"])
def test_without_a_build_it_says_so(tmp_path: Path, path: str) -> None:
    answer = Client(create_app(Settings(tmp_path))).get(path)
    assert answer.status_code == 503
    assert "nothing is built yet" in answer.json()["error"]


def test_a_manifest_that_says_little_is_enough(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    (folder / "build.json").write_text("{}", "utf-8")
    client = Client(create_app(Settings(tmp_path)))
    found = client.get("/api/build").json()
    assert found["id"] == "b1"
    assert found["bounds"] is None
    assert found["map"]["center"] is None
    assert client.get("/tiles/cells/any/any.json").status_code == 200


def test_a_build_without_any_table_answers_everything_with_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "builds" / "b1"
    (folder / "tiles").mkdir(parents=True)
    (folder / "build.json").write_text(json.dumps({"bounds": None}), "utf-8")
    Workspace(tmp_path).publish("b1")
    client = Client(create_app(Settings(tmp_path)))
    assert client.get("/api/build").json()["layers"] == []
    assert client.get("/api/lines").json()["total"] == 0
    assert client.get("/api/weak-spots?bbox=1,2,3,4").json()["items"] == []
    point = client.get("/api/point?lon=121&lat=31").json()
    assert point["layers"] == []
    assert point["lines"] == []
    assert client.get("/tiles/sites/8/1/1.mvt").status_code == 204
    assert client.get("/tiles/sites.json").json()["minzoom"] == 6
    assert client.get("/tiles/cells/46000/lte.json").status_code == 404
