"""Rows printed for programs are rounded as the API rounds them."""

import json

import pandas as pd
import pytest

from covermap.cli.printing import print_data

ROWS = pd.DataFrame({
    "line_id": ["a", "b"], "length_km": [278.64335900000003, 1 / 3], "from_m": [0.1 + 0.2, None],
    "share": [0.30000000000000004, 2 / 3], "lon": [121.12345678, 121.0], "n": [1, 2],
})  # fmt: skip


def test_json_is_rounded_and_keeps_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    print_data(ROWS, "json")
    assert json.loads(capsys.readouterr().out) == [
        {"line_id": "a", "length_km": 278.643359, "from_m": 0.3, "share": 0.3,
         "lon": 121.1234568, "n": 1},
        {"line_id": "b", "length_km": 0.333333, "from_m": None, "share": 0.666667, "lon": 121.0,
         "n": 2},
    ]  # fmt: skip


def test_csv_is_rounded_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    print_data(ROWS, "csv")
    assert capsys.readouterr().out == (
        "line_id,length_km,from_m,share,lon,n\n"
        "a,278.643359,0.3,0.3,121.1234568,1\n"
        "b,0.333333,,0.666667,121.0,2\n"
    )
