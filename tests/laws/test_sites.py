"""Laws of site tables: every row is accounted for, and the order of rows does not matter."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.formats.source import expand
from covermap.steps.sites import read_sites
from covermap.workspace import Config, Sites

FIELDS = {
    "lon": ["121.5", "121.500001", "0", "", "NaN", "31.2", "200", "abc", "121.6"],
    "lat": ["31.2", "31.3", "0", "", "121.5", "-91"],
    "site_id": ["", "S1", "S2"],
    "cell_id": ["", "1", "2"],
    "operator": ["46000", "", "CMCC", "46001,46011", "0"],
    "technology": ["4G", "NR", "", "CDMA", "NB-IoT"],
    "azimuth": ["", "0", "360", "-1", "999", "x"],
    "pci": ["", "5", "504", "2000"],
    "arfcn": ["", "1300", "633984", "99999999"],
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(v) for name, v in FIELDS.items()}),
    min_size=1,
    max_size=25,
)


def read(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(FIELDS))
    writer.writeheader()
    writer.writerows(rows)
    entry = Sites(
        name="s", files=("x",), format="cells-csv", datum="wgs84", operators={"CMCC": "46000"}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(text.getvalue())
        return read_sites(expand(path, "a.csv"), entry, Config())


@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_rows_are_cells_or_rejects_and_every_cell_is_possible(rows):
    result = read(rows)
    rejected = {r["line"] for r in result.rejected.to_pylist()}
    assert len(rejected) == result.rejected.num_rows
    kept = [r for i, r in enumerate(rows) if i + 2 not in rejected]
    shared = sum(r["operator"] == "46001,46011" for r in kept)
    assert result.sites.num_rows == len(kept) + shared
    for cell in result.sites.to_pylist():
        assert abs(cell["lon"]) <= 180
        assert abs(cell["lat"]) <= 90
        assert (cell["lon"], cell["lat"]) != (0, 0)
        assert cell["azimuth_deg"] is None or 0 <= cell["azimuth_deg"] < 360
        assert cell["pci"] is None or cell["pci"] <= 1007


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.randoms(use_true_random=False))
def test_rows_in_another_order_give_the_same_cells_and_counts(rows, seed):
    mixed = list(rows)
    seed.shuffle(mixed)
    one, other = read(rows), read(mixed)
    assert one.sites.equals(other.sites)
    reasons = [sorted(r.rejected["reason"].to_pylist()) for r in (one, other)]
    assert reasons[0] == reasons[1]
    counts = [
        sorted((p["problem"], p["count"]) for p in r.problems.to_pylist()) for r in (one, other)
    ]
    assert counts[0] == counts[1]
