"""What the endpoints ask of a build: parameterised SQL, and columns from lists written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from covermap.core.geodesy import to_plane
from covermap.errors import QueryError
from covermap.service.parameters import Page
from covermap.service.snapshot import Shapes, Snapshot, known
from covermap.tables import (
    CELL_PREDICTION,
    LINE_VERDICTS,
    NETWORK_VERDICTS,
    SECTION_VERDICTS,
    SEGMENT_PREDICTION,
    WEAK_SPOTS,
)

JUDGED = (
    "operator", "technology", "verdict", "probability", "basis", "n", "n_none", "rsrp_mean_dbm",
    "rsrp_p5_dbm", "rsrp_p50_dbm", "sinr_mean_db", "share",
)  # fmt: skip
_FORETOLD = ", ".join(name for name in CELL_PREDICTION.names if name != "cell")
_ALONG = ", ".join(name for name in SEGMENT_PREDICTION.names if name not in ("line_id", "segment"))
SPOT_COLUMNS = tuple(name for name in WEAK_SPOTS.names if name != "geometry")
SPOT_ORDERS = {
    "length": "length_m", "area": "area_m2", "n": "n", "rsrp": "rsrp_mean_dbm",
    "probability": "probability_weak", "id": "spot_id",
}  # fmt: skip
"""What weak spots can be ordered by -> column."""


@dataclass
class Where:
    """Conditions of a query and their parameters."""

    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def equal(self, column: str, value: str | None) -> None:
        """Ask for one value, if one is given; `column` is written in code."""
        if value is not None:
            self.conditions.append(f'"{column}" = ?')
            self.parameters.append(value)

    def among(self, column: str, values: list[str] | None) -> None:
        """Ask for one of several values, if a list is given."""
        if values is not None:
            self.conditions.append(f'"{column}" IN (SELECT unnest(?::VARCHAR[]))')
            self.parameters.append(values)

    def containing(self, columns: Sequence[str], text: str | None) -> None:
        """Ask for a text inside any of the columns, whatever its case."""
        if text:
            self.conditions.append(
                "(" + " OR ".join(f'contains(lower("{c}"), lower(?))' for c in columns) + ")"
            )
            self.parameters += [text] * len(columns)

    def sql(self) -> str:
        """Give the WHERE clause."""
        return f"WHERE {' AND '.join(self.conditions)}" if self.conditions else ""


def layer_where(snapshot: Snapshot, operator: str | None, technology: str | None) -> Where:
    """Conditions on a layer, its names checked.

    Raises
    ------
    NotKnownError
        The build has no such operator or technology.
    """
    where = Where()
    if operator is not None:
        where.equal("operator", known(operator, snapshot.operators, "operator"))
    if technology is not None:
        where.equal("technology", known(technology, snapshot.technologies, "technology"))
    return where


def first_layer(
    snapshot: Snapshot, operator: str | None, technology: str | None
) -> tuple[str, str] | None:
    """First layer of the build that is the one asked for."""
    for one in snapshot.layers:
        if operator in (None, one[0]) and technology in (None, one[1]):
            return one
    return None


def listed(
    snapshot: Snapshot, table: str, columns: Sequence[str], where: Where, order: str, page: Page
) -> dict[str, Any]:
    """One page of a table, and how many rows there are in all."""
    total = snapshot.rows(f"SELECT count(*) AS n FROM {table} {where.sql()}", where.parameters)
    chosen = ", ".join(f'"{c}"' for c in columns)
    items = snapshot.rows(
        f"SELECT {chosen} FROM {table} {where.sql()} ORDER BY {order} LIMIT ? OFFSET ?",
        [*where.parameters, page.limit, page.offset],
    )
    return {"total": total[0]["n"], "limit": page.limit, "offset": page.offset, "items": items}


def with_chainage(snapshot: Snapshot, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add `from` and `to` as people write them: of the official count where there are posts."""
    lines = [row["line_id"] for row in rows]
    ends = []
    for name in ("from_m", "to_m"):
        metres = np.array([row[name] for row in rows], np.float64)
        ends.append(snapshot.counts.texts(lines, metres))
    return [{**row, "from": start, "to": end} for row, start, end in zip(rows, *ends, strict=True)]


def ids_within(shapes: Shapes, boxes: list[shapely.Polygon] | None) -> list[str] | None:
    """First key of every shape that meets a box; None without boxes: no restriction."""
    if boxes is None:
        return None
    found = shapes.tree.query(boxes, predicate="intersects")[1]
    return sorted({shapes.keys[i][0] for i in found.tolist()})


LINES = "(SELECT v.*, l.oneway FROM line_verdicts v LEFT JOIN lines l ON l.line_id = v.line_id)"
"""Verdicts of lines, and the direction of travel, which tells courses of one name apart."""
LINE_COLUMNS = (*LINE_VERDICTS.names, "oneway")
NETWORK_COLUMNS = NETWORK_VERDICTS.names
NETWORK_ORDER = "scope, class, region_id NULLS FIRST, operator, technology"
SECTIONS = (
    "(SELECT v.*, s.name, s.from_m, s.to_m FROM section_verdicts v "
    "LEFT JOIN sections s USING (section_id))"
)
"""Verdicts of sections with what sections say of themselves."""
SECTION_COLUMNS = (*SECTION_VERDICTS.names, "name", "from_m", "to_m")
SECTION_ORDER = "line_id, kind, from_m, section_id, operator, technology"
LINE_ORDER = "class, coalesce(ref, name, line_id), line_id, operator, technology"


