"""From a figure on the scorecard to the rows that it comes from, added up once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from covermap.store import Build
from covermap.tables import NO_TECHNOLOGY

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Trace:
    """Rows behind one figure."""

    table: str
    rows: pa.Table
    """All of them, the weightiest first."""
    formula: str
    """How the value follows from them."""
    again: float | None
    """The value, computed once more from these rows; None: it is one of them as it stands."""


@dataclass(frozen=True)
class _Query:
    table: str
    sql: str
    given: dict[str, Any]
    formula: str
    again: str | None = None
    """What of the rows gives the value once more, in SQL."""
    reads: tuple[str, ...] = ()
    """Further tables."""


def trace(build: Build, row: Row) -> Trace:
    """Find the rows behind a row of the scorecard of a build.

    Raises
    ------
    KeyError
        The row is of another build: its target is not in the pack.
    """
    pack = build.manifest["rules"]
    query = _QUERIES[row["kind"]](row, pack["targets"][row["target"]], pack)
    layer = {"operator": row["operator"], "technology": row["technology"]}
    judged = {name: build.manifest["config"]["judge"].get(name) for name in ("first", "last")}
    given = {k: v for k, v in {**layer, **judged, **query.given}.items() if f"${k}" in query.sql}
    with build.connect(query.table, *query.reads) as connection:
        rows = connection.sql(query.sql, params=given).to_arrow_table()
        again = None
        if query.again is not None and row["value"] is not None:
            connection.register("behind", rows)
            once_more = f"SELECT coalesce({query.again}, 0)::DOUBLE FROM behind"
            again = connection.execute(once_more).fetchall()[0][0]
    return Trace(query.table, rows, query.formula, again)


_WITHIN = (
    "($first::VARCHAR IS NULL AND $last::VARCHAR IS NULL OR period <> 'undated' AND period "
    "BETWEEN coalesce($first, '0') AND coalesce($last, '9999-99'))"
)
_LAYER = "operator = $operator AND technology = $technology"


def _lines(row: Row, target: Mapping[str, Any], pack: Mapping[str, Any]) -> _Query:
    """Give the units of the target's classes, with the probability that each passes."""
    unit = pack["line"]["unit"]
    whole = row["scope"] == "all"
    km = "p_pass * route_length_km"
    names = "route_length_km, covered_share, share_low, share_high, p_pass, answer"
    given = {"classes": target["classes"], "region": row["region_id"], "unit": unit}
    where = f"{_LAYER} AND list_contains($classes, class)"
    if whole and unit == "line":
        table, sql = "line_verdicts", f"SELECT line_id, name, ref, {names} FROM line_verdicts"
        sql += f" WHERE {where} ORDER BY route_length_km DESC, line_id"
    elif whole:
        names = names.replace("covered_share, ", "")
        table, sql = (
            "section_verdicts",
            f"SELECT section_id, line_id, {names} FROM section_verdicts",
        )
        sql += f" WHERE {where} AND kind = $unit ORDER BY route_length_km DESC, section_id"
    else:
        table = "section_verdicts"
        own = "l" if unit == "line" else "s"
        sql = (
            f"SELECT s.section_id, s.line_id, l.name, l.ref, s.route_length_km, {own}.share_low, "
            f"{own}.share_high, {own}.p_pass, {own}.answer FROM section_verdicts s JOIN "
            "line_verdicts l USING (line_id, operator, technology) WHERE s.kind = 'county' "
            f"AND s.region_id = $region AND s.{_LAYER.replace(' AND ', ' AND s.')} AND "
            "list_contains($classes, s.class) ORDER BY s.route_length_km DESC, s.section_id"
        )
    counted = target["unit"] == "lines"
    formula = "sum of p_pass" if counted else "sum of p_pass x route_length_km"
    return _Query(
        table, sql, given, formula, "sum(p_pass)" if counted else f"sum({km})", ("line_verdicts",)
    )


