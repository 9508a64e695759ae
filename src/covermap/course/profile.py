"""What lies along a line in one layer: what a strip chart shows of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from covermap.course.count import Count, read_count
from covermap.course.finding import line_of, rows_of, title_of
from covermap.errors import QueryError
from covermap.formats.strip.profile import (
    PIECE_COLUMNS,
    SUMMARY_COLUMNS,
    Floats,
    Mark,
    Part,
    Profile,
    Span,
    Tick,
)
from covermap.store import Tables
from covermap.tables import ALL, ANY

MOST_TICKS = 10
_JUDGED = """(
    SELECT * FROM segment_verdicts WHERE operator = $operator AND technology = $technology
        AND line_id = $line
)"""
_PIECES = f"""
SELECT s.segment, s.from_m, s.to_m, s.tunnel, coalesce(v.verdict, 'unmeasured') AS verdict,
    v.probability, coalesce(v.n, 0) AS n, coalesce(v.runs, 0) AS runs, v.rsrp_mean_dbm,
    v.rsrp_p5_dbm, s.geometry
FROM segments s LEFT JOIN {_JUDGED} v ON v.segment = s.segment
WHERE s.line_id = $line AND s.to_m > $from_m AND s.from_m < $to_m ORDER BY s.segment
"""
_SECTIONS = """
SELECT s.kind, s.name, s.from_m, s.to_m, v.answer, v.share_low, v.share_high
FROM sections s LEFT JOIN (
    SELECT * FROM section_verdicts WHERE operator = $operator AND technology = $technology
) v ON v.section_id = s.section_id
WHERE s.line_id = $line AND s.to_m > $from_m AND s.from_m < $to_m
ORDER BY s.kind DESC, s.from_m, s.section_id
"""
_SUMMARY = f"""
SELECT {", ".join(SUMMARY_COLUMNS)} FROM line_verdicts
WHERE line_id = $line AND operator = $operator AND technology = $technology
"""
Layer = tuple[str, str]
_DERIVED = {ANY: "any operator 任一运营商", ALL: "all operators 所有运营商"}


def read_profile(
    tables: Tables,
    manifest: dict[str, Any],
    line_id: str,
    layer: Layer = (ANY, ANY),
    part: tuple[float | None, float | None] = (None, None),
) -> Profile:
    """Read what lies along a line, or a part of it.

    Parameters
    ----------
    tables
        The build.
    manifest
        What the build says of itself: the rule pack is read from it.
    layer
        Operator and technology.
    part
        Chainages from and to, m; None: the line's end.

    Raises
    ------
    NotKnownError
        There is no such line.
    QueryError
        The part is empty or off the line.
    """
    line = line_of(tables, line_id)
    start, end = _part(part, float(line["length_m"]))
    count = read_count(tables, line_id)
    rules = manifest.get("rules", {})
    within = {
        "line": line_id, "operator": layer[0], "technology": layer[1], "from_m": start,
        "to_m": end,
    }  # fmt: skip
    return Profile(
        line_id=line_id,
        title=title_of(line),
        line_class=line["class"],
        length_m=float(line["length_m"]),
        oneway=line["oneway"],
        operator=layer[0],
        operator_name=operator_name(manifest, layer[0]),
        technology=layer[1],
        from_m=start,
        to_m=end,
        threshold_dbm=threshold_dbm(rules, layer[1]),
        simulated=bool(line["simulated"]),
        rules=str(rules.get("title", "")),
        official=count.official,
        summary=_summary(tables, within),
        pieces=_pieces(tables, within, count),
        sections=tuple(Part(**r) for r in _rows(tables, _SECTIONS, within)),
        stations=tuple(
            Mark(r["name"], r["chainage_m"], count.text(r["chainage_m"]))
            for r in rows_of(tables, "stations", line_id, "chainage_m, name")
            if start <= r["chainage_m"] <= end
        ),
        structures=tuple(
            Span(r["kind"], r["name"], r["from_m"], r["to_m"])
            for r in rows_of(tables, "structures", line_id, "from_m, to_m, kind")
            if r["to_m"] > start and r["from_m"] < end
        ),
        ticks=tuple(Tick(m, count.text(m)) for m in _ticks(count, start, end)),
    )


def _part(part: tuple[float | None, float | None], length_m: float) -> tuple[float, float]:
    start = 0.0 if part[0] is None else part[0]
    end = length_m if part[1] is None else min(part[1], length_m)
    if not 0 <= start < end:
        raise QueryError(
            f"from {start:.0f} m to {end:.0f} m is no part of a line of {length_m:.0f} m."
        )
    return start, end


def _rows(tables: Tables, query: str, within: dict[str, Any]) -> list[dict[str, Any]]:
    with tables.connect("sections", "section_verdicts") as connection:
        found: list[dict[str, Any]] = (
            connection.sql(query, params=within).to_arrow_table().to_pylist()
        )
    return found


def _summary(tables: Tables, within: dict[str, Any]) -> dict[str, Any] | None:
    names = ("line", "operator", "technology")
    with tables.connect("line_verdicts") as connection:
        found = connection.sql(_SUMMARY, params={n: within[n] for n in names}).to_arrow_table()
    return found.to_pylist()[0] if found.num_rows else None


def _pieces(tables: Tables, within: dict[str, Any], count: Count) -> pa.Table:
    with tables.connect("segments", "segment_verdicts") as connection:
        made: pa.Table = connection.sql(_PIECES, params=within).to_arrow_table()
    x, y = middles(shapely.from_wkb(made.column("geometry").to_numpy()))
    found = {name: made.column(name) for name in made.column_names}
    found["chainage"] = pa.array(count.texts(made.column("from_m").to_numpy()), pa.string())
    found |= {"lon": pa.array(x.round(7)), "lat": pa.array(y.round(7))}
    return pa.table({name: found[name] for name in PIECE_COLUMNS})


def middles(courses: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Longitude and latitude of the middle of each course, WGS-84."""
    points = shapely.line_interpolate_point(courses, 0.5, normalized=True)
    return shapely.get_x(points), shapely.get_y(points)


