"""The official count of one line that has kilometre posts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from covermap.core.lines.posts import chainages_of, official_m, post_table

Floats = NDArray[np.float64]


class Posted:
    """The posts of one line: its count to chainage and back."""

    def __init__(self, length_m: float, posts: list[dict[str, Any]]) -> None:
        self.prefixes = sorted({str(p["prefix"]) for p in posts})
        number = {name: k for k, name in enumerate(self.prefixes)}
        self._posts = post_table(
            np.zeros(len(posts), np.int64),
            np.array([length_m]),
            np.array([p["chainage_m"] for p in posts], np.float64),
            np.array([p["official_m"] for p in posts], np.float64),
            np.array([p["stretch"] for p in posts], np.int64),
            np.array([number[str(p["prefix"])] for p in posts], np.int64),
        )

    def figures(self, metres: Floats) -> tuple[Floats, list[str]]:
        """Give official figures, m, and the letters before each."""
        figures, numbers = official_m(self._posts, np.zeros(len(metres), np.int64), metres)
        return figures, [self.prefixes[k] for k in numbers.tolist()]

    def places(self, figure_m: float, prefix: str | None) -> list[float]:
        """Give every chainage that a figure can mean; without letters, under any."""
        number = -1
        if prefix is not None:
            known = [k for k, name in enumerate(self.prefixes) if name.upper() == prefix]
            if not known:
                return []
            number = known[0]
        _, found = chainages_of(
            self._posts, np.zeros(1, np.int64), np.array([figure_m]), np.array([number])
        )
        return sorted({round(float(m), 3) for m in found})
