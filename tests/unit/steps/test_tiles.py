from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pyogrio
import pytest

import handmade
from covermap.core.cells import areas_m2
from covermap.engine.step import StepContext
from covermap.errors import Interrupted
from covermap.formats.archive import TileArchive
from covermap.formats.recipe import KINDS, Recipe, load_recipe
from covermap.rules import load_pack
from covermap.steps import tiles
from covermap.steps.tiles.cells import feature_ids, hex_names, shares_of
from covermap.store import Tables
from covermap.tables import TABLES
from covermap.workspace import Config


@pytest.fixture(scope="module")
def folder() -> Path:
    return handmade.drawn()


def write_layer(folder: Path, name: str, layer: tuple[str, str], data: pa.Table) -> None:
    """Write what a table says of one layer, so that no other layer is drawn."""
    of = zip(*(data.column(c).to_pylist() for c in ("operator", "technology")), strict=True)
    handmade.write(folder, name, data.filter(pa.array([pair == layer for pair in of])))


def features(path: Path, zoom: int, layer: str) -> Iterator[dict[str, Any]]:
    archive = TileArchive(path)
    west, south, east, north = archive.bounds
    from covermap.core.tiles.tiling import to_world

    x, y = to_world([west, east], [north, south])
    scale = 1 << zoom
    for column in range(int(x[0] * scale), int(x[1] * scale) + 1):
        for row in range(int(y[0] * scale), int(y[1] * scale) + 1):
            data = archive.tile(zoom, column, row)
            if data:
                yield from mapbox_vector_tile.decode(gzip.decompress(data))[layer]["features"]


