import random

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.judging.histogram import add_counts
from covermap.steps.merge import merge_evidence
from covermap.tables import CELL_EVIDENCE, SEGMENT_EVIDENCE, in_order

ROW = st.fixed_dictionaries(
    {
        "cell": st.integers(1, 3),
        "operator": st.sampled_from(["46000", "é", "中"]),
        "technology": st.sampled_from(["lte", "none"]),
        "source": st.sampled_from(["drive", "app"]),
        "period": st.just("2025-01"),
        "rsrp_bin": st.none() | st.integers(-3, -1),
        "sinr_bin": st.none() | st.integers(0, 1),
        "n": st.integers(1, 5),
        "rsrp_sum_cdb": st.integers(-999, 0),
        "sinr_sum_cdb": st.integers(-9, 9),
    }
)


def write(folder, parts, table):
    paths = []
    for number, rows in enumerate(parts):
        paths.append(folder / f"{number}.parquet")
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), paths[-1])
    return paths


def merged(paths, table):
    return pa.Table.from_batches(list(merge_evidence(paths, table)), table.schema)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(ROW, max_size=8), min_size=1, max_size=4), st.randoms())
def test_parts_add_up_in_key_order_however_they_are_cut(tmp_path_factory, parts, mixer):
    paths = write(tmp_path_factory.mktemp("parts"), parts, CELL_EVIDENCE)
    rows = [row for part in parts for row in part]
    by = [c for c in CELL_EVIDENCE.names if c not in ("n", "rsrp_sum_cdb", "sinr_sum_cdb")]
    plain = add_counts(pa.Table.from_pylist(rows, schema=CELL_EVIDENCE.schema), by)
    expected = in_order(plain.select(CELL_EVIDENCE.names), CELL_EVIDENCE)
    mixer.shuffle(paths)
    assert merged(paths, CELL_EVIDENCE).to_pylist() == expected.to_pylist()


def test_runs_and_campaigns_are_kept_apart(tmp_path):
    row = {
        "line_id": "a", "segment": 1, "run_id": "r1", "campaign": "c", "direction": 1,
        "operator": "1", "technology": "lte", "source": "drive", "period": "2025-01",
        "rsrp_bin": -100, "sinr_bin": None, "n": 1, "rsrp_sum_cdb": -9950, "sinr_sum_cdb": 0,
    }  # fmt: skip
    other = row | {"run_id": "r2", "campaign": "d"}
    paths = write(tmp_path, [[row, other], [row]], SEGMENT_EVIDENCE)
    got = merged(paths, SEGMENT_EVIDENCE).to_pylist()
    assert [(r["run_id"], r["campaign"], r["n"]) for r in got] == [("r1", "c", 2), ("r2", "d", 1)]


def test_no_parts_give_no_batch(tmp_path):
    assert merged([], CELL_EVIDENCE).num_rows == 0
    assert merged(write(tmp_path, [[]], CELL_EVIDENCE), CELL_EVIDENCE).num_rows == 0


def test_little_memory_and_many_threads_change_nothing(tmp_path):
    chance = random.Random(1)
    rows = [
        {
            "cell": chance.randrange(40_000), "operator": "1", "technology": "lte",
            "source": "drive", "period": "2025-01", "rsrp_bin": chance.randrange(-120, -70),
            "sinr_bin": None, "n": 1, "rsrp_sum_cdb": chance.randrange(-9999, 0),
            "sinr_sum_cdb": 0,
        }
        for _ in range(60_000)
    ]  # fmt: skip
    paths = write(tmp_path, [rows[:10_000], rows[10_000:]], CELL_EVIDENCE)
    whole = merged(paths, CELL_EVIDENCE)
    tight = merge_evidence(paths[::-1], CELL_EVIDENCE, threads=4, memory="64MB")
    assert pa.Table.from_batches(list(tight), CELL_EVIDENCE.schema).equals(whole)
    assert sum(whole.column("n").to_pylist()) == 60_000
