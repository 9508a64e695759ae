"""Figures that leave the product as text are rounded by one rule."""

import datetime
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.formats.figures import decimals, plain
from covermap.tables import TABLES


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("covered_km", 278.64335900000003, 278.643359),
        ("share_expected", 0.30000000000000004, 0.3),
        ("p_pass", 1 / 3, 0.333333),
        ("from_m", 12300.000000000002, 12300.0),
        ("length_m", 99.99949, 99.999),
        ("area_m2", 15047.50212, 15047.502),
        ("lon", 121.47370000000001, 121.4737),
        ("lat", 31.123456789, 31.1234568),
        ("rsrp_mean_dbm", -105.33333333333333, -105.33),
        ("sinr_mean_db", 1.0049999, 1.0),
        ("seconds", 2.00000049, 2.0),
    ],
)
def test_a_figure_is_rounded_by_its_name(name, value, written):
    assert plain({name: value}) == {name: written}
    assert plain({name: [value, {"inner": value}]}) == {name: [written, {"inner": written}]}
    assert plain({name: np.float64(value)}) == {name: written}


def test_coordinates_keep_their_seven_decimals_however_deep_they_stand():
    shape = {"type": "Polygon", "coordinates": [[[121.123456789, 31.0], [121.2, 31.000000049]]]}
    assert plain({"geometry": shape})["geometry"]["coordinates"] == [
        [[121.1234568, 31.0], [121.2, 31.0]]
    ]
    assert plain({"bbox": (120.00000004, 30.0)})["bbox"] == [120.0, 30.0]


def test_what_is_no_figure_stays_and_what_json_cannot_say_is_null():
    at = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    told = {"n": 3, "name": "G2", "flag": True, "none": None, "at": at, "share": math.nan,
            "height_m": math.inf, "count": np.int64(4), "yes": np.bool_(True)}  # fmt: skip
    made = plain(told)
    assert made == {
        "n": 3, "name": "G2", "flag": True, "none": None, "at": "2026-01-02T00:00:00+00:00",
        "share": None, "height_m": None, "count": 4, "yes": True,
    }  # fmt: skip
    assert json.dumps(plain({"p": -1e-9})) == '{"p": 0.0}'


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(sorted(TABLES)))
def test_no_figure_of_any_table_loses_more_than_half_of_its_last_decimal(value, table):
    for column in TABLES[table].columns:
        made = plain({column.name: float(value)})[column.name]
        assert (
            abs(made - value)
            <= 0.5 * 10.0 ** -decimals(column.name) * (1 + 1e-6) + abs(value) * 1e-15
        )
        assert plain({column.name: made})[column.name] == made
