"""Files of official kilometre posts: what a build would reject, and what someone should look at."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from covermap.cli.check.entry import LINE_FIELDS
from covermap.cli.check.facts import Facts
from covermap.cli.check.where import MARGIN_DEG, whereabouts
from covermap.core.datum import from_wgs84
from covermap.core.lines.figures import parse_post
from covermap.core.lines.postcheck import GAP, Remarks, along_lines, by_figures
from covermap.core.lines.stretches import TOLERANCE, TOLERANCE_M, count_stretches
from covermap.formats.posts import PostRows, read_posts
from covermap.formats.vectors import read_vector
from covermap.steps.lines import read_lines
from covermap.workspace import Lines

Level = Literal["error", "warning", "note"]
Figures = list[list[tuple[str, float]] | None]

_AGREE = (
    f"neighbours differ by as much as they are apart, to {100 * TOLERANCE:g} % or {TOLERANCE_M:g} m"
)
_SAID: dict[str, tuple[Level, str, str]] = {
    "malformed_row": ("error", "as many fields as the header has", "correct the row"),
    "bad_chainage": (
        "error", "a figure like K12+300, or an equation like K10+000=K10+350, on the line",
        "correct the figure; if it stands in another column, name that in post_columns",
    ),
    "no_position": ("error", "a position, or a line and chainage_m", "add one of the two"),
    "off_the_lines": (
        "error", "a post stands within 100 m of its line",
        "check the coordinates, their datum (--datum) and the name of the line",
    ),
    "duplicate": ("error", "one post at one place", "keep the right one"),
    "same_place": ("error", "one post at one place", "keep the right one, or write an equation"),
    "same_figure": (
        "error", "a figure stands once on a line", "keep the right one, or name the line of each",
    ),
    "post_does_not_fit": ("error", _AGREE, "correct the figure or the position"),
    "count_break": (
        "warning", _AGREE,
        "if the line was rebuilt here give an equation, K10+000=K10+350, where the count jumps; "
        "else correct a figure or a position",
    ),
    "runs_backwards": (
        "warning", "the count of a line runs one way",
        "correct the figures, or give this branch letters of its own",
    ),
    "gap": (
        "warning", f"not over {GAP:g} times as far apart as is usual here",
        "add the posts between; without them the count is taken as even",
    ),
    "equation": ("note", "the count jumps here, as told", "nothing"),
    "letters_change": ("note", "letters change here", "nothing, if that is meant"),
    "against_chainage": ("note", "the count may fall along the line's chainage", "nothing"),
}  # fmt: skip
"""Finding -> how bad it is, the rule behind it, and what to do."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or remarkable, of one post or a pair of them."""

    file: str
    line: int
    value: str
    finding: str
    level: Level
    measured: str
    rule: str
    do: str

    @property
    def text(self) -> str:
        """One line: where, what, by which rule, what to do."""
        about = f"{self.file}: line {self.line}: {self.value}: {self.finding}: {self.measured}"
        done = "" if self.level == "note" else f" (rule: {self.rule}). To do: {self.do}."
        return f"{self.level}: {about}{done}"


def post_facts(path: Path, shown: str, datum: str | None, lines: Path | None) -> Facts:
    """Read posts as a build would, and compare them: on the lines given, else with each other."""
    declared = Lines(name="check", files=("-",), line_class="road", datum=datum or "wgs84")
    rows = read_posts(path, shown, declared)
    figures: Figures = [None if t is None else parse_post(str(t)) for t in rows.official]
    findings = [_of_row(shown, r) for t in rows.notes.rejected for r in t.to_pylist()]
    findings += _checked(shown, rows, figures, lines, datum)
    findings.sort(key=lambda f: (f.line, f.finding, f.value))
    wrong = {f.line for f in findings if f.level == "error"}
    malformed = sum(t.num_rows for t in rows.notes.rejected)
    x, y = from_wgs84(rows.lon, rows.lat, datum or "wgs84")
    rejected: dict[str, int] = {}
    for finding in findings:
        if finding.level == "error":
            rejected[finding.finding] = rejected.get(finding.finding, 0) + 1
    return Facts(
        shown,
        len(rows.number) + malformed,
        accepted=len(rows.number) + malformed - len(wrong),
        rejected=rejected,
        where=whereabouts(x, y),
        details={"lines": _lines_named(rows), "compared": _compared(lines)},
        findings=tuple(asdict(f) | {"text": f.text} for f in findings),
        x=x,
        y=y,
    )


