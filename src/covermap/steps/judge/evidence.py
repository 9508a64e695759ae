"""Evidence of cells or segments, read per operator as numbered places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import areas_m2
from covermap.core.judging.certainty import Observed, observed_in_runs
from covermap.core.judging.judge import CDB, NO_BIN, Bins
from covermap.core.judging.quantiles import sum_by_place
from covermap.errors import BuildError
from covermap.tables import NO_TECHNOLOGY

Ints = NDArray[np.int64]

UNDATED = "undated"
_USABLE = f"(rsrp_bin IS NOT NULL OR technology = '{NO_TECHNOLOGY}')"
_BINS = f"""
SELECT place, technology, coalesce(rsrp_bin, {NO_BIN})::BIGINT AS rsrp_bin,
  coalesce(sinr_bin, {NO_BIN})::BIGINT AS sinr_bin, sum(n)::BIGINT AS n,
  sum(rsrp_sum_cdb)::BIGINT AS rsrp_sum_cdb, sum(sinr_sum_cdb)::BIGINT AS sinr_sum_cdb
FROM {{view}} WHERE operator = $operator AND {_USABLE}
GROUP BY ALL ORDER BY technology, place, rsrp_bin, sinr_bin"""
_PERIODS = f"""
SELECT place, max(number)::BIGINT AS number
FROM {{view}} JOIN period USING (period)
WHERE operator = $operator AND technology IN ($technology, '{NO_TECHNOLOGY}') AND {_USABLE}
GROUP BY place ORDER BY place"""
_RUNS = f"""
SELECT place, dense_rank() OVER (ORDER BY campaign)::BIGINT AS campaign, n, level_cdb FROM (
  SELECT place, run_id, min(campaign) AS campaign, sum(n)::BIGINT AS n,
    sum(CASE WHEN technology = '{NO_TECHNOLOGY}' THEN n * $floor_cdb ELSE rsrp_sum_cdb END
    )::BIGINT AS level_cdb
  FROM {{view}}
  WHERE operator = $operator AND technology IN ($technology, '{NO_TECHNOLOGY}') AND {_USABLE}
  GROUP BY place, run_id)
ORDER BY place, run_id"""
_RUN_MEANS = f"""
SELECT place, run_id, direction::BIGINT AS direction, min(campaign) AS campaign,
  sum(n)::BIGINT AS n,
  sum(CASE WHEN technology = '{NO_TECHNOLOGY}' THEN n ELSE 0 END)::BIGINT AS n_none,
  sum(CASE WHEN technology = '{NO_TECHNOLOGY}' THEN n * $floor_cdb ELSE rsrp_sum_cdb END
  )::BIGINT AS level_cdb
FROM {{view}}
WHERE operator = $operator AND technology IN ($technology, '{NO_TECHNOLOGY}') AND {_USABLE}
GROUP BY place, run_id, direction ORDER BY place, run_id, direction"""
_RUN_COUNT = f"""
SELECT place, count(DISTINCT run_id)::BIGINT AS runs FROM {{view}}
WHERE operator = $operator AND {_USABLE} GROUP BY place ORDER BY place"""


def layer_pairs(connection: Any) -> list[tuple[str, str]]:
    """Operators and technologies (`none` too) that occur in any evidence, sorted."""
    rows = connection.execute(
        "SELECT DISTINCT operator, technology FROM ("
        "SELECT operator, technology FROM cell_evidence UNION ALL "
        "SELECT operator, technology FROM segment_evidence)"
    ).fetchall()
    return sorted((str(operator), str(technology)) for operator, technology in rows)


@dataclass(frozen=True)
class OperatorBins:
    """One operator's counts: bins per technology, and samples without service per place."""

    by_technology: dict[str, Bins]
    n_none: Ints


