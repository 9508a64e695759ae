"""Villages of simulated provinces: how often the interval of lit villages holds the truth.

SIZE (50) provinces of 3 counties, 18 townships and 216 villages, two operators of 5G. Levels that
last are known in every cell of every village: what a county, a township and a village have of
their own, and what a cell has. Each township is driven by one run, each county in one campaign; a
run and a campaign shift all levels by what the pack's `[certainty]` says, samples scatter by it.
Two thirds of the villages are passed, in 8 to 20 of their cells, 3 to 6 samples in each. A village
is truly lit where 80 % of all its cells meet the standard. The step of a build judges them.

Told: how often the 95 % interval of the number of lit villages among those assessed holds the
truth (`held`), for the province and by county, beside an interval that takes villages as
independent (`alone`); how often the range with the rest open holds that of all villages (`range`);
how often a verdict is right; and how often a target ("at least half of the assessed are lit") is
answered wrongly where the interval decides it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from covermap.core.cells import areas_m2, cells_at, centres, descendants, parents
from covermap.core.cube.counts import SHARD_RESOLUTION
from covermap.core.judging.certainty import Observed, Spread, probability
from covermap.core.villages.near import Near
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import villages
from covermap.store import Tables, write_table
from covermap.tables import CELL_VERDICTS, VILLAGES, conform, in_order
from covermap.workspace import Config

SEEDS = 50
OPERATORS = ("46000", "46001")
COUNTIES, TOWNSHIPS, EACH = 3, 6, 12
MEAN_DBM, COUNTY_DB, TOWNSHIP_DB, VILLAGE_DB, CELL_DB = -100.0, 3.0, 3.0, 5.0, 5.0
PACK = load_pack("village-each-operator")
SPREAD = Spread(**PACK.certainty.model_dump(exclude={"source"}))
NEEDED_DBM = PACK.standards["nr"].rsrp_dbm


def places() -> tuple[list[str], Any, Any]:
    """Codes and positions of the villages, 2 km apart."""
    number = np.arange(COUNTIES * TOWNSHIPS * EACH)
    county, township = number // (TOWNSHIPS * EACH), number // EACH % TOWNSHIPS
    code = [f"3205{c + 1:02d}{t + 1:03d}{n % EACH + 1:03d}"
            for n, c, t in zip(number, county, township, strict=True)]  # fmt: skip
    return code, 120.0 + 0.021 * (number % 24), 31.0 + 0.019 * (number // 24)


def cells_of(lon: Any, lat: Any) -> tuple[Any, Any]:
    """Every cell of every village: cell, village."""
    coarse = np.unique(cells_at(lon, lat, 6))
    cells = descendants(coarse, 10)
    at, village = Near(lon, lat, PACK.village.radius_m).pairs(*centres(cells))
    return cells[at], village


def province(seed: int, code: list[str], cell: Any, village: Any) -> tuple[list[Any], Any, Any]:
    """Draw one province: rows of cell verdicts, which villages are truly lit, which were passed."""
    source = np.random.default_rng(seed)
    count = len(code)
    township, county = np.arange(count) // EACH, np.arange(count) // (TOWNSHIPS * EACH)
    passed = source.random(count) < 2 / 3
    parts, lit = [], np.zeros((len(OPERATORS), count), bool)
    keep = source.random(len(cell)) < (source.integers(8, 21, count) / 68)[village]
    keep &= passed[village]
    for number, operator in enumerate(OPERATORS):
        own = (
            MEAN_DBM + COUNTY_DB * source.standard_normal(COUNTIES)[county]
            + TOWNSHIP_DB * source.standard_normal(COUNTIES * TOWNSHIPS)[township]
            + VILLAGE_DB * source.standard_normal(count)
        )  # fmt: skip
        level = own[village] + CELL_DB * source.standard_normal(len(cell))
        met = np.bincount(village, level >= NEEDED_DBM, count) / np.bincount(village)
        lit[number] = met >= PACK.village.share - 1e-9
        shift = SPREAD.campaign_sd_db * source.standard_normal(COUNTIES)[county]
        shift = shift + SPREAD.run_sd_db * source.standard_normal(COUNTIES * TOWNSHIPS)[township]
        n = source.integers(3, 7, len(cell))
        noise = SPREAD.sample_sd_db * source.standard_normal(len(cell)) / np.sqrt(n)
        seen = (level + shift[village] + noise)[keep]
        one = np.ones(keep.sum(), np.int64)
        chance = probability(Observed(seen, n[keep], one, one), NEEDED_DBM, SPREAD)
        parts.append(_rows(cell[keep], operator, seen, chance, n[keep]))
    return parts, lit, passed


def _rows(cell: Any, operator: str, seen: Any, chance: Any, n: Any) -> pa.Table:
    columns = {
        "cell": cell, "area_m2": areas_m2(cell), "operator": [operator] * len(cell),
        "technology": ["nr"] * len(cell),
        "verdict": np.where(seen >= NEEDED_DBM, "covered", "weak"), "probability": chance,
        "basis": ["measured"] * len(cell), "n": n, "n_none": 0 * n, "rsrp_mean_dbm": seen,
        "last_period": ["2026-01"] * len(cell),
    }  # fmt: skip
    return conform(pa.table(columns), CELL_VERDICTS)


def judged(folder: Path, code: list[str], lon: Any, lat: Any, parts: list[Any]) -> Tables:
    """Run the step over one province."""
    table = pa.table({
        "village_id": code, "code": code, "name": code,
        "geometry": pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary()),
        "input": ["made"] * len(code), "simulated": [True] * len(code),
    })  # fmt: skip
    write_table(folder / "villages.parquet", in_order(conform(table, VILLAGES), VILLAGES), VILLAGES)
    whole = in_order(pa.concat_tables(parts), CELL_VERDICTS)
    shard = parents(whole["cell"].to_numpy(), SHARD_RESOLUTION)
    (folder / CELL_VERDICTS.name).mkdir()
    for one in np.unique(shard).tolist():
        path = folder / CELL_VERDICTS.name / f"{one:x}.parquet"
        write_table(path, whole.filter(pa.array(shard == one)), CELL_VERDICTS)
    out = folder / "out"
    out.mkdir()
    villages.run(StepContext(Tables(folder), out, Config(), PACK, root=folder))
    return Tables(out)


def score(made: Tables, lit: Any, code: list[str]) -> list[dict[str, Any]]:
    """Compare one province's sums and verdicts with what is true."""
    verdicts = made.read("village_verdicts").to_pandas()
    sums = made.read("village_sums").to_pandas()
    out = []
    for number, operator in enumerate(OPERATORS):
        mine = (verdicts["operator"] == operator) & (verdicts["technology"] == "nr")
        own = verdicts[mine].set_index("village_id").loc[code]
        p, known = own["probability"].to_numpy(), own["probability"].notna().to_numpy()
        right = own["verdict"].eq("lit").to_numpy()[known] == lit[number][known]
        layer = sums[(sums["operator"] == operator) & (sums["technology"] == "nr")]
        for _, row in layer[layer["level"].isin(["province", "county"])].iterrows():
            among = np.array([c.startswith(row["region_id"]) for c in code])
            told = among & known
            truth, whole = int(lit[number][told].sum()), int(lit[number][among].sum())
            half = 1.96 * np.sqrt((p[told] * (1 - p[told])).sum()) + 0.5
            goal = round(0.5 * told.sum())
            answer = None
            if row["expected_low"] >= goal:
                answer = True
            elif row["expected_high"] < goal:
                answer = False
            out.append({
                "level": row["level"], "assessed": int(told.sum()),
                "held": row["expected_low"] <= truth <= row["expected_high"],
                "alone": abs(truth - p[told].sum()) <= half,
                "range": row["lit_low"] <= whole <= row["lit_high"],
                "bias": p[told].sum() - truth, "right": right.mean(),
                "wrong": answer is not None and answer != (truth >= goal),
                "decided": answer is not None,
            })  # fmt: skip
    return out


def main(seeds: int) -> None:
    code, lon, lat = places()
    cell, village = cells_of(lon, lat)
    found = []
    for seed in range(seeds):
        parts, lit, _ = province(seed, code, cell, village)
        with tempfile.TemporaryDirectory(prefix="province-") as name:
            found += score(judged(Path(name), code, lon, lat, parts), lit, code)
    done: dict[str, Any] = {"provinces": seeds, "villages": len(code), "simulated": True}
    for level in ("province", "county"):
        own = [one for one in found if one["level"] == level]
        for name in ("held", "alone", "range", "decided", "wrong"):
            done[f"{level}_{name}"] = round(float(np.mean([one[name] for one in own])), 4)
        done[f"{level}_intervals"] = len(own)
        done[f"{level}_bias_share"] = round(
            float(np.mean([one["bias"] / one["assessed"] for one in own])), 4
        )
    done["verdicts_right"] = round(float(np.mean([one["right"] for one in found])), 4)
    print(json.dumps(done))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
