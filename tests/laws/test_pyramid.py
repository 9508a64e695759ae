"""Every zoom adds up: whole archives are decoded again and compared with the tables."""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h3
import mapbox_vector_tile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, all_tiles

import handmade
from covermap.core.tiles.pyramid import merged, roll_up, shown, tally
from covermap.core.weak.spots import CAUSES
from covermap.formats.archive import TileArchive
from covermap.formats.recipe import load_recipe
from covermap.store import Tables
from covermap.tables import VERDICTS

Feature = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pyramid")
    handmade.write_tables(folder, rings=14)
    handmade.run_tiles(folder)
    return folder


def decoded(path: Path) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
    with path.open("rb") as stream:
        for (z, x, y), data in all_tiles(MmapSource(stream)):
            tile = mapbox_vector_tile.decode(
                gzip.decompress(data), default_options={"y_coord_down": True}
            )
            yield z, x, y, tile


def by_zoom(path: Path, layer: str) -> dict[int, dict[int, Feature]]:
    """Features of a layer by zoom and id; a feature says the same in each tile it is in."""
    found: dict[int, dict[int, Feature]] = defaultdict(dict)
    for z, _, _, tile in decoded(path):
        inside = tile.get(layer, {"features": []})["features"]
        ids = [f["id"] for f in inside]
        assert len(set(ids)) == len(ids), "a feature is twice in a tile"
        for feature in inside:
            known = found[z].setdefault(feature["id"], feature["properties"])
            assert known == feature["properties"]
    return found


@pytest.mark.parametrize("layer", handmade.LAYERS[:3], ids="/".join)
def test_area_by_verdict_is_the_same_sum_at_every_zoom(
    folder: Path, layer: tuple[str, str]
) -> None:
    operator, technology = layer
    expected = dict.fromkeys(VERDICTS, 0)
    samples, shares = 0, []
    for row in Tables(folder).read("cell_verdicts").to_pylist():
        if (row["operator"], row["technology"]) == layer:
            expected[row["verdict"]] += round(row["area_m2"])
            samples += row["n"]
            shares.append(math.nan if row["share"] is None else row["share"])
    zooms = by_zoom(folder / "tiles" / f"cells.{operator}.{technology}.pmtiles", "cells")
    assert sorted(zooms) == list(range(14))
    for zoom, features in zooms.items():
        cells = list(features.values())
        for verdict, area in expected.items():
            assert sum(c.get(f"{verdict}_m2", 0) for c in cells) == area, (zoom, verdict)
        assert sum(c["n"] for c in cells) == samples
        assert min(c.get("worst", 1.0) for c in cells) == round(float(np.nanmin(shares)), 3)
        assert len({c["res"] for c in cells}) == 1
        assert all(h3.get_resolution(c["h3"]) == c["res"] for c in cells)
    finest = list(zooms[13].values())
    assert len(finest) == len(shares)
    assert {c["res"] for c in finest} == {handmade.RESOLUTION}


@pytest.mark.parametrize("layer", handmade.LAYERS[:2], ids="/".join)
def test_a_hexagon_tells_what_share_of_its_own_area_is_seen_and_measured(
    folder: Path, layer: tuple[str, str]
) -> None:
    rows = [row for row in Tables(folder).read("cell_verdicts").to_pylist()
            if (row["operator"], row["technology"]) == layer]  # fmt: skip
    zooms = by_zoom(folder / "tiles" / f"cells.{layer[0]}.{layer[1]}.pmtiles", "cells")
    for zoom, features in zooms.items():
        resolution = next(iter(features.values()))["res"]
        seen: dict[str, float] = defaultdict(float)
        measured: dict[str, float] = defaultdict(float)
        for row in rows:
            above = h3.cell_to_parent(f"{row['cell']:x}", resolution)
            seen[above] += row["area_m2"] * (row["n"] > 0)
            measured[above] += row["area_m2"] * (row["verdict"] != "unmeasured")
        for cell, told in ((f["h3"], f) for f in features.values()):
            own = h3.cell_area(cell, "m^2")
            # areas are whole m2, and six decimal places are kept
            shares = [min(1.0, area[cell] / own) for area in (seen, measured)]
            assert [told["seen"], told["measured"]] == pytest.approx(shares, abs=1e-6, rel=5e-5)
            assert told["measured"] <= told["seen"] <= 1.0, (zoom, told)
        whole = sum(told["seen"] * h3.cell_area(told["h3"], "m^2") for told in features.values())
        unit = max(h3.cell_area(told["h3"], "m^2") for told in features.values()) * 1e-6
        assert whole == pytest.approx(sum(seen.values()), rel=2e-3, abs=unit * len(features))
    assert max(told["seen"] for told in zooms[0].values()) < 1e-3
    assert {told["seen"] for told in zooms[13].values()} == {0.0, 1.0}


@pytest.mark.parametrize("layer", handmade.LAYERS[:2], ids="/".join)
def test_length_by_verdict_is_the_same_sum_at_every_zoom(
    folder: Path, layer: tuple[str, str]
) -> None:
    operator, technology = layer
    expected = dict.fromkeys(VERDICTS, 0.0)
    for row in Tables(folder).read("segment_verdicts").to_pylist():
        if (row["operator"], row["technology"]) == layer:
            expected[row["verdict"]] += row["length_m"]
    zooms = by_zoom(folder / "tiles" / f"segments.{operator}.{technology}.pmtiles", "segments")
    assert sorted(zooms) == list(range(14))
    for zoom, features in zooms.items():
        pieces = list(features.values())
        for verdict, length in expected.items():
            got = math.fsum(p[f"{verdict}_m"] for p in pieces)
            assert got == pytest.approx(length, abs=1e-6), (zoom, verdict)
        chainage = math.fsum(p["to_m"] - p["from_m"] for p in pieces)
        assert chainage == pytest.approx(sum(expected.values()), abs=0.1)
    counts = [len(zooms[z]) for z in sorted(zooms)]
    assert counts == sorted(counts)
    assert counts[-1] == Tables(folder).rows("segments")


