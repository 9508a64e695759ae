"""Fusion of levels and models, on hand-made tables of a build."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from covermap.core.cells import areas_m2, cells_at, centres, parents
from covermap.core.cells import descendants as below
from covermap.engine.local import Workers
from covermap.engine.step import StepContext
from covermap.errors import ConfigError, RulePackError
from covermap.rules import load_pack
from covermap.steps import predict
from covermap.steps.predict import regions
from covermap.store import Tables, write_table
from covermap.tables import (
    CELL_LEVELS,
    CELL_MODEL,
    CELL_VERDICTS,
    LINES,
    SEGMENT_VERDICTS,
    SEGMENTS,
    TABLES,
    in_order,
)
from covermap.workspace import Config
from cubes import evidence, write_cube

pytestmark = pytest.mark.slow

AT = (9.0, 53.1)
RESOLUTION = 9
RULES = load_pack("project-default")


@pytest.fixture(scope="module")
def block():
    """Cells of one block of resolution 5, which lies in one shard: 2401 of them."""
    above = parents(cells_at(*([v] for v in AT), RESOLUTION), 5)
    return below(above, RESOLUTION)


def truth_of(cells):
    lon, lat = centres(cells)
    return -95.0 + 12.0 * np.sin(60 * lon) * np.cos(80 * lat)


def levels_at(cells, operator="a", technology="lte", runs=2, seed=0):
    """Levels of some runs, each 3 dB around what lasts."""
    rng = np.random.default_rng(seed)
    rows = []
    for run in range(runs):
        level = truth_of(cells) + rng.normal(0, 2.0) + rng.normal(0, 3.0, len(cells))
        rows += [
            {"cell": int(c), "operator": operator, "technology": technology, "run_id": f"r{run}",
             "device_id": None, "cell_id": None, "level_dbm": float(v), "variance_db2": 2.0,
             "antenna": "unknown", "sample_sd_db": 4.0}
            for c, v in zip(cells, level, strict=True)
        ]  # fmt: skip
    return rows


def models_at(cells, operator="a", technology="lte", off=0.0):
    rng = np.random.default_rng(5)
    level = truth_of(cells) - off + rng.normal(0, 5, len(cells))
    return [
        {"cell": int(c), "operator": operator, "technology": technology, "rsrp_dbm": float(v),
         "sinr_db": 10.0, "second_dbm": None, "distance_m": 900.0, "terrain_db": None,
         "site": "s", "server": "s1", "ghz": 1.8, "entry_db": None, "filled": ""}
        for c, v in zip(cells, level, strict=True)
    ]  # fmt: skip


class Build:
    """Tables of a build, and the step over them."""

    def __init__(self, folder, levels=(), models=(), **declared):
        self.folder = folder
        (folder / "tables").mkdir(parents=True)
        self._write(CELL_LEVELS, levels)
        counts = [
            {"cell": c, "operator": o, "technology": t, "source": "drive", "period": "2026-01",
             "rsrp_bin": -90, "sinr_bin": None, "n": 1, "rsrp_sum_cdb": -9000, "sinr_sum_cdb": 0}
            for c, o, t in {(r["cell"], r["operator"], r["technology"]) for r in levels}
        ]  # fmt: skip
        write_cube(folder / "tables", evidence(counts))
        shards = {}
        for row in models:
            shards.setdefault(f"{int(parents([row['cell']], 3)[0]):x}", []).append(row)
        for shard, rows in shards.items():
            self._write(CELL_MODEL, rows, f"cell_model/{shard}")
        self.declared = declared

    def _write(self, table, rows, name=None):
        data = pa.Table.from_pylist(list(rows), schema=table.schema)
        path = self.folder / "tables" / f"{name or table.name}.parquet"
        write_table(path, in_order(data, table), table)

    def verdicts(self, rows):
        """Write verdicts of cells: (cell, operator, technology, verdict)."""
        for shard in {int(s) for s in parents([r[0] for r in rows], 3)}:
            own = [r for r in rows if int(parents([r[0]], 3)[0]) == shard]
            self._write(CELL_VERDICTS, [
                {"cell": c, "area_m2": float(areas_m2([c])[0]), "operator": o, "technology": t,
                 "verdict": v, "n": 3, "n_none": 0} for c, o, t, v in own
            ], f"cell_verdicts/{shard:x}")  # fmt: skip

    def line(self, cells, line_class="hsr"):
        """Lay a line of one segment a cell, its middle in the cell's centre."""
        lon, lat = centres(cells)
        self._write(LINES, [
            {"line_id": "l", "class": line_class, "length_m": 1.0, "route_length_m": 1.0,
             "segment_m": 100.0, "geometry": b"", "input": "i", "simulated": True}
        ])  # fmt: skip
        self._write(SEGMENTS, [
            {"line_id": "l", "segment": k, "from_m": 0.0, "to_m": 1.0, "length_m": 1.0,
             "route_length_m": 1.0,
             "geometry": shapely.to_wkb(shapely.LineString([(x - 1e-4, y), (x + 1e-4, y)]))}
            for k, (x, y) in enumerate(zip(lon, lat, strict=True))
        ])  # fmt: skip

    def segment_verdicts(self, rows):
        """Write verdicts of segments of the line: (segment, verdict)."""
        self._write(SEGMENT_VERDICTS, [
            {"line_id": "l", "segment": k, "length_m": 1.0, "route_length_m": 1.0, "operator": "a",
             "technology": "lte", "verdict": v, "n": 3, "n_none": 0, "runs": 1} for k, v in rows
        ])  # fmt: skip

    def run(self, workers=1, out="out", rules=RULES):
        settings = {"grid": {"resolution": RESOLUTION}}
        if self.declared is not None:
            settings["predict"] = self.declared
        config = Config.model_validate(settings)
        folder = self.folder / out
        folder.mkdir()
        with Workers(workers) as some:
            ctx = StepContext(Tables(self.folder / "tables"), folder, config, rules, some)
            predict.run(ctx)
        return {
            name: Tables(folder).read(name).to_pandas()
            for name in ("cell_prediction", "segment_prediction", "prediction_layers")
        }


