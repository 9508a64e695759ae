import random

import h3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import Geod

from covermap.core.cells import areas_m2
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import weak
from covermap.store import Tables
from covermap.tables import SITES, TABLES
from covermap.workspace import Config

PACK = load_pack("project-default")
CENTRE = h3.latlng_to_cell(31.23, 121.47, 10)
DISK = [h3.str_to_int(c) for c in sorted(h3.grid_disk(CENTRE, 2))]
FAR = h3.str_to_int(h3.latlng_to_cell(31.5, 121.9, 10))
STEP_DEG = 0.001


def judged(verdict, **changes):
    measured = verdict != "unmeasured"
    level = {"covered": -90.0, "weak": -110.0, "none": -140.0}.get(verdict)
    base = {
        "operator": "46000", "technology": "lte", "verdict": verdict,
        "probability": 0.25 if measured else None, "basis": "measured" if measured else None,
        "n": 4 if measured else 0, "n_none": 4 if verdict == "none" else 0,
        "rsrp_mean_dbm": level, "rsrp_p5_dbm": level, "rsrp_p50_dbm": level,
        "sinr_mean_db": None, "share": 0.0 if measured else None,
    }  # fmt: skip
    return base | changes


def course(text, line_id="a", layer=None, **changes):
    """Segments and their verdicts: one letter each, C covered, W weak, N none, u unmeasured."""
    names = {"C": "covered", "W": "weak", "N": "none", "u": "unmeasured"}
    segments, verdicts = [], []
    for i, letter in enumerate(text):
        ends = [(121 + STEP_DEG * i, 31.0), (121 + STEP_DEG * (i + 1), 31.0)]
        own = {"line_id": line_id, "segment": i, "length_m": 100.0, "route_length_m": 100.0}
        shape = shapely.to_wkb(shapely.LineString(ends))
        segments.append(own | {"from_m": 100.0 * i, "to_m": 100.0 * (i + 1), "geometry": shape})
        verdicts.append(own | judged(names[letter], **(layer or {})) | {"runs": 1} | changes)
    line = {
        "line_id": line_id, "name": None, "ref": "A 1", "class": "motorway",
        "length_m": 100.0 * len(text), "route_length_m": 100.0 * len(text), "segment_m": 100.0,
        "geometry": segments[0]["geometry"], "input": "x", "simulated": False,
    }  # fmt: skip
    return {"segments": segments, "segment_verdicts": verdicts, "lines": [line]}


def area(cells, verdict="weak", **changes):
    rows = []
    for cell in cells:
        place = {"cell": cell, "area_m2": float(areas_m2([cell])[0]), "last_period": "2025-01"}
        rows.append(place | judged(verdict, **changes))
    return {"cell_verdicts": rows}


def site(lon, lat, site_id="s1", operator="46000"):
    base = dict.fromkeys(SITES.names) | {"input": "x", "simulated": False}
    return base | {
        "site_id": site_id, "cell_id": f"{site_id}/1", "operator": operator, "lon": lon, "lat": lat
    }  # fmt: skip


def spots(folder, config=None, pack=PACK, **tables):
    source, out = folder / "in", folder / "out"
    source.mkdir(parents=True)
    out.mkdir()
    for name, rows in tables.items():
        table = pa.Table.from_pylist(rows, schema=TABLES[name].schema)
        pq.write_table(table, source / f"{name}.parquet")
    weak.run(StepContext(Tables(source), out, config or Config(), pack))
    return Tables(out).read("weak_spots").to_pylist()


def test_a_section_is_described_by_its_failing_segments(tmp_path):
    found = spots(tmp_path, **course("CWWuNCWC"))
    assert len(found) == 1, "the single weak segment at the end is too short to be listed"
    spot = found[0]
    assert (spot["kind"], spot["operator"], spot["technology"]) == ("section", "46000", "lte")
    assert (spot["line_id"], spot["line_name"], spot["line_class"]) == ("a", "A 1", "motorway")
    assert (spot["from_m"], spot["to_m"], spot["length_m"]) == (100.0, 500.0, 300.0)
    assert (spot["pieces"], spot["n"], spot["n_none"]) == (3, 12, 4)
    assert spot["rsrp_mean_dbm"] == pytest.approx((-110 * 8 - 140 * 4) / 12)
    assert spot["probability_weak"] == pytest.approx(0.75)
    assert spot["area_m2"] is None
    assert spot["cause"] == "weak_signal"
    assert spot["nearest_site_m"] is None