def _places(row: Row, target: Mapping[str, Any], pack: Mapping[str, Any]) -> _Query:
    """Give the places, or in a region what is summed of them; of all quotas, each."""
    part, some = row["part"], target.get("scenes") or list(pack["scenes"])
    scene, _, grade = (part or "").partition(".")
    given = {"scenes": [scene] if part else some, "grade": grade, "region": row["region_id"]}
    where = f"{_LAYER} AND list_contains($scenes, scene)" + (" AND grade = $grade" if part else "")
    if target["kind"] == "places" and not target.get("scenes"):
        where = _LAYER
    if row["scope"] == "all" and row["unit"] == "places":
        sql = (
            "SELECT place_id, name, scene, grade, key_points, met, missed, unmeasured, deep, "
            "probability, probability_low, probability_high FROM place_verdicts WHERE "
            f"{where} ORDER BY deep, place_id"
        )
        return _Query("place_verdicts", sql, given, "sum of probability", "sum(probability)")
    quotas = row["unit"] == "quotas"
    sql = (
        "SELECT scene, grade, places, deep, not_deep, undetermined, expected, low, high, "
        f"quota_kind, quota, reached FROM scene_sums WHERE {where} AND region_id IS NOT DISTINCT "
        f"FROM $region {'AND quota_kind IS NOT NULL' if quotas else ''} ORDER BY scene, grade"
    )
    formula, what = ("count of reached = yes", "count(*) FILTER (reached = 'yes')") if quotas else (
        "sum of expected", "sum(expected)")  # fmt: skip
    return _Query("scene_sums", sql, given, formula, what)


def _villages(row: Row, _target: Mapping[str, Any], _pack: Mapping[str, Any]) -> _Query:
    within, reads = "", ("villages", "village_regions")
    if row["scope"] == "region":
        within = f"AND r.{row['level']} = $region"
    sql = (
        "SELECT v.village_id, w.name, v.verdict, v.probability, v.basis, v.n, v.cells, "
        "v.key_points, v.key_points_measured, v.last_period FROM village_verdicts v "
        "LEFT JOIN villages w USING (village_id) LEFT JOIN village_regions r USING (village_id) "
        f"WHERE v.operator = $operator AND v.technology = $technology {within} "
        "ORDER BY v.verdict, v.village_id"
    )
    return _Query("village_verdicts", sql, {"region": row["region_id"]}, "sum of probability",
                  "sum(probability)", reads)  # fmt: skip


def _service(row: Row, target: Mapping[str, Any], pack: Mapping[str, Any]) -> _Query:
    """Give the tests of each run, counted: how many, their mean, and how many meet the standard."""
    kinds = {"mean_downlink_mbps": ["downlink"], "mean_uplink_mbps": ["uplink"]}
    wanted = {"operator": row["operator"], "technology": row["technology"], "source": row["source"]}
    own = [name for name, value in wanted.items() if value not in ("any", "mixed", None)]
    same = "".join(f" AND {name} = ${name}" for name in own)
    judged, met = _rate_standards(pack["service"]["rates"])
    share = target["figure"] == "tests_share"
    sql = (
        "SELECT regexp_replace(run_id, '/part-[0-9]+$', '') AS run, device_id, source, "
        "sum(n)::BIGINT AS tests, sum(sum) / sum(n) / 1e6 AS mean_mbps, "
        f"coalesce(sum(n) FILTER ({judged}), 0)::BIGINT AS asked, "
        f"coalesce(sum(n) FILTER ({met}), 0)::BIGINT AS met FROM test_evidence WHERE "
        "list_contains($kinds, kind) AND scope = $scope AND scope_id IS NOT DISTINCT FROM $region "
        f"AND level IS NOT DISTINCT FROM $level{same} AND {_WITHIN} "
        "GROUP BY ALL ORDER BY tests DESC, run, source"
    )
    given = {
        "kinds": kinds.get(target["figure"], ["downlink", "uplink"]), "scope": row["scope"],
        "region": row["region_id"], "level": row["level"], **{n: wanted[n] for n in own},
    }  # fmt: skip
    formula = "met / asked" if share else "sum of tests x mean_mbps / sum of tests"
    again = "sum(met) / nullif(sum(asked), 0)"
    if not share:
        again = "sum(tests * mean_mbps) / sum(tests)"
    return _Query("test_evidence", sql, given, formula, again)


