"""What was rejected and found while lines were read, by input and file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from covermap.formats.problem import Problem
from covermap.formats.ways import Notes
from covermap.tables import PROBLEMS, REJECTED, Table, conform, empty, in_order
from covermap.workspace import Lines, input_files


class Journal:
    """What was rejected and found, by input and file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._rejected: list[pa.Table] = []
        self._problems: list[dict[str, object]] = []

    def files(self, declaration: Lines, patterns: tuple[str, ...]) -> list[tuple[Path, str]]:
        """Files of a declaration, each with the name it is shown by."""
        found = input_files(self.root, patterns, f"lines {declaration.name}")
        return [(path, self._shown(path)) for path in found]

    def _shown(self, path: Path) -> str:
        inside = path.resolve().is_relative_to(self.root.resolve())
        return str(path.resolve().relative_to(self.root.resolve()) if inside else path)

    def take(self, declaration: Lines, shown: str, notes: Notes) -> None:
        """Note what the reader of one file found."""
        for rows in notes.rejected:
            columns = {"input": declaration.name, "file": shown}
            for name, value in columns.items():
                rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
            self._rejected.append(rows)
        for problem in notes.problems:
            self._problems.append({"input": declaration.name, "file": shown, **vars(problem)})

    def tell(
        self, declaration: Lines, kind: str, count: int, action: str, example: str | None = None
    ) -> None:
        """Note a problem of the input as a whole."""
        if count:
            shown = ", ".join(declaration.files)
            problem = Problem(kind, int(count), None, example, action)
            self._problems.append({"input": declaration.name, "file": shown, **vars(problem)})

    def rejected(self) -> pa.Table:
        """Give every rejected feature."""
        return together(self._rejected, REJECTED)

    def problems(self) -> pa.Table:
        """Give every problem found."""
        made = pa.Table.from_pylist(self._problems, schema=PROBLEMS.schema)
        return together([made], PROBLEMS)


def together(parts: list[pa.Table], table: Table) -> pa.Table:
    """Put tables of one kind together, in key order."""
    return in_order(conform(pa.concat_tables(parts or [empty(table)]), table), table)
