"""Targets over key places, scenes and villages."""

from __future__ import annotations

from typing import Any

from covermap.rules.targets import PlacesTarget, ScenesTarget, VillagesTarget
from covermap.steps.score.asked import Asked, Query, quotas_of, select

_PLACES = {
    "scope": "CASE WHEN s.region_id IS NULL THEN 'all' ELSE 'region' END",
    "level": "s.level", "region_id": "s.region_id", "name": "any_value(r.name)",
    "operator": "s.operator", "technology": "s.technology", "of": "'scene_sums'",
    "simulated": "bool_or(s.simulated)",
    "basis": "CASE WHEN sum(s.deep + s.not_deep) > 0 THEN 'measured' END",
}  # fmt: skip
_KNOWN = "CASE WHEN sum(s.deep + s.not_deep) > 0 THEN {} END"
_SUMMED = {
    name: _KNOWN.format(f"sum(s.{column})")
    for name, column in (("value", "expected"), ("low", "low"), ("high", "high"))
}
_BY_PLACES = "GROUP BY s.level, s.region_id, s.operator, s.technology"


def _scene_source(scenes: tuple[str, ...], more: str = "true") -> str:
    some = "list_contains($scenes, s.scene)" if scenes else "true"
    return f"scene_sums s LEFT JOIN regions r USING (region_id) WHERE {some} AND {more}"


def _given_scenes(scenes: tuple[str, ...]) -> dict[str, Any]:
    return {"scenes": list(scenes)} if scenes else {}


def of_places(asked: Asked) -> Query:
    """Sum scenes and grades; sums of their lower ends lie below that of all, so the end is safe."""
    target = asked.target
    assert isinstance(target, PlacesTarget)
    figure = "NULL" if target.value is None else str(target.value)
    query = select(
        f"{_scene_source(target.scenes)} {_BY_PLACES}", **_PLACES,
        **_SUMMED, unit="'places'",
        total="sum(s.places)", undetermined="sum(s.undetermined)",
        target_value=f"CASE WHEN s.region_id IS NULL THEN {figure} END",
        rows="count(*)",
    )  # fmt: skip
    return query, _given_scenes(target.scenes)


def of_scenes(asked: Asked) -> Query:
    """Each quota by itself, and how many of them are reached."""
    target = asked.target
    assert isinstance(target, ScenesTarget)
    each = select(
        f"{_scene_source(target.scenes, 's.quota_kind IS NOT NULL')} {_BY_PLACES}, s.scene, "
        "s.grade", **_PLACES,
        **_SUMMED, part="s.scene || '.' || s.grade", unit="'places'", total="sum(s.places)",
        undetermined="sum(s.undetermined)", target_value="sum(s.quota)",
        p_target="min(s.p_reached_low)", rows="count(*)",
    )  # fmt: skip
    reached = "count(*) FILTER (s.reached = '{}')"
    number = str(len(quotas_of(asked)))
    asks = f"CASE WHEN s.region_id IS NULL THEN {number} ELSE count(*) END"
    whole = select(
        f"{_scene_source(target.scenes, 's.quota_kind IS NOT NULL')} {_BY_PLACES}", **_PLACES,
        value=_KNOWN.format(reached.format("yes")), low=_KNOWN.format(reached.format("yes")),
        high=_KNOWN.format(f"{asks} - {reached.format('no')}"), unit="'quotas'", total=asks,
        undetermined=f"{asks} - {reached.format('yes')} - {reached.format('no')}",
        target_value=asks, rows="count(*)",
    )  # fmt: skip
    return f"{each} UNION ALL {whole}", _given_scenes(target.scenes)


_VILLAGE_BASES = """
SELECT 'all' AS scope, NULL AS level, NULL AS region_id, operator, technology,
  bool_or(basis IN ('measured', 'both')) AS seen,
  bool_or(basis IN ('predicted', 'both', 'site')) AS told
FROM village_verdicts GROUP BY ALL
UNION ALL
SELECT 'region', r.level, r.region_id, operator, technology,
  bool_or(basis IN ('measured', 'both')), bool_or(basis IN ('predicted', 'both', 'site'))
FROM village_verdicts JOIN (
  UNPIVOT (SELECT village_id, province, city, county, township FROM village_regions)
  ON province, city, county, township INTO NAME level VALUE region_id
) r USING (village_id) GROUP BY ALL"""


def of_villages(asked: Asked) -> Query:
    """Take the villages that are lit; of which nothing is known may be lit or not."""
    target = asked.target
    assert isinstance(target, VillagesTarget)
    known = "s.assessed > 0"
    figure = "NULL" if target.value is None else f"{target.value} * s.villages"
    query = select(
        f"village_sums s LEFT JOIN ({_VILLAGE_BASES}) b ON b.scope = s.scope "
        "AND b.level IS NOT DISTINCT FROM nullif(s.level, 'all') AND b.operator = s.operator "
        "AND b.region_id IS NOT DISTINCT FROM s.region_id AND b.technology = s.technology "
        "WHERE s.scope IN ('all', 'region')",
        scope="s.scope", level="nullif(s.level, 'all')", region_id="s.region_id", name="s.name",
        operator="s.operator", technology="s.technology",
        value=f"CASE WHEN {known} THEN s.expected_lit END",
        low=f"CASE WHEN {known} THEN s.lit_low END", high=f"CASE WHEN {known} THEN s.lit_high END",
        unit="'villages'", total="s.villages", undetermined="s.villages - s.lit - s.dark - s.weak",
        target_value=figure,
        basis="CASE WHEN b.seen AND b.told THEN 'both' WHEN b.seen THEN 'measured' "
        "WHEN b.told THEN 'predicted' END",
        rows="s.villages", of="'village_verdicts'", last="s.last_period", simulated="s.simulated",
    )  # fmt: skip
    return query, {}
