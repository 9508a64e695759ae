"""Bremen's motorways between two packs: the 100 m segments that change, from counts alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from covermap.engine.local import Workers
from covermap.pipeline import BuildOptions, build
from covermap.pipeline.rejudging import rejudged
from covermap.rules import load_pack
from covermap.store import Workspace
from real_logs import BREMEN

pytestmark = [pytest.mark.real, pytest.mark.slow]

MOTORWAY_LOGS = "measurements/bremen_motorway"
STANDARD_DBM, NO_SERVICE_DBM, SHARE, MINIMUM = -105, -140, 0.95, 3


@pytest.fixture(scope="module")
def root(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bremen by `miit-2025`, its logs copied into raw/ and raw/ removed after the build."""
    folder = tmp_path_factory.mktemp("bremen")
    raw = folder / "raw"
    raw.mkdir()
    for path in sorted((real_data / MOTORWAY_LOGS).glob("*.geojson.gz")):
        shutil.copyfile(path, raw / path.name)
    lines = real_data / "lines"
    text = BREMEN.replace(f"{{data}}/{MOTORWAY_LOGS}/", "raw/").format(data=real_data.as_posix())
    for name in sorted(path.name for path in lines.glob("de_*.parquet")):
        shutil.copyfile(lines / name, raw / name)
        text = text.replace(f"{lines.as_posix()}/{name}", f"raw/{name}")
    assert real_data.as_posix() not in text
    (folder / "covermap.toml").write_text(text, encoding="utf-8")
    build(folder, BuildOptions(rules="miit-2025", workers=1))
    shutil.rmtree(raw)
    return folder


def by_hand(root: Path, operator: str) -> pd.DataFrame:
    """Verdicts of LTE by both rules, straight from the counts; indexed by line/segment."""
    rows = Workspace(root).current().read("segment_evidence").to_pandas()
    rows = rows[(rows["operator"] == operator) & rows["technology"].isin(("lte", "none"))]
    rows = rows[rows["rsrp_bin"].notna() | (rows["technology"] == "none")]
    served = rows["technology"] == "lte"
    rows = rows.assign(
        good=rows["n"].where(served & (rows["rsrp_bin"] >= STANDARD_DBM), 0),
        dead=rows["n"].where(~served, 0),
        level=(rows["rsrp_sum_cdb"] / 100).where(served, NO_SERVICE_DBM * rows["n"]),
    )
    sums = rows.groupby(["line_id", "segment"])[["n", "good", "dead", "level"]].sum().reset_index()
    dead = sums["dead"] >= sums["n"] * 0.5
    mean_good = sums["level"] / sums["n"] >= STANDARD_DBM
    share_good = sums["good"] / sums["n"] >= SHARE
    for name, good, least in (("miit", mean_good, 1), ("eirene", share_good, MINIMUM)):
        verdict = good.map({True: "covered", False: "weak"}).where(~dead, "none")
        sums[name] = verdict.where(sums["n"] >= least, "unmeasured")
    sums.index = sums["line_id"] + "/" + sums["segment"].astype(str)
    return sums


def test_between_miit_2025_and_eirene_the_100_m_segments_that_change_are_listed_without_raw(
    root: Path,
) -> None:
    assert not (root / "raw").exists()
    with rejudged(Workspace(root), load_pack("eirene"), Workers(1)) as made:
        assert made.before.id == "miit-2025"
        rows = made.changes.rows(kind="segment", operator="26201", technology="lte").to_pandas()
    expected = by_hand(root, "26201")
    expected = expected[expected["miit"] != expected["eirene"]]
    assert len(expected) > 100
    rows = rows.set_index("id")
    assert sorted(rows.index) == sorted(expected.index)
    joined = rows.join(expected[["miit", "eirene", "n", "good"]].add_suffix("_hand"))
    assert (joined["before"] == joined["miit_hand"]).all()
    assert (joined["after"] == joined["eirene_hand"]).all()
    assert (joined["n"] == joined["n_hand"]).all()
    measured = joined[joined["after"] != "unmeasured"]
    assert (measured["after_share"] - measured["good_hand"] / measured["n_hand"]).abs().max() < 1e-9
    length = rows["to_m"] - rows["from_m"]
    assert ((length > 0) & (length <= 150)).all()
    assert json.dumps(sorted(set(rows["line"]))) == '["A 1", "A 27"]'
