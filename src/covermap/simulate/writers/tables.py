"""Site tables: a Chinese site-parameter table, a CSV of cells, an OpenCelliD export."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xlsxwriter
from numpy.typing import NDArray

from covermap.core.datum import from_wgs84
from covermap.simulate.frame import to_lonlat
from covermap.simulate.noise import rng
from covermap.simulate.numbering import Identities, identify
from covermap.simulate.recipe import Operator
from covermap.simulate.sites import CARRIERS, Sites
from covermap.simulate.world import World

Row = Sequence[str | int | float]

CHINA_HEADER = [
    "基站名称", "小区名称", "移动国家码", "移动网络码", "基站ID", "小区ID", "跟踪区码",
    "网络制式", "频带类型", "下行链路的\n中心载频", "填写SSB\n频点", "物理小区\n识别码",
    "基站经度", "基站纬度", "天线挂高", "方位角", "机械下倾角", "电子下倾角", "参考信号功率",
    "小区覆盖类型", "是否支持NB-IoT", "是否支持RedCap", "开通日期",
]  # fmt: skip
CELLS_HEADER = [
    "ECellID", "CellName", "Longitude", "Latitude", "PCI", "EARFCN", "Azimuth", "Technology",
    "Band", "Height", "Tilt", "Power", "NBIoT", "RedCap",
]  # fmt: skip
OPENCELLID_HEADER = (
    "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal"
)
MECHANICAL_TILT_DEG = 2.0
_FIXED_TIME = datetime.datetime(2026, 1, 1)


@dataclass(frozen=True)
class Cells:
    """Every cell of an operator, in site, technology, sector order; arrays of one length."""

    site: NDArray[np.int64]
    sector: NDArray[np.int64]
    technology: NDArray[np.str_]
    identity: Identities
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    azimuth_deg: NDArray[np.float64]
    opened: list[str]


def cells_of(world: World, plmn: str) -> Cells:
    """List the cells of an operator: three sectors a site, LTE and (where it is) NR."""
    own = world.sites[plmn]
    count = own.x.size
    nr = np.flatnonzero(own.nr_band != "")
    site = np.concatenate([np.repeat(np.arange(count), 3), np.repeat(nr, 3)])
    sector = np.tile(np.arange(3), count + nr.size)
    technology = np.repeat(["lte", "nr"], [3 * count, 3 * nr.size])
    order = np.lexsort((sector, technology, site))
    site, sector, technology = site[order], sector[order], technology[order]
    lon, lat = to_lonlat(own.x, own.y)
    days = rng(world.recipe.seed, "opened", plmn).integers(0, 3650, count)
    first = datetime.date(2015, 6, 1)
    opened = [(first + datetime.timedelta(days=int(d))).isoformat() for d in days]
    return Cells(
        site, sector, technology, _identities(own, technology, site, sector),
        np.round(lon, 6)[site], np.round(lat, 6)[site],
        (own.azimuth_deg[site] + 120 * sector) % 360, [opened[i] for i in site],
    )  # fmt: skip


def _identities(
    own: Sites, technology: NDArray[np.str_], site: NDArray[np.int64], sector: NDArray[np.int64]
) -> Identities:
    lte, nr = (identify(own, t, site, sector) for t in ("lte", "nr"))
    return Identities(
        *(
            np.where(technology == "nr", getattr(nr, n), getattr(lte, n))
            for n in Identities.__dataclass_fields__
        )
    )


def china_rows(world: World, operator: Operator) -> Iterable[Row]:
    """Rows under CHINA_HEADER; positions in GCJ-02."""
    own, c = world.sites[operator.plmn], cells_of(world, operator.plmn)
    x, y = from_wgs84(c.lon, c.lat, "gcj02")
    for i, s in enumerate(c.site):
        nr = c.technology[i] == "nr"
        arfcn = int(c.identity.arfcn[i])
        site_name = f"模拟站点{operator.plmn[-2:]}-{s:05d}"
        yield (
            site_name, f"{site_name}-{'NR' if nr else 'LTE'}-{c.sector[i] + 1}",
            operator.plmn[:3], operator.plmn[3:], int(c.identity.node[i]),
            int(c.identity.cell[i]), int(c.identity.tac[i]), "NR" if nr else "LTE",
            str(c.identity.band[i]), "" if nr else arfcn, arfcn if nr else "",
            int(c.identity.pci[i]), round(float(x[i]), 6), round(float(y[i]), 6),
            float(own.height_m[s]), float(c.azimuth_deg[i]), MECHANICAL_TILT_DEG,
            float(own.tilt_deg[s]) - MECHANICAL_TILT_DEG, CARRIERS[str(c.identity.band[i])][2],
            "室外", _yes(own.nbiot[s] and not nr), _yes(own.redcap[s] and nr), c.opened[i],
        )  # fmt: skip


def _yes(value: object) -> str:
    return "是" if value else "否"


def write_china_xlsx(path: Path, world: World, operator: Operator) -> None:
    """Site-parameter table as a spreadsheet, header cells with line breaks, GCJ-02."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    book.set_properties({"created": _FIXED_TIME, "comments": "Simulated, not a real network."})
    sheet = book.add_worksheet("工参")
    for number, row in enumerate([CHINA_HEADER, *china_rows(world, operator)]):
        sheet.write_row(number, 0, row)
    book.close()


