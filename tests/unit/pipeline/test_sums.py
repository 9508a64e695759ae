"""The cube's sums, exchanged by key as a cluster does, against one process that does it alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from covermap.core.cube.counts import no_counts
from covermap.core.cube.numbered import NUMBERED, numbered
from covermap.engine.local import Workers
from covermap.engine.sums import Sums
from covermap.pipeline import sums as module
from covermap.pipeline.inputs import LogInput
from covermap.pipeline.parts import PartWork
from covermap.pipeline.sums import cube_sums, grid_sums
from covermap.steps.cube import plan
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, SAMPLES
from covermap.workspace import Config


def samples(path: Path, size: int, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    rows = [
        {
            "run_id": "r", "campaign": "c", "source": "drive", "antenna": "roof", "seq": k,
            "position_basis": "lost" if size == 1 else "fix", "position_error_m": 10.0,
            "lon": rng.uniform(100, 110), "lat": 30 + rng.uniform(0, 0.001),
            "operator": str(rng.choice(["46000", "46001"])), "technology": "lte",
            "period": str(rng.choice(["2025-01", "2025-02"])), "service": bool(rng.random() < 0.9),
            "rsrp_dbm": None if rng.random() < 0.1 else float(rng.integers(-120, -70)),
            "sinr_db": rng.uniform(-20, 30), "simulated": True,
            "dl_kbps": rng.uniform(0, 1e6) if rng.random() < 0.3 else None,
        }
        for k in range(size)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLES.schema), path, row_group_size=97)
    return path


def exchanged(sums: Sums, seed: int) -> None:
    """Do it as a cluster does: rows of all items, in any order, added up and sent to a group."""
    rng = np.random.default_rng(seed)
    given = [rows.cast(sums.schema) for item in sums.items for rows in sums.rows_of(item)]
    rows = pa.concat_tables([sums.schema.empty_table(), *given])
    keys = [name for name in sums.schema.names if name not in sums.sums]
    added = rows.take(rng.permutation(rows.num_rows)).group_by(keys).aggregate(
        [(name, "sum") for name in sums.sums]
    )  # fmt: skip
    plain = [name.removesuffix("_sum") for name in added.column_names]
    added = added.rename_columns(plain).select(sums.schema.names)
    for group in rng.permutation(sums.groups).tolist():
        mine = added.filter(pc.equal(added.column(sums.group), group))
        sums.keep(group, sums.write(group, mine.cast(sums.schema)))


def files(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.*") if p.is_file()
    }


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    return [samples(tmp_path / f"{k}.parquet", size, k) for k, size in enumerate((700, 300, 1))]


def jobs(logs: list[Path], root: Path) -> list[PartWork]:
    log = LogInput.__new__(LogInput)
    return [PartWork(log, p, p, Config(), root / p.stem) for p in logs]


def test_exchanged_sums_write_the_bytes_that_one_process_writes(
    tmp_path: Path, logs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ITEM_ROWS", 150)
    alone, spread = jobs(logs, tmp_path / "alone"), jobs(logs, tmp_path / "spread")
    told = list(Workers(1).add_up(grid_sums(alone)))
    assert [done for done, _ in told] == [1, 1, 1]
    assert len(grid_sums(spread).items) > len(logs)  # a log is cut where it is large
    exchanged(grid_sums(spread), 1)
    assert files(tmp_path / "alone") == files(tmp_path / "spread")

    for table in (CELL_EVIDENCE, CELL_TESTS):
        for root, how in (("alone", Workers(1).add_up), ("spread", lambda s: exchanged(s, 2))):
            cube = tmp_path / f"cube-{root}-{table.name}"
            parts = [tmp_path / root / log.stem for log in logs]
            work = plan(table, parts, lambda digests, cube=cube: cube / "-".join(sorted(digests)))
            assert len(work) > 2
            list(how(cube_sums(work)) or [])
        made = files(tmp_path / f"cube-alone-{table.name}")
        assert made == files(tmp_path / f"cube-spread-{table.name}")
        assert len(made) == len(work)


def test_what_is_written_twice_is_kept_once_and_leaves_nothing(
    tmp_path: Path, logs: list[Path]
) -> None:
    sums = grid_sums(jobs(logs[:1], tmp_path / "parts"))
    rows = pa.concat_tables(r.cast(NUMBERED) for item in sums.items for r in sums.rows_of(item))
    first, second = sums.write(0, rows), sums.write(0, rows)
    assert not (tmp_path / "parts/0").exists()  # nothing is in its place before it is kept
    assert sums.keep(0, first) == sums.keep(0, second) == first[1]
    assert [p.name for p in (tmp_path / "parts").iterdir()] == ["0"]


def test_a_log_without_a_placed_sample_gives_no_row(logs: list[Path], tmp_path: Path) -> None:
    sums = grid_sums(jobs(logs[2:], tmp_path))
    assert [list(sums.rows_of(item)) for item in sums.items] == [[]]
    assert numbered(no_counts(), 3).num_rows == 0
