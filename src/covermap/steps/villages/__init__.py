"""Villages: judged by the cube of cells, by prediction and by sites, and summed up by region.

No sample is read. Cells and what is foretold of them are read shard by shard; a village over the
border of two shards is the sum of what both say of it.
"""

from __future__ import annotations

from covermap.steps.villages.judging import run

__all__ = ["run"]