def test_measurements_without_sites_are_told_around_themselves_and_no_farther(tmp_path, block):
    some = block[:300:2]
    build = Build(tmp_path, levels_at(some), near_m=3000)
    build.verdicts([(int(c), "a", "lte", "covered" if k else "unmeasured")
                    for k, c in enumerate(some)])  # fmt: skip
    made = build.run()
    rows, layer = made["cell_prediction"], made["prediction_layers"].iloc[0]
    assert (layer["basis"], layer["region"], layer["places"]) == ("fitted", "all", 150)
    assert np.isnan(layer["offset_db"])
    assert rows["model_dbm"].isna().all()
    assert (rows["distance_m"] <= 3000 * 1.01).all()
    own = rows[rows["cell"].isin(some)]
    assert len(own) == 150
    # the pack's minimum decides what is measured: the first cell has no verdict
    assert (own["basis"] == "both").sum() == 149
    assert (rows[~rows["cell"].isin(some)]["basis"] == "predicted").all()
    assert own["distance_m"].max() < 1.0
    assert own["sd_db"].max() < rows["sd_db"].max()
    between = rows[rows["cell"].isin(block[1:300:2])]
    error = between["rsrp_dbm"] - truth_of(between["cell"].to_numpy())
    assert np.sqrt(np.mean(error**2)) < 4.0
    assert ((rows["drive_sd_db"] > rows["sd_db"]) & rows["probability"].between(0, 1)).all()
    sure = rows[rows["rsrp_dbm"] > layer["needed_dbm"] + 3 * rows["sd_db"]]
    assert sure["probability"].min() > 0.97