class Evidence:
    """Places 0 to `count` - 1 of one kind, with their evidence in a view of the connection."""

    def __init__(self, connection: Any, view: str, places: pa.Table) -> None:
        self.connection = connection
        self.view = view
        self.places = places
        """One row a place, in order: the columns that name it in the table of verdicts."""
        self.count = places.num_rows
        self.periods = self._number_periods()

    def _number_periods(self) -> list[str]:
        rows = self.connection.execute(f"SELECT DISTINCT period FROM {self.view}").fetchall()
        # 'undated' is earlier than any date, whatever its letters
        found = sorted((str(row[0]) for row in rows), key=lambda p: (p != UNDATED, p))
        numbers = pa.table({"period": pa.array(found, pa.string()), "number": range(len(found))})
        self.connection.register("period", numbers)
        return found

    def _arrays(self, query: str, **values: object) -> dict[str, Any]:
        named = {k: v for k, v in values.items() if f"${k}" in query}
        relation = self.connection.sql(query.format(view=self.view), params=named)
        table = relation.to_arrow_table()
        return {name: table.column(name).combine_chunks() for name in table.column_names}

    def bins(self, operator: str) -> OperatorBins:
        """Read the counts of one operator in all its technologies."""
        columns = self._arrays(_BINS, operator=operator)
        technology = columns.pop("technology").dictionary_encode()
        codes = technology.indices.to_numpy()
        whole = Bins(**{name: values.to_numpy() for name, values in columns.items()})
        by_technology = {
            name: whole.take(codes == code)
            for code, name in enumerate(technology.dictionary.to_pylist())
        }
        none = by_technology.pop(NO_TECHNOLOGY, whole.take(codes < 0))
        return OperatorBins(by_technology, sum_by_place(none.place, none.n, self.count))

    def latest_period(self, operator: str, technology: str) -> Ints:
        """Position in `periods` of the latest usable sample per place; -1 without."""
        found = self._arrays(_PERIODS, operator=operator, technology=technology)
        latest = np.full(self.count, -1, np.int64)
        latest[found["place"].to_numpy()] = found["number"].to_numpy()
        return latest

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed | None:
        """Give what runs saw of each place; None where evidence does not tell runs apart."""
        raise NotImplementedError

    def run_counts(self, operator: str) -> Ints:
        """Count the operator's runs per place, in whichever technology; 0 where not told apart."""
        raise NotImplementedError


class CellEvidence(Evidence):
    """Cells that have any evidence, in order of their index."""

    def __init__(self, connection: Any) -> None:
        connection.execute(
            "CREATE TEMP TABLE cell_place AS SELECT cell, row_number() OVER (ORDER BY cell) - 1 "
            "AS place FROM (SELECT DISTINCT cell FROM cell_evidence)"
        )
        connection.execute(
            "CREATE TEMP VIEW cell_counts AS SELECT * FROM cell_evidence JOIN cell_place "
            "USING (cell)"
        )
        cells = connection.sql("SELECT cell FROM cell_place ORDER BY place").to_arrow_table()
        index = cells.column("cell").combine_chunks()
        areas = pa.array(areas_m2(index.to_numpy()))
        super().__init__(connection, "cell_counts", pa.table({"cell": index, "area_m2": areas}))

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed | None:  # noqa: ARG002
        """Give None: a cell's evidence does not tell runs apart, its samples count as one run."""
        return None

    def run_counts(self, operator: str) -> Ints:  # noqa: ARG002
        """Give zeros: runs are not known in cells."""
        return np.zeros(self.count, np.int64)


class SegmentEvidence(Evidence):
    """All segments of all lines, by line and along it, measured or not."""

    def __init__(self, connection: Any) -> None:
        connection.execute(
            "CREATE TEMP TABLE segment_place AS SELECT line_id, segment, "
            "row_number() OVER (ORDER BY line_id, segment) - 1 AS place FROM segments"
        )
        connection.execute(
            "CREATE TEMP VIEW segment_counts AS SELECT * FROM segment_evidence "
            "JOIN segment_place USING (line_id, segment)"
        )
        _check_segments(connection)
        places = connection.sql(
            "SELECT line_id, segment, length_m, route_length_m FROM segments "
            "ORDER BY line_id, segment"
        ).to_arrow_table()
        super().__init__(connection, "segment_counts", places.combine_chunks())

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed:
        """Give what runs saw of each segment."""
        found = self._arrays(
            _RUNS, operator=operator, technology=technology, floor_cdb=round(floor_dbm * CDB)
        )
        place, campaign, n, level_cdb = (column.to_numpy() for column in found.values())
        return observed_in_runs(place, campaign, n, level_cdb / CDB, self.count)

    def run_means(self, operator: str, technology: str, floor_dbm: float) -> dict[str, Any]:
        """Give what each run saw of each segment, a row a segment, run and direction.

        Columns place, run_id, direction, campaign, n, n_none, level_cdb (sum of the levels, no
        service at the floor), by place, run and direction.
        """
        return self._arrays(
            _RUN_MEANS, operator=operator, technology=technology, floor_cdb=round(floor_dbm * CDB)
        )

    def run_counts(self, operator: str) -> Ints:
        """Count the operator's runs per segment, in whichever technology."""
        found = self._arrays(_RUN_COUNT, operator=operator)
        runs = np.zeros(self.count, np.int64)
        runs[found["place"].to_numpy()] = found["runs"].to_numpy()
        return runs


def _check_segments(connection: Any) -> None:
    stray = connection.execute(
        "SELECT line_id, segment FROM segment_evidence ANTI JOIN segment_place "
        "USING (line_id, segment) ORDER BY line_id, segment LIMIT 1"
    ).fetchone()
    if stray:
        raise BuildError(
            f"segment_evidence: line {stray[0]!r} segment {stray[1]} is not in segments; "
            "match again with the lines of this build."
        )
