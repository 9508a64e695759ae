"""Tower Collector exports and OpenCelliD measurements."""

from typing import Any

import pytest

from covermap.errors import FormatError
from covermap.formats.logs import FORMATS

TOWER = (
    "mcc,mnc,lac,cell_id,psc,asu,dbm,ta,lat,lon,accuracy,speed,bearing,altitude,measured_at,net_type,"
    "neighboring,device\r\n"
    '460,1,61,99,5,40,-100,2,31.2,121.4,4.5,13.9,270,8,"2024-05-01T02:00:00.500Z",LTE,false,"AB"\r\n'
    '460,1,61,98,6,30,-110,,31.2,121.4,4.5,13.9,270,8,"2024-05-01T02:00:00.500Z",LTE,true,"AB"\r\n'
)
UPLOAD = (
    "lat,lon,mcc,mnc,sid,lac,tac,nid,cellid,bid,psc,pci,signal,ta,measured_at,rating,speed,direction,"
    "act,devn\n"
    '31.2,121.4,460,0,,,61,,99,,,7,-91.0,2,2024-05-01 02:00:00.500Z,4,1.50,,LTE,"X"\n'
    '31.2,121.4,460,0,,9,,,77,,12,,-80.0,,2024-05-01 02:00:01.500Z,4,1.50,,UMTS,"X"\n'
)
EXPORT = (
    "mcc,net,area,cell,lon,lat,signal,measured,created,rating,speed,direction,radio,ta,rnc,cid,psc,"
    "tac,pci,sid,nid,bid\n"
    "460,0,61,99,121.4,31.2,-91,1714528800500,1714528801,4,0,0,LTE,,,,,,,,,\n"
)


def test_a_tower_collector_export_is_read_and_neighbours_are_set_aside(read: Any) -> None:
    got = read(TOWER, "tower-collector")
    (row,) = got.readings.to_pylist()
    assert (row["operator"], row["technology"], row["rsrp_dbm"]) == ("46001", "LTE", -100.0)
    assert (row["time_ms"], row["speed_mps"], row["heading_deg"]) == (1714528800500, 13.9, 270.0)
    assert (row["accuracy_m"], row["device"], row["pci"]) == (4.5, "AB", 5)
    assert got.malformed["reason"].to_pylist() == ["neighbour_cell"]
    assert got.malformed["line"].to_pylist() == [3]


def test_opencellid_uploads_take_the_area_and_the_code_of_whichever_technology(read: Any) -> None:
    lte, umts = read(UPLOAD, "opencellid-measurements").readings.to_pylist()
    assert (lte["tac"], lte["pci"], lte["cell_id"], lte["rsrp_dbm"]) == ("61", 7, "99", -91.0)
    assert (umts["tac"], umts["pci"], umts["technology"]) == ("9", 12, "UMTS")
    assert (lte["time_ms"], lte["operator"]) == (1714528800500, "46000")


def test_opencellid_exports_have_other_names_for_the_same(read: Any) -> None:
    (row,) = read(EXPORT, "opencellid-measurements").readings.to_pylist()
    assert (row["time_ms"], row["operator"], row["tac"]) == (1714528800500, "46000", "61")


@pytest.mark.parametrize(
    "name", ["tower-collector", "opencellid-measurements", "network-survey-csv"]
)
def test_another_header_is_refused_by_naming_it_and_what_is_missing(read: Any, name: str) -> None:
    with pytest.raises(FormatError, match=r"the header is 'mcc;x;lat'; expected columns .* no "):
        read("mcc;x;lat\n1;2;3\n", name)


def test_each_is_recognised_as_itself_first(put: Any) -> None:
    def best(text: str) -> str:
        source = put(text)
        return max(FORMATS, key=lambda n: FORMATS[n].sniff(source))

    assert best(TOWER) == "tower-collector"
    assert best(UPLOAD) == best(EXPORT) == "opencellid-measurements"
    assert best("a,b,c\n1,2,3\n") == "table"
