"""How each kind of target is answered: one query a kind, all with the same columns."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from covermap.steps.score.asked import COLUMNS, Asked, Query
from covermap.steps.score.lines import of_lines
from covermap.steps.score.others import of_areas, of_declared, of_people, of_service, of_sites
from covermap.steps.score.places import of_places, of_scenes, of_villages

_QUERIES: dict[str, Callable[[Asked], Query]] = {
    "lines": of_lines, "places": of_places, "scenes": of_scenes, "villages": of_villages,
    "service": of_service, "people": of_people, "areas": of_areas, "sites": of_sites,
    "declared": of_declared,
}  # fmt: skip


def of_target(asked: Asked) -> pa.Table:
    """Answer one target, for all and for each region, per layer; columns `COLUMNS`.

    Regions are those of the levels of the pack's grouping; without one, of every level.
    """
    query, given = _QUERIES[asked.target.kind](asked)
    names = ", ".join(f'"{name}"' for name, _ in COLUMNS)
    where, grouping = "true", asked.pack.grouping
    if grouping is not None:
        where = "level IS NULL OR list_contains($told_levels, level)"
        given |= {"told_levels": list(grouping.levels)}
    found = asked.connection.sql(
        f"SELECT {names} FROM ({query}) WHERE {where}", params=given or None
    )
    return found.to_arrow_table()
