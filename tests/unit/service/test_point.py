from __future__ import annotations

from pathlib import Path

import h3
import numpy as np
import pyarrow as pa
import pytest
import shapely
from pyproj import Geod

import handmade
from asking import Client
from covermap.core.datum import from_wgs84
from covermap.service import Settings, create_app
from covermap.service.examples import EXAMPLES
from covermap.store import Tables, write_table
from covermap.tables import CELL_PREDICTION, SEGMENT_PREDICTION

LON, LAT = handmade.CENTRE


@pytest.fixture(scope="module")
def tables(workspace: Path) -> Tables:
    return Tables(workspace / "builds" / "b1")


def test_a_point_tells_what_each_layer_knows_of_its_cell(client: Client, tables: Tables) -> None:
    found = client.get(f"/api/point?lon={LON}&lat={LAT}").json()
    assert found["cell"] == h3.latlng_to_cell(LAT, LON, 10)
    assert found["simulated"] is True
    assert found["rules"]["id"] == "project-default"
    rows = {
        (r["operator"], r["technology"]): r
        for r in tables.read("cell_verdicts").to_pylist()
        if r["cell"] == int(found["cell"], 16)
    }
    assert len(found["layers"]) == len(handmade.LAYERS)
    for said in found["layers"]:
        assert said.pop("prediction") is None
        row = rows[said["operator"], said["technology"]]
        assert said == {key: row[key] for key in said}
        assert set(said) == {
            "operator", "technology", "verdict", "probability", "basis", "n", "n_none",
            "rsrp_mean_dbm", "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "share", "last_period",
        }  # fmt: skip


def test_what_is_foretold_stands_beside_what_was_measured(tmp_path: Path) -> None:
    folder = handmade.write_build(tmp_path)
    cell = int(h3.latlng_to_cell(LAT, LON, 10), 16)
    said = {"rsrp_dbm": -101.0, "sd_db": 5.0, "drive_sd_db": 8.0, "probability": 0.7}
    rows = [
        {**said, "cell": cell, "operator": operator, "technology": technology, "model_dbm": None,
         "distance_m": 120.0, "basis": basis}
        for operator, technology, basis in (("46000", "nr", "both"), ("46099", "lte", "predicted"))
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, CELL_PREDICTION.schema)
    write_table(folder / "cell_prediction.parquet", table, CELL_PREDICTION)
    line = Tables(folder).read("segments").to_pylist()[0]
    segment = line["segment"]
    along = {k: v for k, v in rows[0].items() if k not in ("cell", "model_dbm")}
    along |= {"line_id": line["line_id"], "segment": segment, "carriage_db": 26.0}
    table = pa.Table.from_pylist([along], SEGMENT_PREDICTION.schema)
    write_table(folder / "segment_prediction.parquet", table, SEGMENT_PREDICTION)
    client = Client(create_app(Settings(tmp_path, None)))
    found = client.get(f"/api/point?lon={LON}&lat={LAT}").json()["layers"]
    by_layer = {(r["operator"], r["technology"]): r for r in found}
    assert set(by_layer) == {*handmade.LAYERS, ("46099", "lte")}
    one = by_layer["46000", "nr"]
    assert one["basis"] in ("measured", None)
    assert one["prediction"] == {
        **said, "model_dbm": None, "distance_m": 120.0, "basis": "both",
    }  # fmt: skip
    assert set(one["prediction"]) == set(EXAMPLES["point"]["layers"][0]["prediction"])
    alone = by_layer["46099", "lte"]
    assert (alone["verdict"], alone["n"], alone["prediction"]["basis"]) == (
        "unmeasured", 0, "predicted",
    )  # fmt: skip
    assert by_layer["any", "any"]["prediction"] is None
    x, y = shapely.get_coordinates(shapely.from_wkb(line["geometry"]))[0]
    lines = client.get(f"/api/point?lon={x}&lat={y}").json()["lines"]
    course = next(one for one in lines if one["line_id"] == line["line_id"])
    layer = next(r for r in course["layers"] if (r["operator"], r["technology"]) == ("46000", "nr"))
    assert course["segment"] == segment
    assert layer["prediction"]["carriage_db"] == 26.0
    assert set(layer["prediction"]) == set(EXAMPLES["point"]["lines"][0]["layers"][0]["prediction"])


def test_where_nothing_was_measured_every_layer_is_unmeasured(client: Client) -> None:
    found = client.get("/api/point?lon=100&lat=30").json()
    assert len(found["layers"]) == len(handmade.LAYERS)
    assert {said["verdict"] for said in found["layers"]} == {"unmeasured"}
    assert {said["n"] for said in found["layers"]} == {0}
    assert {said["probability"] for said in found["layers"]} == {None}
    assert found["lines"] == []


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "cgcs2000", "wgs84"])
def test_a_position_in_another_datum_is_the_same_place(client: Client, datum: str) -> None:
    x, y = from_wgs84([LON], [LAT], datum)
    query = f"lon={float(x[0])!r}&lat={float(y[0])!r}&datum={datum}"
    found = client.get(f"/api/point?{query}").json()
    assert found["cell"] == h3.latlng_to_cell(LAT, LON, 10)
    assert found["lon"] == pytest.approx(LON, abs=2e-8)
    assert found["lat"] == pytest.approx(LAT, abs=2e-8)


