"""Judge cells, shard by shard: memory is bounded by a shard, and a shard that stays is kept."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.cube.counts import shard_cell, shards_of
from covermap.engine.step import StepContext, in_pieces
from covermap.rules import RulePack
from covermap.shards import ShardFile, read_counts, shard_file
from covermap.steps.judge.cell_evidence import ShardEvidence
from covermap.steps.judge.layers import Layer, Spool, judge_all, rows
from covermap.store import ROWS_PER_GROUP, CodedWriter, link_file, whole_folder
from covermap.tables import CELL_EVIDENCE, CELL_VERDICTS

Ints = NDArray[np.int64]
NAME = CELL_VERDICTS.name
OF_CELLS = ("standards", "cell", "no_service", "certainty")
"""Sections of the rule pack that verdicts of cells follow from."""
ITEM_ROWS = 1 << 20
"""Rows of the cube that one piece of work reads at most, about; one shard may have more."""
ROW_BYTES, PLACE_BYTES = 600, 300
"""Memory that judging takes for a row of the cube, and for a cell in one layer, about."""
REPEATED = ("area_m2", "rsrp_p5_dbm", "rsrp_p50_dbm", "share")
"""A cell's area is the same in every layer; edges of bins and shares of few samples recur."""
SMALL_ROWS = 2_000_000
"""Below, bringing processes to work (0.4 to 0.7 s, see ``engine.local.copies``) costs more than two
of them save (0.3 us of 0.6 us a row)."""


@dataclass(frozen=True)
class ShardJudging:
    """One shard to judge: its files of the cube, by period, and where the result is kept."""

    shard: str
    files: tuple[Path, ...]
    rows: int
    folder: Path


@dataclass(frozen=True)
class CellsWork:
    """Neighbouring shards that a worker process judges together."""

    shards: tuple[ShardJudging, ...]
    pairs: tuple[Layer, ...]
    """Operators and technologies of the whole build."""
    rules: RulePack
    held_places: int
    """Cells times layers that are kept in memory; more are kept aside, a layer at a time."""


def cube_files(ctx: StepContext) -> list[ShardFile]:
    """Describe the files of the build's cube, in order of shard and period."""
    return [shard_file(path) for path in ctx.tables.parts(CELL_EVIDENCE.name)]


def judge_cells(
    ctx: StepContext, files: Sequence[ShardFile], pairs: list[Layer], aside: Path
) -> None:
    """Write `cell_verdicts/<shard>.parquet`, each shard judged anew or taken as it was kept.

    Parameters
    ----------
    files
        Files of the build's cube.
    aside
        Folder for results that nothing keeps.
    """
    shards = _shards(ctx, files, pairs, aside)
    missing = [one for one in shards if not one.folder.is_dir()]
    memory = ctx.memory_bytes // (ctx.workers.count + 1)
    work = [
        CellsWork(tuple(some), tuple(pairs), ctx.rules, memory // (2 * PLACE_BYTES))
        for some in in_pieces(
            missing, min(ITEM_ROWS, memory // (2 * ROW_BYTES)), lambda one: one.rows
        )
    ]
    few = sum(one.rows for one in missing) < SMALL_ROWS
    done = 0
    for position, _ in ctx.workers.run(judge_shards, work, small=few):
        done += len(work[position].shards)
        ctx.progress(done / len(missing), "cells")
    (ctx.out / NAME).mkdir()
    for one in shards:
        link_file(one.folder / f"{NAME}.parquet", ctx.out / NAME / f"{one.shard}.parquet")
    ctx.report["shards_judged"] = len(missing)
    ctx.report["shards_kept"] = len(shards) - len(missing)


def _shards(
    ctx: StepContext, files: Sequence[ShardFile], pairs: list[Layer], aside: Path
) -> list[ShardJudging]:
    rules = ctx.rules.model_dump(mode="json", include=set(OF_CELLS))
    common = json.dumps([NAME, pairs, rules], sort_keys=True)
    place = ctx.part or (lambda key: aside / key)
    by_shard: dict[str, list[ShardFile]] = defaultdict(list)
    for one in files:
        by_shard[one.shard].append(one)
    found = []
    for shard, mine in sorted(by_shard.items()):
        said = common + json.dumps([(one.period, one.digest) for one in mine])
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        paths, size = tuple(one.path for one in mine), sum(one.rows for one in mine)
        found.append(ShardJudging(shard, paths, size, place(key)))
    return found


def judge_shards(work: CellsWork) -> int:
    """Judge neighbouring shards in every layer; give the number of cells."""
    counts = [read_counts(path, CELL_EVIDENCE) for one in work.shards for path in one.files]
    evidence = ShardEvidence(counts)
    del counts
    large = evidence.count * (len(work.pairs) + 1) > work.held_places
    parent = work.shards[0].folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cells-", suffix=".part", dir=parent) as aside:
        spool = Spool(Path(aside) / "layers" if large else None)
        judge_all(evidence, list(work.pairs), work.rules, spool, work.rules.cell)
        _write(work.shards, evidence, spool)
    return evidence.count


def _write(shards: Sequence[ShardJudging], evidence: ShardEvidence, spool: Spool) -> None:
    """Write each shard's rows, layer after layer, in key order."""
    number = shards_of(evidence.places.column("cell").to_numpy())
    starts = np.searchsorted(number, np.unique(number)).tolist()
    ends = [*starts[1:], evidence.count]
    folder_of = {one.shard: one.folder for one in shards}
    made = _Rows(evidence, spool)
    for first, end in zip(starts, ends, strict=True):
        with (
            whole_folder(folder_of[f"{shard_cell(int(number[first])):x}"]) as folder,
            CodedWriter(folder / f"{NAME}.parquet", CELL_VERDICTS, repeated=REPEATED) as writer,
        ):
            held: list[pa.Table] = []
            for layer in spool.layers():
                held.append(made.of(layer, first, end))
                if sum(piece.num_rows for piece in held) >= ROWS_PER_GROUP:
                    writer.write(_own_words(held))
                    held = []
            if held:
                writer.write(_own_words(held))


def _own_words(pieces: Sequence[pa.Table]) -> pa.Table:
    """Join pieces; the periods that are spelt out are the shard's own, not its neighbours'."""
    whole = pa.concat_tables(pieces)
    periods = whole.column("last_period").cast(pa.string()).dictionary_encode()
    return whole.set_column(whole.column_names.index("last_period"), "last_period", periods)


class _Rows:
    """Rows of verdicts: made for many small shards at once, or for one large shard by itself."""

    def __init__(self, evidence: ShardEvidence, spool: Spool) -> None:
        self.evidence, self.spool = evidence, spool
        self._whole: dict[Layer, tuple[Ints, pa.Table]] = {}

    def of(self, layer: Layer, first: int, end: int) -> pa.Table:
        """Give the rows of some neighbouring cells in one layer: of those it has a sample in."""
        if self.spool.folder is not None:
            return self._made(layer, first, end)[1]
        if layer not in self._whole:
            self._whole[layer] = self._made(layer, 0, self.evidence.count)
        seen, made = self._whole[layer]
        at, behind = np.searchsorted(seen, [first, end]).tolist()
        return made.slice(at, behind - at)

    def _made(self, layer: Layer, first: int, end: int) -> tuple[Ints, pa.Table]:
        """Cells among some neighbouring ones that a layer has a sample in, and their rows."""
        judged = self.spool.get(layer)
        seen = self.evidence.seen(layer, judged.n)
        seen = seen[slice(*np.searchsorted(seen, [first, end]).tolist())]
        return seen, rows(judged.take(seen), layer, self.evidence, CELL_VERDICTS, seen)
