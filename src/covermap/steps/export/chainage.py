"""Chainages of exported rows as people write them: of the official count where there are posts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from covermap.core.lines.chainage import chainage_text
from covermap.course import Count, read_count
from covermap.store import Build

Floats = NDArray[np.float64]


class Counts:
    """The counts of a build's lines, each read when it is first needed."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._counts: dict[str, Count] = {}

    @cached_property
    def _posted(self) -> frozenset[str]:
        names = self._build.read("posts", ["line_id"]).column("line_id").unique().to_pylist()
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
            self._counts[line_id] = read_count(self._build, line_id)
        return self._counts[line_id]
