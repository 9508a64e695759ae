"""Evidence of a group's segments: read once, numbered, and held a layer at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.cube.counts import NO_BIN
from covermap.core.judging.apart import Apart, runs_apart
from covermap.core.judging.certainty import Observed
from covermap.core.judging.judge import CDB
from covermap.core.judging.quantiles import sum_by_place
from covermap.core.judging.runs import Counts, RunMeans, observed, run_means, runs_of
from covermap.errors import BuildError
from covermap.steps.judge.evidence import USABLE, OperatorBins
from covermap.tables import NO_TECHNOLOGY

Ints = NDArray[np.int64]
_COUNTS = f"""
SELECT line_id, segment, run_id, campaign, direction, operator, technology, rsrp_bin, sinr_bin, n,
  rsrp_sum_cdb, sinr_sum_cdb, {USABLE} AS usable
FROM segment_evidence WHERE line_id BETWEEN $first AND $last"""
_SEGMENT_BITS = 32
_NONE = np.zeros(0, np.int64)
_NOTHING = Counts(*(_NONE for _ in Counts.__dataclass_fields__))


class SegmentEvidence:
    """All segments of a group's lines, by line and along it, measured or not.

    Parameters
    ----------
    rows
        The group's rows of segment_evidence, in any order (see `read`).
    places
        Columns line_id, segment, length_m, route_length_m of its segments, in order.
    offsets_db
        By run: dB added to its levels; runs without one are left out.

    Raises
    ------
    BuildError
        Evidence names a segment that is not in `places`.
    """

    kind = "segments"

    def __init__(self, rows: pa.Table, places: pa.Table, offsets_db: dict[str, int]) -> None:
        self.places = places
        self.periods: list[str] = []
        self.runs, run = _numbered(rows.column("run_id"))
        self.campaigns, campaign = _numbered(rows.column("campaign"))
        counts = Counts(
            place=_places_of(rows, places),
            run=run,
            campaign=campaign,
            direction=_whole(rows.column("direction")),
            rsrp_bin=_whole(rows.column("rsrp_bin"), NO_BIN),
            sinr_bin=_whole(rows.column("sinr_bin"), NO_BIN),
            n=_whole(rows.column("n")),
            rsrp_sum_cdb=_whole(rows.column("rsrp_sum_cdb")),
            sinr_sum_cdb=_whole(rows.column("sinr_sum_cdb")),
        )
        if offsets_db:
            counts = shifted(counts, np.array([offsets_db.get(r, 0) for r in self.runs], np.int64))
        self._layers = _by_layer(rows, counts)
        self._means: dict[tuple[str, str, float], RunMeans] = {}

    @classmethod
    def read(
        cls,
        connection: Any,
        first: str,
        last: str,
        places: pa.Table,
        offsets_db: dict[str, int],
    ) -> SegmentEvidence:
        """Read the evidence of the lines from `first` to `last`."""
        found = connection.sql(_COUNTS, params={"first": first, "last": last})
        return cls(found.to_arrow_table(), places, offsets_db)

    @property
    def count(self) -> int:
        """Number of segments."""
        return int(self.places.num_rows)

    def _of(self, operator: str, technology: str) -> Counts:
        return self._layers.get((operator, technology), _NOTHING)

    def _served(self, operator: str) -> dict[str, Counts]:
        return {
            technology: counts
            for (name, technology), counts in self._layers.items()
            if name == operator and technology != NO_TECHNOLOGY
        }

    def bins(self, operator: str) -> OperatorBins:
        """Give the counts of one operator in all its technologies."""
        none = self._of(operator, NO_TECHNOLOGY)
        served = {name: counts.bins for name, counts in self._served(operator).items()}
        return OperatorBins(served, sum_by_place(none.place, none.n, self.count))

    def apart(self, operator: str) -> Apart:
        """Give the counts of one operator run by run."""
        return runs_apart(self._served(operator), self._of(operator, NO_TECHNOLOGY))

    def latest_period(self, operator: str, technology: str) -> None:  # noqa: ARG002
        """Give None: no table tells a segment's period."""
        return None

    def observed(self, operator: str, technology: str, floor_dbm: float) -> Observed:
        """Give what runs saw of each segment."""
        return observed(self.run_means(operator, technology, floor_dbm), self.count)

    def run_means(self, operator: str, technology: str, floor_dbm: float) -> RunMeans:
        """Give what each run saw of each segment, a row a segment, run and direction.

        Runs and campaigns are numbers in `runs` and `campaigns`, in the order of their names.
        """
        key = (operator, technology, floor_dbm)
        if key not in self._means:
            none = self._of(operator, NO_TECHNOLOGY)
            served = _NOTHING if technology == NO_TECHNOLOGY else self._of(operator, technology)
            self._means[key] = run_means(served, none, round(floor_dbm * CDB))
        return self._means[key]

    def run_counts(self, operator: str) -> Ints:
        """Count the operator's runs per segment, in whichever technology."""
        mine = [c for (name, _), c in self._layers.items() if name == operator] or [_NOTHING]
        place, run = (np.concatenate([getattr(c, n) for c in mine]) for n in ("place", "run"))
        return runs_of(place, run, self.count)


