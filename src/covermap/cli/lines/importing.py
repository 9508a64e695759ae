"""`covermap lines import`: declare an inventory of lines, and tell what it makes."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import tomlkit
import typer
from rich.console import Console

from covermap.cli.bars import working
from covermap.cli.printing import print_table
from covermap.errors import ConfigError, InputError
from covermap.store import read_table, write_text
from covermap.workspace import Lines, load_config

if TYPE_CHECKING:
    from covermap.steps.lines import LinesResult

FIELDS = {
    "name": ("name", "name_zh", "名称"),
    "ref": ("ref", "number", "编号"),
    "class": ("class", "cls", "fclass", "highway", "railway", "type"),
    "tunnel": ("tunnel",),
    "bridge": ("bridge",),
}
"""Our field -> attributes that are taken for it when none is named."""
MOST_EXAMPLES = 10


def import_lines(
    files: list[Path] = typer.Argument(
        help="Vector files of ways or lines; the workspace may follow as the last."
    ),
    name: str | None = typer.Option(None, "--name", help="Name of the input. Default: the file's."),
    line_class: str | None = typer.Option(
        None, "--class", help="Class of every line: hsr, rail, metro, motorway, ..."
    ),
    fields: list[str] = typer.Option(
        [], "--field", help="Our field = attribute, as in --field ref=number."
    ),
    classes: list[str] = typer.Option(
        [], "--as", help="Class as written = ours, as in --as fast=hsr."
    ),
    datum: str | None = typer.Option(None, "--datum", help="wgs84, gcj02, ... where not in it."),
    layer: str | None = typer.Option(None, "--layer", help="Layer of the file."),
    names_from: str | None = typer.Option(
        None, "--names-from", help="File whose lines give names to unnamed ways beside them."
    ),
    stations: str | None = typer.Option(None, "--stations", help="File of station points."),
    posts: str | None = typer.Option(None, "--posts", help="File of official kilometre posts."),
    only: list[str] = typer.Option([], "--only-ref", help="Only lines of this number."),
    segment_m: float | None = typer.Option(None, "--segment-m", help="Length of segments, m."),
    simulated: bool = typer.Option(False, "--simulated", help="Label it as simulated."),
    show: bool = typer.Option(False, "--print", help="Print the entry; write nothing."),
    replace: bool = typer.Option(False, "--replace", help="Replace the entry of this name."),
) -> None:
    """Read an inventory once, tell what it makes, and write its entry into covermap.toml.

    Tells lines by class with route km (parallel tracks once) and course km, what was put aside,
    problems, and what was rejected and why. `covermap build` then uses it. Lines that the workspace
    has known before keep their identity; how many do is told.
    """
    files, root = _split(files)
    options = {
        "line_class": line_class, "layer": layer, "datum": datum, "names_from": names_from,
        "stations": stations, "posts": posts, "only_refs": only, "segment_m": segment_m,
    }  # fmt: skip
    named = name or _name(files[0])
    entry: dict[str, Any] = {"name": named, "files": [_relative(f, root) for f in files]}
    entry |= {k: v for k, v in options.items() if v}
    if chosen := _fields(files[0], fields, layer, line_class, datum):
        entry["fields"] = chosen
    if classes:
        entry["classes"] = dict(_pair(text, "--as") for text in classes)
    if simulated:
        entry["simulated"] = True
    declaration = _declaration(entry)
    _check_name(root, named, show, replace)
    with working(Console(stderr=True), f"read {named}"):
        from covermap.steps.lines import read_lines  # the other commands start without it

        known = _known(root, named)
        result = read_lines(root, (declaration,), known)
    _report(result)
    _report_known(result, known, named)
    text = _toml(entry)
    if show:
        typer.echo(f"\n{text}", nl=False)
        return
    path = root / "covermap.toml"
    replaced = _write(path, named, text)
    typer.echo(f"{path}: [[lines]] {named} {'replaced' if replaced else 'added'}")


def _known(root: Path, name: str) -> pa.Table | None:
    """Lines that the workspace has known, but those of its other inputs; None: none yet."""
    from covermap.pipeline.vectors import KNOWN

    path = root / KNOWN
    if not path.is_file():
        return None
    declared = load_config(root).lines if (root / "covermap.toml").is_file() else ()
    others = sorted({entry.name for entry in declared} - {name})
    known = read_table(path)
    return known.filter(pc.invert(pc.is_in(known["input"], pa.array(others, pa.string()))))


def _write(path: Path, name: str, text: str) -> bool:
    """Put an entry into covermap.toml, in place of one of its name; say whether there was one."""
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    entries = document.get("lines", [])
    (made,) = tomlkit.parse(text).unwrap()["lines"]
    for entry in entries:
        if entry.get("name") == name:
            for key in set(entry) - set(made):
                del entry[key]
            entry.update(made)  # in place: what is noted between the entries stays
            write_text(path, tomlkit.dumps(document))
            return True
    write_text(path, f"{tomlkit.dumps(document).rstrip()}\n\n{text}".lstrip())
    return False


def _split(files: list[Path]) -> tuple[list[Path], Path]:
    """Inventory files, and the workspace: the last one if it is a folder."""
    root = files[-1] if files[-1].is_dir() and len(files) > 1 else Path()
    chosen = files[:-1] if root != Path() or files[-1] == Path() else files
    for path in chosen:
        if not path.exists():
            raise InputError(f"{path}: no such file.")
    return chosen, root


def _relative(path: Path, root: Path) -> str:
    whole, base = path.resolve(), root.resolve()
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else str(whole)


def _name(path: Path) -> str:
    stem = re.sub(r"[^a-z0-9_-]+", "-", path.name.split(".")[0].lower()).strip("-_")
    return stem[:60] or "lines"


def _fields(
    path: Path, told: list[str], layer: str | None, line_class: str | None, datum: str | None
) -> dict[str, str]:
    """Fields told, and of the rest those that the file's attributes let guess."""
    from covermap.formats.vectors import read_vector

    chosen = dict(_pair(text, "--field") for text in told)
    guessed = [k for k in FIELDS if k not in chosen and not (k == "class" and line_class)]
    known = _known_fields()
    lower = {c.lower(): c for c in read_vector(path, layer, datum).table.columns.astype(str)}
    for ours in (k for k in guessed if k in known):
        attribute = next((lower[n] for n in FIELDS[ours] if n in lower), None)
        if attribute is not None:
            chosen[ours] = attribute
    return chosen


