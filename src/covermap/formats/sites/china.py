"""Site-parameter tables as Chinese operators keep them: XLSX or CSV, UTF-8 or GB18030.

A column is recognised by its name, without line breaks and spaces; for some there are several
names. Other columns are left aside. Cell identities are made global where the table gives the
parts: ECI = eNodeB x 256 + cell (TS 36.300, 20-bit macro eNodeB), NCI = gNodeB x 4096 + cell
(TS 38.413 with the 24-bit gNodeB identity that Chinese networks use).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from covermap.errors import FormatError
from covermap.formats.sites.base import (
    MISSING,
    POWERS,
    SiteFormat,
    SiteOptions,
    SiteRead,
    cells_table,
    malformed_table,
    with_unit,
)
from covermap.formats.sites.grid import Grid, header_of, read_grid
from covermap.formats.source import Source

ALIASES: dict[str, tuple[str, ...]] = {
    "x": ("基站经度", "经度", "小区经度"),
    "y": ("基站纬度", "纬度", "小区纬度"),
    "site_name": ("基站名称",),
    "cell_name": ("小区名称",),
    "cell": ("小区标识", "小区ID"),
    "enb": ("eNodeB标识", "eNodeBID"),
    "gnb": ("gNodeB标识", "gNodeBID"),
    "station": ("基站ID", "基站标识"),
    "azimuth_deg": ("天线方向角", "方位角"),
    "height_m": ("天线挂高", "挂高"),
    "pci": ("物理小区识别码", "PCI"),
    "arfcn": ("下行链路的中心载频", "EARFCN"),
    "ssb": ("填写SSB频点", "SSB频点"),
    "tac": ("跟踪区码", "TAC"),
    "indoor": ("小区覆盖类型", "覆盖类型"),
    "mcc": ("移动国家码",),
    "mnc": ("移动网络码",),
    "mechanical": ("机械下倾角",),
    "electrical": ("电子下倾角",),
    "tilt_deg": ("下倾角",),
    "power_dbm": ("参考信号功率",),
    "tx_power": ("发射功率", "最大发射功率", "小区最大发射功率", "输出功率"),
    "eirp": ("等效全向辐射功率", "EIRP"),
    "beamwidth_deg": ("水平波瓣宽度", "水平半功率角", "水平波束宽度"),
    "band": ("频带类型",),
    "antenna": ("天线型号",),
    "opened": ("开通日期",),
    "technology": ("网络制式", "制式"),
    "operator": ("运营商",),
    "redcap": ("是否支持RedCap", "RedCap"),
    "nbiot": ("是否支持NB-IoT", "NB-IoT"),
}
"""Our field or part -> names of its column, the preferred first."""

_TECHNOLOGY = {
    "4G": "lte", "LTE": "lte", "TDD": "lte", "FDD": "lte", "5G": "nr", "NR": "nr", "2G": "gsm",
    "GSM": "gsm", "3G": "umts", "WCDMA": "umts", "NB-IOT": "nbiot", "NBIOT": "nbiot", "NB": "nbiot",
}  # fmt: skip
_BANDS = {"A": "B34", "D": "B41", "E": "B40", "F": "B39"}
"""Letters for TDD bands in Chinese networks."""
_NEEDS = "a site-parameter table needs a column 经度 (or 基站经度, 小区经度) and one 纬度"


def _key(name: str) -> str:
    """Compare names without spaces, letter case and a unit in brackets: 天线挂高(m)."""
    return re.sub(r"\([^()]*\)$", "", name.replace(" ", "")).casefold()


_KNOWN = {_key(alias): field for field, names in ALIASES.items() for alias in names}


def is_header(names: Iterable[str]) -> bool:
    """Whether a row names both coordinates in Chinese."""
    found = {_KNOWN.get(_key(n)) for n in names}
    return {"x", "y"} <= found


def sniff(source: Source) -> float:
    """Tell how much the head looks like a Chinese site-parameter table."""
    names = header_of(source, is_header)
    if names is None:
        return 0.0
    known = {_KNOWN[_key(n)] for n in names if _key(n) in _KNOWN}
    return min(0.5 + 0.06 * len(known), 0.98) if len(known) > 2 else 0.3


def read(sources: Sequence[Source], options: SiteOptions) -> SiteRead:
    """Read one table; `options.columns` may name further columns for our fields or parts.

    Raises
    ------
    FormatError
        No header with both coordinates, no such sheet, or a mapped column that is not there.
    """
    source = sources[0]
    declared = _declared(options.columns, source)

    def found_header(names: list[str]) -> bool:
        return is_header(names) or {_key(c) for c in declared.values()} <= {_key(n) for n in names}

    header = found_header if {"x", "y"} <= declared.keys() else is_header
    grid = read_grid(source, header, options.sheet, _NEEDS)
    place = _places(grid, declared, source)
    cells = [
        {"file": source.shown, "line": line, "raw": "\t".join(row), **_cell(row, place, grid.names)}
        for line, row in zip(grid.lines, grid.rows, strict=True)
    ]
    problems = [(source.shown, p) for p in grid.problems]
    return SiteRead(cells_table(cells), malformed_table(grid.malformed(source.shown)), problems)


def _declared(columns: Mapping[str, str], source: Source) -> dict[str, str]:
    renamed = {"lon": "x", "lat": "y", "cell_id": "cell", "site_id": "station"}
    out = {renamed.get(field, field): column for field, column in columns.items()}
    unknown = sorted(set(out) - set(ALIASES))
    if unknown:
        raise FormatError(
            f"{source.shown}: columns: {unknown[0]!r} is not a field of a site table; there are "
            f"lon, lat, cell_id, site_id, {', '.join(sorted(set(ALIASES) - {'x', 'y'}))}."
        )
    return out


def _places(grid: Grid, declared: Mapping[str, str], source: Source) -> dict[str, list[int]]:
    """Positions of the columns that a field is read from, the preferred first."""
    at = {_key(name): i for i, name in reversed(list(enumerate(grid.names)))}
    place: dict[str, list[int]] = {}
    for field, names in ALIASES.items():
        wanted = (declared[field],) if field in declared else names
        found = [at[_key(n)] for n in wanted if _key(n) in at]
        if field in declared and not found:
            raise FormatError(
                f"{source.shown}: columns: {field} = {declared[field]!r} is not in the header "
                f"({', '.join(grid.names)})."
            )
        if found:
            place[field] = found
    return place


def _cell(
    row: list[str], place: Mapping[str, list[int]], names: list[str]
) -> dict[str, str | None]:
    def value(field: str) -> str | None:
        for i in place.get(field, ()):
            text = row[i].strip()
            if text.lower() not in MISSING:
                return with_unit(text, names[i]) if field in POWERS else text
        return None

    technology = _technology(value)
    station = value("enb") or value("gnb") or value("station")
    return {
        "site_id": station,
        "cell_id": _cell_identity(station, value("cell"), technology),
        "operator": _operator(value("mcc"), value("mnc"), value("operator")),
        "technology": technology,
        "band": _band(value("band"), technology),
        "arfcn": value("ssb") or value("arfcn") if technology == "nr" else value("arfcn"),
        "tilt_deg": _tilt(value("tilt_deg"), value("mechanical"), value("electrical")),
        "indoor": _indoor(value("indoor")),
        **{n: value(n) for n in ("site_name", "cell_name", "pci", "tac", "x", "y", "height_m")},
        **{n: value(n) for n in ("azimuth_deg", "power_dbm", "opened", "redcap", "nbiot")},
        **{n: value(n) for n in ("tx_power", "eirp", "beamwidth_deg")},
    }


def _technology(value: Callable[[str], str | None]) -> str | None:
    stated = value("technology")
    if stated is not None:
        return _TECHNOLOGY.get(stated.upper(), stated)
    if value("gnb") is not None or value("ssb") is not None:
        return "nr"
    return "lte" if value("enb") is not None else None


def _operator(mcc: str | None, mnc: str | None, name: str | None) -> str | None:
    if mcc is not None and mnc is not None:
        return f"{mcc}-{mnc.zfill(2)}"
    return name


def _cell_identity(station: str | None, cell: str | None, technology: str | None) -> str | None:
    size = {"lte": 256, "nbiot": 256, "nr": 4096}.get(technology or "")
    if size and station and cell and station.isdigit() and cell.isdigit() and int(cell) < size:
        return str(int(station) * size + int(cell))
    return cell


def _band(text: str | None, technology: str | None) -> str | None:
    if text is None:
        return None
    word = text.upper().replace("频段", "").replace("BAND", "").strip()
    if word in _BANDS:
        return _BANDS[word] if technology != "nr" else "n" + _BANDS[word][1:]
    if word.lstrip("BN").isdigit():
        return ("n" if technology == "nr" else "B") + word.lstrip("BN")
    return text


def _tilt(total: str | None, mechanical: str | None, electrical: str | None) -> str | None:
    if total is not None or mechanical is None or electrical is None:
        return total
    try:
        return repr(float(mechanical) + float(electrical))
    except ValueError:
        return f"{mechanical}+{electrical}"


def _indoor(text: str | None) -> str | None:
    if text is None:
        return None
    if "室内" in text or "室分" in text or text.lower() == "indoor":
        return "1"
    return "0" if "室外" in text or "宏" in text or text.lower() == "outdoor" else text


CHINA = SiteFormat("china-site-table", "Chinese site-parameter table (XLSX or CSV)", sniff, read)