def test_every_layer_of_the_build_has_its_archives(folder: Path) -> None:
    names = {p.name for p in (folder / "tiles").iterdir()}
    expected = {
        f"{kind}.{operator}.{technology}.pmtiles"
        for kind in ("cells", "segments", "lines", "weak_spots")
        for operator, technology in handmade.LAYERS
    }
    assert names == expected | {"sites.pmtiles"}


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every archive, and the marks of its tiles."""
    paths = sorted([*(folder / "tiles").iterdir(), *(folder / "marks").iterdir()])
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


def test_the_same_tables_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    handmade.run_tiles(folder, tmp_path)
    assert bytes_of(tmp_path) == bytes_of(folder)


def test_the_same_tables_after_an_earlier_build_pack_no_tile_again(
    folder: Path, tmp_path: Path
) -> None:
    report = handmade.run_tiles(folder, tmp_path, before=folder).report
    assert bytes_of(tmp_path) == bytes_of(folder)
    assert report["tiles_kept"] == report["tiles"] > 100


@pytest.mark.parametrize("name", ["weak_spots", "segment_verdicts", "sites"])
def test_after_an_earlier_build_the_bytes_are_those_of_a_build_from_scratch(
    folder: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(folder, tmp_path / "tables", ignore=shutil.ignore_patterns("tiles", "marks"))
    rows = Tables(folder).read(name).to_pylist()
    told = {"weak_spots": {"n": 77}, "segment_verdicts": {"n": 77}, "sites": {"site_name": "new"}}
    handmade.write(
        tmp_path / "tables", name, handmade._table(name, [rows[0] | told[name], *rows[1:]])
    )
    again = handmade.run_tiles(tmp_path / "tables", tmp_path / "again", folder).report
    scratch = handmade.run_tiles(tmp_path / "tables", tmp_path / "scratch").report
    assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "scratch") != bytes_of(folder)
    assert scratch["tiles_kept"] == 0
    assert 0 < again["tiles"] - again["tiles_kept"] < again["tiles"] / 10


def test_gdal_reads_the_archives(folder: Path) -> None:
    path = folder / "tiles" / "cells.46000.lte.pmtiles"
    assert [name for name, _ in pyogrio.list_layers(path)] == ["cells"]
    table = pyogrio.read_dataframe(path, layer="cells", use_arrow=False)
    assert len(table) > 0
    cells = set(table["h3"])
    expected = Tables(folder).read("cell_verdicts").to_pylist()
    expected = {f"{r['cell']:x}" for r in expected if (r["operator"], r["technology"])
                == ("46000", "lte")}  # fmt: skip
    assert cells == expected
    west, south, east, north = table.to_crs(4326).total_bounds
    assert (round(west, 2), round(south, 2)) == (121.46, 31.22)
    assert (round(east, 2), round(north, 2)) == (121.48, 31.24)


@pytest.mark.slow
def test_the_report_says_what_was_made(folder: Path, tmp_path: Path) -> None:
    report = handmade.run_tiles(folder, tmp_path).report
    files = list((tmp_path / "tiles").iterdir())
    assert report["archives"] == len(files)
    assert report["bytes"] == sum(p.stat().st_size for p in files)
    assert report["largest_tile_bytes"] < 500_000
    assert report["drawn_coarser"] == []


@pytest.mark.slow
def test_progress_rises_to_the_end_and_may_interrupt(folder: Path, tmp_path: Path) -> None:
    seen: list[float] = []

    def context(progress: Any) -> StepContext:
        pack = load_pack("project-default")
        return StepContext(Tables(folder), tmp_path, Config(), pack, progress=progress)

    tiles.run(context(lambda share, _what: seen.append(share)))
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 1

    def stop(share: float, _what: str) -> None:
        if share > 0.3:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        tiles.run(context(stop))


@pytest.mark.slow
def test_a_tile_that_would_be_too_large_is_drawn_coarser_and_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {kind: load_recipe(kind) for kind in KINDS}
    limits = {"cells": 3600, "sites": 200, "weak_spots": 400}

    def small(kind: str) -> Recipe:
        return whole[kind].model_copy(update={"max_tile_bytes": limits.get(kind, 800)})

    monkeypatch.setattr("covermap.steps.tiles.load_recipe", small)
    ctx = handmade.run_tiles(folder, tmp_path)
    notes = ctx.report["drawn_coarser"]
    assert "cells.any.any.pmtiles: zoom 12: resolution 9 in place of 10" in notes
    assert "segments.any.any.pmtiles: zoom 11: pieces of 10000 m in place of segments" in notes
    assert "weak_spots.46000.lte.pmtiles: zoom 7: weak_spot_sums alone" in notes
    assert any(n.startswith("sites.pmtiles: zooms to") for n in notes)
    path = tmp_path / "tiles" / "cells.any.any.pmtiles"
    assert {f["properties"]["res"] for f in features(path, 12, "cells")} == {9}
    # the last zoom is never coarser: the finest cells are always somewhere
    assert {f["properties"]["res"] for f in features(path, 13, "cells")} == {10}
    assert path.name in {n.split(":")[0] for n in notes}
    low, high = TileArchive(tmp_path / "tiles" / "sites.pmtiles").zooms
    assert 6 < low <= high == 13


def test_a_build_without_anything_still_has_its_archive_of_sites(tmp_path: Path) -> None:
    ctx = handmade.run_tiles(tmp_path)
    assert [p.name for p in (tmp_path / "tiles").iterdir()] == ["sites.pmtiles"]
    assert ctx.report["tiles"] == 0


def test_a_layer_with_cells_alone_has_segments_that_are_all_unmeasured(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("segments", "lines"):
        shutil.copy(folder / f"{name}.parquet", tmp_path)
    cells = Tables(folder).read("cell_verdicts")
    write_layer(tmp_path, "cell_verdicts", ("46000", "nr"), cells)
    handmade.run_tiles(tmp_path)
    path = tmp_path / "tiles" / "segments.46000.nr.pmtiles"
    found = {f["id"]: f["properties"] for f in features(path, 13, "segments")}
    assert len(found) == Tables(folder).rows("segments")
    assert {p["verdict"] for p in found.values()} == {"unmeasured"}
    assert {p["n"] for p in found.values()} == {0}
    empty = TileArchive(tmp_path / "tiles" / "weak_spots.46000.nr.pmtiles")
    assert empty.tile(13, 0, 0) is None


def test_a_segment_shows_its_verdict_row(folder: Path) -> None:
    verdicts = {
        (r["line_id"], r["segment"]): r
        for r in Tables(folder).read("segment_verdicts").to_pylist()
        if (r["operator"], r["technology"]) == ("46001", "lte")
    }
    segments = Tables(folder).read("segments").to_pylist()
    by_chainage = {(s["line_id"], round(s["from_m"], 1)): s["segment"] for s in segments}
    found = {
        f["id"]: f["properties"]
        for f in features(folder / "tiles" / "segments.46001.lte.pmtiles", 13, "segments")
    }
    for said in found.values():
        row = verdicts[said["line_id"], by_chainage[said["line_id"], said["from_m"]]]
        assert said["verdict"] == row["verdict"]
        assert said["n"] == row["n"]
        assert said["runs"] == row["runs"]
        assert said[f"{row['verdict']}_m"] == pytest.approx(row["length_m"], abs=1e-3)
        assert said["line"] == ("G2" if said["line_id"] == "g2" else "Line 1")
        if row["rsrp_mean_dbm"] is not None:
            assert said["rsrp"] == pytest.approx(row["rsrp_mean_dbm"], abs=0.051)


def test_a_build_of_resolution_12_goes_one_zoom_further(tmp_path: Path) -> None:
    cells = handmade.cells_around(6, 12)
    write_layer(tmp_path, "cell_verdicts", ("46000", "lte"), handmade.cell_verdicts(cells))
    handmade.run_tiles(tmp_path)
    path = tmp_path / "tiles" / "cells.46000.lte.pmtiles"
    assert TileArchive(path).zooms == (0, 15)
    assert {f["properties"]["h3"] for f in features(path, 15, "cells")} == {f"{c:x}" for c in cells}


def test_a_coarse_build_never_shows_finer_cells_than_it_has(tmp_path: Path) -> None:
    cells = handmade.cells_around(3, 8)
    write_layer(tmp_path, "cell_verdicts", ("46000", "lte"), handmade.cell_verdicts(cells))
    handmade.run_tiles(tmp_path)
    path = tmp_path / "tiles" / "cells.46000.lte.pmtiles"
    for zoom in (10, 12, 13):
        assert {f["properties"]["res"] for f in features(path, zoom, "cells")} == {8}


def test_cells_of_one_site_are_one_point_with_all_they_offer(folder: Path) -> None:
    found = {
        f["properties"]["site_id"]: f
        for f in features(folder / "tiles" / "sites.pmtiles", 13, "sites")
    }
    assert sorted(found) == ["S0", "S1", "S2", "S3", "S4"]
    assert found["S1"]["properties"] == {
        "site_id": "S1", "name": "站1", "operators": "46000,46001", "technologies": "lte,nbiot,nr",
        "cells": 3, "redcap": True, "nbiot": True,
    }  # fmt: skip
    assert found["S0"]["properties"]["operators"] == "46000"


def test_an_operator_of_any_name_has_its_file(folder: Path, tmp_path: Path) -> None:
    cells = Tables(folder).read("cell_verdicts")
    keep = cells.filter(pa.compute.equal(cells.column("operator"), "46000"))
    at = keep.schema.get_field_index("operator")
    renamed = keep.set_column(at, "operator", pa.array(["../A.B 中国"] * keep.num_rows))
    handmade.write(tmp_path, "cell_verdicts", renamed.cast(TABLES["cell_verdicts"].schema))
    handmade.run_tiles(tmp_path)
    names = sorted(p.name for p in (tmp_path / "tiles").iterdir())
    assert "cells.%2E%2E%2FA%2EB%20中国.lte.pmtiles" in names
    kept = sorted(p.name for p in tmp_path.iterdir())
    assert kept == ["cell_verdicts.parquet", "marks", "tiles"]


def test_feature_ids_of_cells_are_distinct_down_to_the_finest_build() -> None:
    for resolution in (4, 9, 12):
        cells = handmade.cells_around(20, resolution)
        assert len(np.unique(feature_ids(cells))) == len(cells)
    assert feature_ids(handmade.cells_around(20, 12)).max() < 2**53


def test_hex_names_are_those_of_h3() -> None:
    cells = handmade.cells_around(3)
    assert hex_names(cells).to_pylist() == [f"{c:x}" for c in cells]
    assert len(areas_m2(cells)) == len(hex_names(cells))
    assert hex_names(np.zeros(0, np.int64)).to_pylist() == []


def test_a_hexagon_is_never_seen_to_more_than_the_whole() -> None:
    columns = {"covered_size": [50, 10], "weak_size": [53, 0], "none_size": [0, 0],
               "unmeasured_size": [0, 15], "seen_size": [103, 20]}  # fmt: skip
    found = shares_of(pa.table(columns), np.array([101, 100]))
    assert found["measured"].to_pylist() == [1.0, 0.1]
    assert found["seen"].to_pylist() == [1.0, 0.2]


def test_rows_without_a_sample_change_no_archive(tmp_path: Path) -> None:
    whole = handmade.cell_verdicts(handmade.cells_around(5))
    some = handmade.with_samples(whole)
    assert 0 < some.num_rows < whole.num_rows
    for name, rows in (("whole", whole), ("some", some)):
        handmade.write(tmp_path / name, "cell_verdicts", rows)
        handmade.run_tiles(tmp_path / name)
    first, second = (
        {p.name: p.read_bytes() for p in (tmp_path / name / "tiles").iterdir()}
        for name in ("whole", "some")
    )
    assert first == second


def test_a_cell_without_a_row_in_a_layer_is_drawn_unmeasured_there(tmp_path: Path) -> None:
    cells = handmade.cells_around(5)
    whole = handmade.cell_verdicts(cells)
    operators = np.array(whole.column("operator").to_pylist())
    first = np.isin(whole.column("cell").to_numpy(), cells[:20])
    keep = np.where(operators == "46001", first, True)
    handmade.write(tmp_path, "cell_verdicts", whole.filter(pa.array(keep)))
    handmade.run_tiles(tmp_path)
    path = tmp_path / "tiles" / "cells.46001.lte.pmtiles"
    drawn = {f["properties"]["h3"]: f["properties"] for f in features(path, 13, "cells")}
    assert set(drawn) == {f"{c:x}" for c in cells}
    for cell in cells[20:].tolist():
        said = drawn[f"{cell:x}"]
        area = round(areas_m2(np.array([cell]))[0])
        assert (said["verdict"], said["n"], said["seen"]) == ("unmeasured", 0, 0)
        assert (said["unmeasured_m2"], said["unmeasured_cells"]) == (area, 1)
        assert not {"share", "rsrp", "p", "worst"} & set(said)


def test_a_line_is_drawn_by_its_answer_with_the_same_figures_at_every_zoom(folder: Path) -> None:
    path = folder / "tiles" / "lines.46001.lte.pmtiles"
    rows = {
        r["line_id"]: r
        for r in Tables(folder).read("line_verdicts").to_pylist()
        if (r["operator"], r["technology"]) == ("46001", "lte")
    }
    for zoom in (3, 7, 10, 13):
        found = {p["line_id"]: p for p in (f["properties"] for f in features(path, zoom, "lines"))}
        assert found.keys() == rows.keys() == {"g2", "m1"}, zoom
        for line_id, said in found.items():
            row = rows[line_id]
            assert said["answer"] == row["answer"] == "undetermined"
            assert (said["line"], said["class"]) == (row["ref"] or row["name"], row["class"])
            for name in ("route_length_km", "route_covered_km", "route_unmeasured_km"):
                assert said[name] == pytest.approx(row[name], abs=1e-3)
            for name in ("share_expected", "share_low", "share_high", "p_pass"):
                assert said[name] == pytest.approx(row[name], abs=1e-4)


def test_a_line_is_drawn_along_its_whole_course(folder: Path) -> None:
    path = folder / "tiles" / "lines.any.any.pmtiles"
    table = pyogrio.read_dataframe(path, layer="lines", use_arrow=False).to_crs(4326)
    west, south, east, north = table[table["line_id"] == "g2"].total_bounds
    ends = [v for corner in (handmade.LINE_COURSE[0], handmade.LINE_COURSE[-1]) for v in corner]
    assert [west, south, east, north] == pytest.approx(ends, abs=2e-4)


@pytest.mark.parametrize(
    ("answer", "measured", "drawn"),
    [("pass", 1.0, "pass"), ("fail", 1.0, "fail"), ("undetermined", 0.0, "unmeasured"),
     ("fail", 0.0, "unmeasured")],
)  # fmt: skip
def test_a_line_of_which_nothing_is_measured_is_told_apart_whatever_the_rule_makes_of_it(
    folder: Path, tmp_path: Path, answer: str, measured: float, drawn: str
) -> None:
    for name in ("segments", "lines"):
        shutil.copy(folder / f"{name}.parquet", tmp_path)
    judged = Tables(folder).read("segment_verdicts")
    write_layer(tmp_path, "segment_verdicts", ("46000", "nr"), judged)
    rows = Tables(folder).read("line_verdicts").to_pylist()
    for row in rows:
        row |= {"answer": answer, "covered_km": measured, "weak_km": 0.0, "none_km": 0.0}
    schema = TABLES["line_verdicts"].schema
    handmade.write(tmp_path, "line_verdicts", pa.Table.from_pylist(rows, schema))
    handmade.run_tiles(tmp_path)
    found = features(tmp_path / "tiles" / "lines.46000.nr.pmtiles", 10, "lines")
    assert {f["properties"]["answer"] for f in found} == {drawn}


def test_a_line_without_a_verdict_in_the_layer_is_unmeasured(folder: Path, tmp_path: Path) -> None:
    for name in ("segments", "lines"):
        shutil.copy(folder / f"{name}.parquet", tmp_path)
    judged = Tables(folder).read("segment_verdicts")
    write_layer(tmp_path, "segment_verdicts", ("46000", "nr"), judged)
    handmade.run_tiles(tmp_path)
    found = [
        f["properties"]
        for f in features(tmp_path / "tiles" / "lines.46000.nr.pmtiles", 10, "lines")
    ]
    assert {(p["line_id"], p["answer"]) for p in found} == {
        ("g2", "unmeasured"), ("m1", "unmeasured"),
    }  # fmt: skip
    assert not any("share_low" in p for p in found)


def test_a_located_site_has_its_radius_in_metres_of_the_map_and_others_have_none(
    folder: Path, tmp_path: Path
) -> None:
    sites = Tables(folder).read("sites").to_pylist()
    for row in sites:
        if row["site_id"] == "S2":
            row.update(located=True, uncertainty_m=500.0)
    handmade.write(tmp_path, "sites", pa.Table.from_pylist(sites, TABLES["sites"].schema))
    handmade.run_tiles(tmp_path)
    found = {
        f["properties"]["site_id"]: f["properties"]
        for f in features(tmp_path / "tiles" / "sites.pmtiles", 13, "sites")
    }
    lat = next(row["lat"] for row in sites if row["site_id"] == "S2")
    assert (found["S2"]["located"], found["S2"]["uncertainty_m"]) == (True, 500)
    assert found["S2"]["spread_m"] == round(500 / np.cos(np.radians(lat)))
    assert not {"located", "uncertainty_m", "spread_m"} & set(found["S1"])