def _known_fields() -> tuple[str, ...]:
    from covermap.formats.ways import FIELDS as OF_WAYS

    return tuple(OF_WAYS)


def _pair(text: str, option: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (equals and ours.strip() and theirs.strip()):
        raise ConfigError(f"{option} {text!r}: write it as ours=theirs.")
    return ours.strip(), theirs.strip()


def _declaration(entry: dict[str, Any]) -> Lines:
    from pydantic import ValidationError

    try:
        return Lines.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        told = str(first.get("input"))[:60]
        raise ConfigError(f"lines {entry['name']}: {place} = {told!r}: {first['msg']}") from None


def _check_name(root: Path, name: str, show: bool, replace: bool) -> None:
    if not (root / "covermap.toml").is_file():
        if show:
            return
        raise ConfigError(
            f"{root}: no covermap.toml there. `covermap new {root}` makes a workspace; "
            "--print only prints the entry."
        )
    if any(entry.name == name for entry in load_config(root).lines) and not (show or replace):
        raise ConfigError(
            f"{root / 'covermap.toml'}: there is a [[lines]] entry {name!r} already; give "
            "--replace, or another --name."
        )


def _toml(entry: dict[str, Any]) -> str:
    text = "[[lines]]\n" + "".join(f"{k} = {_value(v)}\n" for k, v in entry.items())
    tomllib.loads(text)
    return text


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{_quoted(k)} = {_quoted(v)}" for k, v in value.items())
        return "{ " + pairs + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_quoted, value)) + "]"
    return json.dumps(value) if isinstance(value, bool | float) else _quoted(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _report(result: LinesResult) -> None:
    lines = result.lines.to_pandas()
    groups = lines.groupby("class")
    rows = [
        [str(name), str(len(own)), str(own["ref"].notna().sum() + 0),
         f"{own['route_length_m'].sum() / 1000:.1f}", f"{own['length_m'].sum() / 1000:.1f}"]
        for name, own in groups
    ]  # fmt: skip
    rows.append(["all", str(len(lines)), str(int(lines["ref"].notna().sum())),
                 f"{lines['route_length_m'].sum() / 1000:.1f}",
                 f"{lines['length_m'].sum() / 1000:.1f}"])  # fmt: skip
    print_table(["class", "courses", "numbered", "route km", "course km"], rows, 1)
    told = f"{result.segments.num_rows} segments, {result.stations.num_rows} stations"
    typer.echo(told)
    for row in result.problems.to_pylist():
        example = f" ({row['example']})" if row.get("example") else ""
        typer.echo(f"  {row['problem']:<24}{row['count']:>9}  {row['action']}{example}")
    rejected = result.rejected.to_pandas()
    if rejected.empty:
        return
    typer.echo(f"rejected: {len(rejected)}")
    for reason, own in rejected.groupby("reason"):
        typer.echo(f"  {reason!s:<24}{len(own):>9}")


def _report_known(result: LinesResult, known: pa.Table | None, name: str) -> None:
    """Tell which lines were known before, which are new, and which are gone."""
    if known is None:
        return
    before = set(known["line_id"].to_pylist())
    own = set(known.filter(pc.equal(known["input"], name))["line_id"].to_pylist())
    now = set(result.lines["line_id"].to_pylist())
    typer.echo(
        f"{len(now & before)} known from before, {len(now - before)} new, {len(own - now)} gone"
    )
