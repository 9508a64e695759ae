"""Sums over lines by class and region, with the pack's targets: units first, then their sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.arrays import ranges
from covermap.core.judging.estimates import FAIL, PASS, UNDETERMINED, LineTest
from covermap.core.judging.networks import chance_of, interval_of, sums_by_draw
from covermap.core.judging.paths import Bits
from covermap.core.judging.pieces import cut
from covermap.rules import RulePack, Target
from covermap.steps.judge.standing import MM_PER_KM, Standing, passing
from covermap.steps.judge.units import Ground, Units
from covermap.tables import NETWORK_VERDICTS, VERDICTS, conform

Ints = NDArray[np.int64]
UNIT_ROWS = pa.schema([
    ("operator", pa.string()),
    ("technology", pa.string()),
    ("class", pa.string()),
    ("region_id", pa.string()),
    ("whole", pa.bool_()),
    ("route_mm", pa.int64()),
    ("answer", pa.string()),
    ("low", pa.binary()),
    ("high", pa.binary()),
])  # fmt: skip
"""One row an assessed unit (`whole`), and one for its part in each county.

`low` and `high`: the draws in which its share reaches the rule, packed, with what was never
measured taken as bad and as good.
"""


def unit_rows(
    ground: Ground,
    pack: RulePack,
    layer: tuple[str, str],
    standings: list[Standing],
    columns: list[dict[str, pa.Array]],
    test: LineTest,
) -> pa.Table:
    """Give the units that the pack assesses: those of the group of which anything was measured."""
    kind = pack.line.unit
    units, at = ground.lines, np.arange(ground.lines.pieces.units)
    if kind != "line":
        units = ground.sections
        at = np.flatnonzero([k == kind for k in units.rows.column("kind").to_pylist()])
    standing, column = (standings[kind != "line"], columns[kind != "line"])
    at = at[standing.assessed_mm[at] > 0]
    low, high = passing(standing, test)
    part, region, route = _parts(ground, units, at)
    chosen = np.concatenate([at, at[part]])
    count, size = len(chosen), pack.interval.draws // 8
    classes = units.rows.column("class").take(pa.array(chosen))
    whole = np.arange(count) < len(at)
    return pa.table([
        pa.repeat(pa.scalar(layer[0]), count),
        pa.repeat(pa.scalar(layer[1]), count),
        classes,
        pa.array([None] * len(at) + region, pa.string()),
        pa.array(whole),
        pa.array(np.concatenate([standing.route_mm[at].sum(axis=1), route])),
        column["answer"].take(pa.array(chosen)),
        _binary(low[chosen], size),
        _binary(high[chosen], size),
    ], schema=UNIT_ROWS)  # fmt: skip


def _binary(bits: NDArray[np.uint8], size: int) -> pa.Array:
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(size), len(bits), [None, pa.py_buffer(np.ascontiguousarray(bits).tobytes())]
    )
    return fixed.cast(pa.binary())


def _parts(ground: Ground, units: Units, at: Ints) -> tuple[Ints, list[str | None], Ints]:
    """Route length of each unit in each county: position in `at`, county, mm."""
    sections = ground.sections.rows
    county = np.flatnonzero([k == "county" for k in sections.column("kind").to_pylist()])
    ends = [sections.column(c).to_numpy() for c in ("from_m", "to_m")]
    own = _ends(ground, units)
    unit_of, county_of = _same_line(units.line[at], ground.sections.line[county])
    start = np.maximum(own[0][at[unit_of]], ends[0][county[county_of]])
    end = np.minimum(own[1][at[unit_of]], ends[1][county[county_of]])
    keep = end > start
    unit_of, county_of, start, end = (x[keep] for x in (unit_of, county_of, start, end))
    pieces = cut(ground.course, units.line[at[unit_of]], start, end)
    regions = sections.column("region_id").take(pa.array(county[county_of])).to_pylist()
    return unit_of, regions, pieces.sums(pieces.route_mm)


def _ends(ground: Ground, units: Units) -> list[NDArray[np.float64]]:
    if "from_m" in units.rows.column_names:
        return [units.rows.column(c).to_numpy() for c in ("from_m", "to_m")]
    lines = ground.course.lines
    return [np.full(lines, -np.inf), np.full(lines, np.inf)]


def _same_line(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Give all pairs of one line; `second` may come in any order."""
    order = np.argsort(second, kind="stable")
    start = np.searchsorted(second[order], first)
    count = np.searchsorted(second[order], first, side="right") - start
    return np.repeat(np.arange(len(first)), count), order[ranges(start, count)]


def network_rows(connection: Any, pack: RulePack) -> pa.Table:
    """Sum units and kilometres into the rows of network_verdicts.

    Parameters
    ----------
    connection
        With line_verdicts, section_verdicts, campaigns and units.
    """
    rows: list[dict[str, Any]] = []
    for name, classes, target in _groupings(connection, pack):
        for scope in ("class", "region_class"):
            rows += _scope(connection, pack, scope, name, classes, target)
    return conform(pa.Table.from_pylist(rows, schema=NETWORK_VERDICTS.schema), NETWORK_VERDICTS)