def write_china_csv(path: Path, world: World, operator: Operator) -> None:
    """Site-parameter table as CSV in GB18030, GCJ-02."""
    path.write_bytes(_csv([CHINA_HEADER, *china_rows(world, operator)]).encode("gb18030"))


def _csv(rows: Iterable[Row]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def write_cells_csv(path: Path, world: World, operator: Operator) -> None:
    """CSV of cells, WGS-84."""
    own, c = world.sites[operator.plmn], cells_of(world, operator.plmn)
    rows = [
        (
            int(c.identity.cell_id[i]),
            f"Simulated site {s:05d} | {c.technology[i].upper()} {c.sector[i] + 1}",
            float(c.lon[i]), float(c.lat[i]), int(c.identity.pci[i]), int(c.identity.arfcn[i]),
            int(c.azimuth_deg[i]), str(c.technology[i]).upper(), str(c.identity.band[i]),
            float(own.height_m[s]), float(own.tilt_deg[s]),
            CARRIERS[str(c.identity.band[i])][2],
            int(own.nbiot[s] and c.technology[i] == "lte"),
            int(own.redcap[s] and c.technology[i] == "nr"),
        )
        for i, s in enumerate(c.site)
    ]  # fmt: skip
    path.write_text(_csv([CELLS_HEADER, *rows]), encoding="utf-8")


def write_opencellid(path: Path, world: World, operator: Operator) -> None:
    """OpenCelliD export, gzipped: crowd-sourced positions, off by tens of metres, WGS-84."""
    own, c = world.sites[operator.plmn], cells_of(world, operator.plmn)
    source = rng(world.recipe.seed, "opencellid", operator.plmn)
    off = 60.0 * source.standard_normal((2, c.site.size))
    lon, lat = to_lonlat(own.x[c.site] + off[0], own.y[c.site] + off[1])
    samples = 1 + source.geometric(0.05, c.site.size)
    rows = [
        (
            str(c.technology[i]).upper(), operator.plmn[:3], int(operator.plmn[3:]),
            int(c.identity.tac[i]), int(c.identity.cell_id[i]), int(c.identity.pci[i]),
            round(float(lon[i]), 6), round(float(lat[i]), 6), 1000, int(samples[i]), 1,
            1_700_000_000, 1_760_000_000, 0,
        )
        for i in range(c.site.size)
    ]  # fmt: skip
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:
        file.write(_csv([OPENCELLID_HEADER.split(","), *rows]).encode())
    path.write_bytes(buffer.getvalue())


@dataclass(frozen=True)
class SiteFormat:
    """How one operator's sites are written and declared."""

    format: str
    suffix: str
    datum: str
    write: Callable[[Path, World, Operator], None]


SITE_FORMATS = (
    SiteFormat("china-site-table", "xlsx", "gcj02", write_china_xlsx),
    SiteFormat("cells-csv", "csv", "wgs84", write_cells_csv),
    SiteFormat("opencellid", "csv.gz", "wgs84", write_opencellid),
    SiteFormat("china-site-table", "csv", "gcj02", write_china_csv),
)
"""Taken in turn by the operators, in recipe order."""
