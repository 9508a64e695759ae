"""Simulated samples in files to judged cells, beside pandas + h3 and h3ronpy + DuckDB.

SIZE (10 000 000) samples of four operators and three technologies over six months are simulated
into Parquet files of the product's `samples` table, in a temporary folder: 60 % drives along roads
between 600 places of a country as large as China (1 Hz, 8 to 33 m/s, four phones side by side),
15 % fixed probes and 25 % phones in and about the places. A file is what one team, or one set of
probes or phones, brought in from one part of the country.

Each way runs in a process of its own. Ours are the product's own steps: count each file, add the
counts up into the cube, judge 24 layers. The peers come in two kinds. `pandas` and `duckdb` sum
levels per cell and count covered, weak and unserved cells of the twelve layers of one operator and
technology: they keep nothing. `whole_pandas` and `whole_duckdb` (``_cells_whole.py``) do what we do
but for probabilities and rate tests: counts in bins that can be judged again, quantiles, and all 24
layers, written to Parquet. The numbers of cells must be equal in every layer. Then the same is
judged under another rule pack, and with 1 % new samples from one part of the country.

`ratio_to_kernel` is our time over that of h3ronpy alone, with the same coordinates in memory.
`peak_gb` is the most that our process and its workers held together (PSS). Ratios are of seconds;
`cpu_ratio_to_...` are of time on processors, start of Python included, and stay what they are on a
busy machine. Python keeps byte code, whatever the environment says: without it every start of ours
and of theirs would compile its libraries anew, up to 2 s a process.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _cells_whole import (
    MAX_ERROR_M,
    MIN_SAMPLES,
    NONE_LEVEL_DBM,
    NONE_SHARE,
    STANDARDS,
    Verdicts,
    listed,
    whole_duckdb,
    whole_pandas,
)

OPERATORS = ("46000", "46001", "46011", "46015")
TECHNOLOGIES = ("lte", "nr", "nbiot")
MONTHS = 6
RESOLUTION = 10
ROWS_PER_FILE = 1_000_000
MIX = {"drive": 0.60, "probe": 0.15, "app": 0.25}
BOX = (98.0, 22.0, 122.0, 44.0)
PLACES = 600
SHORT_S = 60.0
"""What takes less is run three times."""
NEW_SHARE = 0.01


# ---------------------------------------------------------------- simulated samples


def places() -> np.ndarray:
    """Longitude and latitude of the places, shape (PLACES, 2)."""
    return np.random.default_rng(1).uniform(BOX[:2], BOX[2:], (PLACES, 2))


def road(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Positions at shares of a winding road between two places; the same each time."""
    along = end - start
    seed = float(np.abs(start + end).sum() % 1.0)
    bend = sum(
        np.sin(np.pi * k * share) * np.cos(7.0 * seed * k) / k**1.5 for k in (1, 2, 5, 11, 23)
    )
    return start + share[:, None] * along + 0.08 * bend[:, None] * along[::-1] * (1, -1)


def drive(rng: np.random.Generator, near: np.ndarray, seconds: int) -> np.ndarray:
    """One position a second along roads from place to place, stops included."""
    speed = np.clip(20 + 8 * np.sin(np.arange(seconds) / 90 + rng.uniform(0, 6)), 8, 33)
    speed *= np.sin(np.arange(seconds) / 170 + rng.uniform(0, 6)) > -0.85
    start, end = near[rng.permutation(len(near))[:2]]
    length = 104_000 * np.hypot(*(end - start))
    share = np.abs((rng.random() * 2 + np.cumsum(speed) / length) % 2 - 1)
    return road(start, end, share) + rng.normal(0, 2e-5, (seconds, 2))


