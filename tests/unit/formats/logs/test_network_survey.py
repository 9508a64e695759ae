"""Network Survey: look-alikes of the app's CSV files and GeoPackage."""

import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest

from covermap.errors import FormatError
from covermap.formats.logs import FORMATS, ReadOptions
from covermap.formats.source import expand

LTE = (
    "# CSV Version=0.4.0\r\n"
    "deviceTime,latitude,longitude,altitude,speed,accuracy,missionId,recordNumber,groupNumber,mcc,"
    "mnc,tac,eci,earfcn,pci,rsrp,rsrq,ta,servingCell,lteBandwidth,provider,signalStrength,cqi,slot,"
    "snr,deviceSerialNumber,locationAge\r\n"
    "2024-05-01T10:00:00.250+08:00,31.2,121.4,5.0,10.5,4,NS x,1,1,460,0,6158,123457,1850,5,-91.0,"
    "-10.0,2,true,20,Sky,-60,,0,12.0,abc,100\r\n"
    "2024-05-01T10:00:00.250+08:00,31.2,121.4,5.0,10.5,4,NS x,2,1,,,,,1850,6,-99.0,"
    "-14.0,,false,,,,,0,,abc,100\r\n"
    "2024-05-01T10:00:01.250+08:00,31.2,121.4,5.0,10.5,4,NS x,3,2,460,1,6158,123459,1850,7,-80.0,"
    "-9.0,2,true,20,Sea,-55,,1,3.0,abc,100\r\n"
)
NR = (
    "deviceTime,latitude,longitude,altitude,missionId,recordNumber,groupNumber,mcc,mnc,tac,nci,"
    "narfcn,pci,ssRsrp,ssRsrq,ssSinr,csiRsrp,csiRsrq,csiSinr,ta,servingCell,provider\n"
    "2024-05-01T02:00:00Z,31.2,121.4,5,m,1,1,460,11,1,99,504990,3,-88,-11,17,,,,,true,Sky\n"
)
GSM = (
    "deviceTime,latitude,longitude,altitude,missionId,recordNumber,groupNumber,mcc,mnc,lac,ci,arfcn,"
    "bsic,signalStrength,ta,servingCell,provider\n"
    "2024-05-01T02:00:00Z,31.2,121.4,5,m,1,1,460,0,9,77,12,3,-77,,true,Sky\n"
)


def test_an_lte_csv_is_read_and_neighbours_are_set_aside_with_their_line(read: Any) -> None:
    got = read(LTE, "network-survey-csv")
    first, second = got.readings.to_pylist()
    assert (first["line"], first["operator"], first["technology"]) == (3, "46000", "LTE")
    assert (first["rsrp_dbm"], first["rsrq_db"], first["sinr_db"]) == (-91.0, -10.0, 12.0)
    assert (first["cell_id"], first["tac"], first["arfcn"], first["pci"]) == (
        "123457",
        "6158",
        1850,
        5,
    )
    assert (first["time_ms"], got.time_kind) == (1714528800250, "utc")
    assert (first["speed_mps"], first["device"]) == (10.5, "abc")
    assert (first["run_key"], second["run_key"]) == ("NS x//0", "NS x//1")
    assert got.malformed.to_pylist()[0]["reason"] == "neighbour_cell"
    assert got.malformed["line"].to_pylist() == [4]


def test_nr_and_gsm_csv_take_their_own_level(read: Any) -> None:
    nr = read(NR, "network-survey-csv").readings.to_pylist()[0]
    assert (nr["technology"], nr["rsrp_dbm"], nr["sinr_db"], nr["cell_id"]) == ("NR", -88, 17, "99")
    gsm = read(GSM, "network-survey-csv").readings.to_pylist()[0]
    assert (gsm["technology"], gsm["rsrp_dbm"], gsm["tac"], gsm["pci"]) == ("GSM", -77, "9", 3)


def point(lon: float, lat: float) -> bytes:
    """GeoPackage header without envelope, then a little-endian WKB point."""
    return b"GP\x00\x01" + struct.pack("<i", 4326) + struct.pack("<BIdd", 1, 1, lon, lat)


def geopackage(path: Path) -> bytes:
    with sqlite3.connect(path) as database:
        base = (
            'id INTEGER PRIMARY KEY, geom POINT, Time INT, RecordNumber INT, "Serving Cell" BOOLEAN'
        )
        database.execute(
            f"CREATE TABLE LTE_MESSAGE ({base}, MCC, MNC, TAC, ECI, DL_EARFCN, Phys_Cell_ID, RSRP, "
            "RSRQ, TA, DL_Bandwidth)"
        )
        database.execute(f'CREATE TABLE GSM_MESSAGE ({base}, MCC, MNC, LAC, CID, ARFCN, BSIC, '
                         '"Signal Strength", TA)')  # fmt: skip
        database.execute("CREATE TABLE CDMA_MESSAGE (id INTEGER)")
        database.execute("INSERT INTO CDMA_MESSAGE VALUES (1), (2)")
        database.executemany(
            "INSERT INTO LTE_MESSAGE VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    1,
                    point(121.4, 31.2),
                    1714528800250,
                    1,
                    1,
                    460,
                    0,
                    61,
                    99,
                    1850,
                    5,
                    -91.5,
                    -10.0,
                    1,
                    "20",
                ),
                (
                    2,
                    point(121.4, 31.2),
                    1714528800250,
                    2,
                    0,
                    None,
                    None,
                    0,
                    0,
                    1850,
                    6,
                    -99,
                    -12,
                    1,
                    "20",
                ),
                (3, None, 1714528801250, 3, None, 460, 0, 61, 99, 1850, 5, -90.0, -9.0, 1, "20"),
            ],
        )
        database.execute(
            "INSERT INTO GSM_MESSAGE VALUES (1,?,1714528800000,1,1,460,0,9,77,12,3,-77.0,0)",
            (point(121.5, 31.3),),
        )
    return path.read_bytes()


def test_a_geopackage_gives_all_its_cellular_tables(tmp_path: Path, put: Any) -> None:
    source = put(geopackage(tmp_path / "made.gpkg"), "survey.gpkg")
    assert FORMATS["network-survey-gpkg"].sniff(source) == 1.0
    got = FORMATS["network-survey-gpkg"].read(source, ReadOptions())
    assert got.readings["line"].to_pylist() == [1, 2, 4]
    assert got.readings["technology"].to_pylist() == ["GSM", "LTE", "LTE"]
    assert got.readings["rsrp_dbm"].to_pylist() == [-77.0, -91.5, -90.0]
    assert got.readings["x"].to_pylist() == [121.5, 121.4, None]
    assert got.readings["time_ms"].to_pylist()[1] == 1714528800250
    assert got.malformed["line"].to_pylist() == [3]
    assert [(p.problem, p.count) for p in got.problems] == [("table_not_read", 2)]


def test_a_damaged_or_other_database_is_one_clear_line(tmp_path: Path, put: Any) -> None:
    read = FORMATS["network-survey-gpkg"].read
    data = geopackage(tmp_path / "made.gpkg")
    with pytest.raises(FormatError, match="damaged GeoPackage"):
        read(put(data[: len(data) // 2], "half.gpkg"), ReadOptions())
    with pytest.raises(FormatError, match="not a GeoPackage"):
        read(put("a,b\n1,2\n"), ReadOptions())
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE roads (id)")
    (source,) = expand(other, "other.db")
    with pytest.raises(FormatError, match=r"no table of Network Survey.*it has roads"):
        read(source, ReadOptions())
    assert FORMATS["network-survey-gpkg"].sniff(source) == 0.0