def shifted(counts: Counts, offset_db: Ints) -> Counts:
    """Add each run's declared offset to its levels; what has no level stays without."""
    added = np.where(counts.rsrp_bin == NO_BIN, 0, offset_db[counts.run])
    changed = {
        "rsrp_bin": counts.rsrp_bin + added,
        "rsrp_sum_cdb": counts.rsrp_sum_cdb + added * counts.n * round(CDB),
    }
    return Counts(**{n: changed.get(n, getattr(counts, n)) for n in Counts.__dataclass_fields__})


def _by_layer(rows: pa.Table, counts: Counts) -> dict[tuple[str, str], Counts]:
    """Part the usable rows by operator and technology."""
    operators, operator = _numbered(rows.column("operator"))
    technologies, technology = _numbered(rows.column("technology"))
    layer = operator * len(technologies) + technology
    layer[~rows.column("usable").to_numpy()] = -1
    order = np.argsort(layer, kind="stable")
    names = [(o, t) for o in operators for t in technologies]
    ends = np.searchsorted(layer[order], np.arange(len(names) + 1))
    return {
        name: counts.take(order[ends[k] : ends[k + 1]])
        for k, name in enumerate(names)
        if ends[k + 1] > ends[k]
    }


def _numbered(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """Give the names that occur, sorted, and each row's position among them."""
    encoded = column.combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    place = {name: k for k, name in enumerate(sorted(names))}
    table = np.array([place[name] for name in names], np.int64)
    codes = encoded.indices.to_numpy().astype(np.int64)
    return sorted(names), table[codes] if len(table) else codes


def _whole(column: pa.ChunkedArray, missing: int = 0) -> Ints:
    values: Ints = pc.fill_null(column, missing).to_numpy().astype(np.int64)
    return values


def _places_of(rows: pa.Table, places: pa.Table) -> Ints:
    """Give the position of each row's segment."""
    names, line = _numbered(places.column("line_id"))
    known = (line << _SEGMENT_BITS) + _whole(places.column("segment"))
    asked = pc.fill_null(pc.index_in(rows.column("line_id"), pa.array(names, pa.string())), -1)
    asked = asked.to_numpy().astype(np.int64)
    key = (asked << _SEGMENT_BITS) + _whole(rows.column("segment"))
    found = np.minimum(np.searchsorted(known, key), max(len(known) - 1, 0))
    stray = np.ones(len(key), bool) if len(known) == 0 else known[found] != key
    if stray.any():
        worst = rows.filter(pa.array(stray)).sort_by([("line_id", "ascending"),
                                                      ("segment", "ascending")])  # fmt: skip
        name, segment = worst.column("line_id")[0].as_py(), worst.column("segment")[0].as_py()
        raise BuildError(
            f"segment_evidence: line {name!r} segment {segment} is not in segments; "
            "match again with the lines of this build."
        )
    return np.asarray(found, np.int64)
