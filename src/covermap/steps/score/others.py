"""Targets over tests, people, areas, base stations, and figures that are declared."""

from __future__ import annotations

from covermap.rules.targets import (
    AreasTarget,
    DeclaredTarget,
    PeopleTarget,
    ServiceTarget,
    SitesTarget,
)
from covermap.steps.score.asked import LAST_RUN, Asked, Query, select
from covermap.tables import ANY


def of_service(asked: Asked) -> Query:
    """Take the figure of all tests, and of each region's: each source apart, and all together."""
    target = asked.target
    assert isinstance(target, ServiceTarget)
    wanted: list[str] = [*target.technologies] or [ANY]
    query = select(
        "quality_verdicts q WHERE q.figure = $figure AND q.scope IN ('all', 'region') "
        "AND list_contains($technologies, q.technology)",
        scope="q.scope", level="q.level", region_id="q.scope_id", name="q.name",
        operator="q.operator", technology="q.technology", source="q.source", value="q.value",
        low="q.low", high="q.high", unit=f"'{asked.unit}'", target_value=str(asked.figure),
        p_target="q.probability", basis="CASE WHEN q.tests > 0 THEN 'measured' END",
        rows="q.tests", of="'quality_verdicts'", last="q.last_period", simulated="q.simulated",
    )  # fmt: skip
    return query, {"figure": target.figure, "technologies": wanted}


_OF_REGION = {
    "scope": "p.scope", "level": "nullif(p.level, 'all')", "region_id": "p.region_id",
    "name": "p.name", "operator": "p.operator", "technology": "p.technology",
    "of": "'people_verdicts'", "last": LAST_RUN, "simulated": "p.simulated",
}  # fmt: skip


def of_people(asked: Asked) -> Query:
    """Take people in covered cells; those in cells that nobody measured may be covered or not."""
    target = asked.target
    assert isinstance(target, PeopleTarget)
    known = "p.people - p.unmeasured_people > 0"
    query = select(
        "people_verdicts p WHERE p.scope IN ('all', 'region') "
        "AND list_contains($technologies, p.technology)", **_OF_REGION,
        value=f"CASE WHEN {known} THEN p.covered_people END",
        low=f"CASE WHEN {known} THEN p.covered_people END",
        high=f"CASE WHEN {known} THEN p.covered_people + p.unmeasured_people END",
        unit="'people'", total="p.people", undetermined="p.unmeasured_people",
        target_value=f"{target.value} * p.people",
        basis=f"CASE WHEN {known} THEN 'measured' END", rows="1",
    )  # fmt: skip
    return query, {"technologies": list(target.technologies)}


def of_areas(asked: Asked) -> Query:
    """Count areas that are continuously covered, and tell each by itself."""
    target = asked.target
    assert isinstance(target, AreasTarget)
    base = (
        "(SELECT *, (answer = 'pass')::INT AS good, (answer = 'fail')::INT AS bad, "
        "area_km2 > unmeasured_km2 AS seen FROM area_verdicts WHERE list_contains($levels, level) "
        "AND list_contains($technologies, technology)) p"
    )
    said = {"of": "'area_verdicts'", "unit": "'areas'"}
    each = select(
        base, **(_OF_REGION | said | {"scope": "'region'"}),
        value="CASE WHEN p.seen THEN p.good END", low="CASE WHEN p.seen THEN p.good END",
        high="CASE WHEN p.seen THEN 1 - p.bad END", total="1",
        undetermined="1 - p.good - p.bad", target_value="1", rows="1",
        basis="CASE WHEN p.seen THEN 'measured' END",
    )  # fmt: skip
    seen = "CASE WHEN bool_or(p.seen) THEN {} END"
    whole = select(
        f"{base} GROUP BY p.operator, p.technology", **said,
        scope="'all'", operator="p.operator", technology="p.technology", last=LAST_RUN,
        simulated="bool_or(p.simulated)", total="count(*)", rows="count(*)",
        value=seen.format("sum(p.good)"), low=seen.format("sum(p.good)"),
        high=seen.format("count(*) - sum(p.bad)"),
        undetermined="count(*) - sum(p.good) - sum(p.bad)",
        target_value=f"{target.value} * count(*)", basis=seen.format("'measured'"),
    )  # fmt: skip
    given = {"levels": list(target.levels), "technologies": list(target.technologies)}
    return f"{each} UNION ALL {whole}", given


def of_sites(asked: Asked) -> Query:
    """Take base stations per 10,000 people from the inventory of sites."""
    target = asked.target
    assert isinstance(target, SitesTarget)
    own = {"of": "'region_sites'", "last": "NULL", "operator": "coalesce(p.operator, 'not given')"}
    query = select(
        "region_sites p WHERE p.scope IN ('all', 'region') AND p.technology = $technology",
        **(_OF_REGION | own),
        value="p.per_10000", low="p.per_10000", high="p.per_10000", unit="'stations'",
        target_value=str(target.value), basis="'inventory'", rows="p.sites",
    )  # fmt: skip
    return query, {"technology": target.technology}


def of_declared(asked: Asked) -> Query:
    """Take the latest figure that was declared, of all and of each region."""
    target = asked.target
    assert isinstance(target, DeclaredTarget)
    figure = "NULL" if target.value is None else str(target.value)
    query = select(
        "declared_indicators d LEFT JOIN regions r USING (region_id) "
        "WHERE d.indicator = $indicator "
        "QUALIFY row_number() OVER (PARTITION BY d.region_id ORDER BY d.period DESC) = 1",
        scope="CASE WHEN d.region_id IS NULL THEN 'all' ELSE 'region' END", level="r.level",
        region_id="d.region_id", name="r.name", operator="'any'", technology="'any'",
        value="d.value", low="d.value", high="d.value", unit="coalesce(d.unit, $unit)",
        target_value=f"CASE WHEN d.region_id IS NULL THEN {figure} END", basis="'declared'",
        rows="1", of="'declared_indicators'", last="d.period", simulated="d.simulated",
    )  # fmt: skip
    return query, {"indicator": target.indicator, "unit": target.unit}
