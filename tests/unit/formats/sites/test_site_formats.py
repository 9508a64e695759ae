"""Readers of site tables: what they recognise, what they deliver, what they refuse."""

import csv
import gzip
import io

import pytest
import xlsxwriter

from covermap.errors import FormatError, InputError
from covermap.formats.sites import FORMATS, SITE_READINGS, SiteOptions
from covermap.formats.sites.china import ALIASES
from covermap.formats.sites.grid import best_delimiter, plain_name
from covermap.formats.source import expand

OPENCELLID = (
    "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\n"
    "LTE,460,0,20850,131160321,101,121.5,31.2,1000,4,1,1459732115,1488700433,0\n"
    "GSM,460,1,5,1185,0,121.4,31.1,1000,1,1,1346431044,1346431044,0\n"
)
PLAIN = (
    '"ECellID","CellName","Longitude","Latitude","PCI","EARFCN","Azimuth"\n'
    '1,"a, b",1.5,2.5,7,6400,10\n'
)


def source(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return expand(path, name)[0]


def read(form, *sources, **options):
    return FORMATS[form].read(sources, SiteOptions(**options))


def chinese(**values):
    names, row = list(values), list(values.values())
    text = io.StringIO()
    csv.writer(text).writerows([names, row])
    return text.getvalue()


def one(form, src, **options):
    rows = read(form, src, **options).cells.to_pylist()
    assert len(rows) == 1
    return rows[0]


def test_each_format_recognises_its_own_file_best(tmp_path):
    files = {
        "opencellid": OPENCELLID,
        "china-site-table": chinese(
            基站名称="a", eNodeB标识="1", 小区标识="2", 经度="121", 纬度="31"
        ),
        "cells-csv": PLAIN,
        "leipzig-emf": "site_id;construction;coordinates;operators\n1;Building;51.3,12.3;A\n",
    }
    for name, content in files.items():
        src = source(tmp_path, content, f"{name}.csv")
        scores = {f: FORMATS[f].sniff(src) for f in FORMATS}
        assert max(scores, key=scores.get) == name, scores


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 99, b"hello", b"a;b\n1;2\n", b'"a\n'])
def test_no_format_takes_what_is_no_site_table(tmp_path, content):
    src = source(tmp_path, content)
    assert [f.sniff(src) for f in FORMATS.values()] == [0.0] * len(FORMATS)


def test_opencellid_is_read_with_and_without_its_header_and_packed(tmp_path):
    with_header = read("opencellid", source(tmp_path, OPENCELLID))
    body = OPENCELLID.split("\n", 1)[1]
    bare = source(tmp_path, gzip.compress(body.encode()), "b.csv.gz")
    assert FORMATS["opencellid"].sniff(bare) == 0.9
    without = read("opencellid", bare)
    assert with_header.cells.schema == SITE_READINGS
    fields = ["operator", "technology", "cell_id", "tac", "pci", "x", "y", "samples"]
    assert with_header.cells.select(fields).equals(without.cells.select(fields))
    assert with_header.cells["line"].to_pylist() == [2, 3]
    assert without.cells["line"].to_pylist() == [1, 2]
    assert with_header.cells["pci"].to_pylist() == ["101", None]
    assert [p.problem for _, p in with_header.problems] == ["unit_zero"]


def test_a_row_of_another_width_is_malformed_with_its_line(tmp_path):
    result = read("opencellid", source(tmp_path, OPENCELLID + "LTE,460,0\n"))
    assert result.cells.num_rows == 2
    assert result.malformed.to_pylist()[0]["line"] == 4
    assert "3 fields under a header of 14 names" in result.malformed["detail"][0].as_py()


def test_something_else_declared_as_opencellid_is_one_clear_line(tmp_path):
    with pytest.raises(FormatError, match=r"a\.csv: not an OpenCelliD export: the first line is"):
        read("opencellid", source(tmp_path, PLAIN))
    with pytest.raises(InputError, match="empty"):
        read("opencellid", source(tmp_path, b""))


@pytest.mark.parametrize(
    ("field", "alias"),
    [(f, a) for f in ("x", "y") for a in ALIASES[f]],
)
def test_every_chinese_name_of_a_coordinate_is_known(tmp_path, field, alias):
    other = {"x": "纬度", "y": "经度"}[field]
    row = one("china-site-table", source(tmp_path, chinese(**{alias: "12.5", other: "7"})))
    assert row[field] == "12.5"


