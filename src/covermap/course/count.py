"""The count along a line: official where its posts are known, else plain metres."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from covermap.core.lines.chainage import chainage_text, parse_chainage
from covermap.course.finding import line_of, rows_of
from covermap.errors import QueryError
from covermap.store import Tables

if TYPE_CHECKING:
    from covermap.course.posted import Posted

Floats = NDArray[np.float64]


class Count:
    """The count along one line: official where its posts are known, else plain metres."""

    def __init__(self, length_m: float, posts: list[dict[str, Any]]) -> None:
        self.length_m = length_m
        self.breaks = max(len({p["stretch"] for p in posts}) - 1, 0)
        self.posted: Posted | None = None
        if posts:
            from covermap.course.posted import Posted  # slow to load, and few lines have posts

            self.posted = Posted(length_m, posts)

    @property
    def official(self) -> bool:
        """Whether the line has posts."""
        return self.posted is not None

    def text(self, metres: float) -> str:
        """Write a place as people do."""
        return self.texts(np.array([metres]))[0]

    def texts(self, metres: Floats) -> list[str]:
        """Write places as people do, one by one the same as `text`."""
        if self.posted is None:
            return [str(chainage_text(m)) for m in metres.tolist()]
        figures, prefixes = self.posted.figures(metres)
        return [str(chainage_text(f, p)) for f, p in zip(figures.tolist(), prefixes, strict=True)]

    def places(self, figure_m: float, prefix: str | None) -> list[float]:
        """Give every chainage that a figure of the count can mean; none where it is nowhere."""
        if self.posted is None:
            return [figure_m] if 0 <= figure_m <= self.length_m else []
        return self.posted.places(figure_m, prefix)

    def places_of(self, text: str) -> list[float]:
        """Give every chainage that a text can mean: of the official count as K12+300, else metres.

        Plain metres are given as they are, on the line or not.
        """
        prefix, metres = parse_chainage(text)
        return [metres] if prefix is None and "+" not in text else self.places(metres, prefix)

    def stretch_of(self, start: str | None, end: str | None) -> tuple[float | None, float | None]:
        """Chainages between two texts, ascending: the official count may run against the line.

        None is the line's end. Raises as `place_of`.
        """
        low, high = (None if text is None else self.place_of(text) for text in (start, end))
        if low is not None and high is not None and low > high:
            low, high = high, low
        return low, high

    def place_of(self, text: str) -> float:
        """Chainage that a text means: of the official count as K12+300, else metres.

        Raises
        ------
        QueryError
            It is nowhere on the line, or in several places (where the count breaks).
        """
        found = self.places_of(text)
        if len(found) == 1 and 0 <= found[0] <= self.length_m:
            return found[0]
        if len(found) > 1:
            told = ", ".join(f"{m:.0f}" for m in found)
            raise QueryError(
                f"{text} is there {len(found)} times; give metres from the start: {told}."
            )
        ends = f"{self.text(0.0)} to {self.text(self.length_m)}"
        raise QueryError(f"{text[:40]} is not on the line: it goes from {ends}.")


def read_count(tables: Tables, line_id: str) -> Count:
    """Read the official posts of a line.

    Raises
    ------
    NotKnownError
        There is no such line.
    """
    line = line_of(tables, line_id)
    posts = rows_of(tables, "posts", line_id, "stretch, chainage_m")
    return Count(float(line["length_m"]), posts)


class Counts:
    """The counts of a build's lines, each read when it is first needed."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._counts: dict[str, Count] = {}

    @cached_property
    def _posted(self) -> frozenset[str]:
        names = self._tables.read("posts", ["line_id"]).column("line_id").unique().to_pylist()
        return frozenset(names)

    def texts(self, line_ids: Sequence[str | None], metres: Floats) -> list[str | None]:
        """Write the chainage of each row, metres from its line's start; None where there is none.

        Returns
        -------
        One text a row, of the official count where the build has posts of the line.
        """
        made: list[str | None] = [chainage_text(m) for m in metres.tolist()]
        lines = np.array([v or "" for v in line_ids], dtype=object)
        for line_id in sorted(self._posted.intersection(v for v in line_ids if v)):
            rows = np.flatnonzero((lines == line_id) & np.isfinite(metres))
            texts = self._of(line_id).texts(metres[rows])
            for row, text in zip(rows.tolist(), texts, strict=True):
                made[row] = text
        return made

    def _of(self, line_id: str) -> Count:
        if line_id not in self._counts:
            self._counts[line_id] = read_count(self._tables, line_id)
        return self._counts[line_id]
