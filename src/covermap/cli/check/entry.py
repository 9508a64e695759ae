"""The lines of `covermap.toml` that declare a file, ready to paste."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from covermap.cli.check.candidates import Candidate
from covermap.cli.check.facts import Facts
from covermap.cli.check.raster import population_lines
from covermap.workspace import FILL_IN

LINE_FIELDS = {
    "name": ("name", "name_zh", "名称"),
    "ref": ("ref", "number", "编号"),
    "class": ("class", "cls", "fclass", "highway", "railway", "type"),
    "tunnel": ("tunnel",),
}
AREA_FIELDS = {
    "code": ("code", "adcode", "id"),
    "name": ("name", "名称"),
    "population": ("population", "people", "pop"),
    "level": ("level",),
    "scene": ("scene", "场景"),
    "grade": ("grade", "等级"),
    "key_point": ("key_point", "关键点"),
}


@dataclass(frozen=True)
class Checked:
    """A file that was understood: what it is, what is in it, where it is."""

    path: str
    """As the user named it."""
    candidate: Candidate
    runners_up: tuple[Candidate, ...]
    facts: Facts
    members: tuple[Facts, ...] = ()
    datum: str | None = None
    """Told on the command line."""
    fitted: str | None = None
    """Found by comparison with known lines."""
    also: tuple[str, ...] = ()
    """Further files of the same table."""


def entries(files: list[Checked]) -> list[str]:
    """One entry for all files that one declaration can serve, names unlike each other."""
    groups: dict[tuple[object, ...], list[Checked]] = {}
    for file in files:
        groups.setdefault(_likeness(file), []).append(file)
    taken: set[str] = set()
    return [_entry(group, taken) for group in groups.values()]


def _likeness(file: Checked) -> tuple[object, ...]:
    kind = file.candidate.kind
    alone = file.path if kind in ("vector", "raster") else None
    guess = file.candidate.guess
    # A table has a header, so its map fits exactly or not at all; properties of GeoJSON may lack.
    columns = tuple(guess.columns.items()) if guess and file.candidate.format == "table" else ()
    form = (kind, file.candidate.format, file.candidate.sheet)
    return (*form, _datum(file)[0], file.facts.time_kind, alone, columns)


def _entry(group: list[Checked], taken: set[str]) -> str:
    first = group[0]
    kind = first.candidate.kind
    if kind == "posts":
        return _post_lines(group)
    if kind == "raster":
        return "\n".join(population_lines(first.facts, first.datum)) + "\n"
    lines = [f"[[{_table(first)}]]", f"name = {_quoted(_name(first.path, taken))}"]
    paths = list(dict.fromkeys(p for f in group for p in (f.path, *f.also)))
    lines.append(f"files = [{', '.join(_quoted(p) for p in paths)}]   # relative to covermap.toml")
    if kind == "measurements":
        lines += _measurement_lines(group)
    elif kind == "sites":
        lines += [f"format = {_quoted(first.candidate.format)}", _datum_line(first)]
        if first.facts.names_none("operators"):
            lines.append(_operator_hint("the operator whose sites these are"))
    else:
        lines += _vector_lines(first)
    return "\n".join(lines) + "\n"


def _post_lines(group: list[Checked]) -> str:
    """Name posts where they belong: they have no entry of their own."""
    said = [
        f"# posts = {_quoted(f.path)}   # in the [[lines]] entry of the lines they stand on"
        for f in group
    ]
    return "\n".join(said) + "\n"


def _table(file: Checked) -> str:
    if file.candidate.kind != "vector":
        return file.candidate.kind
    kinds = file.facts.details.get("geometry", {})
    if any("Line" in k for k in kinds):
        return "lines"
    if {"key_point", "关键点"} & {c.lower() for c in file.facts.columns}:
        return "places"
    return "regions" if any("Polygon" in k for k in kinds) else "villages"


def _measurement_lines(group: list[Checked]) -> list[str]:
    first = group[0]
    lines = [
        f"format = {_quoted(first.candidate.format)}",
        'source = "drive"   # drive, probe or app',
        *([] if _indoors(first) else [_datum_line(first)]),
    ]
    if first.facts.time_kind == "local":
        lines.append(f'timezone = {_quoted(FILL_IN)}   # the times have no zone: "Asia/Shanghai"')
    if all(f.facts.names_none("operators") for f in group):
        lines.append(f"operator = {_quoted(FILL_IN)}   # the file names none: PLMN or name")
    elif any("-" in f.facts.operators for f in group):
        lines.append(_operator_hint("the SIM's operator, for rows that name none"))
    if all(f.facts.names_none("technologies") for f in group):
        lines.append(f'technology = {_quoted(FILL_IN)}   # the file names none: "lte", "nr", ...')
    columns: dict[str, str] = {}
    units: dict[str, str] = {}
    unsure: set[str] = set()
    for guess in (f.candidate.guess for f in group if f.candidate.guess):
        columns |= guess.columns
        units |= guess.units
        unsure |= set(guess.unsure)
    if first.candidate.sheet:
        lines.append(f"sheet = {_quoted(first.candidate.sheet)}")
    if columns:
        lines.append(f"columns = {_inline(columns)}")
    if units:
        lines.append(f"units = {_inline(units)}")
    if unsure:
        named = ", ".join(sorted(unsure))
        lines.append(f"# units of {named}: not in the names; taken as ours unless declared")
    return lines


def _indoors(file: Checked) -> bool:
    guess = file.candidate.guess
    return guess is not None and guess.indoors


def _vector_lines(file: Checked) -> list[str]:
    known = LINE_FIELDS if _table(file) == "lines" else AREA_FIELDS
    lower = {c.lower(): c for c in file.facts.columns}
    fields = {
        ours: next(lower[n] for n in names if n in lower)
        for ours, names in known.items()
        if any(n in lower for n in names)
    }
    lines = [] if file.facts.details.get("has_crs", True) else [_datum_line(file)]
    if _table(file) == "villages":
        lines.append("# points may also be [[places]], or stations = ... of a [[lines]] entry")
    if fields:
        lines.append(f"fields = {_inline(fields)}")
    if _table(file) == "lines":
        if "class" in fields:
            lines.append('# classes = { motorway = "motorway" }   # class as written -> ours')
        else:
            lines.append(f"line_class = {_quoted(FILL_IN)}   # rail, motorway, metro, ...")
    return lines


def _datum(file: Checked) -> tuple[str, str]:
    """Datum to declare and the comment beside it."""
    told = file.datum or file.fitted
    if told:
        return told, ""
    where = file.facts.where
    if where is not None and where.datum:
        return where.datum, ""
    if where is not None and where.unit == "degrees":
        return FILL_IN, '   # "wgs84" or "gcj02": see above'
    return FILL_IN, '   # "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n"'


def _datum_line(file: Checked) -> str:
    datum, comment = _datum(file)
    return f"datum = {_quoted(datum)}{comment}"


def _operator_hint(what: str) -> str:
    return f'# operator = "46000"   # {what}'


def _name(path: str, taken: set[str]) -> str:
    stem = PurePosixPath(path).name.split(".")[0].lower()
    base = re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:60] or "input"
    name = next(n for n in (base, *(f"{base}-{i}" for i in range(2, 10**6))) if n not in taken)
    taken.add(name)
    return name


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _inline(pairs: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{k} = {_quoted(v)}" for k, v in pairs.items()) + " }"