def _rate_standards(rates: Mapping[str, Any]) -> tuple[str, str]:
    """Write in SQL whether a test of rate is asked something, and whether it meets it."""
    judged, met = [], []
    for kind in ("downlink", "uplink"):
        asked = {t: one[f"{kind}_mbps"] for t, one in rates.items() if one.get(f"{kind}_mbps")}
        names = ", ".join(f"'{name}'" for name in (*asked, NO_TECHNOLOGY))
        if asked:
            judged.append(f"(kind = '{kind}' AND technology IN ({names}))")
        met += [
            f"(kind = '{kind}' AND technology = '{t}' AND bin >= {round(rate * 1e6)})"
            for t, rate in asked.items()
        ]
    return " OR ".join(judged) or "false", " OR ".join(met) or "false"


def _people(row: Row, _target: Mapping[str, Any], _pack: Mapping[str, Any]) -> _Query:
    sql = (
        "SELECT region_id, name, level, people, covered_people, weak_people, none_people, "
        f"unmeasured_people FROM people_verdicts WHERE {_LAYER} AND scope = $scope "
        "AND region_id IS NOT DISTINCT FROM $region ORDER BY level, region_id"
    )
    given = {"scope": row["scope"], "region": row["region_id"]}
    return _Query("people_verdicts", sql, given, "sum of covered_people", "sum(covered_people)")


def _areas(row: Row, target: Mapping[str, Any], _pack: Mapping[str, Any]) -> _Query:
    within = "" if row["scope"] == "all" else "AND region_id = $region"
    sql = (
        "SELECT region_id, name, level, area_km2, covered_km2, unmeasured_km2, "
        "area_share_expected, area_low, area_high, people, covered_people, "
        "unmeasured_people, answer FROM area_verdicts "
        f"WHERE {_LAYER} AND list_contains($levels, level) {within} ORDER BY level, region_id"
    )
    given = {"region": row["region_id"], "levels": target["levels"]}
    return _Query("area_verdicts", sql, given, "count of answer = pass",
                  "count(*) FILTER (answer = 'pass')")  # fmt: skip


def _sites(row: Row, _target: Mapping[str, Any], _pack: Mapping[str, Any]) -> _Query:
    sql = (
        "SELECT operator, technology, sites, cells, people, per_10000 FROM region_sites "
        "WHERE scope = $scope AND region_id IS NOT DISTINCT FROM $region "
        "AND coalesce(operator, 'not given') = $operator AND technology = $technology"
    )
    given = {"scope": row["scope"], "region": row["region_id"]}
    return _Query(
        "region_sites", sql, given, "sites / people x 10,000", "10000 * sum(sites) / sum(people)"
    )


def _declared(row: Row, target: Mapping[str, Any], _pack: Mapping[str, Any]) -> _Query:
    sql = (
        "SELECT indicator, region_id, period, value, unit, source, input FROM declared_indicators "
        "WHERE indicator = $indicator AND region_id IS NOT DISTINCT FROM $region "
        "ORDER BY period DESC"
    )
    given = {"indicator": target["indicator"], "region": row["region_id"]}
    return _Query("declared_indicators", sql, given, "the latest period's value, as declared")


_QUERIES: dict[str, Callable[[Row, Mapping[str, Any], Mapping[str, Any]], _Query]] = {
    "lines": _lines, "places": _places, "scenes": _places, "villages": _villages,
    "service": _service, "people": _people, "areas": _areas, "sites": _sites,
    "declared": _declared,
}  # fmt: skip