@pytest.mark.parametrize(
    ("column", "value", "field", "expected"),
    [
        ("基站名称", "甲", "site_name", "甲"),
        ("小区名称", "甲-1", "cell_name", "甲-1"),
        ("eNodeBID", "512", "site_id", "512"),
        ("gNodeB标识", "600", "site_id", "600"),
        ("gNodeBID", "600", "technology", "nr"),
        ("eNodeB标识", "512", "technology", "lte"),
        ("基站ID", "77", "site_id", "77"),
        ("方位角", "30", "azimuth_deg", "30"),
        ("天线方向角", "30", "azimuth_deg", "30"),
        ("挂高", "25", "height_m", "25"),
        ("天线挂高", "25", "height_m", "25"),
        ("PCI", "9", "pci", "9"),
        ("物理小区识别码", "9", "pci", "9"),
        ("EARFCN", "1300", "arfcn", "1300"),
        ("下行链路的\n中心载频", "1300", "arfcn", "1300"),
        ("填写SSB频点", "504990", "arfcn", "504990"),
        ("SSB频点", "504990", "technology", "nr"),
        ("TAC", "20850", "tac", "20850"),
        ("跟踪区码", "20850", "tac", "20850"),
        ("覆盖类型", "室分", "indoor", "1"),
        ("小区覆盖类型", "室外宏站", "indoor", "0"),
        ("下倾角", "6", "tilt_deg", "6"),
        ("参考信号功率(dBm)", "15.2", "power_dbm", "15.2"),
        ("小区最大发射功率(W)", "20", "tx_power", "20 w"),
        ("发射功率", "43 dBm", "tx_power", "43 dBm"),
        ("EIRP(dBm)", "60", "eirp", "60 dbm"),
        ("水平半功率角", "65", "beamwidth_deg", "65"),
        ("频带类型", "D频段", "band", "B41"),
        ("开通日期", "2021年5月1日", "opened", "2021年5月1日"),
        ("网络制式", "5G", "technology", "nr"),
        ("小区ID", "3", "cell_id", "3"),
    ],
)
def test_every_chinese_name_of_a_parameter_is_known(tmp_path, column, value, field, expected):
    content = chinese(**{"经度": "121", "纬度": "31", column: value})
    assert one("china-site-table", source(tmp_path, content))[field] == expected


def test_global_identities_are_made_from_station_and_cell(tmp_path):
    place = {"经度": "121", "纬度": "31"}
    lte = one("china-site-table", source(tmp_path, chinese(**place, eNodeBID="100", 小区ID="3")))
    nr = one("china-site-table", source(tmp_path, chinese(**place, gNodeBID="100", 小区ID="3")))
    whole = one("china-site-table", source(tmp_path, chinese(**place, eNodeBID="1", 小区ID="999")))
    assert lte["cell_id"] == str(100 * 256 + 3)
    assert nr["cell_id"] == str(100 * 4096 + 3)
    assert whole["cell_id"] == "999"


def test_country_and_network_code_make_the_operator(tmp_path):
    content = chinese(经度="1", 纬度="2", 移动国家码="460", 移动网络码="0")
    assert one("china-site-table", source(tmp_path, content))["operator"] == "460-00"


def test_tilt_is_the_sum_and_unknown_when_a_part_is(tmp_path):
    base = {"经度": "121", "纬度": "31"}
    both = chinese(**base, 机械下倾角="3", 电子下倾角="4.5")
    half = chinese(**base, 机械下倾角="3", 电子下倾角="")
    assert one("china-site-table", source(tmp_path, both))["tilt_deg"] == "7.5"
    assert one("china-site-table", source(tmp_path, half))["tilt_deg"] is None


def test_a_title_above_the_header_is_passed_over(tmp_path):
    content = "2021年工参\n\n" + chinese(经度="121", 纬度="31", 基站名称="甲")
    row = one("china-site-table", source(tmp_path, content))
    assert (row["site_name"], row["line"]) == ("甲", 4)


def test_without_coordinates_the_message_says_what_is_needed(tmp_path):
    with pytest.raises(FormatError, match="needs a column 经度"):
        read("china-site-table", source(tmp_path, "a,b\n1,2\n"))