def operator_name(manifest: dict[str, Any], operator: str) -> str:
    """Name of an operator as the workspace gives it, in both languages; else its code.

    Examples
    --------
    >>> named = {"operators": {"46000": {"name": "China Mobile", "name_zh": "中国移动"}}}
    >>> operator_name(named, "46000"), operator_name(named, "46001"), operator_name(named, "any")
    ('China Mobile 中国移动', '46001', 'any operator 任一运营商')
    """
    if operator in _DERIVED:
        return _DERIVED[operator]
    look = manifest.get("operators", {}).get(operator, {})
    parts = [p for p in (look.get("name"), look.get("name_zh")) if p]
    return " ".join(dict.fromkeys(parts)) or operator


def threshold_dbm(rules: dict[str, Any], technology: str) -> float | None:
    """Level that the pack asks of a technology; of `any`, where all ask the same.

    Examples
    --------
    >>> rules = {"standards": {"lte": {"rsrp_dbm": -105}, "nr": {"rsrp_dbm": -105}}}
    >>> threshold_dbm(rules, "lte"), threshold_dbm(rules, "any"), threshold_dbm(rules, "gsm")
    (-105.0, -105.0, None)
    """
    standards = rules.get("standards", {})
    if technology in standards:
        return float(standards[technology]["rsrp_dbm"])
    asked = {float(standards[t]["rsrp_dbm"]) for t in ("lte", "nr") if t in standards}
    return asked.pop() if technology == ANY and len(asked) == 1 else None


def _ticks(count: Count, from_m: float, to_m: float) -> list[float]:
    """Places of round figures, of the official count where there is one."""
    if count.posted is None:
        return tick_places(from_m, to_m)
    figures, _ = count.posted.figures(np.linspace(from_m, to_m, 200))
    low, high = float(figures.min()), float(figures.max())
    found = {m for f in tick_places(low, max(high, low + 1)) for m in count.places(f, None)}
    return sorted(m for m in found if from_m <= m <= to_m)


def tick_places(from_m: float, to_m: float, most: int = MOST_TICKS) -> list[float]:
    """Round places between two chainages, at most `most`, the first at or after `from_m`.

    Examples
    --------
    >>> tick_places(0, 4500)
    [0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 3500.0, 4000.0, 4500.0]
    >>> tick_places(900, 30000, 4)
    [10000.0, 20000.0, 30000.0]
    """
    length = to_m - from_m
    unit = 10 ** np.floor(np.log10(max(length / most, 1.0)))
    step = next((float(n * unit) for n in (1, 2, 5, 10) if length / (n * unit) < most), length)
    first = np.ceil(from_m / step)
    return [float(k * step) for k in np.arange(first, np.floor(to_m / step + 1e-9) + 1)]
