"""Real statistical codes of villages: read as a table, and rolled up as their digits say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import villages
from covermap.steps.areas import read_villages
from covermap.store import Tables, write_table
from covermap.tables import VILLAGES
from covermap.workspace import Config, Villages

pytestmark = [pytest.mark.real, pytest.mark.slow]

PROVINCES = ("11", "31", "63")


def test_real_codes_without_coordinates_keep_their_rows_and_roll_up_to_provinces(
    real_data: Path, tmp_path: Path
) -> None:
    codes = pd.read_csv(real_data / "villages/cn_villages_codes.csv.xz", dtype=str)
    codes = codes[codes["provinceCode"].isin(PROVINCES)]
    path = tmp_path / "codes.csv"
    codes.to_csv(path, index=False)
    made = read_villages([(Villages(name="cn", files=("x",)), [path], None)])
    assert made.villages.num_rows == len(codes) > 10_000
    assert made.rejected.num_rows == 0
    assert {r["problem"]: r["count"] for r in made.problems.to_pylist()}["no_coordinates"] == (
        len(codes)
    )
    write_table(tmp_path / "villages.parquet", made.villages, VILLAGES)
    out = tmp_path / "out"
    out.mkdir()
    rules = load_pack("village-any-operator")
    villages.run(StepContext(Tables(tmp_path), out, Config(), rules, root=tmp_path))
    sums = Tables(out).read("village_sums").to_pandas()
    sums = sums[(sums["operator"] == "any") & (sums["technology"] == "any")]
    assert (sums["unmeasured"] == sums["villages"]).all()
    for level, column in (
        ("province", "provinceCode"), ("city", "cityCode"), ("county", "areaCode"),
        ("township", "streetCode"),
    ):  # fmt: skip
        found = sums[sums["level"] == level].set_index("region_id")["villages"].to_dict()
        assert found == codes.groupby(column).size().to_dict()