def test_sites_without_measurements_borrow_from_others_of_their_technology(tmp_path, block):
    measured = block[:400:2]
    build = Build(
        tmp_path, levels_at(measured),
        [*models_at(block, "a", off=-6.0), *models_at(block, "b"), *models_at(block, "b", "nr")],
    )  # fmt: skip
    made = build.run()
    layers = made["prediction_layers"].set_index(["operator", "technology"])
    assert layers["basis"].to_dict() == {
        ("a", "lte"): "fitted", ("b", "lte"): "borrowed", ("b", "nr"): "prior",
    }  # fmt: skip
    # the model of a is 6 dB too high; half of the surprise is taken to be the technology's
    assert layers.loc[("a", "lte"), "offset_db"] == pytest.approx(-6.0, abs=2.5)
    assert layers.loc[("b", "lte"), "offset_db"] == pytest.approx(-3.0, abs=1.5)
    assert layers.loc[("b", "nr"), "offset_db"] == 0.0
    assert layers.loc[("b", "nr"), "offset_sd_db"] == 8.0
    assert 5.6 < layers.loc[("b", "lte"), "offset_sd_db"] < 8.0
    rows = made["cell_prediction"]
    assert (rows[rows["operator"] == "b"]["basis"] == "predicted").all()
    assert rows[rows["operator"] == "b"]["distance_m"].isna().all()
    sd = rows.groupby(["operator", "technology"])["sd_db"].median()
    assert sd["a", "lte"] < sd["b", "lte"] < sd["b", "nr"]
    # offset, slope (at its middle: nothing) and both fields of the prior
    assert sd["b", "nr"] == pytest.approx(np.sqrt(8**2 + 7**2 + 3**2), abs=0.3)


def test_a_layer_that_phones_only_fell_back_to_is_calibrated_by_what_they_sought(tmp_path, block):
    """LTE is measured where it is worst; NR, on the same ground, everywhere: their models agree."""
    measured = block[:400:2]
    worst = measured[truth_of(measured) < np.quantile(truth_of(measured), 0.2)]
    lte = [{**row, "level_dbm": row["level_dbm"] - 20.0} for row in levels_at(worst)]
    build = Build(
        tmp_path, [*levels_at(measured, technology="nr"), *lte],
        [*models_at(block, technology="nr", off=-6.0), *models_at(block, off=-6.0)],
    )  # fmt: skip
    made = build.run()
    layers = made["prediction_layers"].set_index(["operator", "technology"])
    assert layers["basis"].to_dict() == {("a", "lte"): "selected", ("a", "nr"): "fitted"}
    assert layers.loc[("a", "lte"), "places"] == len(worst)
    assert layers.loc[("a", "nr"), "offset_db"] == pytest.approx(-6.0, abs=2.5)
    assert layers.loc[("a", "lte"), "offset_db"] == pytest.approx(-3.0, abs=1.5)
    rows = made["cell_prediction"].set_index("cell")
    rows = rows[rows["technology"] == "lte"]
    # what was measured still tells of its own neighbourhood
    assert rows.loc[worst, "rsrp_dbm"].mean() < truth_of(worst).mean() - 10.0
    rest = rows.drop(block[:800], errors="ignore")
    assert len(rest) > 100
    assert abs((rest["rsrp_dbm"] - truth_of(rest.index.to_numpy())).mean()) < 6.0


def test_ten_measurements_leave_the_prior_and_say_so(tmp_path, block):
    made = Build(tmp_path, levels_at(block[:50:5], runs=1), near_m=1000).run()
    (row,) = made["prediction_layers"].to_dict("records")
    assert (row["basis"], row["places"]) == ("few", 10)
    assert (row["short_sd_db"], row["slow_sd_db"]) == (9.0, 4.0)
    assert len(made["cell_prediction"]) > 10


def test_what_neither_measurements_nor_sites_tell_of_has_no_row(tmp_path):
    made = Build(tmp_path / "none").run()
    assert [len(rows) for rows in made.values()] == [0, 0, 0]


def test_nothing_is_predicted_where_it_is_not_declared(tmp_path, block):
    build = Build(tmp_path, levels_at(block[:20]))
    build.declared = None
    assert [len(rows) for rows in build.run().values()] == [0, 0, 0]


def test_a_model_that_no_measurement_is_tied_to_is_not_mixed_with_measurements(tmp_path, block):
    build = Build(tmp_path, levels_at(block[:100]), models_at(block[1500:]), near_m=2000)
    rows = build.run()["cell_prediction"]
    assert rows["rsrp_dbm"].between(-130, -70).all()


