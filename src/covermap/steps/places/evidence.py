"""Count samples per key point that they name, and tell names that nothing is known by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from covermap.core.judging.histogram import BIN_COLUMNS, LAYER_COLUMNS, add_counts, count_bins
from covermap.core.places.attaching import Attached, Written
from covermap.engine.step import StepContext
from covermap.steps.places.known import doubtful, known_points
from covermap.tables import NAMED_POINTS, PLACE_EVIDENCE, PROBLEMS, conform, empty

KEYS = ["place_id", "key_point_id", "run_id", "campaign", "day"]
BATCH_ROWS = 1 << 18
MOST_NAMES = 20
"""Names that are told one by one, of a file and kind; further ones are counted together."""
_NAMED = "place IS NOT NULL OR key_point IS NOT NULL"
_AS_WRITTEN = f"""
    SELECT place, key_point, floor, input, file, count(*)
    FROM samples JOIN runs USING (run_id) WHERE {_NAMED}
    GROUP BY ALL ORDER BY ALL
"""
_SAMPLES = f"""
    SELECT a.place_id, a.key_point_id, s.run_id, s.campaign, strftime(s.time, '%Y-%m-%d') AS day,
           s.operator, s.technology, s.service, s.source, s.period, s.rsrp_dbm, s.sinr_db
    FROM (SELECT * FROM samples WHERE {_NAMED}) s JOIN named_points a
      ON s.place IS NOT DISTINCT FROM a.place
     AND s.key_point IS NOT DISTINCT FROM a.key_point
     AND s.floor IS NOT DISTINCT FROM a.floor
"""


def count_places(ctx: StepContext) -> None:
    """Write `named_points`, `place_evidence`, and `problems` anew with what was found of them.

    A sample counts for the key point that it names, whether it has a position or not; one that
    names none counts for none, wherever it is.
    """
    places = ctx.tables.read("places")
    problems = list(doubtful(places))
    known = known_points(places)
    with ctx.connect("samples", "runs") as connection:
        rows = connection.execute(_AS_WRITTEN).fetchall()
        found = {w: known.attach(w) for w in dict.fromkeys(Written(*row[:3]) for row in rows)}
        problems += _not_attached(rows, found)
        named = _named(found)
        ctx.write("named_points", named)
        ctx.write("place_evidence", _counted(connection, named))
    more = pa.Table.from_pylist(problems, PROBLEMS.schema)
    ctx.write("problems", pa.concat_tables([ctx.tables.read("problems"), more]))
    ctx.report["samples"] = sum(row[5] for row in rows)
    ctx.report["attached"] = sum(
        row[5] for row in rows if found[Written(*row[:3])].key_point is not None
    )


def _named(found: dict[Written, Attached]) -> pa.Table:
    """Give the names that lead to a key point."""
    rows = [
        {**w._asdict(), "place_id": a.key_point.place_id, "key_point_id": a.key_point.key_point_id}
        for w, a in found.items()
        if a.key_point is not None
    ]
    return pa.Table.from_pylist(rows, NAMED_POINTS.schema)


def _counted(connection: Any, named: pa.Table) -> pa.Table:
    """Count the attached samples, some at a time."""
    if not named.num_rows:
        return empty(PLACE_EVIDENCE)
    connection.register("named_points", named)
    reader = connection.sql(_SAMPLES).to_arrow_reader(BATCH_ROWS)
    parts = [count_bins(pa.Table.from_batches([batch]), KEYS) for batch in reader]
    if not parts:
        return empty(PLACE_EVIDENCE)
    whole = add_counts(pa.concat_tables(parts), [*KEYS, *LAYER_COLUMNS, *BIN_COLUMNS])
    return conform(whole, PLACE_EVIDENCE)


def _not_attached(
    rows: list[tuple[Any, ...]], found: dict[Written, Attached]
) -> Iterator[dict[str, Any]]:
    """Tell the names that lead to no key point: how many samples, and what they may stand for."""
    told: dict[tuple[str, str, str], list[tuple[Written, int]]] = defaultdict(list)
    for row in rows:
        written = Written(*row[:3])
        reason = found[written].reason
        if reason is not None:
            told[row[3], row[4], reason].append((written, row[5]))
    for (name, file, reason), names in sorted(told.items()):
        names.sort(key=lambda one: (-one[1], str(one[0])))
        common = {"input": name, "file": file, "problem": reason, "first_line": None}
        for written, count in names[:MOST_NAMES]:
            yield common | {
                "count": count, "example": _shown(written), "action": _near(found[written]),
            }  # fmt: skip
        rest = names[MOST_NAMES:]
        if rest:
            yield common | {
                "count": sum(count for _, count in rest),
                "example": f"{len(rest)} more names", "action": "attached to no key point",
            }  # fmt: skip


def _shown(written: Written) -> str:
    return " / ".join(part for part in written if part is not None)


def _near(attached: Attached) -> str:
    near = f"; near: {', '.join(attached.nearest)}" if attached.nearest else ""
    return f"attached to no key point{near}"
