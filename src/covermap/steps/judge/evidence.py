"""Evidence of places that are judged, as numbered places; that of cells, one operator at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cells import areas_m2
from covermap.core.judging.apart import Apart
from covermap.core.judging.certainty import Observed
from covermap.core.judging.judge import NO_BIN, Bins
from covermap.core.judging.quantiles import sum_by_place
from covermap.tables import NO_TECHNOLOGY

Ints = NDArray[np.int64]

UNDATED = "undated"
USABLE = f"(rsrp_bin IS NOT NULL OR technology = '{NO_TECHNOLOGY}')"
_BINS = f"""
SELECT place, technology, coalesce(rsrp_bin, {NO_BIN})::BIGINT AS rsrp_bin,
  coalesce(sinr_bin, {NO_BIN})::BIGINT AS sinr_bin, sum(n)::BIGINT AS n,
  sum(rsrp_sum_cdb)::BIGINT AS rsrp_sum_cdb, sum(sinr_sum_cdb)::BIGINT AS sinr_sum_cdb
FROM cell_counts WHERE operator = $operator AND {USABLE}
GROUP BY ALL ORDER BY technology, place, rsrp_bin, sinr_bin"""
_PERIODS = f"""
SELECT place, max(number)::BIGINT AS number
FROM cell_counts JOIN period USING (period)
WHERE operator = $operator AND technology IN ($technology, '{NO_TECHNOLOGY}') AND {USABLE}
GROUP BY place ORDER BY place"""


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


class Evidence(Protocol):
    """Places 0 to `count` - 1 of one kind, and what was measured of them."""

    kind: str
    """What the places are, in the plural."""
    places: pa.Table
    """One row a place, in order: the columns that name it in the table of verdicts."""
    periods: list[str]
    """Periods that occur, earliest first."""

    @property
    def count(self) -> int:
        """Number of places."""

    def bins(self, operator: str) -> OperatorBins:
        """Give the counts of one operator in all its technologies."""

    def latest_period(self, operator: str, technology: str) -> Ints | None:
        """Position in `periods` of the latest usable sample per place, -1 without; None: not kept.

        Samples without service count in every technology.
        """

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed | None:
        """Give what runs saw of each place; None where evidence does not tell runs apart."""

    def run_counts(self, operator: str) -> Ints:
        """Count the operator's runs per place, in whichever technology; 0 where not told apart."""

    def apart(self, operator: str) -> Apart | None:
        """Give the counts of one operator run by run; None where runs are not told apart."""


class CellEvidence:
    """Cells that have any evidence, in order of their index; read an operator at a time."""

    kind = "cells"

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
        self.connection = connection
        self.places = pa.table({"cell": index, "area_m2": pa.array(areas_m2(index.to_numpy()))})
        self.periods = self._number_periods()

    @property
    def count(self) -> int:
        """Number of cells."""
        return int(self.places.num_rows)

    def _number_periods(self) -> list[str]:
        rows = self.connection.execute("SELECT DISTINCT period FROM cell_evidence").fetchall()
        # 'undated' is earlier than any date, whatever its letters
        found = sorted((str(row[0]) for row in rows), key=lambda p: (p != UNDATED, p))
        numbers = pa.table({"period": pa.array(found, pa.string()), "number": range(len(found))})
        self.connection.register("period", numbers)
        return found

    def _arrays(self, query: str, **values: object) -> dict[str, Any]:
        table = self.connection.sql(query, params=values).to_arrow_table()
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
        """Position in `periods` of the latest usable sample per cell; -1 without."""
        found = self._arrays(_PERIODS, operator=operator, technology=technology)
        latest = np.full(self.count, -1, np.int64)
        latest[found["place"].to_numpy()] = found["number"].to_numpy()
        return latest

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed | None:  # noqa: ARG002
        """Give None: a cell's evidence does not tell runs apart, its samples count as one run."""
        return None

    def run_counts(self, operator: str) -> Ints:  # noqa: ARG002
        """Give zeros: runs are not known in cells."""
        return np.zeros(self.count, np.int64)

    def apart(self, operator: str) -> Apart | None:  # noqa: ARG002
        """Give None: runs are not known in cells."""
        return None
