"""Files of the cube: made of what logs counted, kept by content, the same whatever the cut."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from covermap import log_counts, shards
from covermap.core.cube.columns import digest_of
from covermap.errors import BuildError
from covermap.shards import read_counts, shard_file
from covermap.steps import cube
from covermap.steps.cube import items, make_shards, plan
from covermap.steps.grid import grid_log
from covermap.tables import CELL_EVIDENCE, SAMPLES
from covermap.workspace import Config

COMMON = {
    "run_id": "r", "campaign": "c", "source": "drive", "position_basis": "fix",
    "position_error_m": 10.0, "antenna": "roof", "simulated": False, "service": True,
}  # fmt: skip


def samples(n, seed=0, lon=(100.0, 110.0), periods=("2025-01", "2025-02")):
    rng = np.random.default_rng(seed)
    rows = [
        COMMON | {
            "seq": k, "lon": rng.uniform(*lon), "lat": rng.uniform(29, 31),
            "operator": str(rng.choice(["46000", "46001"])), "technology": "lte",
            "period": str(rng.choice(periods)), "rsrp_dbm": float(rng.integers(-120, -70)),
        }
        for k in range(n)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SAMPLES.schema)


def part(folder, rows):
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "samples.parquet")
    grid_log(folder / "samples.parquet", folder, Config())
    return folder


def made(cache, parts):
    """Make the cube of some parts; give its files' bytes by name, and how many were made."""
    work = plan(CELL_EVIDENCE, parts, lambda digests: cache / "-".join(d[:8] for d in digests))
    missing = [one for one in work if not one.folder.is_dir()]
    for piece in items(missing):
        make_shards(piece)
    files = {w.part: (w.folder / "cell_evidence.parquet").read_bytes() for w in work}
    return files, len(missing)


def test_the_cut_into_logs_does_not_change_a_byte(tmp_path):
    rows = samples(3000)
    order = np.random.default_rng(1).permutation(3000)
    whole, _ = made(tmp_path / "c1", [part(tmp_path / "w", rows)])
    mixed = rows.take(pa.array(order))
    cut = [part(tmp_path / str(k), mixed.slice(k, n)) for k, n in ((0, 1100), (1100, 1900))]
    assert len(whole) > 10
    assert made(tmp_path / "c2", cut)[0] == whole
    assert made(tmp_path / "c3", cut[::-1])[0] == whole


def test_small_row_groups_and_small_pieces_of_work_do_not_change_a_byte(tmp_path, monkeypatch):
    parts = [part(tmp_path / "a", samples(2000)), part(tmp_path / "b", samples(2000, 1))]
    whole, _ = made(tmp_path / "c1", parts)
    monkeypatch.setattr(cube, "ITEM_ROWS", 150)
    monkeypatch.setattr(log_counts, "BATCH_ROWS", 64)
    monkeypatch.setattr("covermap.steps.grid.BATCH_ROWS", 300)
    monkeypatch.setattr("covermap.steps.grid._HELD_ROWS", 500)
    small = [part(tmp_path / "s1", samples(2000)), part(tmp_path / "s2", samples(2000, 1))]
    with pa.ipc.open_file(str(small[0] / "cell_evidence.arrow")) as file:
        assert file.num_record_batches > 10
    places = [(one.shard, one.period) for one in log_counts.index_of(small[0], CELL_EVIDENCE)]
    assert len(set(places)) < len(places), "a shard and period in several pieces"
    assert made(tmp_path / "c2", small)[0] == whole


def test_one_log_more_makes_only_the_files_it_adds_to(tmp_path):
    old = [part(tmp_path / "a", samples(2000))]
    first, _ = made(tmp_path / "cache", old)
    day = part(tmp_path / "day", samples(50, 5, (104.0, 104.1), ("2025-02",)))
    second, anew = made(tmp_path / "cache", [*old, day])
    changed = {name for name in second if second[name] != first.get(name)}
    assert len(changed) == anew <= 5
    assert all(name.endswith(".2025-02") for name in changed)
    assert second == made(tmp_path / "fresh", [day, *old])[0], "as made afresh"


def test_a_file_tells_its_shard_period_layers_and_digest(tmp_path):
    work = plan(CELL_EVIDENCE, [part(tmp_path / "a", samples(400, 0, (104.0, 104.01)))],
                lambda digests: tmp_path / digests[0])  # fmt: skip
    make_shards(work)
    path = tmp_path / f"{work[0].part}.parquet"
    (work[0].folder / "cell_evidence.parquet").rename(path)
    said = shard_file(path)
    counts = read_counts(path, CELL_EVIDENCE)
    assert (said.shard, said.period, said.rows) == (f"{work[0].shard:x}", "2025-01", len(counts))
    assert said.layers == (("46000", "lte"), ("46001", "lte"))
    assert said.digest == digest_of(counts)


def test_a_large_file_has_row_groups_of_one_layer_each(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS_PER_GROUP", 100)
    files, _ = made(tmp_path / "c", [part(tmp_path / "a", samples(3000, 0, (104.0, 104.2)))])
    data = next(data for data in files.values() if len(data) == max(map(len, files.values())))
    file = pq.ParquetFile(pa.BufferReader(data))
    assert file.num_row_groups == 2
    for group in range(file.num_row_groups):
        assert len(set(file.read_row_group(group).column("operator").to_pylist())) == 1


@pytest.mark.parametrize("name", ["cell_evidence.arrow", "cell_evidence.index.parquet"])
def test_a_damaged_part_is_named_with_what_to_do(tmp_path, name):
    folder = part(tmp_path / "a", samples(500))
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(
        BuildError, match=f"{name}: not a whole (Arrow|Parquet) file.*Delete the folder"
    ):
        made(tmp_path / "cache", [folder])


def test_no_log_makes_no_file(tmp_path):
    assert made(tmp_path / "cache", [part(tmp_path / "a", samples(0))]) == ({}, 0)
