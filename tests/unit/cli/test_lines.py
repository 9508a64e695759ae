import pandas as pd
import pyarrow as pa
import pytest
import shapely
import typer
from typer.testing import CliRunner

from covermap.cli import lines
from covermap.errors import BuildError, NotKnownError
from covermap.store import write_table, write_text
from covermap.tables import LINE_VERDICTS, LINES, STATIONS, conform, in_order

SHAPE = shapely.to_wkb(shapely.LineString([(8, 53), (8.1, 53)]))


def verdict(line_id, operator, technology, covered, weak, unmeasured, **more):
    km = {"covered": covered, "weak": weak, "none": 0.0, "unmeasured": unmeasured}
    length = sum(km.values())
    row = {
        "line_id": line_id, "name": None, "ref": "A 1", "class": "motorway",
        "operator": operator, "technology": technology, "length_km": 2 * length,
        "route_length_km": length, "longest_gap_km": weak, "covered_share": 0.875,
        "share_if_rest_bad": 0.5, "share_if_rest_good": 0.9, "answer": "undetermined",
        "simulated": False,
        **{f"{k}_km": 2 * v for k, v in km.items()},
        **{f"route_{k}_km": v for k, v in km.items()},
    }  # fmt: skip
    return {**row, **more}


@pytest.fixture
def workspace(tmp_path):
    verdicts = [
        verdict("m-1", "26201", "any", 7.0, 1.0, 2.0),
        verdict("m-2", "26201", "any", 6.0, 2.0, 3.0),
        verdict("m-1", "26201", "lte", 5.0, 3.0, 2.0),
        verdict("r-1", "26201", "any", 1.0, 0.0, 0.0, ref=None, name="Ring", **{"class": "metro"}),
    ]
    course = {
        "length_m": 20_000.0, "route_length_m": 10_000.0, "segment_m": 100.0, "geometry": SHAPE,
        "input": "roads", "simulated": False, "class": "motorway",
    }  # fmt: skip
    courses = [
        {"line_id": "m-1", "ref": "A 1", "oneway": 1, **course},
        {"line_id": "m-2", "ref": "A 1", "oneway": -1, **course},
        {"line_id": "r-1", "name": "Ring", "oneway": None, **course},
    ]
    stations = [{"line_id": "r-1", "name": "Mitte", "chainage_m": 1234.4, "lon": 8.0, "lat": 53.0}]
    folder = tmp_path / "builds" / "one"
    for rows, table in ((verdicts, LINE_VERDICTS), (courses, LINES), (stations, STATIONS)):
        data = conform(pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False), table)
        write_table(folder / f"{table.name}.parquet", in_order(data, table), table)
    write_text(folder / "build.json", "{}")
    write_text(tmp_path / "current", "one\n")
    return tmp_path


@pytest.fixture
def invoke():
    app = typer.Typer()
    lines.register(app)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def cells(text):
    return [line.split() for line in text.splitlines()]


def test_the_list_adds_up_the_courses_of_a_line_by_operator(invoke, workspace):
    shown = cells(invoke("lines", "list", workspace).stdout)
    assert shown[0][-9:-4] == ["km", "covered", "weak", "none", "unmeasured"]
    ring, a1 = shown[1:-1]
    assert ring[:9] == ["metro", "Ring", "1", "26201", "1.0", "1.0", "0.0", "0.0", "0.0"]
    assert a1[:10] == ["motorway", "A", "1", "2", "26201", "21.0", "13.0", "3.0", "0.0", "5.0"]
    assert a1[10:] == ["not", "known", "not", "known", "not", "known", "undetermined"]


def test_the_list_can_be_of_one_technology_operator_or_class(invoke, workspace):
    lte = cells(invoke("lines", "list", workspace, "--technology", "lte").stdout)
    assert len(lte) == 3
    assert lte[1][-11:-7] == ["5.0", "3.0", "0.0", "2.0"]
    metro = invoke("lines", "list", workspace, "--class", "metro", "--operator", "26201").stdout
    assert "Ring" in metro
    assert "A 1" not in metro


@pytest.mark.parametrize("name", ["A 1", "a1", "m-1"])
def test_a_line_is_shown_by_number_or_identity(invoke, workspace, name):
    text = invoke("lines", "show", name, workspace).stdout
    assert "m-1: motorway A 1, 20.000 km (10.000 km of route)" in text
    assert "in segments of 100 m, travel with the chainage" in text
    assert ("m-2" in text) == (name != "m-1")
    assert "87.5 %" in text
    assert "undetermined" in text


def test_a_line_is_shown_with_its_stations(invoke, workspace):
    assert "K1+234 Mitte" in invoke("lines", "show", "ring", workspace).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "A 2"), "no line 'A 2'.*A 1"),
        (("list", "--technology", "nr"), "no technology 'nr'.*any, lte"),
        (("list", "--class", "rail"), "no class 'rail'.*metro, motorway"),
    ],
)
def test_an_unknown_name_is_an_error_that_lists_what_there_is(
    invoke, workspace, arguments, message
):
    command, *rest = arguments
    where = (rest[0], workspace) if command == "show" else (workspace, *rest)
    error = invoke("lines", command, *where).exception
    assert isinstance(error, NotKnownError)
    with pytest.raises(NotKnownError, match=message):
        raise error


def test_nothing_built_is_an_error_of_the_users(invoke, tmp_path):
    assert isinstance(invoke("lines", "list", tmp_path).exception, BuildError)
