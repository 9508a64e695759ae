"""Rows measured indoors: a key point's name stands where a position is lost."""

from pathlib import Path

import pytest

from covermap.errors import DatumError, FormatError
from covermap.formats.source import Source
from covermap.steps.ingest import ingest_source
from covermap.workspace import Config, Measurements
from made_readings import NOW_MS, counts, ingest, reasons, row

NOWHERE = {"x": None, "y": None}
SURVEY = (
    "时间,场所,关键点,楼层,运营商,制式,RSRP\n"
    "2026-03-01 10:00:00,市民中心,办事大厅,1F,46000,NR,-90\n"
    "2026-03-01 10:00:01,市民中心,,B1,46000,NR,-111\n"
    "2026-03-01 10:00:02,,,,46000,NR,-95\n"
)
COLUMNS = {
    "time": "时间", "place": "场所", "key_point": "关键点", "floor": "楼层", "operator": "运营商",
    "technology": "制式", "rsrp_dbm": "RSRP",
}  # fmt: skip


def survey(folder: Path, **declared):
    (folder / "indoor.csv").write_text(SURVEY, encoding="utf-8")
    said = Measurements(**{
        "name": "indoor", "files": ("indoor.csv",), "format": "table", "source": "drive",
        "columns": COLUMNS, **declared,
    })  # fmt: skip
    source = Source(folder / "indoor.csv", None, "raw/indoor.csv")
    return ingest_source(source, said, Config(), NOW_MS + 10**12)


def where(made):
    names = ("place", "key_point", "floor", "lon", "position_basis")
    return [tuple(sample[n] for n in names) for sample in made.samples.to_pylist()]


@pytest.mark.parametrize("named", [{"key_point": "hall"}, {"place": "Town Hall"}])
def test_a_row_that_names_where_it_was_needs_no_position(named):
    made = ingest([row(**NOWHERE, **named)])
    assert reasons(made) == {}
    (found,) = where(made)
    assert found == (named.get("place"), named.get("key_point"), None, None, "lost")
    assert counts(made)["no_position"] == 1


def test_a_floor_alone_names_no_place_and_the_row_is_rejected():
    assert reasons(ingest([row(**NOWHERE, floor="B1")])) == {2: "no_position"}


def test_a_row_with_a_position_and_a_key_point_keeps_both():
    (found,) = where(ingest([row(key_point="hall")]))
    assert found == (None, "hall", None, -17.44, "fix")


def test_logs_without_such_columns_give_null():
    assert where(ingest([row()]))[0][:3] == (None, None, None)


def test_a_declaration_fills_only_what_rows_leave_open():
    rows = [row(0, **NOWHERE, key_point="gate"), row(1, **NOWHERE)]
    made = ingest(rows, place="Station", key_point="hall", floor="2F")
    assert [found[:3] for found in where(made)] == [
        ("Station", "gate", "2F"), ("Station", "hall", "2F"),
    ]  # fmt: skip


def test_a_survey_without_coordinates_is_read_and_needs_no_datum(tmp_path):
    made = survey(tmp_path)
    assert [found[:3] for found in where(made)] == [
        ("市民中心", "办事大厅", "1F"), ("市民中心", None, "B1"),
    ]  # fmt: skip
    assert reasons(made) == {4: "no_position"}
    assert "datum_not_declared" not in counts(made)


def test_a_survey_of_one_declared_place_needs_no_columns_for_it(tmp_path):
    columns = {k: v for k, v in COLUMNS.items() if k in ("time", "operator", "rsrp_dbm")}
    made = survey(tmp_path, columns={**columns, "technology": "制式"}, place="市民中心")
    assert [found[0] for found in where(made)] == ["市民中心"] * 3


def test_a_table_that_names_neither_place_nor_position_is_told_both_ways_out(tmp_path):
    columns = {k: v for k, v in COLUMNS.items() if k not in ("place", "key_point")}
    with pytest.raises(FormatError, match="key_point"):
        survey(tmp_path, columns=columns, datum="wgs84")


def test_coordinates_beside_key_points_still_need_their_datum(tmp_path):
    with pytest.raises(DatumError):
        survey(tmp_path, columns={**COLUMNS, "x": "RSRP", "y": "RSRP"})
