"""Site tables to `sites`: one row a cell, every value checked, nothing lost without a reason.

A cell without a usable position, of a technology that is not known, or equal in every field to an
earlier one is rejected. An impossible azimuth, height, tilt, power, identity or channel is blanked
and counted. Bands are derived from channel numbers where the table gives none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyproj import CRS

from covermap.core.datum import parse_datum, to_wgs84
from covermap.core.geodesy import lengths_m
from covermap.core.inputs import site_values as values
from covermap.core.inputs.channels import lte_band, nr_band
from covermap.core.samples.technology import NAMES, UNKNOWN, operator_name, technology_codes
from covermap.errors import ConfigError, DatumError
from covermap.formats.problem import Problem
from covermap.formats.sites import FORMATS, SiteOptions, SiteRead
from covermap.formats.sites.base import FIELDS, POWERS
from covermap.formats.source import Source
from covermap.tables import PROBLEMS, REJECTED, SITES, TECHNOLOGIES, conform, in_order
from covermap.workspace import Config, Sites

_SITE_M = 1_000.0
"""Cells of one site lie within this of its middle (remote heads of one baseband may not: told)."""


@dataclass(frozen=True)
class SitesResult:
    """What one `[[sites]]` entry gave: cells + rejected = rows read."""

    sites: pa.Table
    rejected: pa.Table
    problems: pa.Table


def read_sites(sources: list[Source], declaration: Sites, config: Config) -> SitesResult:
    """Read every file of one entry into `sites`, `rejected` and `problems`.

    The result does not depend on the order of the sources or of their rows, except for the line
    numbers that it names.

    Raises
    ------
    ConfigError
        The format is not known.
    DatumError
        No datum is declared (a table of numbers has none of its own), or it is not known.
    InputError, FormatError, ArchiveError
        A file cannot be read at all.
    """
    del config  # the signature is every reader's; sites depend on their declaration alone
    if declaration.format not in FORMATS:
        raise ConfigError(
            f"sites {declaration.name}: format = {declaration.format!r} is not known. There are: "
            f"{', '.join(sorted(FORMATS))}."
        )
    if declaration.datum is None:
        raise DatumError(
            f"sites {declaration.name}: a table of coordinates has no CRS of its own. Write datum "
            '= "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n".'
        )
    read = _read_all(sorted(sources, key=lambda s: s.shown), declaration)
    work = _Work(read, declaration)
    sites = _judge(work, parse_datum(declaration.datum))
    return SitesResult(_sites_table(sites, declaration), work.rejected(), work.problems())


def _read_all(sources: Sequence[Source], declaration: Sites) -> SiteRead:
    form = FORMATS[declaration.format]
    options = SiteOptions(declaration.columns, declaration.sheet)
    groups = [list(sources)] if form.together else [[s] for s in sources]
    reads = [form.read(group, options) for group in groups]
    return SiteRead(
        pa.concat_tables([r.cells for r in reads]).combine_chunks(),
        pa.concat_tables([r.malformed for r in reads]).combine_chunks(),
        [p for r in reads for p in r.problems],
    )


class _Work:
    """Rows on their way: which are still in, why others are out, what was mended."""

    def __init__(self, read: SiteRead, declaration: Sites) -> None:
        self.cells, self.malformed, self.found = read.cells, read.malformed, read.problems
        self.declaration = declaration
        self.file = np.array(read.cells["file"].to_pylist(), object)
        self.line = read.cells["line"].to_numpy()
        self.reason = np.full(read.cells.num_rows, None, object)
        self.detail = np.full(read.cells.num_rows, "", object)

    def text(self, name: str) -> pa.Array:
        """Column as written, one chunk."""
        column = self.cells[name].combine_chunks()
        return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column

    def reject(self, flags: Any, reason: Any, detail: Any) -> None:
        """Put rows out that are still in."""
        new = np.asarray(flags, bool) & (self.reason == None)  # noqa: E711 - elementwise
        self.reason[new] = reason[new] if isinstance(reason, np.ndarray) else reason
        self.detail[new] = detail[new] if isinstance(detail, np.ndarray) else detail

    def count(self, problem: str, flags: Any, field: str, action: str) -> None:
        """Count rows of a kind of problem, file by file."""
        rows = np.flatnonzero(np.asarray(flags, bool) & (self.reason == None))  # noqa: E711
        written = self.text(field)
        for file in sorted(set(self.file[rows])):
            here = rows[self.file[rows] == file]
            example = written[int(here[0])].as_py()
            self.found.append(
                (file, Problem(problem, int(here.size), int(self.line[here[0]]), example, action))
            )

    def rejected(self) -> pa.Table:
        """Give the rows that are out, malformed ones included."""
        out = self.reason != None  # noqa: E711
        judged = pa.table(
            {
                "file": self.file[out],
                "line": self.line[out],
                "reason": self.reason[out],
                "detail": self.detail[out],
                "raw": self.cells["raw"].filter(pa.array(out)),
            },
            schema=self.malformed.schema,
        )
        rows = pa.concat_tables([self.malformed, judged])
        named = rows.append_column("input", pa.array([self.declaration.name] * rows.num_rows))
        return in_order(conform(named, REJECTED), REJECTED)

    def problems(self) -> pa.Table:
        """Give what was found, as the table of problems."""
        rows = [
            {"input": self.declaration.name, "file": file, **vars(problem)}
            for file, problem in self.found
        ]
        return in_order(pa.Table.from_pylist(rows, schema=PROBLEMS.schema), PROBLEMS)


def _judge(work: _Work, datum: str) -> pd.DataFrame:
    """Check and convert every column; give the rows that stay, one per operator."""
    frame = pd.DataFrame(index=range(work.cells.num_rows))
    frame["lon"], frame["lat"] = _positions(work, datum)
    frame["technology"] = _technologies(work)
    _reject_duplicates(work)
    for name in ("site_id", "cell_id", "site_name", "cell_name", "tac", "band"):
        frame[name] = work.text(name).to_pylist()
    for name in ("height_m", "tilt_deg", "power_dbm", "samples", "arfcn", "pci", "beamwidth_deg"):
        frame[name] = _bounded(work, name, frame["technology"].to_numpy())
    for name in POWERS:
        frame[f"{name}_dbm"] = _powers(work, name)
    frame["azimuth_deg"] = _azimuths(work)
    for name in ("indoor", "redcap", "nbiot"):
        frame[name], bad = values.booleans(work.text(name))
        work.count(f"not_yes_or_no:{name}", bad, name, "blanked")
    frame["opened"] = _dates(work)
    frame["operator"] = _operators(work)
    _count_repeated_cells(work, frame)
    _count_scattered_sites(work, frame)
    kept = frame[work.reason == None].explode("operator")  # noqa: E711
    return _identify(_with_bands(kept.reset_index(drop=True)))


def _count_repeated_cells(work: _Work, frame: pd.DataFrame) -> None:
    """Count rows that describe a cell again, with other values: kept, but worth telling."""
    named = ["technology", "site_id", "tac", "cell_id"]
    key = frame[named].assign(operator=work.text("operator").to_pylist())
    still = (work.reason == None) & frame["cell_id"].notna().to_numpy()  # noqa: E711
    again = np.zeros(len(frame), bool)
    again[still] = key[still].duplicated().to_numpy()
    work.count("cell_described_twice", again, "cell_id", "kept")


def _count_scattered_sites(work: _Work, frame: pd.DataFrame) -> None:
    """Count cells far from the middle of their site: a wrong digit, or one identity used twice."""
    still = (work.reason == None) & frame["site_id"].notna().to_numpy()  # noqa: E711
    known = frame[still].assign(owner=np.array(work.text("operator").to_pylist(), object)[still])
    groups = known.groupby(["owner", "technology", "site_id"], dropna=False)
    lon, lat = (groups[name].transform("median").to_numpy(np.float64) for name in ("lon", "lat"))
    far = np.zeros(len(frame), bool)
    far[still] = lengths_m(known["lon"].to_numpy(), known["lat"].to_numpy(), lon, lat) > _SITE_M
    work.count("site_in_two_places", far, "site_id", "kept")


def _positions(work: _Work, datum: str) -> tuple[Any, Any]:
    x, bad_x = values.numbers(work.text("x"))
    y, bad_y = values.numbers(work.text("y"))
    degrees = not datum.startswith("EPSG") or _is_geographic(datum)
    faults = values.position_faults(x, y, degrees=degrees)
    written = np.array(
        [f"lon {a}, lat {b}" for a, b in zip(_texts(work, "x"), _texts(work, "y"), strict=True)],
        object,
    )
    work.reject(bad_x | bad_y, "no_position", written)
    work.reject(faults != None, faults, written)  # noqa: E711
    lon, lat = to_wgs84(x, y, datum)
    outside = ~(np.abs(lon) <= 180) | ~(np.abs(lat) <= 90)
    work.reject(outside, "position_out_of_range", written)
    return lon, lat


def _is_geographic(datum: str) -> bool:
    return bool(CRS.from_user_input(datum).is_geographic)


def _texts(work: _Work, name: str) -> list[str | None]:
    return list(work.text(name).to_pylist())


def _technologies(work: _Work) -> Any:
    codes = technology_codes(work.text("technology"))
    unknown = (codes == UNKNOWN) | (codes >= len(TECHNOLOGIES))
    written = np.array([f"technology {t}" for t in _texts(work, "technology")], object)
    work.reject(unknown, "unknown_technology", written)
    names = np.append(NAMES, "").astype(object)[codes]
    names[(codes < 0) | unknown] = None
    return names


def _reject_duplicates(work: _Work) -> None:
    written = work.cells.select(FIELDS).to_pandas()
    still = work.reason == None  # noqa: E711
    again = np.zeros(len(written), bool)
    again[still] = written[still].duplicated().to_numpy()
    work.reject(again, "duplicate", "equal in every field to an earlier row")


def _bounded(work: _Work, name: str, technology: Any) -> Any:
    number, bad = values.numbers(work.text(name))
    work.count(f"not_a_number:{name}", bad, name, "blanked")
    wrong = (
        values.impossible_pci(number, technology)
        if name == "pci"
        else values.impossible(number, name)
    )
    if name in ("pci", "arfcn", "samples"):
        wrong |= np.isfinite(number) & (number != np.round(number))
    work.count(f"impossible_{name}", wrong, name, "blanked")
    return np.where(wrong, np.nan, number)


def _powers(work: _Work, name: str) -> Any:
    """Powers in W and dBm, file by file: a file has one unit for numbers that have none."""
    text, high = work.text(name), values.BOUNDS[name][1]
    power, bad, watts = (np.full(len(text), v) for v in (np.nan, False, False))
    for file in sorted(set(work.file)):
        here = np.flatnonzero(work.file == file)
        power[here], bad[here], watts[here] = values.powers_dbm(text.take(pa.array(here)), high)
    work.count(f"not_a_power:{name}", bad, name, "blanked")
    work.count(f"{name}_in_watts", watts, name, "read as W")
    wrong = values.impossible(power, name)
    work.count(f"impossible_{name}", wrong, name, "blanked")
    return np.where(wrong, np.nan, power)


def _azimuths(work: _Work) -> Any:
    number, bad = values.numbers(work.text("azimuth_deg"))
    work.count("not_a_number:azimuth_deg", bad, "azimuth_deg", "blanked")
    azimuth, full, impossible = values.azimuths(number)
    work.count("azimuth_360", full, "azimuth_deg", "read as 0")
    work.count("impossible_azimuth_deg", impossible, "azimuth_deg", "blanked")
    return azimuth


def _dates(work: _Work) -> Any:
    written = work.text("opened").dictionary_encode()
    read = [values.date_text(t) for t in written.dictionary.to_pylist()]
    known = np.array([*read, None], object)
    index = written.indices.fill_null(len(read)).to_numpy(zero_copy_only=False)
    bad = np.array([*(r is None for r in read), False], bool)
    work.count("not_a_date:opened", bad[index], "opened", "blanked")
    return known[index]


def _operators(work: _Work) -> list[list[str | None]]:
    """Operators of each cell: the row's, through the declared aliases, else the declared one."""
    declared = work.declaration
    given = work.text("operator")
    default: list[str | None] = [declared.operator] if declared.operator else [None]
    known: dict[str | None, list[str | None]] = {None: default}
    for text in given.unique().to_pylist():
        if text is not None:
            known[text] = _split_operators(text, declared) or default
    junk = [t is not None and not _split_operators(t, declared) for t in given.to_pylist()]
    work.count("unknown_operator", junk, "operator", "declared" if declared.operator else "blanked")
    return [known[t] for t in given.to_pylist()]


