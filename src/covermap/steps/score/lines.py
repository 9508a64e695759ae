"""Targets over lines: units that are continuously covered, and those that nobody measured."""

from __future__ import annotations

from covermap.rules import Target
from covermap.steps.score.asked import LAST_RUN, Asked, Query, select

_REGION = {"scope": "'region'", "level": "r.level", "name": "r.name"}


def of_lines(asked: Asked) -> Query:
    """Sum what network_verdicts says, with the units that it leaves out: those never measured."""
    target = asked.target
    assert isinstance(target, Target)
    unit = asked.pack.line.unit
    own = "l" if unit == "line" else "s"
    sections = (
        "section_verdicts s JOIN line_verdicts l USING (line_id, operator, technology) WHERE "
    )
    whole = (
        "SELECT *, route_length_km AS km, assessed_km AS seen, NULL AS region FROM line_verdicts"
        if unit == "line"
        else f"SELECT s.*, s.route_length_km AS km, s.assessed_km AS seen, NULL AS region FROM "
        f"{sections} s.kind = '{unit}'"
    )
    parts = (
        f"SELECT s.* EXCLUDE (answer), s.route_length_km AS km, {own}.assessed_km AS seen, "
        f"{own}.answer AS answer, s.region_id AS region FROM {sections} s.kind = 'county' "
        "AND s.region_id IS NOT NULL"
    )
    shown = _shown_as(asked)
    found = " UNION ALL ".join(
        select(
            f"network_verdicts n JOIN ({_line_sums(units)}) u USING (operator, technology) "
            "LEFT JOIN regions r ON r.region_id = n.region_id "
            f"WHERE n.scope = '{scope}' AND n.class = $shown "
            "AND n.region_id IS NOT DISTINCT FROM u.region",
            **_line_figures(target, scope),
        )
        for scope, units in (("class", whole), ("region_class", parts))
    )
    return found, {"classes": list(target.classes), "shown": shown, "figure": target.value}


def _shown_as(asked: Asked) -> str:
    """Name that network_verdicts has the target's classes under."""
    assert isinstance(asked.target, Target)
    if len(asked.target.classes) > 1:
        return asked.name
    mine = asked.connection.execute(
        "SELECT count(*) FROM network_verdicts WHERE class = ?", [asked.name]
    ).fetchall()
    return asked.name if mine[0][0] else asked.target.classes[0]


def _line_sums(units: str) -> str:
    """Sum units by layer and region: all, those never seen, those not settled; in whole mm."""
    km = "sum(round(km * 1e6)::BIGINT){}::DOUBLE / 1e6"
    return (
        f"SELECT operator, technology, region, count(*) AS units, {km.format('')} AS km, "
        "count(*) FILTER (seen IS NULL) AS unseen, "
        f"coalesce({km.format(' FILTER (seen IS NULL)')}, 0) AS unseen_km, "
        "count(*) FILTER (answer = 'undetermined') AS open, "
        f"coalesce({km.format(chr(32) + _OPEN)}, 0) AS open_km, "
        f"bool_or(simulated) AS made FROM ({units}) WHERE list_contains($classes, class) "
        "GROUP BY ALL"
    )


_OPEN = "FILTER (answer = 'undetermined')"


def _line_figures(target: Target, scope: str) -> dict[str, str]:
    counted = target.unit == "lines"
    value, low, high, total, unseen, undetermined = (
        ("n.units_expected", "n.units_low", "n.units_high", "u.units", "u.unseen", "u.open")
        if counted
        else ("n.continuous_km", "n.continuous_low_km", "n.continuous_high_km", "u.km",
              "u.unseen_km", "u.open_km")
    )  # fmt: skip
    seen = "u.units > u.unseen"
    of_all = scope == "class"
    return {
        **({"scope": "'all'"} if of_all else _REGION),
        "region_id": "n.region_id", "operator": "n.operator", "technology": "n.technology",
        "value": f"CASE WHEN {seen} THEN {value} END",
        "low": f"CASE WHEN {seen} THEN {low} END",
        "high": f"CASE WHEN {seen} THEN {high} + {unseen} END",
        "unit": f"'{target.unit}'", "total": total, "undetermined": undetermined,
        "target_value": "$figure" if of_all else "CASE WHEN $figure IS NULL THEN 0 END",
        "p_target": "CASE WHEN n.target = $figure THEN n.p_target END" if of_all else "NULL",
        "basis": f"CASE WHEN {seen} THEN 'measured' END",
        "rows": "u.units", "of": "'line_verdicts'" if of_all else "'section_verdicts'",
        "last": f"CASE WHEN {seen} THEN {LAST_RUN} END", "simulated": "u.made",
    }  # fmt: skip
