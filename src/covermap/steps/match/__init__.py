"""Match: samples of one part to lines, and their counts per segment, run and direction.

What may be on what: samples taken in a train (antenna `in-train`) lie on railways only; all others
lie on roads and waterways, and on railways only where the workspace has no road at all. Fixed
probes do not travel along lines and are on none. Links (connecting tracks, slip roads) are
travelled like lines of their class; what lies on them is told and is evidence of nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from covermap.core.lines.network import Network, network_of
from covermap.engine.whole_runs import HELD_ROWS, whole_runs
from covermap.formats.problem import Problem
from covermap.steps.match.about import About, about, added
from covermap.steps.match.by_marks import place_marks
from covermap.steps.match.by_position import match_positions
from covermap.steps.match.found import track_of
from covermap.steps.match.results import evidence_of, matched_table, nothing_matched
from covermap.store import Tables
from covermap.tables import MATCHED, SAMPLES, SEGMENT_EVIDENCE, empty, in_order
from covermap.workspace import Config

__all__ = ["LogMatch", "Matched", "Network", "load_network", "match_part"]


@dataclass(frozen=True)
class Matched:
    """Where samples lie, what that is evidence of, and what was found."""

    matched: pa.Table
    evidence: pa.Table
    problems: list[Problem]


def load_network(tables: Tables) -> Network:
    """Read lines, segments, stations, tunnels and links into a network."""
    names = ("lines", "segments", "stations", "structures", "links")
    return network_of(*(tables.read(name) for name in names))


def match_part(samples: pa.Table, network: Network, config: Config) -> Matched:
    """Match the samples of one part, and count them per segment, run and direction.

    Parameters
    ----------
    samples
        Rows of ``tables.SAMPLES`` in key order.
    network
        See :func:`load_network`.
    config
        `matching` (distance, heading, what counts) and `positions.max_error_m`.

    Returns
    -------
    Matched
        `matched` has every sample of the part; `evidence` counts those on a line that are placed
        well enough (see ``results.counting``).
    """
    matched, evidence, told = _match(samples, network, config)
    return Matched(matched, evidence, told.problems(network))


def _match(samples: pa.Table, network: Network, config: Config) -> tuple[pa.Table, pa.Table, About]:
    if samples.num_rows == 0 or len(network.line_id) == 0:
        return *nothing_matched(samples), About()
    track = track_of(samples, config)
    found = match_positions(samples, track, network, config)
    of_marks = place_marks(samples, network, found)
    matched = matched_table(samples, found, network)
    told = about(samples, track, found, network, of_marks)
    return matched, evidence_of(samples, matched, network, config), told


class LogMatch:
    """Match a log some whole runs at a time, so that a long one needs no more memory.

    Runs with station marks are matched together, however many pieces the others take: their times
    show what is usual on a line. The tables are those of :func:`match_part` of the whole log.

    Parameters
    ----------
    path
        Parquet file of ``tables.SAMPLES``.
    held_rows
        Samples that are taken together, about: whole runs.
    """

    def __init__(
        self, path: Path, network: Network, config: Config, held_rows: int = HELD_ROWS
    ) -> None:
        self._path, self._network, self._config = path, network, config
        self._held_rows = held_rows
        self._evidence: list[pa.Table] = []
        self._told: list[About] = []

    def matched(self) -> Iterator[pa.RecordBatch]:
        """Match piece after piece; rows of ``tables.MATCHED`` in key order."""
        marked = self._marked_runs() if self._is_long() else pa.array([], pa.string())
        beside = self._take(self._of_runs(marked)) if len(marked) else empty(MATCHED)
        for samples in self._pieces():
            mine = pc.is_in(samples.column("run_id"), value_set=marked)
            rows = self._take(samples.filter(pc.invert(mine)))
            runs = pc.unique(samples.column("run_id").filter(mine))
            if len(runs):
                theirs = beside.filter(pc.is_in(beside.column("run_id"), value_set=runs))
                rows = in_order(pa.concat_tables([rows, theirs]), MATCHED)
            yield from rows.combine_chunks().to_batches()

    @property
    def evidence(self) -> pa.Table:
        """Rows of ``tables.SEGMENT_EVIDENCE`` in key order, once all is matched."""
        return in_order(pa.concat_tables([empty(SEGMENT_EVIDENCE), *self._evidence]),
                        SEGMENT_EVIDENCE)  # fmt: skip

    @property
    def problems(self) -> list[Problem]:
        """What was found, once all is matched."""
        return added(self._told).problems(self._network)

    def _take(self, samples: pa.Table) -> pa.Table:
        matched, evidence, told = _match(samples, self._network, self._config)
        self._evidence.append(evidence)
        self._told.append(told)
        return matched

    def _is_long(self) -> bool:
        return int(pq.read_metadata(self._path).num_rows) > self._held_rows

    def _pieces(self) -> Iterator[pa.Table]:
        return whole_runs(self._path, SAMPLES.names, (), self._held_rows)

    def _marked_runs(self) -> pa.Array:
        """Name the runs with marks of which some sample has no position."""
        names = ["run_id", "mark", "position_basis"]
        marked, lost = (pa.array([], pa.string()) for _ in range(2))
        for batch in pq.ParquetFile(self._path).iter_batches(columns=names):
            run = batch.column("run_id")
            on = run.filter(batch.column("mark").is_valid())
            off = run.filter(pc.equal(batch.column("position_basis"), "lost"))
            marked = pc.unique(pa.concat_arrays([marked, on]))
            lost = pc.unique(pa.concat_arrays([lost, off]))
        return marked.filter(pc.is_in(marked, value_set=lost))

    def _of_runs(self, runs: pa.Array) -> pa.Table:
        """Read the samples of some runs."""
        parts = [
            samples.filter(pc.is_in(samples.column("run_id"), value_set=runs))
            for samples in self._pieces()
        ]
        return pa.concat_tables(parts).combine_chunks()
