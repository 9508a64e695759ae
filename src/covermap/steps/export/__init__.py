"""Export: rows of a build to one file that people and GIS programs open.

The file names its datum, says whether its rows are simulated, and tells what build and rules it
comes from. It appears whole or not at all.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from covermap import __version__
from covermap.core.datum import describe, parse_datum
from covermap.course import Counts
from covermap.errors import ExportError, NotKnownError
from covermap.formats.export import Content, Target, choose_format
from covermap.steps.export.columns import KINDS, fields_of
from covermap.steps.export.rows import Shaper
from covermap.steps.export.select import Filters, Selection
from covermap.steps.export.summary import summarise
from covermap.store import Build

TITLES = {
    "weak-spots": ("Weak spots", "弱覆盖清单"),
    "lines": ("Lines", "线路覆盖"),
    "sections": ("Sections of lines", "线路区段覆盖"),
    "segments": ("Segments of lines", "线路路段覆盖"),
    "profile": ("Profile of a line", "线路剖面"),
    "network": ("Sums over lines", "线路汇总"),
    "people": ("People and area", "人口与面积覆盖"),
    "sites": ("Sites", "站点小区"),
    "cells": ("Cells", "网格覆盖"),
    "samples": ("Samples", "采样点"),
}
_TYPES = {
    "weak-spots": ("MultiLineString", "MultiPolygon"),
    "lines": ("LineString",),
    "sections": ("LineString",),
    "segments": ("LineString",),
    "profile": ("LineString",),
    "network": (),
    "people": (),
    "sites": ("Point",),
    "cells": ("Polygon",),
    "samples": ("Point",),
}
_OF_SECTIONS = ("line_name", "line_class", "from", "to", "from_m", "to_m", "length_m", "line_id")
_SHEETS = (("section", "Sections 路段", ("area_m2",)), ("area", "Areas 区域", _OF_SECTIONS))
_EPSG = {"wgs84": 4326, "cgcs2000": 4490}
_DERIVED = {"any": "any operator 任一运营商", "all": "all operators 所有运营商"}


@dataclass(frozen=True)
class ExportRequest:
    """What to export, where to, and how."""

    kind: str
    """One of `KINDS`."""
    to: Path
    format: str | None = None
    """None: by the file's suffix."""
    datum: str = "wgs84"
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True)
class ExportResult:
    """What was written."""

    path: Path
    format: str
    rows: int
    datum: str


Tell = Callable[[int, int], None]
"""Called with rows done and rows in all; may raise to stop."""


def export(build: Build, request: ExportRequest, tell: Tell = lambda _d, _t: None) -> ExportResult:
    """Write one file.

    Raises
    ------
    NotKnownError
        No such kind, operator, technology or line.
    ExportError
        The format is not known or cannot hold it, or the folder is not there.
    DatumError
        The datum is not known.
    """
    if request.kind not in KINDS:
        raise NotKnownError(f"nothing called {request.kind!r} to export: {', '.join(KINDS)}.")
    form = choose_format(request.to, request.format)
    target = target_of(request.datum)
    selection = Selection(build, request.kind, request.filters)
    content = _content(build, request, selection, target)
    tell(0, content.rows)
    with whole_file(request.to, form.suffixes[0]) as partial:
        rows = form.write(partial, content, lambda done: tell(done, content.rows))
    return ExportResult(request.to, form.name, rows, target.name)


def target_of(datum: str) -> Target:
    """Give what a file must say of a datum.

    Examples
    --------
    >>> target_of("GCJ-02").epsg is None, target_of("cgcs2000").epsg, target_of("EPSG:32651").epsg
    (True, 4490, 32651)
    """
    name = parse_datum(datum)
    epsg = int(name.split(":")[1]) if name.startswith("EPSG") else _EPSG.get(name)
    degrees = epsg is None or bool(CRS.from_epsg(epsg).is_geographic)
    return Target(name, describe(name), epsg, degrees)


def _content(build: Build, request: ExportRequest, selection: Selection, target: Target) -> Content:
    title, title_zh = TITLES[request.kind]
    fields = fields_of(request.kind, target.name, target.degrees)
    shaper = Shaper(
        kind=request.kind,
        fields=fields,
        target=target,
        operators=_operator_names(build),
        simulated=build.simulated,
        courses=lambda: _courses(build),
        counts=Counts(build),
    )
    return Content(
        name=request.kind.replace("-", "_"),
        title=title,
        title_zh=title_zh,
        fields=fields,
        target=target,
        about=_about(build, request, selection, target),
        rows=selection.rows,
        batches=lambda: shaper.batches(selection.batches()),
        geometry_types=_TYPES[request.kind],
        sheet_by="kind" if request.kind == "weak-spots" else None,
        sheets=_SHEETS if request.kind == "weak-spots" else (),
        summary=summarise(selection),
    )


def _courses(build: Build) -> dict[str, Any]:
    table = build.read("lines", ["line_id", "geometry"])
    shapes = shapely.from_wkb(np.array(table["geometry"].to_pylist(), object))
    return dict(zip(table["line_id"].to_pylist(), shapes, strict=True))


def _operator_names(build: Build) -> dict[str, str]:
    names = dict(_DERIVED)
    for code, look in build.manifest.get("operators", {}).items():
        parts = [p for p in (look.get("name"), look.get("name_zh")) if p]
        names[code] = " ".join(dict.fromkeys(parts)) or code
    return names


def _about(
    build: Build, request: ExportRequest, selection: Selection, target: Target
) -> tuple[tuple[str, str, str], ...]:
    manifest = build.manifest
    workspace, rules = manifest.get("workspace", {}), manifest.get("rules", {})
    named = " ".join(str(rules[k]) for k in ("id", "version") if rules.get(k))
    titled = "; ".join(str(rules[k]) for k in ("title", "title_zh") if rules.get(k))
    told = "yes: made by the simulator, not measured 是：仿真数据，非实测"
    title, title_zh = TITLES[request.kind]
    return (
        ("content", "Content 内容", f"{title} {title_zh}"),
        ("simulated", "Simulated 模拟数据", told if build.simulated else "no 否"),
        ("datum", "Datum 坐标系", target.name),
        ("datum_description", "Datum in words 坐标系说明", target.title),
        ("rules", "Rules 规则", f"{named}: {titled}" if named else "not stated 未说明"),
        ("filters", "Selection 筛选", request.filters.text()),
        ("rows", "Rows 行数", str(selection.rows)),
        ("workspace", "Workspace 工作区", str(workspace.get("name", ""))),
        ("build", "Build 版本", build.id),
        ("attribution", "Sources 数据来源", str(workspace.get("attribution", ""))),
        ("lengths", "Lengths 长度", "geodesic, on the ellipsoid 椭球面测地长度"),
        ("software", "Made with 软件", f"covermap {__version__}"),
    )


@contextmanager
def whole_file(path: Path, suffix: str) -> Iterator[Path]:
    """Give a place to write; the file appears at `path` only when the block ends well.

    Raises
    ------
    ExportError
        The folder is not there or cannot be written, or `path` is a folder.
    """
    if path.is_dir():
        raise ExportError(f"{path}: is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise ExportError(f"{path}: there is no folder {path.parent}; make it first.")
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}.") from None
    try:
        partial = folder / f"export{suffix}"
        yield partial
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["KINDS", "ExportRequest", "ExportResult", "Filters", "export"]
