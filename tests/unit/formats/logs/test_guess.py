"""Column maps proposed by names."""

import pytest

from covermap.formats.logs.guess import ALIASES, guess_columns
from covermap.formats.logs.mapped import MAPPABLE, UNITS


def test_english_names_with_units_are_understood() -> None:
    got = guess_columns(["pub_time(ms)", "utmX(m)", "utmY(m)", "velocity(m/s)", "rsrp(db)", "x2"])
    assert got.columns == {
        "time": "pub_time(ms)", "x": "utmX(m)", "y": "utmY(m)", "speed_mps": "velocity(m/s)",
        "rsrp_dbm": "rsrp(db)",
    }  # fmt: skip
    assert got.units == {"time": "ms"}
    assert got.measures
    assert got.placed


def test_chinese_names_are_understood() -> None:
    got = guess_columns(
        ["采集时间", "经度", "纬度", "运营商", "网络制式", "RSRP(dBm)", "下行速率(Mbps)", "车速"]
    )
    assert got.columns["time"] == "采集时间"
    assert got.columns["technology"] == "网络制式"
    assert got.units == {"dl_kbps": "Mbit/s"}
    assert got.unsure == ("speed_mps",)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("speed_kmh", "km/h"), ("Speed [knots]", "knots"), ("speed(mph)", "mph"), ("speed_mps", None)],
)
def test_units_in_names_become_units_of_the_map(name: str, unit: str | None) -> None:
    got = guess_columns([name])
    assert got.columns == {"speed_mps": name}
    assert got.units.get("speed_mps") == unit


def test_country_and_network_code_are_joined_and_win_over_a_name() -> None:
    assert guess_columns(["MCC", "MNC", "operator"]).columns["operator"] == "MCC+MNC"


def test_a_vague_name_is_a_measurement_only_beside_a_time() -> None:
    assert not guess_columns(["adcode", "name", "level"]).measures
    assert guess_columns(["time", "level"]).measures


def test_a_heading_in_radians_is_not_offered_as_degrees() -> None:
    assert "heading_deg" not in guess_columns(["heading(rad)"]).columns


def test_everything_proposed_can_be_read() -> None:
    assert set(ALIASES) <= set(MAPPABLE)
    got = guess_columns(["speed_kmh", "dl_mbps", "ul(bps)", "latency(s)", "altitude(ft)"])
    assert len(got.units) == 5
    assert all(unit in UNITS[ours] for ours, unit in got.units.items())


def test_key_points_stand_for_coordinates_indoors() -> None:
    got = guess_columns(["采集时间", "场所", "关键点", "楼层", "RSRP(dBm)"])
    assert (got.columns["place"], got.columns["key_point"]) == ("场所", "关键点")
    assert got.columns["floor"] == "楼层"
    assert got.placed
    assert got.indoors
    english = guess_columns(["time", "Place", "Key point", "Floor", "rsrp", "lon", "lat"])
    assert english.columns["key_point"] == "Key point"
    assert not english.indoors


def test_a_floor_alone_tells_no_place() -> None:
    assert not guess_columns(["time", "floor", "rsrp"]).placed