def _split_operators(text: str, declared: Sites) -> list[str | None]:
    if text in declared.operators:
        return [declared.operators[text]]
    words = [w for w in re.split(r"[,;|、，；]", text) if w.strip()]
    names = [operator_name(w, declared.operators) for w in words]
    return list(dict.fromkeys(n for n in names if n))


def _with_bands(frame: pd.DataFrame) -> pd.DataFrame:
    arfcn = frame["arfcn"].to_numpy(np.float64)
    derived = np.full(len(frame), None, object)
    lte = frame["technology"].isin(["lte", "nbiot"]).to_numpy() & np.isfinite(arfcn)
    band = lte_band(arfcn)
    derived[lte & (band > 0)] = ["B" + str(b) for b in band[lte & (band > 0)]]
    nr = frame["technology"].isin(["nr", "redcap"]).to_numpy() & np.isfinite(arfcn)
    plmn = frame["operator"].fillna("").astype(str).to_numpy(object)
    country = np.array([p[:3] if p.isdigit() else "" for p in plmn], object)
    for number, mcc in sorted(set(zip(arfcn[nr].astype(int), country[nr], strict=True))):
        found = nr_band(int(number), mcc or None)
        if found:
            derived[nr & (arfcn == number) & (country == mcc)] = f"n{found}"
    missing = frame["band"].isna().to_numpy()
    return frame.assign(band=np.where(missing, derived, frame["band"].astype(object)))