def _groupings(connection: Any, pack: RulePack) -> list[tuple[str, tuple[str, ...], Target | None]]:
    """Classes that occur, each with its target; and targets over several, if any occurs."""
    present = [r[0] for r in connection.execute(_CLASSES).fetchall()]
    targets = pack.line_targets
    alone = {t.classes[0]: t for t in targets.values() if len(t.classes) == 1}
    found: list[tuple[str, tuple[str, ...], Target | None]] = [
        (name, (name,), alone.get(name)) for name in present
    ]
    for name, target in targets.items():
        shown = len(target.classes) == 1 and alone[target.classes[0]] is target
        if not shown and set(target.classes) & set(present):
            found.append((name, tuple(target.classes), target))
    return found


_KEY = ("operator", "technology", "region_id")
_CLASSES = "SELECT DISTINCT class FROM line_verdicts ORDER BY class"
# in whole mm: sums of floats would depend on the order in which threads add them
_KM = ", ".join(
    f"sum(round({p}{v}_km * {MM_PER_KM})::BIGINT)::DOUBLE / {MM_PER_KM} AS {p}{v}_km"
    for p in ("", "route_")
    for v in VERDICTS
)
_LENGTHS = ", ".join(
    " + ".join(f"{p}{v}_km" for v in VERDICTS) + f" AS {p}length_km" for p in ("", "route_")
)
_SUM = (
    f"SELECT *, {_LENGTHS} FROM (SELECT operator, technology, {{region}} AS region_id, {_KM}, "
    "bool_or(simulated) AS simulated FROM {units} AND list_contains($classes, class) "
    "GROUP BY ALL) ORDER BY operator, technology, region_id"
)
_SUMS = {
    "class": _SUM.format(region="NULL", units="line_verdicts WHERE true"),
    "region_class": _SUM.format(
        region="region_id",
        units="section_verdicts WHERE kind = 'county' AND region_id IS NOT NULL",
    ),
}
_UNITS = """
SELECT operator, technology, region_id, route_mm, answer, low, high FROM units
WHERE list_contains($classes, class) AND (whole = $whole)
ORDER BY operator, technology, region_id"""
_CAMPAIGNS = """
SELECT operator, technology, count(DISTINCT campaign) AS campaigns FROM campaigns
WHERE list_contains($classes, class) GROUP BY ALL"""


def _scope(
    connection: Any,
    pack: RulePack,
    scope: str,
    name: str,
    classes: tuple[str, ...],
    target: Target | None,
) -> list[dict[str, Any]]:
    given = {"classes": list(classes)}
    sums = connection.sql(_SUMS[scope], params=given).to_arrow_table()
    rows: list[dict[str, Any]] = sums.to_pylist()
    if scope == "region_class":
        target = None
    whole = {"whole": scope == "class"}
    units = connection.sql(_UNITS, params=given | whole).to_arrow_table()
    figures = _figures(units, _row_of(units, sums), len(rows), pack, target)
    campaigns = {(o, t): n for o, t, n in connection.execute(_CAMPAIGNS, given).fetchall()}
    for k, row in enumerate(rows):
        row |= {"scope": scope, "class": name} | {n: v[k] for n, v in figures.items()}
        row["campaigns"] = campaigns.get((row["operator"], row["technology"]), 0)
        if target is not None:
            row |= {"target": target.value, "target_unit": target.unit}
    return rows


def _row_of(units: pa.Table, sums: pa.Table) -> Ints:
    """Position of the sum that each unit counts in; -1 without."""
    mine, asked = (
        pc.binary_join_element_wise(
            *(pc.fill_null(t.column(n).cast(pa.string()), "") for n in _KEY), "\0"
        ).combine_chunks()
        for t in (sums, units)
    )
    found: Ints = pc.fill_null(pc.index_in(asked, mine), -1).to_numpy().astype(np.int64)
    return found


def _bits(column: pa.ChunkedArray, size: int) -> Bits:
    """Give packed draws of one size as rows."""
    fixed = column.combine_chunks().cast(pa.binary(size))
    whole = np.frombuffer(fixed.buffers()[1] or b"", np.uint8)
    return whole[fixed.offset * size : (fixed.offset + len(fixed)) * size].reshape(-1, size)


def _figures(
    units: pa.Table, group: Ints, groups: int, pack: RulePack, target: Target | None
) -> dict[str, list[Any]]:
    known = group >= 0
    group = group[known]
    bits = [_bits(units.column(n), pack.interval.draws // 8)[known] for n in ("low", "high")]
    route = units.column("route_mm").to_numpy()[known]
    one = np.ones(len(group), np.int64)
    km = [sums_by_draw(group, route, b, groups) for b in bits]
    count = [sums_by_draw(group, one, b, groups) for b in bits]
    confidence = pack.line.confidence
    continuous, number = (
        interval_of(km[0], km[1], confidence),
        interval_of(count[0], count[1], confidence),
    )
    answer = units.column("answer").to_numpy()[known]
    found: dict[str, list[Any]] = {
        f"units_{a}": np.bincount(group[answer == a], minlength=groups).tolist()
        for a in (PASS, FAIL, UNDETERMINED)
    }
    found["units"] = np.bincount(group, minlength=groups).tolist()
    for end in ("expected", "low", "high"):
        found[f"units_{end}"] = getattr(number, end).tolist()
        suffix = "km" if end == "expected" else f"{end}_km"
        found[f"continuous_{suffix}"] = (getattr(continuous, end) / MM_PER_KM).tolist()
    if target is not None:
        sums, scale = (count[0], 1.0) if target.unit == "lines" else (km[0], MM_PER_KM)
        found["p_target"] = chance_of(sums, target.value * scale).tolist()
    return found