def _compared(lines: Path | None) -> str:
    if lines is not None:
        return f"along the lines of {lines}, as a build would"
    return "with each other; --lines FILE (the lines they stand on) finds more"


def _lines_named(rows: PostRows) -> dict[str, int]:
    names = ["-" if v is None else str(v) for v in rows.line]
    return {str(k): int(v) for k, v in pd.Series(names).value_counts(sort=False).items()}


def _of_row(shown: str, row: dict[str, Any]) -> Finding:
    """Make a finding of a row that was rejected before it was looked at."""
    return _finding(shown, int(row["line"]), str(row["raw"]), str(row["reason"]), row["detail"])


def _finding(shown: str, line: int, value: str, kind: str, measured: str) -> Finding:
    level, rule, do = _SAID[kind]
    return Finding(shown, line, value, kind, level, measured, rule, do)


def _checked(
    shown: str, rows: PostRows, figures: Figures, lines: Path | None, datum: str | None
) -> list[Finding]:
    if lines is not None:
        return _on_lines(shown, rows, figures, lines, datum)
    return _unreadable(shown, rows, figures) + _among_themselves(shown, rows, figures)


def _unreadable(shown: str, rows: PostRows, figures: Figures) -> list[Finding]:
    """Tell rows that say nothing without any line to compare with."""
    found = []
    for i, figure in enumerate(figures):
        place = np.isfinite(rows.lon[i]) and np.isfinite(rows.lat[i])
        if figure is None:
            kind, told = "bad_chainage", f"{rows.official[i]!r} is not a figure such as K12+300"
        elif not place and (rows.line[i] is None or rows.chainage[i] is None):
            kind, told = "no_position", "neither a position, nor a line and chainage_m"
        else:
            continue
        found.append(_finding(shown, int(rows.number[i]), str(rows.official[i]), kind, told))
    return found


def _table(rows: PostRows, figures: Figures) -> pd.DataFrame:
    """One row a figure: row, part of an equation, letters, metres, place."""
    chainage = pd.to_numeric(pd.Series(rows.chainage, dtype=object), errors="coerce")
    names = ["" if v is None else str(v) for v in rows.line]
    made = [
        (i, part if len(figure) > 1 else 0, prefix, metres, names[i], chainage[i],
         rows.lon[i], rows.lat[i])
        for i, figure in enumerate(figures) if figure is not None
        for part, (prefix, metres) in enumerate(figure, start=1)
    ]  # fmt: skip
    columns = ["row", "part", "letters", "metres", "line", "chainage", "lon", "lat"]
    return pd.DataFrame(made, columns=columns)


def _codes(*columns: pd.Series) -> NDArray[np.int64]:
    joined = pd.MultiIndex.from_arrays(list(columns))
    return np.asarray(pd.factorize(joined, sort=True)[0], np.int64)


def _among_themselves(shown: str, rows: PostRows, figures: Figures) -> list[Finding]:
    table = _table(rows, figures)
    table["prefix"] = _codes(table["letters"])
    by_chainage = (table["chainage"].notna() & (table["line"] != "")).to_numpy()
    told, placed = table[by_chainage], table[~by_chainage & table["lon"].notna().to_numpy()]
    remarks = by_figures(
        _codes(placed["line"], placed["letters"]), placed["metres"].to_numpy(float),
        placed["lon"].to_numpy(float), placed["lat"].to_numpy(float),
        placed["row"].to_numpy(np.int64),
    )  # fmt: skip
    found = _of_pairs(shown, rows, placed, remarks, "straight")
    line = _codes(told["line"])
    place, metres = (told[n].to_numpy(float) for n in ("chainage", "metres"))
    prefix, part = (told[n].to_numpy(np.int64) for n in ("prefix", "part"))
    counted = count_stretches(line, place, metres, prefix, part)
    kept = told.iloc[counted.row]
    at = counted.row
    remarks = along_lines(line[at], place[at], metres[at], prefix[at], counted.stretch)
    for left_out, kind, why in (
        (counted.odd, "post_does_not_fit", "agrees with neither neighbour along the line"),
        (counted.doubled, "duplicate", "another post stands at the same place"),
    ):
        for i in sorted(set(told["row"].iloc[left_out]) - set(kept["row"])):
            value = str(rows.official[i])
            found.append(_finding(shown, int(rows.number[i]), value, kind, why))
    return found + _of_pairs(shown, rows, kept, remarks, "along the line")


