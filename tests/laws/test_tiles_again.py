"""Tiles of a build after another: what would say the same is kept, and the bytes are the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pmtiles.tile import tileid_to_zxy

from covermap.core.cells import areas_m2
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps import tiles
from covermap.steps.tiles.earlier import MARKS
from covermap.store import Tables, write_table
from covermap.tables import TABLES, VERDICTS, conform, in_order
from covermap.workspace import Config

PLACES = ((31.23, 121.47), (39.9, 116.4), (64.2, -179.99))
"""Three towns, each in a shard of its own; the last lies on the antimeridian."""
LAYERS = (("46000", "lte"), ("46001", "lte"), ("any", "lte"))
World = dict[int, tuple[str, int, float, float]]
"""Cell -> verdict, samples, share, people."""


def world_of(seed: int, rings: int = 6) -> World:
    random = np.random.default_rng(seed)
    cells = [int(c, 16) for lat, lon in PLACES
             for c in h3.grid_disk(h3.latlng_to_cell(lat, lon, 10), rings)]  # fmt: skip
    return {c: said(int(random.integers(1 << 30))) for c in cells[::2]}


def said(seed: int) -> tuple[str, int, float, float]:
    random = np.random.default_rng(seed)
    verdict = VERDICTS[int(random.integers(4))]
    return verdict, int(random.integers(0, 50)), float(random.random()), float(random.random())


def write_world(folder: Path, world: World) -> Path:
    cells = np.array(sorted(world), np.int64)
    tables = []
    for number, (operator, technology) in enumerate(LAYERS):
        rows = [world[c] for c in cells.tolist()]
        known = np.array([r[0] != "unmeasured" for r in rows])
        share = np.array([(r[2] + 0.3 * number) % 1.0 for r in rows])
        tables.append(pa.table({
            "cell": cells, "area_m2": areas_m2(cells), "operator": np.full(len(cells), operator),
            "technology": np.full(len(cells), technology), "verdict": [r[0] for r in rows],
            "probability": pa.array(share, mask=~known), "n": [r[1] for r in rows],
            "n_none": np.zeros(len(cells), np.int64),
            "rsrp_mean_dbm": pa.array(-70 - 50 * share, mask=~known),
            "share": pa.array(share, mask=~known),
        }))  # fmt: skip
    people = pa.table({"cell": cells, "people": [world[c][3] for c in cells.tolist()]})
    for name, data in (("cell_verdicts", pa.concat_tables(tables)), ("cell_people", people)):
        table = TABLES[name]
        write_table(folder / f"{name}.parquet", in_order(conform(data, table), table), table)
    return folder


def drawn(
    tables: Path,
    out: Path,
    parts: Path | Callable[[str], Path],
    before: Path | None = None,
    contents: dict[str, str] | None = None,
) -> StepContext:
    """Run the step, keeping its parts in a folder."""
    out.mkdir(parents=True)
    ctx = StepContext(Tables(tables), out, Config(), load_pack("project-default"))
    ctx.part = parts.joinpath if isinstance(parts, Path) else parts
    ctx.before, ctx.contents = before, contents or {}
    tiles.run(ctx)
    return ctx


def bytes_of(out: Path) -> dict[str, bytes]:
    found = {p.name: p.read_bytes() for p in (out / "tiles").iterdir()}
    marks = {p.name: p.read_bytes() for p in (out / MARKS).iterdir()}
    assert marks
    return found | marks


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An earlier result: `tables`, `out` and `parts`."""
    folder = tmp_path_factory.mktemp("again")
    write_world(folder / "tables", world_of(1))
    drawn(folder / "tables", folder / "out", folder / "parts")
    return folder


EDITS = st.lists(
    st.tuples(
        st.integers(0, 10**6), st.sampled_from(["change", "add", "drop"]), st.integers(0, 99)
    ),
    max_size=6,
)