def _identify(frame: pd.DataFrame) -> pd.DataFrame:
    """Give identities to sites and cells that have none, whatever the order of the rows."""
    operator = frame["operator"].fillna("")
    made = [
        values.place_identity(o, lon, lat)
        for o, lon, lat in zip(operator, frame["lon"], frame["lat"], strict=True)
    ]
    site = frame["site_id"].where(frame["site_id"].notna(), pd.Series(made, frame.index))
    frame = frame.assign(site_id=site.astype(object))
    unnamed = frame["cell_id"].isna()
    order = frame[unnamed].sort_values(["operator", "site_id", *_BY_VALUE], kind="stable")
    number = order.groupby(["operator", "site_id"], dropna=False).cumcount() + 1
    names = order["site_id"] + "/" + number.astype(str)
    cell = frame["cell_id"].astype(object)
    cell.loc[names.index] = names
    return frame.assign(cell_id=cell)


_BY_VALUE = (
    "technology", "band", "arfcn", "azimuth_deg", "pci", "cell_name", "lon", "lat", "height_m",
    "tilt_deg", "power_dbm", "tac", "opened",
)  # fmt: skip


def _sites_table(frame: pd.DataFrame, declaration: Sites) -> pa.Table:
    columns: dict[str, Any] = {}
    for column in SITES.columns:
        if column.name not in frame:  # what every row has, and what no table says
            continue
        data = [None if pd.isna(v) else v for v in frame[column.name].astype(object)]
        if pa.types.is_integer(column.type):
            data = [None if v is None else int(v) for v in data]
        columns[column.name] = pa.array(data, column.type)
    size = len(frame)
    columns["nbiot"] = _true_for(columns["nbiot"], frame, "nbiot")
    columns["redcap"] = _true_for(columns["redcap"], frame, "redcap")
    columns["input"] = pa.array([declaration.name] * size, pa.string())
    columns["simulated"] = pa.array([declaration.simulated] * size, pa.bool_())
    return in_order(conform(pa.table(columns), SITES), SITES)


def _true_for(flags: pa.Array, frame: pd.DataFrame, technology: str) -> pa.Array:
    """Set the flag of cells whose own technology is NB-IoT (or RedCap)."""
    own = (frame["technology"] == technology).to_list()
    return pa.array([True if o else f for o, f in zip(own, flags.to_pylist(), strict=True)])