def spot_order(text: str) -> str:
    """Turn `-length` into ORDER BY: what is known first, ties by identity.

    Raises
    ------
    QueryError
        It is not in the list.

    Examples
    --------
    >>> spot_order("-length")
    '"length_m" DESC NULLS LAST, spot_id, operator, technology'
    """
    column = SPOT_ORDERS.get(text.removeprefix("-"))
    if column is None:
        raise QueryError(
            f"order = {text[:40]!r}: one of {', '.join(SPOT_ORDERS)}; with - before it, downwards."
        )
    direction = "DESC" if text.startswith("-") else "ASC"
    return f'"{column}" {direction} NULLS LAST, spot_id, operator, technology'


def cell_layers(snapshot: Snapshot, cell: int) -> list[dict[str, Any]]:
    """Give what each layer says of a cell; one that says nothing has not measured it.

    What is foretold stands beside it as `prediction`, None where nothing is.
    """
    columns = (*JUDGED, "last_period")
    rows = snapshot.rows(f"SELECT {', '.join(columns)} FROM cell_verdicts WHERE cell = ?", [cell])
    said = snapshot.rows(f"SELECT {_FORETOLD} FROM cell_prediction WHERE cell = ?", [cell])
    return _beside(_every_layer(snapshot, rows, columns), said, columns)


def _beside(
    rows: list[dict[str, Any]], said: list[dict[str, Any]], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Put what is foretold beside what was measured; layers that nobody measured come last."""
    by_layer = {(one.pop("operator"), one.pop("technology")): one for one in said}
    judged = [{**row, "prediction": by_layer.pop((row["operator"], row["technology"]), None)}
              for row in rows]  # fmt: skip
    alone = [{**_unmeasured(layer, columns), "prediction": one}
             for layer, one in sorted(by_layer.items())]  # fmt: skip
    return [*judged, *alone]


def _every_layer(
    snapshot: Snapshot, rows: list[dict[str, Any]], columns: Sequence[str]
) -> list[dict[str, Any]]:
    by_layer = {(row["operator"], row["technology"]): row for row in rows}
    return [
        by_layer.get(layer) or _unmeasured(layer, columns)
        for layer in snapshot.layers
    ]  # fmt: skip


def _unmeasured(layer: tuple[str, str], columns: Sequence[str]) -> dict[str, Any]:
    known = {"operator": layer[0], "technology": layer[1], "verdict": "unmeasured",
             "n": 0, "n_none": 0}  # fmt: skip
    return {column: known.get(column) for column in columns}


def lines_near(snapshot: Snapshot, lon: float, lat: float, reach_m: float) -> list[dict[str, Any]]:
    """Nearest segment of each line within reach, nearest line first, with what each layer says."""
    nearest = _nearest_segments(snapshot, lon, lat, reach_m)
    found = []
    for (line_id, segment), distance in nearest:
        course = snapshot.rows(
            "SELECT s.line_id, l.name, l.ref, l.class, s.segment, s.from_m, s.to_m FROM segments s "
            "LEFT JOIN lines l USING (line_id) WHERE s.line_id = ? AND s.segment = ?",
            [line_id, segment],
        )[0]
        rows = snapshot.rows(
            f"SELECT {', '.join(JUDGED)}, runs FROM segment_verdicts "
            "WHERE line_id = ? AND segment = ?",
            [line_id, segment],
        )
        said = snapshot.rows(
            f"SELECT {_ALONG} FROM segment_prediction WHERE line_id = ? AND segment = ?",
            [line_id, segment],
        )
        columns = (*JUDGED, "runs")
        layers = _beside(_every_layer(snapshot, rows, columns), said, columns)
        found.append({**course, "distance_m": round(distance, 2), "layers": layers})
    return found


def _nearest_segments(
    snapshot: Snapshot, lon: float, lat: float, reach_m: float
) -> list[tuple[tuple[str, int], float]]:
    shapes = snapshot.shapes("segments", "line_id,segment")
    x, y = (abs(v) for v in to_plane(np.array([lon + 1e-3]), np.array([lat + 1e-3]), lon, lat))
    wide, tall = (reach_m / max(float(v[0]), 1e-6) * 1e-3 * 1.01 for v in (x, y))
    candidates = shapes.tree.query(shapely.box(lon - wide, lat - tall, lon + wide, lat + tall))
    if not len(candidates):
        return []
    flat = shapely.transform(
        shapes.geometry[candidates],
        lambda c: np.column_stack(to_plane(c[:, 0], c[:, 1], lon, lat)),
    )
    distances = shapely.distance(flat, shapely.Point(0, 0))
    best: dict[str, tuple[float, int]] = {}
    for index, distance in zip(candidates.tolist(), distances.tolist(), strict=True):
        line_id, segment = shapes.keys[index]
        if distance <= reach_m:
            best[line_id] = min(best.get(line_id, (np.inf, 0)), (distance, segment))
    ordered = sorted((distance, line, segment) for line, (distance, segment) in best.items())
    return [((line, segment), distance) for distance, line, segment in ordered]
