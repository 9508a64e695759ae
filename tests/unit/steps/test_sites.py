"""Site tables to `sites`: every value checked, every row accounted for."""

import pyarrow as pa
import pytest
import shapely

from covermap.errors import ConfigError, DatumError
from covermap.formats.source import expand
from covermap.steps.sites import read_sites
from covermap.tables import PROBLEMS, REGIONS, REJECTED, SITES, conform
from covermap.workspace import Config, Sites

NAMES = (
    "site_id", "cell_id", "operator", "technology", "lon", "lat", "azimuth", "height", "tilt",
    "power_dbm", "pci", "arfcn", "band", "indoor", "opened",
)  # fmt: skip
GOOD = dict(zip(NAMES, ("S", "C", "46000", "4G", "121.5", "31.2", "10", "30", "5", "15", "7",
                        "1300", "", "no", "2021/5/1"), strict=True))  # fmt: skip


def run(tmp_path, *changes, name="a.csv", regions=None, **declared):
    rows = [{**GOOD, "cell_id": f"C{i}", **c} for i, c in enumerate(changes)]
    lines = [",".join(NAMES), *(",".join(r[n] for n in NAMES) for r in rows)]
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    entry = {"name": "s", "files": ("x",), "format": "cells-csv", "datum": "wgs84", **declared}
    return read_sites(expand(path, name), Sites(**entry), Config(), regions)


def rejected(result):
    return [(r["line"], r["reason"]) for r in result.rejected.to_pylist()]


def problems(result):
    return {r["problem"]: (r["count"], r["first_line"], r["example"]) for r in
            result.problems.to_pylist()}  # fmt: skip


def test_a_good_row_gives_one_cell_in_the_tables_form(tmp_path):
    result = run(tmp_path, {})
    assert result.sites.schema == SITES.schema
    assert result.rejected.schema == REJECTED.schema
    assert result.problems.schema == PROBLEMS.schema
    row = result.sites.to_pylist()[0]
    assert (row["operator"], row["technology"], row["band"]) == ("46000", "lte", "B3")
    assert (row["azimuth_deg"], row["indoor"], row["opened"]) == (10.0, False, "2021-05-01")
    assert row["simulated"] is False
    assert not problems(result)


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        ("0", "0", "position_zero"),
        ("", "31", "no_position"),
        ("121", "NaN", "no_position"),
        ("E121", "31", "no_position"),
        ("31.2", "121.5", "position_swapped"),
        ("181", "31", "position_out_of_range"),
        ("500000", "3400000", "position_out_of_range"),
    ],
)
def test_a_bad_position_is_rejected_with_its_reason(tmp_path, lon, lat, reason):
    result = run(tmp_path, {}, {"lon": lon, "lat": lat})
    assert rejected(result) == [(3, reason)]
    assert result.sites.num_rows == 1
    assert lon in result.rejected["detail"][0].as_py() or lon == ""
    assert result.rejected["raw"][0].as_py().startswith("S,C1,46000")


def test_accepted_and_rejected_add_up_to_the_rows(tmp_path):
    result = run(tmp_path, {}, {"lon": "0", "lat": "0"}, {"technology": "CDMA"}, {"cell_id": "C0"})
    assert rejected(result) == [
        (3, "position_zero"),
        (4, "unknown_technology"),
        (5, "duplicate"),
    ]
    assert result.sites.num_rows + result.rejected.num_rows == 4


@pytest.mark.parametrize(
    ("field", "value", "column", "problem"),
    [
        ("azimuth", "-1", "azimuth_deg", "impossible_azimuth_deg"),
        ("azimuth", "361", "azimuth_deg", "impossible_azimuth_deg"),
        ("azimuth", "north", "azimuth_deg", "not_a_number:azimuth_deg"),
        ("height", "9999", "height_m", "impossible_height_m"),
        ("tilt", "120", "tilt_deg", "impossible_tilt_deg"),
        ("power_dbm", "182", "power_dbm", "impossible_power_dbm"),
        ("pci", "504", "pci", "impossible_pci"),
        ("pci", "1.5", "pci", "impossible_pci"),
        ("arfcn", "-5", "arfcn", "impossible_arfcn"),
        ("indoor", "perhaps", "indoor", "not_yes_or_no:indoor"),
        ("opened", "2021/13/40", "opened", "not_a_date:opened"),
    ],
)
def test_an_impossible_value_is_blanked_and_counted(tmp_path, field, value, column, problem):
    result = run(tmp_path, {}, {field: value}, {field: value, "lon": "121.501"})
    assert result.sites[column].null_count == 2
    assert problems(result) == {problem: (2, 3, value)}
    assert result.sites.num_rows == 3


def test_an_azimuth_of_360_is_0_and_counted(tmp_path):
    result = run(tmp_path, {"azimuth": "360"})
    assert result.sites["azimuth_deg"].to_pylist() == [0.0]
    assert problems(result) == {"azimuth_360": (1, 2, "360")}


