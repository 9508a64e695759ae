"""Which courses a name means, and what the tables say of one."""

from __future__ import annotations

import difflib
from typing import Any

from covermap.errors import NotKnownError
from covermap.store import Tables


def rows_of(tables: Tables, name: str, line_id: str, order: str) -> list[dict[str, Any]]:
    """Rows of a table about one line; `order` is written in code."""
    with tables.connect(name) as connection:
        query = f"SELECT * FROM {name} WHERE line_id = ? ORDER BY {order}"
        found: list[dict[str, Any]] = (
            connection.sql(query, params=[line_id]).to_arrow_table().to_pylist()
        )
    return found


def line_of(tables: Tables, line_id: str) -> dict[str, Any]:
    """Give the row of a line.

    Raises
    ------
    NotKnownError
        There is no such line.
    """
    found = rows_of(tables, "lines", line_id, "line_id")
    if not found:
        raise NotKnownError(f"no line {line_id!r}.")
    return found[0]


def find_courses(tables: Tables, name: str) -> list[str]:
    """Identities of the courses that a number, name or identity means; A1 is A 1.

    Raises
    ------
    NotKnownError
        No line is called so; the message names near ones.
    """
    rows = tables.read("lines", ["line_id", "ref", "name"]).to_pylist()
    if not rows:
        raise NotKnownError("the build has no lines.")
    wanted = plain(name)
    found = sorted(r["line_id"] for r in rows if wanted in {plain(v) for v in r.values() if v})
    if found:
        return found
    names = sorted({str(v) for r in rows for v in r.values() if v})
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.3) or names[:5]
    raise NotKnownError(f"no line {name!r} in the current build. Near: {', '.join(near)}.")


def plain(name: object) -> str:
    """Bring a name into the form in which names are compared: A1 is A 1."""
    return "".join(str(name).casefold().split())


def title_of(line: dict[str, Any]) -> str:
    """Name a line for people: number and name, else its identity."""
    return " ".join(v for v in (line["ref"], line["name"]) if v) or str(line["line_id"])