def test_segments_lose_what_the_vehicle_takes_and_measured_ones_say_so(tmp_path, block):
    cells = block[:200:2]
    plain = Build(tmp_path / "a", levels_at(cells), near_m=2000)
    hsr = Build(tmp_path / "b", levels_at(cells), near_m=2000, carriage_db={"hsr": "default"})
    said = Build(tmp_path / "c", levels_at(cells), near_m=2000, carriage_db={"hsr": 10.0})
    made = []
    for build in (plain, hsr, said):
        build.line(block[:100])
        made.append(build.run()["segment_prediction"].set_index("segment"))
    assert [m["carriage_db"].unique().tolist() for m in made] == [[0.0], [26.0], [10.0]]
    assert len(made[0]) == 100
    assert (made[0]["rsrp_dbm"] - made[1]["rsrp_dbm"]).to_numpy() == pytest.approx(26.0)
    assert (made[2]["probability"] < made[0]["probability"]).all()
    cell = plain.folder / "out"
    there = Tables(cell).read("cell_prediction").to_pandas().set_index("cell")["rsrp_dbm"]
    assert made[0].loc[3, "rsrp_dbm"] == pytest.approx(there[block[3]], abs=0.2)


def test_segments_that_were_measured_are_told_as_both(tmp_path, block):
    build = Build(tmp_path, levels_at(block[:40]), near_m=2000)
    build.line(block[:4])
    build.segment_verdicts([(0, "covered"), (1, "unmeasured"), (2, "none")])
    rows = build.run()["segment_prediction"]
    assert rows["basis"].tolist() == ["both", "predicted", "both", "predicted"]


def test_a_class_without_a_documented_loss_needs_a_number(tmp_path, block):
    build = Build(tmp_path, levels_at(block[:20]), carriage_db={"metro": "default"})
    build.line(block[:5])
    with pytest.raises(ConfigError, match=r"metro.*Give it in dB"):
        build.run()


def test_a_technology_without_a_standard_is_named(tmp_path, block):
    build = Build(tmp_path, levels_at(block[:20]))
    few = RULES.model_copy(update={"standards": {"nr": RULES.standards["nr"]}})
    with pytest.raises(RulePackError, match=r"no standard for lte"):
        build.run(rules=few)


def test_processes_give_the_same_bytes(tmp_path, block):
    far = below(parents(cells_at([11.5], [53.1], RESOLUTION), 5), RESOLUTION)
    levels = [*levels_at(block[:60]), *levels_at(far[:60])]
    build = Build(tmp_path, levels, near_m=1500)
    build.run(1, "one")
    build.run(2, "two")
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.parquet"))
    assert len(files) >= 4
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_large_build_is_learnt_region_by_region(tmp_path, block, monkeypatch):
    far = below(parents(cells_at([40.0], [53.1], RESOLUTION), 5), RESOLUTION)
    levels = [*levels_at(block[:60]), *levels_at(far[:60], seed=1)]
    whole = Build(tmp_path / "a", levels, near_m=1500).run()
    monkeypatch.setattr(regions, "MOST_LEVELS", 150)
    parted = Build(tmp_path / "b", levels, near_m=1500).run()
    assert whole["prediction_layers"]["region"].tolist() == ["all"]
    names = parted["prediction_layers"]["region"].tolist()
    assert len(names) == 2
    assert "all" not in names
    assert parted["prediction_layers"]["places"].tolist() == [60, 60]
    both = [made["cell_prediction"].set_index("cell")["rsrp_dbm"] for made in (whole, parted)]
    shared = both[0].index.intersection(both[1].index)
    assert len(shared) > 100
    near = np.concatenate([block[:60], far[:60]])
    assert both[0][near].to_numpy() == pytest.approx(both[1][near].to_numpy(), abs=3.0)


def test_tables_are_in_the_order_of_their_keys(tmp_path, block):
    made = Build(tmp_path, [*levels_at(block[:30], "b"), *levels_at(block[:30], "a")]).run()
    for name, rows in made.items():
        keys = rows[list(TABLES[name].key)]
        assert keys.equals(keys.sort_values(list(keys.columns)).reset_index(drop=True))
