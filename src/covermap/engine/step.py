"""What a step is given: the tables before it, settings, rules, and a place to write.

A step reads tables, calls the core, writes tables. It opens no other file and knows no other step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from covermap.engine.local import Workers
from covermap.rules import RulePack
from covermap.store import Tables, write_table
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config


def _silent(_done: float, _what: str) -> None:
    return None


@dataclass
class StepContext:
    """Everything that a step may touch."""

    tables: Tables
    """Tables that came before, read-only."""
    out: Path
    """Folder that the step writes into."""
    config: Config
    rules: RulePack
    workers: Workers = field(default_factory=lambda: Workers(1))
    """Processes that independent parts of the step may run in."""
    part: Callable[[str], Path] | None = None
    """Folder in which a part of the result with this key is kept from build to build; None:
    nothing is kept, and the step keeps its parts in `out` while it runs."""
    progress: Callable[[float, str], None] = _silent
    """Call with the share done (0-1) and what is being done; may raise to interrupt."""
    report: dict[str, Any] = field(default_factory=dict)
    """Counts worth telling, shown by `covermap build --explain` and `--json`."""
    root: Path = Path()
    """The workspace: what input files are named relative to."""
    before: Path | None = None
    """The latest other result of this step by the same code: what would be the same may be taken
    from there, read only; None: there is none. What comes out must not depend on it."""
    contents: dict[str, str] = field(default_factory=dict)
    """What tells the content of each table that the step reads: the same text, the same bytes."""

    @property
    def memory_bytes(self) -> int:
        """What the step and its workers may take together: size batches and spilling to it."""
        return self.workers.memory_bytes

    def connect(self, *names: str) -> Any:
        """Open tables with DuckDB, in half of the memory; what does not fit is spilled."""
        return self.tables.connect(*names, **self._how())

    def layers(self, *names: str) -> list[tuple[str, str]]:
        """Operators and technologies of some tables; else those with verdicts of cells or segments.

        Sorted.
        """
        return self.tables.layers(*(names or ("cell_verdicts", "segment_verdicts")), **self._how())

    def _how(self) -> dict[str, Any]:
        return {
            "threads": self.workers.count,
            "memory": f"{self.memory_bytes // 2}B",
            "spill": self.out.parent / ".duckdb.part",
        }

    def write(self, name: str, data: pa.Table) -> int:
        """Check, sort by key and write a table; give the number of rows."""
        table = TABLES[name]
        return write_table(
            self.out / f"{name}.parquet", in_order(conform(data, table), table), table
        )

    def write_sorted(self, name: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Write a table whose batches come already in key order and schema (streamed)."""
        return write_table(self.out / f"{name}.parquet", batches, TABLES[name])


Part = TypeVar("Part")


def in_pieces(work: Iterable[Part], most: int, size_of: Callable[[Part], int]) -> list[list[Part]]:
    """Group neighbours into pieces of work of at most this size; a larger one is by itself."""
    grouped: list[list[Part]] = []
    held = 0
    for one in work:
        size = size_of(one)
        if not grouped or held + size > most:
            grouped.append([])
            held = 0
        grouped[-1].append(one)
        held += size
    return grouped
