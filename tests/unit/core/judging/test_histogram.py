import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.judging.histogram import BIN_COLUMNS, LAYER_COLUMNS, add_counts, count_bins

BY = ["cell", *LAYER_COLUMNS, *BIN_COLUMNS]
SCHEMA = pa.schema(
    [
        ("cell", pa.int64()),
        ("operator", pa.string()),
        ("technology", pa.string()),
        ("service", pa.bool_()),
        ("source", pa.string()),
        ("period", pa.string()),
        ("rsrp_dbm", pa.float64()),
        ("sinr_db", pa.float64()),
    ]
)
LEVEL = st.none() | st.just(math.nan) | st.floats(-150, -30) | st.integers(-150, -30).map(float)
SAMPLE = st.fixed_dictionaries(
    {
        "cell": st.integers(1, 3),
        "operator": st.sampled_from(["46000", "46001"]),
        "technology": st.sampled_from(["lte", "nr"]),
        "service": st.sampled_from([True, True, False]),
        "source": st.sampled_from(["drive", "app"]),
        "period": st.sampled_from(["2025-01", "undated"]),
        "rsrp_dbm": LEVEL,
        "sinr_db": st.none() | st.floats(-20, 40),
    }
)
SAMPLES = st.lists(SAMPLE, max_size=30)


def table(rows):
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def one(**changes):
    row = {"cell": 1, "operator": "46000", "technology": "lte", "service": True, "source": "drive"}
    return row | {"period": "2025-01", "rsrp_dbm": -100.0, "sinr_db": None} | changes


def plain(rows):
    """Slow reference: a dictionary of key -> (n, sum, sum)."""
    counted = {}
    for row in rows:
        served = row["service"]
        levels = []
        for name in ("rsrp_dbm", "sinr_db"):
            value = row[name]
            known = served and value is not None and math.isfinite(value)
            levels.append((math.floor(value), round(value * 100)) if known else (None, 0))
        technology = row["technology"] if served else "none"
        key = (row["cell"], row["operator"], technology, row["source"], row["period"])
        key += (levels[0][0], levels[1][0])
        old = counted.get(key, (0, 0, 0))
        counted[key] = (old[0] + 1, old[1] + levels[0][1], old[2] + levels[1][1])
    return counted


def as_dict(counts):
    rows = counts.to_pylist()
    return {tuple(r[k] for k in BY): (r["n"], r["rsrp_sum_cdb"], r["sinr_sum_cdb"]) for r in rows}


@given(SAMPLES)
def test_counts_equal_those_of_the_plain_reference(rows):
    counts = count_bins(table(rows), ["cell"])
    assert as_dict(counts) == plain(rows)
    assert counts.num_rows == len(plain(rows))


@given(SAMPLES, st.randoms())
def test_the_order_of_samples_does_not_matter(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    assert count_bins(table(mixed), ["cell"]).equals(count_bins(table(rows), ["cell"]))


@given(SAMPLES, st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(rows, part_of):
    parts = [[r for r, p in zip(rows, part_of, strict=False) if p == k] for k in range(4)]
    merged = add_counts(pa.concat_tables([count_bins(table(p), ["cell"]) for p in parts]), BY)
    assert merged.equals(count_bins(table(rows), ["cell"]))


@given(SAMPLES, st.integers(-150, -30))
def test_a_whole_db_threshold_from_bins_equals_that_from_samples(rows, threshold):
    counts = count_bins(table(rows), ["cell"]).to_pylist()
    from_bins = Counter()
    for row in counts:
        if row["rsrp_bin"] is not None and row["rsrp_bin"] >= threshold:
            from_bins[row["cell"]] += row["n"]
    known = [r for r in rows if r["service"] and r["rsrp_dbm"] is not None]
    from_samples = Counter(r["cell"] for r in known if r["rsrp_dbm"] >= threshold)
    assert from_bins == from_samples


@pytest.mark.parametrize(
    ("level", "bin_", "sum_cdb"),
    [
        (-105.0, -105, -10500),
        (-104.999, -105, -10500),
        (-105.001, -106, -10500),
        (-0.01, -1, -1),
        (0.0, 0, 0),
    ],
)
def test_a_bin_holds_its_lower_edge_and_not_its_upper(level, bin_, sum_cdb):
    row = count_bins(table([one(rsrp_dbm=level)]), ["cell"]).to_pylist()[0]
    assert (row["rsrp_bin"], row["rsrp_sum_cdb"]) == (bin_, sum_cdb)


def test_no_service_is_counted_without_a_level_and_under_no_technology():
    row = count_bins(table([one(service=False, rsrp_dbm=-70.0, sinr_db=9.0)]), ["cell"])
    assert row.select(["technology", "rsrp_bin", "sinr_bin", "n", "rsrp_sum_cdb"]).to_pylist() == [
        {"technology": "none", "rsrp_bin": None, "sinr_bin": None, "n": 1, "rsrp_sum_cdb": 0}
    ]


def test_several_keys_and_the_column_types_are_kept():
    rows = table([one()]).append_column("run_id", pa.array(["r"]))
    counts = count_bins(rows, ["run_id", "cell"])
    assert counts.column_names[:2] == ["run_id", "cell"]
    assert counts.schema.field("rsrp_bin").type == pa.int16()
    assert counts.schema.field("n").type == pa.int64()


def test_no_samples_give_no_counts():
    assert count_bins(table([]), ["cell"]).num_rows == 0


def test_ten_thousand_samples_keep_their_number():
    rng = np.random.default_rng(1)
    rows = table([one(rsrp_dbm=float(x)) for x in rng.normal(-95, 10, 10_000)])
    assert sum(count_bins(rows, ["cell"]).column("n").to_pylist()) == 10_000