def test_pci_504_is_possible_on_nr_only(tmp_path):
    result = run(tmp_path, {"pci": "504", "technology": "5G", "arfcn": "633984"})
    assert result.sites["pci"].to_pylist() == [504]
    assert result.sites["band"].to_pylist() == ["n78"]


def test_operators_go_through_the_declared_aliases_and_default(tmp_path):
    changes = [{"operator": "CMCC"}, {"operator": ""}, {"operator": "0"}]
    result = run(tmp_path, *changes, operators={"CMCC": "46000"}, operator="46011")
    assert sorted(result.sites["operator"].to_pylist()) == ["46000", "46011", "46011"]
    assert problems(result) == {"unknown_operator": (1, 4, "0")}


def test_a_shared_cell_has_one_row_for_each_operator(tmp_path):
    result = run(tmp_path, {"operator": "46001;46011"})
    assert result.sites["operator"].to_pylist() == ["46001", "46011"]


def test_cells_of_one_place_without_site_names_share_a_site(tmp_path):
    places = [{"lon": "121.5"}, {"lon": "121.5"}, {"lon": "121.6"}]
    result = run(tmp_path, *({**p, "site_id": "", "cell_id": "", "pci": str(i)}
                             for i, p in enumerate(places)))  # fmt: skip
    sites = result.sites["site_id"].to_pylist()
    assert len(set(sites)) == 2
    assert sorted(c.split("/")[1] for c in result.sites["cell_id"].to_pylist()) == ["1", "1", "2"]


def test_the_order_of_rows_and_files_does_not_matter(tmp_path):
    rows = [
        {"lon": f"121.{i % 4}", "azimuth": str(i * 10), "site_id": "", "cell_id": "", "pci": str(i)}
        for i in range(12)
    ]
    forward = run(tmp_path, *rows, name="a.csv").sites
    backward = run(tmp_path, *reversed(rows), name="b.csv").sites
    assert forward.equals(backward)
    entry = Sites(name="s", files=("x",), format="cells-csv", datum="wgs84")
    a, b = (expand(tmp_path / n, n) for n in ("a.csv", "b.csv"))
    one, other = (read_sites(s, entry, Config()) for s in (a + b, b + a))
    assert one.sites.equals(other.sites)
    assert one.rejected.equals(other.rejected)
    assert one.rejected.num_rows == 12


def test_a_cell_described_twice_is_kept_and_counted(tmp_path):
    result = run(tmp_path, {"cell_id": "C"}, {"cell_id": "C", "azimuth": "200"})
    assert result.sites.num_rows == 2
    assert problems(result) == {"cell_described_twice": (1, 3, "C")}


def test_positions_are_converted_from_the_declared_datum(tmp_path):
    lon = run(tmp_path, {}, datum="gcj02").sites["lon"][0].as_py()
    assert 0.003 < 121.5 - lon < 0.006
    metres = {"lon": "357131.5", "lat": "3452884.2"}
    utm = run(tmp_path, metres, datum="EPSG:32651").sites.to_pylist()[0]
    assert abs(utm["lon"] - 121.5) < 0.01
    assert abs(utm["lat"] - 31.2) < 0.01


def test_without_a_datum_the_message_says_what_to_write(tmp_path):
    with pytest.raises(DatumError, match=r'sites s: .* Write datum = "wgs84"'):
        run(tmp_path, {}, datum=None)


def test_an_unknown_format_names_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"format = 'excel' is not known\. There are: cells-csv"):
        run(tmp_path, {}, format="excel")


def test_simulated_inputs_are_labelled(tmp_path):
    assert run(tmp_path, {}, simulated=True).sites["simulated"].to_pylist() == [True]


def test_a_site_with_a_cell_far_away_is_kept_and_told(tmp_path):
    near = [{"lon": f"121.500{i}"} for i in range(1, 4)]
    result = run(tmp_path, *({**n, "site_id": "A"} for n in near), {"lon": "112.5", "site_id": "A"})
    assert result.sites.num_rows == 4
    assert problems(result)["site_in_two_places"] == (1, 5, "A")
    other = run(tmp_path, {"site_id": "A"}, {"lon": "112.5", "site_id": "A", "operator": "46001"})
    assert "site_in_two_places" not in problems(other)


def powers(tmp_path, *written, header="tx_power"):
    lines = [
        f"cell_id,operator,technology,lon,lat,{header}",
        *(f"C{i},46000,4G,121.5,31.2,{w}" for i, w in enumerate(written)),
    ]
    path = tmp_path / "p.csv"
    path.write_text("\n".join(lines) + "\n")
    entry = Sites(name="s", files=("x",), format="cells-csv", datum="wgs84")
    return read_sites(expand(path, "p.csv"), entry, Config())


def test_powers_in_watts_and_dbm_are_mixed_as_their_units_say(tmp_path):
    result = powers(tmp_path, "20 W", "43", "46 dBm", "500mW", "1.6 dBW", "0.1W", "")
    found = result.sites["tx_power_dbm"].to_pylist()
    assert found[:6] == pytest.approx([43.0103, 43.0, 46.0, 26.9897, 31.6, 20.0], abs=1e-4)
    assert found[6] is None
    assert problems(result) == {"mixed_power_units": (3, 2, "20 W")}


