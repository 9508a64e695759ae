"""GeoJSON points with mapped properties."""

import json
from typing import Any

import pytest

from covermap.errors import FormatError
from covermap.formats.logs import FORMATS

MAP = {"time": "ts", "operator": "mcc+mnc", "technology": "tech", "rsrp_dbm": "rsrp"}


def feature(place: Any = (10.0, 53.5), kind: str = "Point", **properties: Any) -> dict[str, Any]:
    given = {"ts": 1631520958151, "mcc": 262, "mnc": 3, "tech": "Lte", "rsrp": -84.5, **properties}
    geometry = None if place is None else {"type": kind, "coordinates": place}
    return {"type": "Feature", "geometry": geometry, "properties": given}


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_points_are_read_by_the_map(read: Any) -> None:
    got = read(collection(feature(), feature(mnc=404, rsrp=None)), "geojson-points", MAP)
    first, second = got.readings.to_pylist()
    assert (first["x"], first["y"], first["time_ms"]) == (10.0, 53.5, 1631520958151)
    assert (first["operator"], first["technology"], first["rsrp_dbm"]) == ("26203", "Lte", -84.5)
    assert (second["operator"], second["rsrp_dbm"], second["line"]) == ("262404", None, 2)
    assert got.time_kind == "utc"


def test_nested_collections_and_one_feature_a_line_give_the_same_readings(read: Any) -> None:
    features = [feature(rsrp=-80 - i) for i in range(3)]
    inner = {"type": "FeatureCollection", "features": features[1:]}
    flat = read(collection(*features), "geojson-points", MAP).readings
    assert read(collection(features[0], inner), "geojson-points", MAP).readings == flat
    lines = "\n".join(json.dumps(f) for f in features)
    assert read(lines, "geojson-points", MAP).readings == flat


def test_what_is_no_point_is_malformed_and_a_missing_geometry_has_no_position(read: Any) -> None:
    content = collection(
        feature(), feature(None), feature([[1, 2], [3, 4]], "LineString"), 7, feature([1])
    )
    got = read(content, "geojson-points", MAP)
    assert got.readings["line"].to_pylist() == [1, 2]
    assert got.readings["x"].to_pylist() == [10.0, None]
    assert got.malformed["line"].to_pylist() == [3, 4, 5]
    assert got.malformed["detail"].to_pylist()[0] == "geometry is 'LineString', not a Point"


def test_a_broken_line_among_lines_of_features_is_malformed_at_its_line(read: Any) -> None:
    good = json.dumps(feature())
    got = read(f"{good}\n\n{good}\n{{broken\n{good}\n", "geojson-points", MAP)
    assert got.readings["line"].to_pylist() == [1, 3, 5]
    assert got.malformed["line"].to_pylist() == [4]


def test_a_property_that_no_feature_has_is_blank_and_counted(read: Any) -> None:
    got = read(collection(feature()), "geojson-points", {**MAP, "sinr_db": "sinr"})
    assert got.readings["sinr_db"].to_pylist() == [None]
    assert [(p.problem, p.count) for p in got.problems] == [("absent_property:sinr", 1)]


def test_on_gsm_the_rssi_is_the_level(read: Any) -> None:
    content = collection(feature(tech="Gsm", rsrp=None, rssi=-70), feature(rssi=-60, rsrp=None))
    got = read(content, "geojson-points", {**MAP, "rssi_dbm": "rssi"}).readings
    assert got["rsrp_dbm"].to_pylist() == [-70.0, None]
    assert got["rssi_dbm"].to_pylist() == [-70.0, -60.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"type": "FeatureCollection", "features": [', "line 1, column 4.*truncated"),
        ('{"a": 1}', "not GeoJSON"),
        ('{"type": "FeatureCollection"}', "without a list 'features'"),
        (collection(), "without features"),
        (collection(feature([[1, 2]], "LineString")), "no level"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_what_is_not_geojson_is_one_clear_line(read: Any, content: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read(content, "geojson-points", MAP)
    assert "\n" not in str(caught.value)


def test_without_a_map_the_properties_that_there_are_are_named(read: Any) -> None:
    with pytest.raises(
        FormatError, match=r"the file has ts, mcc, mnc, tech, rsrp\. `covermap check"
    ):
        read(collection(feature()), "geojson-points")


def test_it_is_recognised_and_other_json_is_not(put: Any) -> None:
    sniff = FORMATS["geojson-points"].sniff
    assert sniff(put(collection(feature()))) > 0.8
    assert sniff(put('{"type": "Topology"}')) == 0
    assert sniff(put("a,b\n1,2\n")) == 0
