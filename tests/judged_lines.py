"""A few hand-made lines and runs, written as tables and judged."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from covermap.engine.local import Workers
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import judge
from covermap.store import Tables
from covermap.tables import TABLES
from covermap.workspace import Config

PACK = load_pack("project-default")
STRAIGHT = shapely.LineString([(121.0, 31.0), (121.001, 31.0), (121.002, 31.0)])
RING = shapely.LineString([(121.0, 31.0), (121.001, 31.0), (121.001, 31.001), (121.0, 31.0)])


def pack_with(line=None, segment=None, targets=None, **interval):
    """The project's pack with some values changed; pooled, 64 draws."""
    interval = {"fit": "pooled", "draws": 64} | interval
    changed = {"interval": PACK.interval.model_copy(update=interval)}
    changed["line"] = PACK.line.model_copy(update=line or {})
    changed["segment"] = PACK.segment.model_copy(update=segment or {})
    if targets is not None:
        changed["targets"] = targets
    return PACK.model_copy(update=changed)


def line(name, length_m, **changes):
    """A line of whole length."""
    return {
        "line_id": name, "class": "rail", "length_m": length_m, "route_length_m": length_m,
        "segment_m": 100.0, "geometry": shapely.to_wkb(STRAIGHT), "input": "lines",
        "simulated": False,
    } | changes  # fmt: skip


def segments(name, length_m, step_m=100.0, route=1.0, tunnel=None):
    """Its segments, the last one shorter; `tunnel`: those that are in one, by number."""
    count = max(int(-(-length_m // step_m)), 1)
    ends = [min(step_m * (k + 1), length_m) for k in range(count)]
    return [
        {
            "line_id": name, "segment": k, "from_m": step_m * k, "to_m": end,
            "length_m": end - step_m * k, "route_length_m": route * (end - step_m * k),
            "tunnel": None if tunnel is None else k in tunnel,
            "geometry": shapely.to_wkb(STRAIGHT),
        }
        for k, end in enumerate(ends)
    ]  # fmt: skip


def sections(name, kind, cuts_m, regions=None):
    """Sections of one kind between cuts."""
    return [
        {
            "section_id": f"{name}-{kind}-{k}", "line_id": name, "kind": kind, "name": f"{k}",
            "region_id": regions[k] if regions else None, "from_m": a, "to_m": b,
            "length_m": b - a, "route_length_m": b - a,
        }
        for k, (a, b) in enumerate(pairwise(cuts_m))
    ]  # fmt: skip


def seen(name, segment, level_dbm, run="r", n=2, **changes):
    """What a run saw of a segment: n samples of one level, None for no service."""
    none = level_dbm is None
    bin_ = None if none else int(level_dbm // 1)
    return {
        "line_id": name, "segment": segment, "run_id": run, "campaign": "c", "direction": 1,
        "operator": "46000", "technology": "none" if none else "lte", "source": "drive",
        "period": "2025-01", "rsrp_bin": bin_, "sinr_bin": None, "n": n,
        "rsrp_sum_cdb": 0 if none else round(100 * n * level_dbm), "sinr_sum_cdb": 0,
    } | changes  # fmt: skip


def judged(folder: Path, pack=None, config=None, cache: Path | None = None, workers=None, **rows):
    """Write tables (`lines`, `segments`, ...) and judge them; give the step's context."""
    source, out = folder / "in", folder / "out"
    source.mkdir(parents=True)
    out.mkdir()
    for name, some in rows.items():
        pq.write_table(
            pa.Table.from_pylist(some, schema=TABLES[name].schema), source / f"{name}.parquet"
        )
    part = None if cache is None else (lambda key: cache / key)
    ctx = StepContext(
        Tables(source), out, config or Config(), pack or pack_with(), workers or Workers(1), part
    )
    judge.run_lines(ctx)
    assert not list(out.glob(".*")), "nothing is left aside"
    return ctx


def bytes_of(ctx: StepContext) -> dict[str, bytes]:
    """Every table that was written, byte for byte."""
    files = [p for p in sorted(ctx.out.rglob("*")) if p.is_file()]
    return {p.relative_to(ctx.out).as_posix(): p.read_bytes() for p in files}


def rows_of(ctx: StepContext, table: str, operator="46000", technology="lte", **equal):
    """Rows of one layer of a table that was written, and of these values."""
    wanted = {"operator": operator, "technology": technology} | equal
    return [
        row
        for row in Tables(ctx.out).read(table).to_pylist()
        if all(row[name] == value for name, value in wanted.items())
    ]