def _of_pairs(
    shown: str, rows: PostRows, table: pd.DataFrame, remarks: Remarks, how: str
) -> list[Finding]:
    """Tell pairs; one and the same pair on several courses of a line once."""
    row, metres = table["row"].to_numpy(), table["metres"].to_numpy(float)
    found: dict[tuple[str, int, int], Finding] = {}
    for kind, a, b, apart, told in zip(*(c.tolist() for c in remarks), strict=True):
        first, second = sorted((int(row[a]), int(row[b])))
        other = "" if first == second else f" after {rows.official[row[a]]}"
        far = "" if np.isnan(apart) else f"{apart:.0f} m {how}"
        measured = f"{far}{other}, figures {told:+.0f} m".lstrip(", ")
        if kind == "equation":
            measured = f"the count jumps by {metres[b] - metres[a]:+.0f} m"
        at = int(row[b])
        made = _finding(shown, int(rows.number[at]), str(rows.official[at]), kind, measured)
        found.setdefault((kind, first, second), made)
    return list(found.values())


def _on_lines(
    shown: str, rows: PostRows, figures: Figures, lines: Path, datum: str | None
) -> list[Finding]:
    """Project the posts on the lines as a build does, and compare them there."""
    with tempfile.TemporaryDirectory(prefix="covermap-") as name:
        folder = Path(name)
        declared = _declared(folder, rows, lines, datum)
        made = read_lines(folder, (declared,))
    found = []
    for reject in made.rejected.filter(_is_post(made.rejected)).to_pylist():
        i = int(reject["line"]) - 2
        value = str(rows.official[i])
        found.append(
            _finding(shown, int(rows.number[i]), value, reject["reason"], reject["detail"])
        )
    posts = made.posts.to_pandas()
    where = {
        (prefix, metres): i
        for i, figure in reversed(list(enumerate(figures)))
        for prefix, metres in figure or ()
    }
    keys = zip(posts["prefix"], posts["official_m"], strict=True)
    posts["row"] = [where[key] for key in keys]
    posts["metres"] = posts["official_m"]
    remarks = along_lines(
        _codes(posts["line_id"]), posts["chainage_m"].to_numpy(float),
        posts["official_m"].to_numpy(float), _codes(posts["prefix"]),
        posts["stretch"].to_numpy(np.int64),
    )  # fmt: skip
    return found + _of_pairs(shown, rows, posts, remarks, "along the line")


def _is_post(rejected: Any) -> Any:
    return np.array([name == "posts.csv" for name in rejected.column("file").to_pylist()], bool)


def _declared(folder: Path, rows: PostRows, lines: Path, datum: str | None) -> Lines:
    """Write lines near the posts, and the posts in WGS-84, where a build would read them."""
    table = read_vector(lines, datum=datum).table
    on = np.isfinite(rows.lon) & np.isfinite(rows.lat)
    if on.any():
        w, e = rows.lon[on].min() - MARGIN_DEG, rows.lon[on].max() + MARGIN_DEG
        s, n = rows.lat[on].min() - MARGIN_DEG, rows.lat[on].max() + MARGIN_DEG
        near = table.cx[w:e, s:n]
        table = near if len(near) else table
    lower = {str(c).lower(): str(c) for c in table.columns}
    fields = {
        ours: next(lower[n] for n in LINE_FIELDS[ours] if n in lower)
        for ours in ("name", "ref")
        if any(n in lower for n in LINE_FIELDS[ours])
    }
    columns = [*fields.values(), "geometry"]
    gpd.GeoDataFrame(table[columns], crs="EPSG:4326").to_parquet(folder / "ways.parquet")
    frame = pd.DataFrame({
        "official": rows.official, "lon": rows.lon, "lat": rows.lat, "line": rows.line,
        "chainage_m": rows.chainage,
    })  # fmt: skip
    frame.to_csv(folder / "posts.csv", index=False)
    return Lines(
        name="check", files=("ways.parquet",), posts="posts.csv", fields=fields, datum="wgs84",
        line_class="rail" if "railway" in lower else "road",
    )  # fmt: skip
