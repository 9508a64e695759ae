"""Evidence of places that are judged, as numbered places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.apart import Apart
from covermap.core.judging.certainty import Observed
from covermap.core.judging.judge import Bins
from covermap.tables import NO_TECHNOLOGY

Ints = NDArray[np.int64]

USABLE = f"(rsrp_bin IS NOT NULL OR technology = '{NO_TECHNOLOGY}')"


def layer_pairs(connection: Any, of_cells: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Operators and technologies (`none` too) that occur in any evidence, sorted."""
    rows = connection.execute(
        "SELECT DISTINCT operator, technology FROM segment_evidence"
    ).fetchall()
    of_segments = {(str(operator), str(technology)) for operator, technology in rows}
    return sorted(of_segments | set(of_cells))


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
