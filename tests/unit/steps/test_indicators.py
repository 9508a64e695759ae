"""Declared indicators: each figure has a name, a number, a period and a source, or is refused."""

import itertools

import pytest

from covermap.errors import ConfigError, FormatError
from covermap.formats.source import Source
from covermap.steps.indicators import read_indicators
from covermap.tables import DECLARED_INDICATORS, PROBLEMS, REGIONS, REJECTED, empty
from covermap.workspace import Indicators

HEADER = "indicator,region,period,value,unit,source"
GOOD = "5G traffic share,,2025-06,53.2,%,MIIT bulletin 2025-07"


def read(tmp_path, *rows, header=HEADER, regions=None, **values):
    path = tmp_path / "declared.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    entry = Indicators(name="declared", files=("declared.csv",), **values)
    return read_indicators([Source(path, None, path.name)], entry, regions or empty(REGIONS))


def regions(*rows):
    made = empty(REGIONS).to_pylist()
    for region, code, name in rows:
        made.append({"region_id": region, "code": code, "name": name, "level": "city",
                     "geometry": b"", "input": "r", "simulated": False})  # fmt: skip
    return type(empty(REGIONS)).from_pylist(made, schema=REGIONS.schema)


def refused(made):
    return [(row["line"], row["reason"]) for row in made.rejected.to_pylist()]


def test_a_figure_keeps_its_period_unit_and_source(tmp_path):
    made = read(tmp_path, GOOD, 'IoT connections,,2025Q2,"2,567,000,000",count,MIIT')
    assert made.table.schema == DECLARED_INDICATORS.schema
    assert (made.rejected.schema, made.problems.schema) == (REJECTED.schema, PROBLEMS.schema)
    share, count = made.table.to_pylist()
    assert (share["value"], share["unit"]) == (pytest.approx(0.532), "share")
    assert (share["period"], share["region_id"]) == ("2025-06", None)
    assert share["source"] == "MIIT bulletin 2025-07"
    assert (count["value"], count["unit"], count["period"]) == (2_567_000_000, "count", "2025-Q2")
    assert not refused(made)


def test_a_region_is_named_by_identity_code_or_a_name_that_one_alone_has(tmp_path):
    known = regions(("r1", "320500", "Suzhou"), ("r2", "341300", "Suzhou"), ("r3", None, "Wuxi"))
    rows = [f"x,{region},2025,1,,s" for region in ("r1", "341300", "Wuxi", "Suzhou")]
    made = read(tmp_path, *rows, regions=known)
    assert [row["region_id"] for row in made.table.to_pylist()] == ["Suzhou", "r1", "r2", "r3"]
    (told,) = made.problems.to_pylist()
    assert (told["problem"], told["count"], told["example"]) == ("unknown_region", 1, "Suzhou")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",,2025,1,,s", "no_identity"),
        ("x,,2025,about 5,,s", "bad_value"),
        ("x,,2025,,,s", "bad_value"),
        ("x,,2025,nan,,s", "bad_value"),
        ("x,,soon,1,,s", "bad_time"),
        ("x,,2025-14,1,,s", "bad_time"),
        ("x,,2025,1,,", "no_source"),
        ("x,,2025,1", "malformed_row"),
    ],
)
def test_what_lacks_something_is_refused_with_its_line_and_the_rest_is_read(tmp_path, row, reason):
    made = read(tmp_path, row, GOOD)
    assert refused(made) == [(2, reason)]
    assert made.table.num_rows == 1


def test_rows_that_contradict_each_other_are_all_refused(tmp_path):
    made = read(tmp_path, "x,,2025,1,,a", GOOD, "x,,2025,2,,b", "x,,2025,1,,c", "x,,2024,3,,a")
    assert refused(made) == [(2, "contradicts"), (4, "contradicts"), (5, "contradicts")]
    assert [row["indicator"] for row in made.table.to_pylist()] == ["5G traffic share", "x"]


def test_a_figure_that_is_there_twice_counts_once(tmp_path):
    made = read(tmp_path, "x,,2025,1,,b", "x,,2025,1.0,,a")
    assert refused(made) == [(2, "duplicate")]
    assert [row["source"] for row in made.table.to_pylist()] == ["a"]


def test_the_order_of_rows_does_not_matter(tmp_path):
    rows = ["x,,2025,1,,b", "x,,2025,1,,a", "y,r,2025,7,km,a", GOOD]
    tables = [read(tmp_path, *order).table for order in itertools.permutations(rows)]
    assert all(table.equals(tables[0]) for table in tables)


def test_chinese_headers_are_known_and_others_can_be_named(tmp_path):
    made = read(
        tmp_path, "5G流量占比,,2025年6月,53.2%,,工信部", header="指标,地区,统计时间,数值,单位,来源"
    )
    (row,) = made.table.to_pylist()
    assert (row["indicator"], row["period"], row["value"]) == ("5G流量占比", "2025-06", 0.532)
    named = {"indicator": "what", "value": "how much", "period": "when", "source": "who"}
    made = read(tmp_path, "x,5,2025,s", header="what,how much,when,who", columns=named)
    assert made.table.num_rows == 1


def test_a_table_without_the_columns_says_what_it_needs(tmp_path):
    with pytest.raises(FormatError, match=r"declared\.csv: needs a header .*source"):
        read(tmp_path, "x,1,2025", header="indicator,value,period")
    with pytest.raises(ConfigError, match="no column 'worth'"):
        read(tmp_path, GOOD, columns={"worth": "value"})