def tracks(rng: np.random.Generator, source: str, near: np.ndarray, rows: int) -> np.ndarray:
    """Positions of a file's samples in the order of its runs, shape (rows, 2)."""
    if source == "drive":
        made: list[np.ndarray] = []
        while 4 * sum(map(len, made)) < rows:
            made.append(drive(rng, near, 1800))
        return np.concatenate([np.tile(one, (4, 1)) for one in made])[:rows]
    stays = rows // (20_000 if source == "probe" else 40) + 1
    about = near[rng.integers(0, len(near), stays)] + rng.normal(0, 0.05, (stays, 2))
    jitter = 0.0 if source == "probe" else 2e-4
    at = np.repeat(about, rows // stays + 1, axis=0)[:rows]
    return at + rng.normal(0, jitter, (rows, 2))


def levels(rng: np.random.Generator, at: np.ndarray, layer: np.ndarray) -> tuple[np.ndarray, ...]:
    """Level and SINR: a field over the country for each layer, and noise; 0.01 dB."""
    x, y = at.T
    field = np.zeros(len(at))
    for k, scale in enumerate((0.9, 4.1, 17.0, 83.0)):
        turn = 1.7 * layer + k
        field += np.sin(scale * x + turn) * np.cos(scale * y - 2 * turn) * 8
    level = -92.0 - 3.0 * (layer % 3) + field + rng.normal(0, 5, len(at))
    sinr = (level + 100) / 3 + rng.normal(0, 4, len(at))
    return np.round(np.clip(level, -139, -45), 2), np.round(np.clip(sinr, -20, 30), 2)


def write_file(path: Path, number: int, rows: int) -> None:
    """Simulate and write one file of samples."""
    import pyarrow as pa

    from covermap.store import write_table
    from covermap.tables import SAMPLES, conform

    rng = np.random.default_rng([7, number])
    source = str(rng.choice(list(MIX), p=list(MIX.values())))
    every = places()
    home = every[rng.integers(PLACES)]
    near = every[np.argsort(np.hypot(*(every - home).T))[:6]]
    at = tracks(rng, source, near, rows)
    run = np.arange(rows) // 1800
    operator = run % 4
    technology = (np.arange(rows) // 300 * 7919 % 10 > 6).astype(int)  # lte, and nr at times
    if source == "probe":
        technology[:] = 2
    level, sinr = levels(rng, at, operator * 3 + technology)
    served = level > -124
    lost = rng.random(rows) < 0.01
    error = np.where(rng.random(rows) < 0.01, 80.0, 5.0)
    month = number % MONTHS
    when = 1_735_689_600_000 + month * 2_600_000_000 + (np.arange(rows) % 2_000_000) * 1000
    tested = rng.random(rows) < 0.02

    def texts(words: list[str], index: np.ndarray) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), words).cast(pa.string())

    def some(values: np.ndarray, there: np.ndarray) -> pa.Array:
        return pa.array(values, mask=~there)

    names = [f"file{number:05d}/{k}" for k in range(int(run[-1]) + 1)]
    made = pa.table({
        "run_id": texts(names, run), "seq": np.arange(rows) % 1800,
        "campaign": pa.repeat(pa.scalar(f"c{month}"), rows),
        "source": pa.repeat(pa.scalar(source), rows),
        "time": pa.array(when).cast(pa.timestamp("ms", "UTC")),
        "lon": some(at[:, 0], ~lost), "lat": some(at[:, 1], ~lost),
        "position_basis": texts(["fix", "lost"], lost.astype(int)),
        "position_error_m": some(error, ~lost),
        "operator": texts(list(OPERATORS), operator),
        "technology": texts([*TECHNOLOGIES, "none"], np.where(served, technology, 3)),
        "service": served, "rsrp_dbm": some(level, served), "sinr_db": some(sinr, served),
        "dl_kbps": some(np.round(rng.lognormal(11, 1, rows)), tested & served),
        "antenna": pa.repeat(pa.scalar("roof"), rows),
        "period": pa.repeat(pa.scalar(f"2025-{month + 1:02d}"), rows),
        "simulated": pa.repeat(pa.scalar(True), rows),
    })  # fmt: skip
    write_table(path, conform(made, SAMPLES), SAMPLES)


