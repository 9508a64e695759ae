"""H3 cells as int64 arrays: position to cell, parent, centre, boundary, area, neighbours.

Positions are WGS-84 longitude and latitude in degrees. A cell is stored as int64 (H3 leaves the top
bit 0); 0 is no cell. Every function is vectorised and gives arrays of the input's length.
"""

from covermap.core.cells.index import cells_at
from covermap.core.cells.lattice import NO_CELL
from covermap.core.cells.numbers import (
    centres,
    descendants,
    neighbours,
    parents,
    resolutions,
)  # fmt: skip
from covermap.core.cells.outline import Boundaries, areas_m2, boundaries, outlines

__all__ = [
    "NO_CELL", "Boundaries", "areas_m2", "boundaries", "cells_at", "centres", "descendants",
    "neighbours", "outlines", "parents", "resolutions",
]  # fmt: skip