def test_numbers_no_transmitter_reaches_in_dbm_make_the_files_numbers_watts_and_are_told(tmp_path):
    result = powers(tmp_path, "20", "80", "43dBm")
    assert result.sites["tx_power_dbm"].to_pylist() == pytest.approx([43.01, 49.03, 43.0], abs=0.01)
    assert problems(result) == {"tx_power_in_watts": (2, 2, "20")}


def test_the_unit_of_the_header_is_that_of_numbers_without_one(tmp_path):
    result = powers(tmp_path, "20", "43 dBm", header="Tx power (W)")
    assert result.sites["tx_power_dbm"].to_pylist() == pytest.approx([43.01, 43.0], abs=0.01)
    assert problems(result) == {"mixed_power_units": (1, 2, "20 w")}
    result = powers(tmp_path, "20", header="tx_power_dbm")
    assert result.sites["tx_power_dbm"].to_pylist() == [20.0]


def test_a_power_that_is_none_is_blanked_and_counted(tmp_path):
    result = powers(tmp_path, "loud", "20 hp", "70 dBm", "0 W", "-5 W")
    assert result.sites["tx_power_dbm"].null_count == 5
    found = problems(result)
    assert found["not_a_power:tx_power"] == (4, 2, "loud")
    assert found["impossible_tx_power"] == (1, 4, "70 dBm")


def doubts(result):
    return dict(
        zip(result.sites["cell_id"].to_pylist(), result.sites["doubts"].to_pylist(), strict=True)
    )


def test_rows_that_describe_one_cell_twice_say_so_both(tmp_path):
    result = run(tmp_path, {"cell_id": "C", "tilt": "5"}, {"cell_id": "C", "tilt": "6"}, {})
    assert result.sites["doubts"].to_pylist() == ["cell_described_twice"] * 2 + [None]


def test_sites_outside_every_region_are_kept_and_say_so(tmp_path):
    square = shapely.box(121.0, 31.0, 122.0, 32.0)
    row = {
        "region_id": "r",
        "level": "city",
        "geometry": square.wkb,
        "input": "i",
        "simulated": False,
    }
    regions = conform(pa.table({k: [v] for k, v in row.items()}), REGIONS)
    places = [
        {"lon": lon, "lat": lat, "site_id": lon}
        for lon, lat in (("121.5", "31.2"), ("122.005", "31.2"), ("125", "31.2"), ("0", "0"))
    ]
    result = run(tmp_path, *places, regions=regions)
    assert doubts(result) == {"C0": None, "C1": None, "C2": "outside_regions"}
    assert problems(result)["outside_regions"] == (1, 4, "125")
    assert rejected(result) == [(5, "position_zero")]
    assert "outside_regions" not in problems(run(tmp_path, *places))  # no region: not checked


def test_thousands_of_cells_at_zero_are_rejected_each_with_its_line(tmp_path):
    result = run(tmp_path, {}, *({"lon": "0", "lat": "0.0"} for _ in range(3000)))
    assert result.sites.num_rows == 1
    assert rejected(result) == [(line, "position_zero") for line in range(3, 3003)]


def test_many_sites_at_one_position_are_kept_and_say_so(tmp_path):
    crowd = [{"site_id": f"P{i}", "lon": "121.1", "lat": "31.1"} for i in range(20)]
    result = run(tmp_path, {}, *crowd)
    assert problems(result) == {"many_sites_in_one_place": (20, 3, "121.1")}
    assert set(doubts(result).values()) == {None, "many_sites_in_one_place"}
    assert "many_sites_in_one_place" not in problems(run(tmp_path, *crowd[1:]))


def test_zero_that_stands_for_no_azimuth_is_told(tmp_path):
    north = [{"azimuth": "0"}] * 12
    result = run(tmp_path, *north, *({"azimuth": str(a)} for a in range(10, 100, 10)))
    assert problems(result) == {"azimuth_mostly_0": (12, 2, "0")}
    spread = [{"azimuth": str(a)} for a in range(0, 360, 15)]
    assert not problems(run(tmp_path, *spread))


def test_heights_that_few_masts_have_are_kept_and_say_so(tmp_path):
    result = run(tmp_path, {"height": "151"}, {"height": "1200"}, {"height": ""}, {"height": "150"})
    assert result.sites["height_m"].to_pylist() == [151.0, None, None, 150.0]
    assert list(doubts(result).values()) == ["high_antenna", None, None, None]


def test_two_operators_that_share_one_record_have_a_row_each(tmp_path):
    result = run(tmp_path, {"operator": "46000;46001", "azimuth": "", "height": ""})
    rows = result.sites.to_pylist()
    assert [(r["operator"], r["cell_id"], r["doubts"]) for r in rows] == [
        ("46000", "C0", None), ("46001", "C0", None),
    ]  # fmt: skip
    assert [r["azimuth_deg"] for r in rows] == [r["height_m"] for r in rows] == [None, None]
