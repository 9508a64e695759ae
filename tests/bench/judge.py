"""Judging lines with intervals: SIZE segments x 4 operators x 2 technologies, one run each.

The evidence is simulated: levels by a first-order Markov process along each line of 100 km (or of
a second argument's number of segments). The pack is the one that is shipped: spreads are fitted to
every line and layer. SIZE (200 000) is the number of segments; the figure for 5 million is scaled
in proportion and printed above the JSON line, never in it. Then one run more over three lines is
judged into what was kept of the first time (`again_seconds`, `again_lines` judged of `lines`).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.engine.local import Workers
from covermap.engine.memory import cores
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import judge
from covermap.store import Tables, write_table
from covermap.tables import TABLES, conform, in_order
from covermap.workspace import Config

OPERATORS = ("46000", "46001", "46011", "46015")
TECHNOLOGIES = ("lte", "nr")
FULL = 5_000_000
PER_LINE = 1000


def levels(random: np.random.Generator, lines: int, per: int) -> np.ndarray:
    """Levels of lines, dBm: shape (lines, per), correlated over 2 km with 9.6 dB."""
    phi = np.exp(-0.1 / 2.0)
    shock = random.normal(0, 9.6 * np.sqrt(1 - phi * phi), (lines, per))
    level = np.empty((lines, per))
    level[:, 0] = random.normal(0, 9.6, lines)
    for s in range(1, per):
        level[:, s] = phi * level[:, s - 1] + shock[:, s]
    return level + random.normal(-93, 5, (lines, 1))


def evidence(size: int, per: int, further: tuple[int, ...] = ()):  # type: ignore[no-untyped-def]
    """Give the evidence a line at a time, in key order; lines of `further` have a run more."""
    random = np.random.default_rng(0)
    layers = len(OPERATORS) * len(TECHNOLOGIES)
    for line in range(size // per):
        level = levels(random, layers, per).T.ravel()
        seen = random.random(len(level)) < 0.9
        n = random.integers(1, 6, len(level))
        made = run_rows(line, level, seen, n, f"run{line % 50:03d}", per)
        if line in further:
            more = run_rows(line, level - 2.0, ~seen, n, "run999", per)
            made = in_order(pa.concat_tables([made, more]), TABLES["segment_evidence"])
        yield from made.to_batches()


def run_rows(
    line: int, level: np.ndarray, seen: np.ndarray, n: np.ndarray, run: str, per: int
) -> pa.Table:
    """Give what one run saw of a line in every layer."""
    operator = np.repeat(OPERATORS, len(TECHNOLOGIES))
    technology = np.tile(TECHNOLOGIES, len(OPERATORS))
    rsrp, n = np.clip(np.floor(level[seen]), -139, -45), n[seen]
    rows = {
        "line_id": pa.repeat(pa.scalar(f"l{line:06d}"), len(n)),
        "segment": np.repeat(np.arange(per), len(operator))[seen],
        "run_id": pa.repeat(pa.scalar(run), len(n)),
        "campaign": pa.repeat(pa.scalar(f"c{line % 5}"), len(n)),
        "direction": pa.repeat(pa.scalar(1), len(n)),
        "operator": np.tile(operator, per)[seen],
        "technology": np.tile(technology, per)[seen],
        "source": pa.repeat(pa.scalar("drive"), len(n)),
        "period": pa.repeat(pa.scalar("2025-01"), len(n)),
        "rsrp_bin": rsrp,
        "sinr_bin": np.full(len(n), 5),
        "n": n,
        "rsrp_sum_cdb": (rsrp * 100 * n).astype(np.int64),
        "sinr_sum_cdb": 500 * n,
    }
    return conform(pa.table(rows), TABLES["segment_evidence"])


def geometry(size: int, per: int) -> dict[str, pa.Table]:
    """Give lines and segments."""
    lines = [f"l{k:06d}" for k in range(size // per)]
    count = len(lines)
    at = np.tile(np.arange(per) * 100.0, count)
    classes = np.array(["hsr", "national", "provincial"])
    return {
        "lines": pa.table({
            "line_id": lines, "class": classes[np.arange(count) % 3],
            "length_m": np.full(count, 100.0 * per), "route_length_m": np.full(count, 100.0 * per),
            "segment_m": np.full(count, 100.0), "geometry": [b""] * count,
            "input": ["lines"] * count, "simulated": [True] * count,
        }),
        "segments": pa.table({
            "line_id": np.repeat(lines, per), "segment": np.tile(np.arange(per), count),
            "from_m": at, "to_m": at + 100, "length_m": np.full(len(at), 100.0),
            "route_length_m": np.full(len(at), 100.0),
            "geometry": pa.array([b""] * len(at), pa.binary()),
        }),
    }  # fmt: skip


def judged(source: Path, out: Path, kept: Path) -> tuple[float, float, dict[str, Any]]:
    """Judge, a process a core; give seconds, those of all processors, and the step's report."""
    out.mkdir()
    started, used = time.perf_counter(), sum(os.times()[:4])
    with Workers(cores()) as workers:
        pack = load_pack("project-default")
        ctx = StepContext(Tables(source), out, Config(), pack, workers, lambda key: kept / key)
        judge.run_lines(ctx)
    return time.perf_counter() - started, sum(os.times()[:4]) - used, ctx.report


def main(size: int, per: int = PER_LINE) -> dict[str, float]:
    """Judge all, then again with one run more; give the figures."""
    layers, count = len(OPERATORS) * len(TECHNOLOGIES), size // per
    with tempfile.TemporaryDirectory() as name:
        source, kept = Path(name) / "in", Path(name) / "kept"
        for table, data in geometry(size, per).items():
            write_table(source / f"{table}.parquet", conform(data, TABLES[table]), TABLES[table])
        table, path = TABLES["segment_evidence"], source / "segment_evidence.parquet"
        write_table(path, evidence(size, per), table)
        seconds, cpu, _ = judged(source, Path(name) / "out", kept)
        peak = peak_gb()
        write_table(path, evidence(size, per, (0, count // 2, count - 1)), table)
        again, _, report = judged(source, Path(name) / "again", kept)
    return {
        "seconds": round(seconds, 1),
        "peak_gb": round(peak, 2),
        "segments_layers_per_s": round(size * layers / seconds),
        "cpu_s": round(cpu, 1),
        "again_seconds": round(again, 1),
        "again_lines": report["lines_judged"],
        "lines": count,
    }


def peak_gb() -> float:
    """Give the most that this process held, and its workers if all were at their most at once."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + cores() * largest) / 2**20


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    figures = main(asked, int(sys.argv[2]) if len(sys.argv) > 2 else PER_LINE)
    scaled = figures["seconds"] * FULL / asked
    print(f"{asked} segments measured; in proportion, {FULL} segments would take {scaled:.0f} s")
    print(json.dumps(figures))
