"""One line as people look at it: read from a build's tables.

Chainage is written officially (K12+300 as on the posts) where the build has posts of the line, else
in metres from the line's start.
"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.core.lines.chainage import chainage_text, parse_chainage
from covermap.core.lines.posts import chainages_of, official_m, post_table
from covermap.errors import NotKnownError, QueryError
from covermap.formats.strip.profile import PIECE_COLUMNS, Mark, Profile, Span, Tick
from covermap.store import Tables
from covermap.tables import ANY

MOST_TICKS = 10
_PIECES = """
SELECT s.segment, s.from_m, s.to_m, s.tunnel, coalesce(v.verdict, 'unmeasured') AS verdict,
    v.probability, coalesce(v.n, 0) AS n, coalesce(v.runs, 0) AS runs, v.rsrp_mean_dbm,
    v.rsrp_p5_dbm
FROM segments s LEFT JOIN (
    SELECT * FROM segment_verdicts WHERE operator = $operator AND technology = $technology
        AND line_id = $line
) v ON v.segment = s.segment
WHERE s.line_id = $line AND s.to_m > $from_m AND s.from_m < $to_m ORDER BY s.segment
"""


class Count:
    """The count along one line: official where its posts are known, else plain metres."""

    def __init__(self, length_m: float, posts: list[dict[str, Any]]) -> None:
        self.length_m = length_m
        self.prefixes = sorted({str(p["prefix"]) for p in posts})
        self.breaks = max(len({p["stretch"] for p in posts}) - 1, 0)
        number = {name: k for k, name in enumerate(self.prefixes)}
        self._posts = post_table(
            np.zeros(len(posts), np.int64),
            np.array([length_m]),
            np.array([p["chainage_m"] for p in posts], np.float64),
            np.array([p["official_m"] for p in posts], np.float64),
            np.array([p["stretch"] for p in posts], np.int64),
            np.array([number[str(p["prefix"])] for p in posts], np.int64),
        )

    @property
    def official(self) -> bool:
        """Whether the line has posts."""
        return bool(self.prefixes)

    def text(self, metres: float) -> str:
        """Write a place as people do."""
        if not self.official:
            return str(chainage_text(metres))
        figure, prefix = official_m(self._posts, np.zeros(1, np.int64), np.array([metres]))
        return str(chainage_text(float(figure[0]), self.prefixes[int(prefix[0])]))

    def places(self, figure_m: float, prefix: str | None) -> list[float]:
        """Give every chainage that a figure of the count can mean; none where it is nowhere."""
        if not self.official:
            return [figure_m] if 0 <= figure_m <= self.length_m else []
        number = -1
        if prefix is not None:
            known = [k for k, name in enumerate(self.prefixes) if name.upper() == prefix]
            if not known:
                return []
            number = known[0]
        _, found = chainages_of(
            self._posts, np.zeros(1, np.int64), np.array([figure_m]), np.array([number])
        )
        return sorted({round(float(m), 3) for m in found})

    def place_of(self, text: str) -> float:
        """Chainage that a text means: of the official count as K12+300, else metres.

        Raises
        ------
        QueryError
            It is nowhere on the line, or in several places (where the count breaks).
        """
        prefix, metres = parse_chainage(text)
        plain_metres = prefix is None and "+" not in text
        found = [metres] if plain_metres else self.places(metres, prefix)
        if len(found) == 1 and 0 <= found[0] <= self.length_m:
            return found[0]
        if len(found) > 1:
            told = ", ".join(f"{m:.0f}" for m in found)
            raise QueryError(
                f"{text} is there {len(found)} times; give metres from the start: {told}."
            )
        ends = f"{self.text(0.0)} to {self.text(self.length_m)}"
        raise QueryError(f"{text[:40]} is not on the line: it goes from {ends}.")


def read_count(tables: Tables, line_id: str) -> Count:
    """Read the official posts of a line.

    Raises
    ------
    NotKnownError
        There is no such line.
    """
    found = rows_of(tables, "lines", line_id, "line_id")
    if not found:
        raise NotKnownError(f"no line {line_id!r}.")
    posts = rows_of(tables, "posts", line_id, "stretch, chainage_m")
    return Count(float(found[0]["length_m"]), posts)


def rows_of(tables: Tables, name: str, line_id: str, order: str) -> list[dict[str, Any]]:
    """Rows of a table about one line; `order` is written in code."""
    with tables.connect(name) as connection:
        query = f"SELECT * FROM {name} WHERE line_id = ? ORDER BY {order}"
        found: list[dict[str, Any]] = (
            connection.sql(query, params=[line_id]).to_arrow_table().to_pylist()
        )
    return found


def find_courses(tables: Tables, name: str) -> list[str]:
    """Identities of the courses that a number, name or identity means; A1 is A 1.

    Raises
    ------
    NotKnownError
        No line is called so; the message names near ones.
    """
    rows = tables.read("lines", ["line_id", "ref", "name"]).to_pylist()
    if not rows:
        raise NotKnownError("the build has no lines.")
    wanted = plain(name)
    found = sorted(r["line_id"] for r in rows if wanted in {plain(v) for v in r.values() if v})
    if found:
        return found
    names = sorted({str(v) for r in rows for v in r.values() if v})
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.3) or names[:5]
    raise NotKnownError(f"no line {name!r} in the current build. Near: {', '.join(near)}.")


def plain(name: object) -> str:
    """Bring a name into the form in which names are compared: A1 is A 1."""
    return "".join(str(name).casefold().split())


def title_of(line: dict[str, Any]) -> str:
    """Name a line for people: number and name, else its identity."""
    return " ".join(v for v in (line["ref"], line["name"]) if v) or str(line["line_id"])


def read_profile(
    tables: Tables,
    manifest: dict[str, Any],
    line_id: str,
    layer: tuple[str, str] = (ANY, ANY),
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
    found = rows_of(tables, "lines", line_id, "line_id")
    if not found:
        raise NotKnownError(f"no line {line_id!r}.")
    line = found[0]
    start, end = _part(part, float(line["length_m"]))
    count = read_count(tables, line_id)
    rules = manifest.get("rules", {})
    return Profile(
        line_id=line_id,
        title=title_of(line),
        line_class=line["class"],
        length_m=float(line["length_m"]),
        operator=layer[0],
        technology=layer[1],
        from_m=start,
        to_m=end,
        threshold_dbm=threshold_dbm(rules, layer[1]),
        simulated=bool(line["simulated"]),
        rules=str(rules.get("title", "")),
        official=count.official,
        pieces=_pieces(tables, line_id, layer, start, end),
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
        ticks=tuple(Tick(m, count.text(m)) for m in tick_places(start, end)),
    )


def _part(part: tuple[float | None, float | None], length_m: float) -> tuple[float, float]:
    start = 0.0 if part[0] is None else part[0]
    end = length_m if part[1] is None else min(part[1], length_m)
    if not 0 <= start < end:
        raise QueryError(
            f"from {start:.0f} m to {end:.0f} m is no part of a line of {length_m:.0f} m."
        )
    return start, end


def _pieces(
    tables: Tables, line_id: str, layer: tuple[str, str], from_m: float, to_m: float
) -> pa.Table:
    values = {
        "line": line_id, "operator": layer[0], "technology": layer[1], "from_m": from_m,
        "to_m": to_m,
    }  # fmt: skip
    with tables.connect("segments", "segment_verdicts") as connection:
        made: pa.Table = connection.sql(_PIECES, params=values).to_arrow_table()
    return made.select(list(PIECE_COLUMNS))


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
