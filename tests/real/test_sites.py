"""Site tables: the four real ones, and a Chinese one made here (no real one could be had)."""

import csv

import pyarrow.compute as pc
import pytest
import xlsxwriter

from covermap.formats.sites import FORMATS
from covermap.formats.source import expand
from covermap.steps.sites import read_sites
from covermap.workspace import Config, Sites

pytestmark = pytest.mark.real


def sources(folder, *names):
    return [s for n in names for s in expand(folder / n, n)]


def declaration(**values):
    return Sites(**{"name": "s", "files": ("x",), "datum": "wgs84", **values})


def counts(table, column):
    return {r["values"]: r["counts"] for r in pc.value_counts(table[column]).to_pylist()}


def problems(result):
    return {r["problem"]: r["count"] for r in result.problems.to_pylist()}


def test_uruguay_has_25581_cells_of_three_operators(real_data):
    files = sources(real_data / "sites", "uruguay_opencellid_cells_2020-06.csv.gz")
    assert FORMATS["opencellid"].sniff(files[0]) == 1.0
    result = read_sites(files, declaration(format="opencellid"), Config())
    assert result.sites.num_rows == 25_581
    assert result.rejected.num_rows == 0
    assert counts(result.sites, "operator") == {"74801": 15_474, "74807": 5_870, "74810": 4_237}
    assert counts(result.sites, "technology") == {"umts": 15_823, "gsm": 6_001, "lte": 3_757}
    assert problems(result)["unit_zero"] == 24_995
    one_sample = pc.sum(pc.equal(result.sites["samples"], 1)).as_py()
    assert 0.25 < one_sample / 25_581 < 0.45


def test_west_sussex_has_3237_lte_cells_of_four_operators(real_data):
    expected = {"23410": 884, "23415": 632, "23420": 715, "23430": 1006}
    total = 0
    for plmn, rows in expected.items():
        files = sources(real_data / "sites", f"west_sussex_lte_cells_{plmn}.csv")
        mapped = declaration(
            format="cells-csv",
            operator=plmn,
            columns={"cell_id": "ECellID", "lon": "Longitude", "azimuth_deg": "Azimuth"},
        )
        result = read_sites(files, mapped, Config())
        assert result.sites.num_rows + result.rejected.num_rows == rows
        assert result.rejected.num_rows == 0
        assert counts(result.sites, "technology") == {"lte": rows}
        assert counts(result.sites, "operator") == {plmn: rows}
        assert result.sites["band"].null_count == 0
        assert result.sites["azimuth_deg"].null_count == 0
        assert pc.max(result.sites["azimuth_deg"]).as_py() < 360
        assert ("azimuth_360" in problems(result)) == (plmn != "23410")
        total += result.sites.num_rows
    assert total == 3_237


def test_west_sussex_bands_follow_from_the_channels(real_data):
    files = sources(real_data / "sites", "west_sussex_lte_cells_23410.csv")
    result = read_sites(files, declaration(format="cells-csv", operator="23410"), Config())
    assert counts(result.sites, "band") == {
        "B20": 357, "B1": 187, "B3": 133, "B40": 161, "B8": 46,
    }  # fmt: skip


def test_leipzig_has_10552_cells_on_2633_antennas_at_380_sites(real_data):
    names = ("leipzig_cells.csv", "leipzig_sites.csv", "leipzig_antennas.csv")
    files = sources(real_data / "sites", *names)
    assert all(FORMATS["leipzig-emf"].sniff(f) > 0.9 for f in files)
    result = read_sites(files, declaration(format="leipzig-emf"), Config())
    assert result.sites.num_rows == 10_552
    assert pc.count_distinct(result.sites["site_id"]).as_py() == 380
    assert set(counts(result.sites, "operator")) == {"Telekom", "Vodafone", "Telefonica", "1&1"}
    assert counts(result.sites, "band")["n78"] == 1_089
    assert counts(result.sites, "band")["n28"] == 1_072
    assert counts(result.sites, "technology") == {"lte": 6_389, "nr": 3_221, "gsm": 942}
    read = FORMATS["leipzig-emf"].read(files, None)
    antennas = {r.split(";")[1] for r in read.cells["raw"].to_pylist()}
    with (real_data / "sites" / "leipzig_antennas.csv").open() as file:
        listed = list(csv.DictReader(file, delimiter=";"))
    blank = {a["antenna_id"] for a in listed if not a["orientation"]}
    assert len(listed) == 2_633
    assert len(blank) == 1_076
    assert problems(result)["antenna_without_cell"] == 2_633 - len(antennas) == 893
    without = [r for r in read.cells.to_pylist() if r["azimuth_deg"] is None]
    assert result.sites["azimuth_deg"].null_count == len(without)
    assert {r["raw"].split(";")[1] for r in without} == blank & antennas


HEADER = [
    "基站名称", "小区名称", "eNodeB标识", "小区标识", "移动国家码", "移动网络码",
    "小区经度", "小区纬度", "天线方向角", "天线挂高(m)", "机械下倾角", "电子下倾角",
    "物理小区识别码", "下行链路的\n中心载频", "跟踪区码", "小区覆盖\n类型", "参考信号功率",
    "频带类型", "天线型号", "开通日期",
]  # fmt: skip
ROW = [
    "苏州北站", "苏州北站-1", 512345, 1, 460, "00", 120.7301, 31.4205, 360, 35, 3, 4.5, 101, 1300,
    20850, "室外", 15.2, "F频段", "ODV-065R", "2021/5/1",
]  # fmt: skip


@pytest.mark.parametrize("form", ["xlsx", "gb18030", "utf-8"])
def test_a_chinese_site_table_is_read_from_a_sheet_and_from_csv(tmp_path, form):
    path = tmp_path / ("站点.xlsx" if form == "xlsx" else "站点.csv")
    second = [*ROW[:3], 2, *ROW[4:8], 120, *ROW[9:15], "室内", *ROW[16:]]
    if form == "xlsx":
        book = xlsxwriter.Workbook(path)
        book.add_worksheet("说明").write(0, 0, "2021年基站工参")
        sheet = book.add_worksheet("工参")
        for i, row in enumerate((HEADER, ROW, second)):
            sheet.write_row(i + 1, 0, row)
        book.close()
    else:
        with path.open("w", encoding=form, newline="") as file:
            csv.writer(file).writerows([HEADER, ROW, second])
    files = expand(path, path.name)
    assert FORMATS["china-site-table"].sniff(files[0]) > 0.9
    result = read_sites(files, declaration(format="china-site-table", datum="gcj02"), Config())
    first, other = result.sites.to_pylist()
    assert first["site_id"] == "512345"
    assert first["cell_id"] == str(512345 * 256 + 1)
    assert (first["operator"], first["technology"]) == ("46000", "lte")
    assert (first["band"], first["arfcn"], first["pci"], first["tac"]) == (
        "B39",
        1300,
        101,
        "20850",
    )
    assert (first["azimuth_deg"], other["azimuth_deg"]) == (0.0, 120.0)
    assert (first["tilt_deg"], first["height_m"], first["power_dbm"]) == (7.5, 35.0, 15.2)
    assert (first["indoor"], other["indoor"]) == (False, True)
    assert first["opened"] == "2021-05-01"
    assert 0.003 < 120.7301 - first["lon"] < 0.006
    assert problems(result)["azimuth_360"] == 1
