"""The cube on Spark and here: simulated samples to shards, the same bytes, time of each.

Samples are simulated drives: Parquet tables as ingest writes them, a million a log. Both engines
make parts and shards of them; reading logs, matching, judging and tiles are not in the figures.

    make bench NAME=spark [SIZE=samples]
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from covermap.engine import workers_of
from covermap.engine.local import Workers
from covermap.engine.memory import cores
from covermap.engine.sums import Sums
from covermap.pipeline.inputs import LogInput
from covermap.pipeline.parts import PartWork
from covermap.pipeline.sums import cube_sums, grid_sums
from covermap.steps.cube import plan
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, SAMPLES
from covermap.workspace import Config

ROWS = 1_000_000
BATCH = 100_000


def write_log(path: Path, rows: int, seed: int) -> None:
    """Write one log: drives of 1 Hz at 15 m/s over eastern China, two operators, two months."""
    rng = np.random.default_rng(seed)
    with pq.ParquetWriter(path, SAMPLES.schema, compression="zstd") as writer:
        for start in range(0, rows, BATCH):
            writer.write_table(_drive(rng, min(BATCH, rows - start), seed), row_group_size=BATCH)


def _drive(rng: np.random.Generator, size: int, seed: int) -> pa.Table:
    lon0, lat0 = rng.uniform(104, 120), rng.uniform(24, 40)
    heading = np.cumsum(rng.normal(0, 0.02, size))
    lat = lat0 + np.cumsum(15 * np.cos(heading)) / 111_320
    lon = lon0 + np.cumsum(15 * np.sin(heading)) / (111_320 * np.cos(np.radians(lat0)))
    level = -95 + 12 * np.sin(np.arange(size) / 300) + rng.normal(0, 4, size)
    same = {
        "run_id": f"run{seed}", "campaign": "c", "source": "drive", "position_basis": "fix",
        "position_error_m": 5.0, "technology": "lte", "antenna": "roof", "simulated": True,
        "period": ("2026-01", "2026-02")[seed % 2],
    }  # fmt: skip
    given = {
        "seq": np.arange(size, dtype=np.int32), "lon": lon, "lat": lat, "rsrp_dbm": level,
        "sinr_db": (level + 110) / 2 + rng.normal(0, 2, size), "service": level > -118,
        "operator": np.array(["46000", "46001"])[np.arange(size) // 5000 % 2],
        "dl_kbps": np.where(rng.random(size) < 0.05, rng.uniform(1e3, 3e5, size), np.nan),
    }  # fmt: skip
    columns = [
        pa.array(given[f.name], f.type) if f.name in given
        else pa.repeat(pa.scalar(same[f.name], f.type), size) if f.name in same
        else pa.nulls(size, f.type)
        for f in SAMPLES.schema
    ]  # fmt: skip
    return pa.table(columns, schema=SAMPLES.schema)


def make(workers: Workers, logs: list[Path], root: Path) -> dict[str, float]:
    """Make parts and shards; give the seconds of each."""
    log = LogInput.__new__(LogInput)
    jobs = [PartWork(log, p, p, Config(), root / "parts" / p.stem) for p in logs]
    seconds = {"grid": _timed(partial(_all, workers, grid_sums(jobs)))}
    seconds["cube"] = 0.0
    for table in (CELL_EVIDENCE, CELL_TESTS):
        work = plan(table, [job.folder for job in jobs], partial(_folder, root / table.name))
        seconds["cube"] += _timed(partial(_all, workers, cube_sums(work)))
    return seconds


def _folder(root: Path, digests: list[str]) -> Path:
    return root / hashlib.sha256(repr(digests).encode()).hexdigest()


def _all(workers: Workers, sums: Sums) -> None:
    for _ in workers.add_up(sums):
        pass


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _cpu_seconds() -> float:
    """CPU of this process and of those that have ended below it: what others do is not in it."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def digests(root: Path) -> dict[str, str]:
    """Hash of every file."""
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def main(size: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="covermap-bench-") as name:
        root = Path(name)
        rows = min(ROWS, size)
        logs = [root / f"log{k}.parquet" for k in range(-(-size // rows))]
        for seed, path in enumerate(logs):
            write_log(path, rows, seed)
        figures: dict[str, object] = {"samples": rows * len(logs), "logs": len(logs)}
        made = {}
        for engine, master in (("local", None), ("spark", f"local-cluster[{cores()},1,2048]")):
            began, used = time.perf_counter(), _cpu_seconds()
            with workers_of(engine, master, shared=root / engine) as workers:
                figures[f"{engine}_start_s"] = round(time.perf_counter() - began, 1)
                for part, seconds in make(workers, logs, root / engine / "made").items():
                    figures[f"{engine}_{part}_s"] = round(seconds, 1)
                    print(engine, part, round(seconds, 1), "s", flush=True)
            figures[f"{engine}_cpu_s"] = round(_cpu_seconds() - used, 1)
            made[engine] = digests(root / engine / "made")
        figures["files"] = len(made["local"])
        figures["equal_bytes"] = made["local"] == made["spark"]
        for engine in made:
            cpu = float(str(figures[f"{engine}_cpu_s"]))
            figures[f"{engine}_cpu_s_per_1e8"] = round(cpu * 1e8 / (rows * len(logs)))
        print(json.dumps(figures))


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000)