def simulate(folder: Path, size: int) -> None:
    """Write SIZE samples, and 1 % more from one part of the country into `folder`/new."""
    per = min(ROWS_PER_FILE, max(size // 10, 1))
    for number in range(-(-size // per)):
        write_file(folder / f"{number:05d}.parquet", number, min(per, size - number * per))
    write_file(folder / "new" / "new.parquet", 99_999, max(int(size * NEW_SHARE), 1))


# ---------------------------------------------------------------- the three ways

COLUMNS = [
    "lon", "lat", "position_basis", "position_error_m", "operator", "technology", "service",
    "rsrp_dbm", "sinr_db",
]  # fmt: skip


def by_pandas(files: list[Path]) -> Verdicts:
    """Read, index with h3 and group a file at a time; add the groups up; judge."""
    import h3.api.basic_int as h3
    import pandas as pd

    parts = []
    for path in files:
        rows = pd.read_parquet(path, columns=COLUMNS)
        rows = rows[(rows.position_basis != "lost") & (rows.position_error_m <= MAX_ERROR_M)]
        at = zip(rows.lat, rows.lon, strict=True)
        rows["cell"] = [h3.latlng_to_cell(lat, lon, RESOLUTION) for lat, lon in at]
        rows.loc[~rows.service, "technology"] = "none"
        grouped = rows.groupby(["cell", "operator", "technology"])
        parts.append(
            grouped.agg(
                n=("service", "size"),
                level=("rsrp_dbm", "sum"),
                sinr=("sinr_db", "sum"),
                n_sinr=("sinr_db", "count"),
            )
        )
    total = pd.concat(parts).groupby(level=[0, 1, 2]).sum()
    silent = total.xs("none", level="technology")["n"].rename("n_none")
    found: Verdicts = {}
    for technology, (least, least_sinr) in STANDARDS.items():
        layer = total.xs(technology, level="technology").join(silent, how="outer").fillna(0.0)
        n = layer.n + layer.n_none
        good = (layer.level + NONE_LEVEL_DBM * layer.n_none) / n >= least - 1e-9
        if least_sinr is not None:
            good &= (layer.n_sinr == 0) | (layer.sinr / layer.n_sinr >= least_sinr - 1e-9)
        none = layer.n_none >= NONE_SHARE * n - 1e-9
        known = n >= MIN_SAMPLES
        table = pd.DataFrame({"a": known & good & ~none, "b": known & ~good & ~none,
                              "c": known & none})  # fmt: skip
        sums = table.groupby(level="operator").sum()
        found |= {f"{o}/{technology}": [int(v) for v in row] for o, *row in sums.itertuples()}
    return found


def with_cells(files: list[Path], columns: list[str]) -> Any:
    """Read batches of the files, with a column of cells by h3ronpy."""
    import h3ronpy.vector
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(files[0])
    schema = pa.schema([schema.field(c) for c in columns]).append(pa.field("cell", pa.uint64()))

    def rows():  # type: ignore[no-untyped-def]
        for path in files:
            for batch in pq.ParquetFile(path).iter_batches(1 << 18, columns=columns):
                there = batch.filter(batch.column("lon").is_valid())
                cell = h3ronpy.vector.coordinates_to_cells(
                    there.column("lat"), there.column("lon"), RESOLUTION
                )
                yield pa.record_batch([*there.columns, pa.array(cell)], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, rows())


def by_duckdb(files: list[Path]) -> Verdicts:
    """Add a column of cells by h3ronpy to Arrow batches; DuckDB groups and judges."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar=false")
    connection.register("rows", with_cells(files, COLUMNS))
    connection.execute(
        f"""CREATE TABLE counts AS
        SELECT cell, operator, CASE WHEN service THEN technology ELSE 'none' END AS technology,
               count(*) AS n, sum(rsrp_dbm) AS level, sum(sinr_db) AS sinr, count(sinr_db) AS n_sinr
        FROM rows WHERE position_basis <> 'lost' AND position_error_m <= {MAX_ERROR_M}
        GROUP BY ALL"""
    )
    found: Verdicts = {}
    for technology, (least, least_sinr) in STANDARDS.items():
        answer = connection.execute(
            f"""WITH layer AS (
              SELECT operator, coalesce(t.n, 0) + coalesce(s.n, 0) AS all_n,
                     coalesce(s.n, 0) AS n_none, coalesce(t.level, 0) AS level, t.sinr, t.n_sinr
              FROM (SELECT * FROM counts WHERE technology = '{technology}') t
              FULL JOIN (SELECT * FROM counts WHERE technology = 'none') s USING (cell, operator)
            ), judged AS (
              SELECT operator, n_none >= {NONE_SHARE} * all_n - 1e-9 AS none,
                     (level + {NONE_LEVEL_DBM} * n_none) / all_n >= {least} - 1e-9
                     AND ({least_sinr is None} OR coalesce(n_sinr, 0) = 0
                          OR sinr / n_sinr >= {least_sinr or 0} - 1e-9) AS good
              FROM layer WHERE all_n >= {MIN_SAMPLES}
            )
            SELECT operator, count(*) FILTER (good AND NOT none),
                   count(*) FILTER (NOT good AND NOT none), count(*) FILTER (none)
            FROM judged GROUP BY operator"""
        ).fetchall()
        found |= {f"{o}/{technology}": list(counts) for o, *counts in answer}
    return found


def by_covermap(files: list[Path], work: Path, pack: str) -> Callable[[], Verdicts]:
    """Count each file, add the counts up into the cube, judge: as a build does.

    Results are kept in `work` as those of a build, so a second call does what is new alone. Give
    what reads the verdicts.
    """
    import duckdb

    from covermap.engine.local import Workers, copies
    from covermap.engine.memory import cores
    from covermap.pipeline.cache import Cache
    from covermap.pipeline.cube import make_cube
    from covermap.pipeline.logs import grid_parts
    from covermap.pipeline.parts import PartWork
    from covermap.pipeline.publish import Layout
    from covermap.pipeline.whole import WHOLE_STEPS, Whole
    from covermap.rules import load_pack
    from covermap.tables import CELL_EVIDENCE, CELL_TESTS
    from covermap.workspace import Config

    config, cache, layout = Config(), Cache(work), Layout()
    work.mkdir(exist_ok=True)

    def timed(step: str, _total: float, make: Callable[..., Any]) -> None:
        began = time.perf_counter()
        make(lambda _done: None)
        print(f"  {step}: {time.perf_counter() - began:.2f} s", file=sys.stderr)

    jobs = [
        PartWork(None, path, work, config, cache.folder("grid", path.stem))  # type: ignore[arg-type]
        for path in files
    ]
    missing = [job for job in jobs if not job.folder.is_dir()]
    with copies(cores()) as pool, Workers(cores(), pool=pool) as workers:
        timed("grid", 1, lambda _: list(grid_parts(workers, missing, len(missing) < 2)))
        for table in (CELL_EVIDENCE, CELL_TESTS):
            make_cube(cache, layout, table, [job.folder for job in jobs], workers, timed)
        rules = load_pack(pack, work)
        whole = Whole(work, config, rules, cache, layout, workers, timed)
        names = [step.name for step in WHOLE_STEPS]
        for step in WHOLE_STEPS[: names.index("judge_cells") + 1]:
            whole.make(step)

    def read() -> Verdicts:
        paths = [str(path) for path in layout.of_table("cell_verdicts")]
        answer = duckdb.sql(
            "SELECT operator, technology, count(*) FILTER (verdict = 'covered'), "
            "count(*) FILTER (verdict = 'weak'), count(*) FILTER (verdict = 'none') "
            "FROM read_parquet($paths) GROUP BY ALL",
            params={"paths": paths},
        ).fetchall()
        return listed(answer)

    return read


def by_kernel(files: list[Path]) -> float:
    """Give the seconds that h3ronpy alone takes for the coordinates, held in memory."""
    import h3ronpy.vector
    import pyarrow as pa
    import pyarrow.parquet as pq

    seconds = 0.0
    for path in files:
        rows = pq.read_table(path, columns=["lon", "lat"]).drop_null().combine_chunks()
        lat, lon = (rows.column(c).combine_chunks() for c in ("lat", "lon"))
        began = time.perf_counter()
        pa.array(h3ronpy.vector.coordinates_to_cells(lat, lon, RESOLUTION))
        seconds += time.perf_counter() - began
    return seconds


# ---------------------------------------------------------------- children


def child(name: str, folder: Path, work: Path) -> dict[str, Any]:
    """Do one part, in this process; give what it found and the seconds."""
    files = sorted(folder.glob("*.parquet"))
    if name == "simulate":
        simulate(folder, int(os.environ["BENCH_SIZE"]))
        return {"seconds": 0.0}
    if name == "kernel":
        return {"seconds": by_kernel(files)}
    began = time.perf_counter()
    if name == "pandas":
        found = by_pandas(files)
    elif name == "duckdb":
        found = by_duckdb(files)
    elif name == "whole_pandas":
        found = whole_pandas(files, work / name, COLUMNS, RESOLUTION)
    elif name == "whole_duckdb":
        found = whole_duckdb(files, work / name, with_cells, COLUMNS)
    else:
        if name == "more":
            files += sorted((folder / "new").glob("*.parquet"))
        other = str(work.parent / "other.toml")
        read = by_covermap(files, work, other if name == "again" else "project-default")
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "verdicts": read()}
    return {"seconds": time.perf_counter() - began, "verdicts": found}


def held_bytes(pid: int) -> int:
    """Proportional set size of a process and all below it."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(x.split()[1]) for x in lines if x.startswith("Pss:")) * 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += [int(c) for c in (task / "children").read_text().split()]
        except (OSError, StopIteration):
            continue
    return total


def processor_s() -> float:
    """Give the time on processors of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def keep_byte_code(folder: Path) -> None:
    """Let commands keep byte code in a folder, as what is installed has it, ours and others'."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def watched(command: list[str]) -> dict[str, Any]:
    """Run a command; give its seconds, the most that all its processes held, and what it said."""
    peak, began = 0, time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, held_bytes(process.pid))
            time.sleep(0.1)
        assert process.stdout is not None
        out = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return {"seconds": time.perf_counter() - began, "peak_gb": peak / 2**30, "out": out}


def run(name: str, folder: Path, work: Path, size: int) -> dict[str, Any]:
    """Run one part in a process of its own, and watch what it holds."""
    before = processor_s()
    os.environ["BENCH_SIZE"] = str(size)
    seen = watched([sys.executable, __file__, "--part", name, str(folder), str(work)])
    found: dict[str, Any] = seen | json.loads(seen.pop("out").splitlines()[-1])
    found["cpu_s"] = processor_s() - before
    shown = "{seconds:.2f} s, {cpu_s:.1f} s of processors, {peak_gb:.2f} GB at most"
    print(f"{name}: {shown.format(**found)}", flush=True)
    return found


def median(name: str, folder: Path, work: Callable[[int], Path], size: int) -> dict[str, Any]:
    """Run a part three times if that is short, and give the run of the median time."""
    runs = [run(name, folder, work(0), size)]
    while runs[0]["seconds"] < SHORT_S and len(runs) < 3:
        runs.append(run(name, folder, work(len(runs)), size))
    middle = statistics.median_low([one["seconds"] for one in runs])
    return next(one for one in runs if one["seconds"] == middle)


def main(size: int) -> dict[str, Any]:
    """Simulate, run all ways, compare what they found."""
    with tempfile.TemporaryDirectory(prefix="cells-") as name:
        top = Path(name)
        keep_byte_code(top / "byte_code")
        folder, tiny = top / "samples", top / "tiny"
        for one in (folder, tiny):
            (one / "new").mkdir(parents=True)
        (top / "other.toml").write_text(other_pack())
        run("simulate", tiny, top / "none", 20_000)
        run("ours", tiny, top / "warm", 0)  # compiles the kernels
        run("simulate", folder, top / "none", size)
        on_disk = sum(p.stat().st_size for p in folder.glob("*.parquet")) / 2**30
        print(f"{size} samples simulated, {on_disk:.2f} GB of files")
        works = [top / f"work{k}" for k in range(3)]
        ours = median("ours", folder, works.__getitem__, size)
        again = run("again", folder, works[0], size)
        more = run("more", folder, works[0], size)
        parts = ("kernel", "duckdb", "pandas", "whole_duckdb", "whole_pandas")
        peers = {part: median(part, folder, works.__getitem__, size) for part in parts}
    for name, found in peers.items():
        for layer, counts in found.get("verdicts", {}).items():
            if counts != ours["verdicts"][layer]:
                raise SystemExit(f"{layer}: {name} {counts}, we {ours['verdicts'][layer]}")
        print(f"{name}: the same in {len(found.get('verdicts', {}))} layers")
    cells = dict(sorted(ours["verdicts"].items()))
    print("covered, weak and unserved cells:", json.dumps(cells))
    said = {
        "samples": size,
        "seconds": round(ours["seconds"], 2),
        "cpu_s": round(ours["cpu_s"], 1),
        "peak_gb": round(ours["peak_gb"], 2),
        "ratio_to_kernel": round(ours["seconds"] / peers.pop("kernel")["seconds"], 2),
        "rejudge_share": round(again["seconds"] / ours["seconds"], 4),
        "incremental_share": round(more["seconds"] / ours["seconds"], 4),
    }
    for name, found in peers.items():
        said[f"ratio_to_{name}"] = round(found["seconds"] / ours["seconds"], 2)
        said[f"cpu_ratio_to_{name}"] = round(found["cpu_s"] / ours["cpu_s"], 2)
        said[f"peak_gb_{name}"] = round(found["peak_gb"], 2)
    return said


def other_pack() -> str:
    """Give the default pack with thresholds 5 dB lower."""
    from covermap.rules import pack_text

    text = pack_text("project-default")
    return text.replace("rsrp_dbm = -105", "rsrp_dbm = -110").replace("project-default", "other")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
    else:
        print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)))
