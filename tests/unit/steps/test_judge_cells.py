"""Cells are judged in pieces of any size, kept or anew, to the same bytes."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from covermap.core.cells import cells_at, parents
from covermap.engine.local import Workers
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import judge
from covermap.steps.judge import cells as judging
from covermap.store import Tables
from covermap.workspace import Config
from cubes import evidence, write_cube

PACK = load_pack("project-default")


def rows(seed=0, n=600, lon=(100.0, 108.0)):
    rng = np.random.default_rng(seed)
    at = cells_at(rng.uniform(*lon, n), rng.uniform(29.9, 30.1, n), 9)
    made = []
    for cell in at.tolist():
        level, samples = int(rng.integers(-125, -80)), int(rng.integers(1, 9))
        made.append({
            "cell": cell, "operator": str(rng.choice(["46000", "46001"])),
            "technology": str(rng.choice(["lte", "nr", "none"])), "source": "drive",
            "period": str(rng.choice(["2025-01", "2025-02", "undated"])), "rsrp_bin": level,
            "sinr_bin": None, "n": samples, "rsrp_sum_cdb": samples * (level * 100 + 50),
            "sinr_sum_cdb": 0,
        })  # fmt: skip
    for row in made:
        if row["technology"] == "none":
            row |= {"rsrp_bin": None, "rsrp_sum_cdb": 0}
    return made


def judged(folder, some, cache=None):
    """Judge cells; give the files' bytes by shard, and what the step reports."""
    source, out = folder / "in", folder / "out"
    source.mkdir(parents=True)
    out.mkdir()
    write_cube(source, evidence(some))
    part = None if cache is None else (lambda key: cache / key)
    ctx = StepContext(Tables(source), out, Config(), PACK, Workers(1), part)
    judge.run_cells(ctx)
    found = {p.name: p.read_bytes() for p in (out / "cell_verdicts").iterdir()}
    return found, ctx.report


def test_a_file_holds_one_shard_in_order_of_layer_and_cell(tmp_path):
    some = rows()
    judged(tmp_path, some)
    paths = sorted((tmp_path / "out" / "cell_verdicts").iterdir())
    assert len(paths) > 4
    everywhere = []
    for path in paths:
        table = pq.read_table(path)
        cells = table.column("cell").to_numpy()
        assert {f"{p:x}" for p in parents(cells, 3).tolist()} == {path.stem}
        key = list(zip(*(table.column(c).to_pylist() for c in ("operator", "technology", "cell")),
                       strict=True))  # fmt: skip
        assert key == sorted(key)
        assert len(key) == len(set(key))
        everywhere += [cell for operator, technology, cell in key if operator == technology]
    assert sorted(everywhere) == sorted({row["cell"] for row in some})


def test_a_cell_has_a_row_exactly_where_a_layer_has_a_sample_in_it(tmp_path):
    some = rows()
    for row in some[::7]:  # samples that a cell knows no level of
        row |= {"rsrp_bin": None, "rsrp_sum_cdb": 0}
    judged(tmp_path, some)
    expected = set()
    for row in some:
        silent = row["technology"] == "none"
        own = {r["technology"] for r in some if r["operator"] == row["operator"]} - {"none"}
        for technology in {"any", *(own if silent else {row["technology"]})}:
            expected |= {(row["cell"], name, technology) for name in (row["operator"], "any")}
            expected.add((row["cell"], "all", technology))
    table = Tables(tmp_path / "out").read("cell_verdicts")
    found = zip(*(table.column(c).to_pylist() for c in ("cell", "operator", "technology")),
                strict=True)  # fmt: skip
    assert set(found) == expected


@pytest.mark.parametrize(("name", "value"), [("ITEM_ROWS", 1), ("PLACE_BYTES", 10**9),
                                             ("ROWS_PER_GROUP", 50)])  # fmt: skip
def test_small_pieces_and_little_memory_change_nothing(tmp_path, monkeypatch, name, value):
    whole, _ = judged(tmp_path / "whole", rows())
    monkeypatch.setattr(judging, name, value)
    small, _ = judged(tmp_path / "small", rows())
    if name == "ROWS_PER_GROUP":
        tables = [Tables(tmp_path / f / "out").read("cell_verdicts") for f in ("whole", "small")]
        assert tables[0].equals(tables[1])
    else:
        assert small == whole


def test_a_shard_that_stays_is_kept_and_a_shard_alone_gives_the_bytes_it_gives_among_others(
    tmp_path,
):
    cache = tmp_path / "cache"
    old = rows()
    _, first = judged(tmp_path / "a", old, cache)
    more = rows(7, 60, (104.0, 104.2))
    both, second = judged(tmp_path / "b", old + more, cache)
    assert first["shards_kept"] == 0
    assert 0 < second["shards_judged"] <= 3
    assert second["shards_kept"] == len(both) - second["shards_judged"]
    assert both == judged(tmp_path / "c", old + more)[0]


def test_another_pack_judges_every_shard_again(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    before, _ = judged(tmp_path / "a", rows(), cache)
    monkeypatch.setattr(__name__ + ".PACK", load_pack("trai"))
    after, report = judged(tmp_path / "b", rows(), cache)
    assert report["shards_kept"] == 0
    assert after.keys() == before.keys()
    assert after != before