@settings(
    deadline=None, max_examples=8,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(EDITS)
def test_a_build_after_edits_has_the_bytes_of_one_from_scratch(
    first: Path, tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("edited")
    world = world_of(1)
    for where, what, seed in edits:
        cell = sorted(world)[where % len(world)]
        if what == "drop":
            del world[cell]
        elif what == "change":
            world[cell] = said(seed)
        else:
            near = h3.grid_ring(f"{cell:x}", 1)
            world[int(sorted(near)[seed % len(near)], 16)] = said(seed)
    write_world(folder / "tables", world)
    again = drawn(folder / "tables", folder / "again", first / "parts", first / "out")
    drawn(folder / "tables", folder / "scratch", folder / "parts")
    assert bytes_of(folder / "again") == bytes_of(folder / "scratch")
    assert again.report["tiles_kept"] <= again.report["tiles"]
    if not edits:
        assert again.report["blocks_cut"] == 0


def test_only_what_an_edit_touches_is_made_again(first: Path, tmp_path: Path) -> None:
    world = world_of(1)
    shanghai = int(h3.latlng_to_cell(*PLACES[0], 10), 16)
    world[shanghai] = ("weak", 7, 0.25, 3.0)
    write_world(tmp_path / "tables", world)
    # parts of the other towns alone are there: what is cut is not cut once more
    again = drawn(tmp_path / "tables", tmp_path / "again", first / "parts", first / "out")
    scratch = drawn(tmp_path / "tables", tmp_path / "scratch", tmp_path / "parts")
    assert again.report["blocks_cut"] < scratch.report["blocks_cut"] / 2
    before, after = tiles_of(first / "out"), tiles_of(tmp_path / "again")
    changed = sum(before.get(key) != data for key, data in after.items())
    assert scratch.report["tiles_kept"] == 0
    # a tile may come out the same though what it was made of is not: figures are rounded
    assert changed <= len(after) - again.report["tiles_kept"] <= changed + 3
    assert 0 < changed < len(after) / 2


@pytest.mark.parametrize("figure", ["samples", "share", "people"])
def test_an_edit_of_one_figure_is_drawn(first: Path, tmp_path: Path, figure: str) -> None:
    world = world_of(1)
    cell = next(c for c in sorted(world) if world[c][0] == "covered" and world[c][1] > 0)
    verdict, samples, share, living = world[cell]
    world[cell] = {
        "samples": (verdict, samples + 1, share, living),
        "share": (verdict, samples, 0.5 + share / 2, living),
        "people": (verdict, samples, share, living + 1),
    }[figure]
    write_world(tmp_path / "tables", world)
    again = drawn(tmp_path / "tables", tmp_path / "again", first / "parts", first / "out")
    before, after = tiles_of(first / "out"), tiles_of(tmp_path / "again")
    changed = {zoom_of(key[1]) for key, data in after.items() if before[key] != data}
    assert changed >= {12, 13}
    assert again.report["tiles_kept"] > 0
    assert again.report["blocks_cut"] == 0


def zoom_of(tile: int) -> int:
    return int(tileid_to_zxy(tile)[0])


def tiles_of(out: Path) -> dict[tuple[str, int], bytes]:
    """Every tile of the archives of cells."""
    found = {}
    for path in (out / "tiles").glob("cells.*"):
        data = path.read_bytes()
        for tile, _, _, start, length, _ in np.load(out / MARKS / f"{path.name}.npy").tolist():
            found[path.name, tile] = data[start : start + length]
    return found


def test_a_damaged_earlier_tile_is_made_again(first: Path, tmp_path: Path) -> None:
    shutil.copytree(first / "out", tmp_path / "damaged")
    path = tmp_path / "damaged" / "tiles" / "cells.any.lte.pmtiles"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    again = drawn(first / "tables", tmp_path / "again", first / "parts", tmp_path / "damaged")
    assert bytes_of(tmp_path / "again") == bytes_of(first / "out")
    assert again.report["tiles_kept"] == len(tiles_of(tmp_path / "again")) - 1


def test_tiles_of_another_recipe_are_not_taken(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tiles.load_recipe("cells")
    listed = {k: v for k, v in whole.layers["cells"].properties.items() if k != "worst"}
    other = whole.layers["cells"].model_copy(update={"properties": listed})
    plain = tiles.load_recipe

    def recipe(kind: str) -> object:
        if kind != "cells":
            return plain(kind)
        return whole.model_copy(update={"layers": {"cells": other}})

    monkeypatch.setattr(tiles, "load_recipe", recipe)
    again = drawn(first / "tables", tmp_path / "again", first / "parts", first / "out")
    assert again.report["tiles_kept"] == 0
    assert again.report["blocks_cut"] == 0


@pytest.mark.parametrize("spoil", ["missing", "cut"])
def test_an_earlier_result_that_cannot_be_read_is_left_aside(
    first: Path, tmp_path: Path, spoil: str
) -> None:
    shutil.copytree(first / "out", tmp_path / "spoilt")
    for path in (tmp_path / "spoilt" / MARKS).iterdir():
        path.unlink() if spoil == "missing" else path.write_bytes(path.read_bytes()[:40])
    drawn(first / "tables", tmp_path / "again", first / "parts", tmp_path / "spoilt")
    assert bytes_of(tmp_path / "again") == bytes_of(first / "out")


CONTENTS = {"cell_verdicts": "v1", "cell_people": "p1", "sites": "s1"}


@pytest.fixture(scope="module")
def known(first: Path) -> Path:
    """The same, with what tells the content of its tables."""
    drawn(first / "tables", first / "known", first / "parts", contents=CONTENTS)
    return first / "known"


def test_archives_of_the_same_tables_are_taken_whole_and_keep_what_they_rest_on(
    first: Path, known: Path, tmp_path: Path
) -> None:
    asked: list[set[str]] = []

    def part(key: str) -> Path:
        asked[-1].add(key)
        return first / "parts" / key

    for name, contents in (("again", CONTENTS), ("other", CONTENTS | {"cell_people": "p2"})):
        asked.append(set())
        report = drawn(first / "tables", tmp_path / name, part, known, contents).report
        taken = report["archives"] if name == "again" else report["archives"] - len(LAYERS)
        assert report["archives_kept"] == taken
        assert report["tiles_kept"] == report["tiles"] > 0
        assert tiles_of(tmp_path / name) == tiles_of(known)
    assert asked[0] == asked[1] != set()
    assert bytes_of(tmp_path / "again") == bytes_of(known)


@pytest.mark.parametrize("spoil", ["archive", "notes", "gone"])
def test_a_damaged_archive_is_not_taken_whole(
    first: Path, known: Path, tmp_path: Path, spoil: str
) -> None:
    shutil.copytree(known, tmp_path / "spoilt")
    name = "cells.any.lte.pmtiles"
    path = (
        tmp_path
        / "spoilt"
        / ("tiles" if spoil == "archive" else MARKS)
        / (name if spoil == "archive" else f"{name}.json")
    )
    if spoil == "gone":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2 if spoil == "archive" else 0] ^= 1
        path.write_bytes(data)
    again = drawn(
        first / "tables", tmp_path / "again", first / "parts", tmp_path / "spoilt", CONTENTS
    )
    assert again.report["archives_kept"] == again.report["archives"] - 1
    assert bytes_of(tmp_path / "again") == bytes_of(known)