@pytest.mark.parametrize("seed", range(8))
def test_lines_within_200_m_are_found_with_their_distance(
    client: Client, tables: Tables, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    segments = tables.read("segments")
    geometry = shapely.from_wkb(segments.column("geometry").to_numpy())
    start = geometry[rng.integers(len(geometry))].coords[0]
    lon, lat = start[0] + rng.normal(0, 1e-3), start[1] + rng.normal(0, 1e-3)
    found = client.get(f"/api/point?lon={lon}&lat={lat}").json()["lines"]
    expected = _by_sampling(segments.to_pylist(), geometry, lon, lat)
    assert [line["line_id"] for line in found] == [
        line for line, (distance, _) in sorted(expected.items(), key=lambda kv: kv[1])
        if distance <= 200
    ]  # fmt: skip
    for line in found:
        assert line["distance_m"] == pytest.approx(expected[line["line_id"]][0], abs=0.5)
        assert abs(line["segment"] - expected[line["line_id"]][1]) <= 1
        assert len(line["layers"]) == len(handmade.LAYERS)
        assert line["to_m"] > line["from_m"]


def _by_sampling(
    rows: list[dict[str, object]], geometry: np.ndarray, lon: float, lat: float
) -> dict[str, tuple[float, int]]:
    """Nearest segment of each line, by geodesics to points every half metre or so."""
    geod = Geod(ellps="WGS84")
    best: dict[str, tuple[float, int]] = {}
    for row, line in zip(rows, geometry, strict=True):
        if line.distance(shapely.Point(lon, lat)) > 0.01:
            continue
        at = shapely.get_coordinates(line.interpolate(np.linspace(0, 1, 200), normalized=True))
        n = len(at)
        distance = geod.inv(np.full(n, lon), np.full(n, lat), at[:, 0], at[:, 1])[2].min()
        known = best.get(str(row["line_id"]), (np.inf, 0))
        best[str(row["line_id"])] = min(known, (float(distance), int(str(row["segment"]))))
    return best


def test_a_point_at_the_pole_or_the_antimeridian_is_no_fault(client: Client) -> None:
    for lon, lat in ((0, 90), (0, -90), (180, 0), (-180, 0), (180, 90)):
        assert client.get(f"/api/point?lon={lon}&lat={lat}").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["", "lon=1", "lon=abc&lat=1", "lon=nan&lat=1", "lon=inf&lat=1", "lon=181&lat=1",
     "lon=1&lat=90.1", "lon=1&lat=1&datum=wgs72", "lon=1&lat=1&datun=gcj02"],
)  # fmt: skip
def test_a_bad_position_is_refused_with_the_reason(client: Client, query: str) -> None:
    answer = client.get(f"/api/point?{query}")
    assert answer.status_code == 422
    assert list(answer.json()) == ["error"]


def test_a_cell_tells_what_the_point_in_it_tells(client: Client) -> None:
    name = h3.latlng_to_cell(LAT, LON, 10)
    found = client.get(f"/api/cells/{name}").json()
    point = client.get(f"/api/point?lon={LON}&lat={LAT}").json()
    assert found["h3"] == name
    assert found["layers"] == point["layers"]
    assert found["area_m2"] == pytest.approx(h3.cell_area(name, "m^2"), rel=1e-6)
    ring = shapely.Polygon(found["geometry"]["coordinates"][0])
    assert ring.contains(shapely.Point(LON, LAT))


@pytest.mark.parametrize(
    ("cell", "status"), [("xyz", 422), ("8a", 422), ("87309962cffffff", 404), ("8" * 20, 422)]
)
def test_what_is_no_cell_of_the_build_is_named(client: Client, cell: str, status: int) -> None:
    answer = client.get(f"/api/cells/{cell}")
    assert answer.status_code == status
    assert cell[:15] in answer.json()["error"]


def test_reach_is_a_distance_and_not_a_box(client: Client) -> None:
    # the metro's eastern end is at 121.55, 31.19
    def beyond(distance_m: float) -> str:
        lon, lat, _ = Geod(ellps="WGS84").fwd(121.55, 31.19, 45.0, distance_m)
        return f"/api/point?lon={lon}&lat={lat}"

    assert client.get(beyond(203)).json()["lines"] == []
    (line,) = client.get(beyond(197)).json()["lines"]
    assert line["line_id"] == "m1"
    assert line["segment"] == 239
    assert line["distance_m"] == pytest.approx(197, abs=0.1)