def workbook(tmp_path, **sheets):
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    book.close()
    return expand(path, "a.xlsx")[0]


def test_several_sheets_that_fit_must_be_chosen_from(tmp_path):
    table = [["经度", "纬度"], [121.5, 31.25]]
    src = workbook(tmp_path, 甲=table, 乙=table, 丙=[["x"]])
    with pytest.raises(FormatError, match=r"several sheets fit \(甲, 乙\)"):
        read("china-site-table", src)
    assert one("china-site-table", src, sheet="乙")["x"] == "121.5"
    with pytest.raises(FormatError, match="no sheet '丁'"):
        read("china-site-table", src, sheet="丁")


def test_a_spreadsheet_that_is_none_is_one_clear_line(tmp_path):
    src = source(tmp_path, b"PK\x03\x04 not really", "a.xlsx")
    with pytest.raises(FormatError, match="not a readable spreadsheet"):
        read("china-site-table", src)
    assert FORMATS["china-site-table"].sniff(src) == 0.0


def test_plain_english_names_are_read_and_lte_is_known_by_earfcn(tmp_path):
    row = one("cells-csv", source(tmp_path, PLAIN))
    assert row["cell_id"] == "1"
    assert row["cell_name"] == "a, b"
    assert (row["x"], row["y"], row["azimuth_deg"]) == ("1.5", "2.5", "10")
    assert row["technology"] == "lte"


def test_a_column_map_goes_before_names(tmp_path):
    content = "lon,lat,E,N,Name\n1,2,500000,3400000,x\n"
    row = one(
        "cells-csv",
        source(tmp_path, content),
        columns={"lon": "E", "lat": "N", "site_name": "Name"},
    )
    assert (row["x"], row["y"], row["site_name"]) == ("500000", "3400000", "x")


def test_a_map_that_does_not_fit_is_one_clear_line(tmp_path):
    src = source(tmp_path, PLAIN)
    with pytest.raises(FormatError, match="cell_id = 'Nope' is not in the header"):
        read("cells-csv", src, columns={"cell_id": "Nope"})
    with pytest.raises(FormatError, match="'colour' is not a field"):
        read("cells-csv", src, columns={"colour": "PCI"})


def leipzig(tmp_path):
    sites = "site_id;construction;coordinates;operators\n1;Indoor;51.3,12.3;A\n"
    antennas = (
        "antenna_id;site_id;operator;orientation;manufacturer\nA1;1;A;120.0;\nA2;1;A;;\nA3;9;A;;\n"
    )
    cells = "cell_id;antenna_id;service\nC1;A1;N78\nC2;A9;B3\nC3;A3;B3\n"
    return [
        source(tmp_path, text, f"{name}.csv")
        for name, text in (("s", sites), ("a", antennas), ("c", cells))
    ]


def test_the_three_tables_are_joined_and_loose_ends_named(tmp_path):
    result = read("leipzig-emf", *leipzig(tmp_path))
    assert result.cells.num_rows == 1
    row = result.cells.to_pylist()[0]
    assert (row["x"], row["y"], row["band"], row["indoor"]) == ("12.3", "51.3", "n78", "1")
    assert result.malformed["detail"].to_pylist() == [
        "no antenna for antenna_id A9",
        "no site for antenna_id A3",
    ]
    assert [(f, p.problem, p.count) for f, p in result.problems] == [
        ("a.csv", "antenna_without_cell", 2)
    ]


def test_a_missing_or_second_table_is_named(tmp_path):
    sites, antennas, cells = leipzig(tmp_path)
    with pytest.raises(FormatError, match="the table of antennas is missing"):
        read("leipzig-emf", sites, cells)
    with pytest.raises(FormatError, match="a second table of sites"):
        read("leipzig-emf", sites, sites, antennas, cells)


def test_delimiters_are_told_apart_outside_quotes():
    assert best_delimiter('a;b\n1;"2,3,4"\n') == ";"
    assert best_delimiter("a\tb\n1,0\t2\n") == "\t"


def test_header_cells_lose_line_breaks_but_words_stay_apart():
    assert plain_name("小区\r\n标识") == "小区标识"
    assert plain_name("Site\nName") == "Site Name"
    assert plain_name("挂高（米）") == "挂高(米)"