@pytest.mark.parametrize(
    ("probability", "outlook"), [(0.1, "lasting"), (0.25, "unsure"), (0.85, "passing")]
)
def test_a_spot_says_whether_what_was_seen_is_there_to_stay(tmp_path, probability, outlook):
    """Weak in the samples, each of them; how long it lasts is for the model to say."""
    layer = {"probability": probability}
    section = spots(tmp_path / "1", **course("CWWC", layer=layer))[0]
    assert (section["outlook"], section["runs"]) == (outlook, 1)
    area_ = spots(tmp_path / "2", **area(DISK[:2], **layer))[0]
    assert (area_["outlook"], area_["runs"]) == (outlook, None)


def test_the_bounds_of_the_outlook_are_the_packs(tmp_path):
    rule = PACK.weak.model_copy(update={"lasting": 0.7, "passing": 0.7})
    pack = PACK.model_copy(update={"weak": rule})
    assert spots(tmp_path, pack=pack, **course("WW"))[0]["outlook"] == "lasting"


def test_the_runs_of_a_section_are_the_fewest_of_its_pieces_and_none_of_several_operators(tmp_path):
    world = course("WWW")
    for verdict, runs in zip(world["segment_verdicts"], (3, 2, 4), strict=True):
        verdict["runs"] = runs
    assert spots(tmp_path / "1", **world)[0]["runs"] == 2
    together = course("WWW", layer={"operator": "any"})
    assert spots(tmp_path / "2", **together)[0]["runs"] is None


def test_the_geometry_of_a_section_is_its_segments_joined_and_its_point_the_weakest(tmp_path):
    spot = spots(tmp_path, **course("CWWuNC"))[0]
    shape = shapely.from_wkb(spot["geometry"])
    assert shape.geom_type == "MultiLineString"
    starts = [[round(x, 6) for x, _ in part.coords] for part in shape.geoms]
    assert [(s[0], s[-1]) for s in starts] == [(121.001, 121.003), (121.004, 121.005)]
    assert (spot["lon"], spot["lat"]) == (pytest.approx(121.0045), 31.0)


def test_a_section_mostly_without_service_has_that_cause(tmp_path):
    assert spots(tmp_path / "1", **course("NNW"))[0]["cause"] == "no_service"
    assert spots(tmp_path / "2", **course("NNWW"))[0]["cause"] == "weak_signal"


@pytest.mark.parametrize(
    ("sites", "cause", "name"),
    [
        ([site(121.001, 31.002)], "site_near_weak", "s1"),
        ([site(121.001, 31.02)], "no_site_near", "s1"),
        ([site(121.001, 31.002, operator="46001")], "weak_signal", None),
        ([site(121.0, 31.3), site(121.001, 31.002, "s2")], "site_near_weak", "s2"),
        ([site(121.001, 31.002, "s9"), site(121.001, 31.002, "s3")], "site_near_weak", "s3"),
        ([site(121.001, 31.002, operator=None)], "weak_signal", None),
    ],
)
def test_the_cause_names_the_operators_nearest_site(tmp_path, sites, cause, name):
    spot = spots(tmp_path, sites=sites, **course("WWW"))[0]
    assert (spot["cause"], spot["nearest_site"]) == (cause, name)
    if name:
        geod = lengths(spot, next(s for s in sites if s["site_id"] == name))
        assert spot["nearest_site_m"] == pytest.approx(geod)


def lengths(spot, other):
    return Geod(ellps="WGS84").inv(spot["lon"], spot["lat"], other["lon"], other["lat"])[2]


@pytest.mark.parametrize("operator", ["46001", None])
def test_any_operator_looks_at_the_sites_of_all_and_of_nobody_named(tmp_path, operator):
    sites = [site(121.001, 31.002, operator=operator)]
    spot = spots(tmp_path, sites=sites, **course("WWW", layer={"operator": "any"}))[0]
    assert spot["nearest_site"] == "s1"


def test_a_strong_level_with_a_poor_sinr_has_that_cause(tmp_path):
    figures = {"rsrp_mean_dbm": -90.0, "sinr_mean_db": -5.0}
    assert spots(tmp_path / "1", **course("WW", **figures))[0]["cause"] == "poor_sinr"
    both = course("WW", layer={"technology": "any"}, **figures)
    assert spots(tmp_path / "2", **both)[0]["cause"] == "weak_signal"


def test_connected_weak_cells_are_one_area_and_single_cells_are_not_listed(tmp_path):
    spot = spots(tmp_path, **area([*DISK[:5], FAR]))[0]
    shape = shapely.from_wkb(spot["geometry"])
    assert (spot["kind"], spot["pieces"], spot["n"]) == ("area", 5, 20)
    assert spot["area_m2"] == pytest.approx(areas_m2(DISK[:5]).sum())
    assert shape.geom_type == "MultiPolygon"
    assert shape.covers(shapely.Point(spot["lon"], spot["lat"]))
    assert [spot[c] for c in ("line_id", "line_name", "from_m", "length_m")] == [None] * 4