def test_weak_spots_add_up_by_cause_at_every_zoom_that_shows_sums(folder: Path) -> None:
    rows = [r for r in Tables(folder).read("weak_spots").to_pylist()
            if (r["operator"], r["technology"]) == ("46000", "lte")]  # fmt: skip
    zooms = by_zoom(folder / "tiles" / "weak_spots.46000.lte.pmtiles", "weak_spot_sums")
    shown = {z: list(zooms[z].values()) for z in zooms if zooms[z]}
    assert sorted(shown) == list(range(10))
    for sums in shown.values():
        assert sum(f["spots"] for f in sums) == len(rows)
        assert sum(f["n"] for f in sums) == sum(r["n"] for r in rows)
        for cause in CAUSES:
            of = [r for r in rows if r["cause"] == cause]
            assert sum(f[f"{cause}_spots"] for f in sums) == len(of)
            metres = math.fsum(r["length_m"] or 0 for r in of)
            assert math.fsum(f[f"{cause}_m"] for f in sums) == pytest.approx(metres, abs=1e-6)
            assert sum(f[f"{cause}_m2"] for f in sums) == sum(r["area_m2"] or 0 for r in of)
        assert math.fsum(f["length_m"] for f in sums) == 600.0
        assert sum(f["area_m2"] for f in sums) == 40000


def test_every_weak_spot_and_site_is_at_every_zoom(folder: Path) -> None:
    path = folder / "tiles" / "weak_spots.46000.lte.pmtiles"
    for layer, first in (("weak_spots", 7), ("weak_spot_points", 4)):
        zooms = by_zoom(path, layer)
        assert sorted(z for z in zooms if zooms[z]) == list(range(first, 14))
        for z in range(first, 14):
            assert {f["spot_id"] for f in zooms[z].values()} == {"ws-0", "ws-1"}
    sites = by_zoom(folder / "tiles" / "sites.pmtiles", "sites")
    for zoom in range(6, 14):
        assert len(sites[zoom]) == 5


def test_a_features_identity_is_the_same_at_every_zoom_that_shows_it(folder: Path) -> None:
    zooms = by_zoom(folder / "tiles" / "cells.46000.lte.pmtiles", "cells")
    names: dict[int, str] = {}
    for features in zooms.values():
        for number, properties in features.items():
            assert names.setdefault(number, properties["h3"]) == properties["h3"]
            assert number < 2**53
    assert len(set(names.values())) == len(names)


def test_every_tile_states_what_the_recipe_lists(folder: Path) -> None:
    for kind, name in (("cells", "cells.any.any"), ("segments", "segments.any.any"),
                       ("weak_spots", "weak_spots.any.any"), ("sites", "sites")):  # fmt: skip
        path = folder / "tiles" / f"{name}.pmtiles"
        recipe = load_recipe(kind)
        said = {v["id"]: set(v["fields"]) for v in TileArchive(path).metadata["vector_layers"]}
        for layer, drawn in recipe.layers.items():
            listed = set(drawn.properties)
            assert said[layer] == listed
            for features in by_zoom(path, layer).values():
                for properties in features.values():
                    assert set(properties) <= listed


AREA = st.integers(1, 50_000)
PLACE = st.tuples(
    st.integers(0, 7**7 - 1), AREA, st.sampled_from(VERDICTS), st.integers(0, 500),
    st.floats(0, 1),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PLACE, min_size=1, max_size=40, unique_by=lambda p: p[0]))
def test_rolling_up_by_any_road_gives_the_same_sums(
    places: list[tuple[int, int, str, int, float]],
) -> None:
    base = int(h3.latlng_to_cell(31.2, 121.5, 3), 16)
    children = {(_child(base, number)): rest for number, *rest in places}
    cells = np.array(sorted(children), np.int64)
    size, verdict, n, share = (np.array(v) for v in zip(*(children[c] for c in cells), strict=True))
    codes = np.array([VERDICTS.index(v) for v in verdict], np.int8)
    finest = tally(size, codes, n, share, share * -100, share, n)
    above, starts = roll_up(cells, 5)
    direct = merged(finest, starts)
    middle, first = roll_up(cells, 8)
    same, second = roll_up(middle, 5)
    assert same.tolist() == above.tolist()
    assert shown(merged(merged(finest, first), second)).equals(shown(direct))
    assert direct.total().tolist() == finest.total().tolist()
    assert direct.n.sum() == n.sum()
    for row in shown(direct).to_pylist():
        assert row["worst"] is None or row["worst"] <= row["share"] + 1e-6 or row["n"] == 0


def _child(base: int, number: int) -> int:
    """Some descendant of a cell at resolution 10, different for different numbers."""
    cell = (base & ~(0xF << 52)) | (10 << 52)
    for resolution in range(10, 3, -1):
        shift = 3 * (15 - resolution)
        cell = (cell & ~(7 << shift)) | ((number % 7) << shift)
        number //= 7
    return cell