@pytest.mark.parametrize("verdict", ["covered", "unmeasured"])
def test_covered_and_unmeasured_cells_are_in_no_area_and_part_areas(tmp_path, verdict):
    middle = h3.str_to_int(CENTRE)
    ring = [h3.str_to_int(c) for c in h3.grid_ring(CENTRE, 1)]
    pairs = [*ring[:2], *ring[3:5]]  # h3 gives a ring in order round the cell
    rows = area(pairs)["cell_verdicts"]
    rows += area([middle, ring[2], ring[5]], verdict)["cell_verdicts"]
    assert [s["pieces"] for s in spots(tmp_path, cell_verdicts=rows)] == [2, 2]


def evidence(level, n, **place):
    base = {
        "operator": "46000", "technology": "lte", "source": "drive", "period": "2025-01",
        "rsrp_bin": level, "sinr_bin": None, "n": n, "rsrp_sum_cdb": 0, "sinr_sum_cdb": 0,
    }  # fmt: skip
    return base | place


def test_the_5th_percentile_is_counted_anew_over_the_whole_spot(tmp_path):
    counts = [evidence(-100 - i, 1, cell=DISK[i % 2]) for i in range(20)]
    counts += [evidence(-130, 9, cell=FAR), evidence(-131, 9, cell=DISK[0], operator="46001")]
    counts += [evidence(-132, 9, cell=DISK[0], technology="nr")]
    rows = area(DISK[:2], n=10)["cell_verdicts"]
    rows += area(DISK[:2], operator="any")["cell_verdicts"]
    found = {
        s["operator"]: s["rsrp_p5_dbm"]
        for s in spots(tmp_path, cell_verdicts=rows, cell_evidence=counts)
    }
    assert found == {"46000": -119.0, "any": None}


def test_the_5th_percentile_of_a_section_counts_no_service_at_its_floor(tmp_path):
    place = {"line_id": "a", "run_id": "r", "campaign": "c", "direction": 1}
    counts = [evidence(-100 - i, 1, segment=0, **place) for i in range(8)]
    found = spots(tmp_path, segment_evidence=counts, **course("WN"))
    assert found[0]["rsrp_p5_dbm"] == -140.0


def test_a_spot_keeps_its_identity_when_it_grows_and_not_in_another_layer(tmp_path):
    deep = {"rsrp_mean_dbm": -120.0}
    short = spots(tmp_path / "1", **_deepest(course("CWWC"), deep))[0]
    long = spots(tmp_path / "2", **_deepest(course("CWWW"), deep))[0]
    other = spots(tmp_path / "3", **_deepest(course("CWW", layer={"operator": "46001"}), deep))[0]
    assert short["spot_id"] == long["spot_id"] != other["spot_id"]
    assert short["length_m"] < long["length_m"]


def _deepest(tables, figures):
    tables["segment_verdicts"][1] |= figures
    return tables


def test_the_order_of_rows_does_not_change_a_byte(tmp_path):
    tables = course("WWCWWWuW") | area([*DISK[:4], *DISK[-4:]])
    tables["sites"] = [site(121.001, 31.002 + i / 1000, f"s{i}") for i in range(5)]
    seen = set()
    for trial in range(2):
        for rows in tables.values():
            random.Random(trial).shuffle(rows)
        spots(tmp_path / str(trial), **tables)
        seen.add((tmp_path / str(trial) / "out" / "weak_spots.parquet").read_bytes())
    assert len(seen) == 1


def test_identities_are_unique_over_layers_lines_and_kinds(tmp_path):
    tables = course("WWCWW") | area([*DISK[:4], *DISK[-4:]])
    for operator in ("46001", "any"):
        more = course("WWCWW", layer={"operator": operator})["segment_verdicts"]
        tables["segment_verdicts"] += more
    found = spots(tmp_path, **tables)
    assert len({s["spot_id"] for s in found}) == len(found) >= 7


def test_what_is_simulated_says_so(tmp_path):
    config = Config.model_validate({"workspace": {"simulated": True}})
    tables = course("WW") | area(DISK[:3])
    assert {s["simulated"] for s in spots(tmp_path / "1", config=config, **tables)} == {True}
    assert {s["simulated"] for s in spots(tmp_path / "2", **tables)} == {False}
    tables["lines"][0]["simulated"] = True
    made = {s["kind"]: s["simulated"] for s in spots(tmp_path / "3", **tables)}
    assert made == {"section": True, "area": False}


def test_nothing_weak_gives_the_empty_table(tmp_path):
    assert spots(tmp_path / "1", **course("CCu")) == []
    assert spots(tmp_path / "2") == []
