"""Make a simulated workspace: inputs in real formats, `covermap.toml`, and truth beside them.

Files are made one at a time (a file holds at most `files_rows` rows), so memory does not grow with
the number of samples. Everything is made in a hidden folder of the workspace and moved in place at
the end: an interruption leaves what was there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covermap.errors import ConfigError
from covermap.simulate import truth
from covermap.simulate.faults import break_rows
from covermap.simulate.indoor import write_survey
from covermap.simulate.noise import rng
from covermap.simulate.places import key_points
from covermap.simulate.recipe import Recipe
from covermap.simulate.runs.observe import observe_file
from covermap.simulate.runs.plan import LogFile, budgets, plan
from covermap.simulate.world import World, make_world
from covermap.simulate.writers import vectors
from covermap.simulate.writers.declare import workspace_toml
from covermap.simulate.writers.logs import WRITERS
from covermap.simulate.writers.population import write_population
from covermap.simulate.writers.tables import SITE_FORMATS
from covermap.simulate.writers.terrain import write_terrain
from covermap.workspace import CONFIG_NAME, Grid, load_config

PARTIAL = ".simulate.part"
MADE = ("raw", "truth", CONFIG_NAME)
_WORLD_SHARE, _RUNS_SHARE = 0.1, 0.8

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Summary:
    """What was made."""

    samples: int
    """Rows planned, before gaps and duplicates."""
    records: int
    """Records written into logs."""
    files: int
    sites: int
    length_km: float
    """Of all lines."""


def simulate(
    root: Path, recipe: Recipe, progress: Progress = lambda _share, _what: None
) -> Summary:
    """Make a simulated workspace at `root`; a simulated one that is there is made anew.

    Raises
    ------
    ConfigError
        The folder holds something that is not a simulated workspace.
    """
    check_free(root)
    partial = root / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        summary = _make(partial, recipe, progress)
        _move_in(root, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return summary


def check_free(root: Path) -> None:
    """Check that the folder may be filled: absent, empty, or a simulated workspace."""
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root} is a file; name a folder.")
    if not root.is_dir() or all(p.name == PARTIAL for p in root.iterdir()):
        return
    if not (root / CONFIG_NAME).is_file() or not load_config(root).workspace.simulated:
        raise ConfigError(
            f"{root} is not empty and not a simulated workspace; it is left as it is. "
            "Name a new folder."
        )


def _move_in(root: Path, partial: Path) -> None:
    for name in MADE:
        old = root / name
        if old.is_dir():
            shutil.rmtree(old)
        (partial / name).replace(old)


def _make(folder: Path, recipe: Recipe, progress: Progress) -> Summary:
    progress(0.0, "relief, lines, sites")
    world = make_world(recipe)
    for name in ("raw/sites", "raw/lines", "truth/samples"):
        (folder / name).mkdir(parents=True)
    progress(_WORLD_SHARE / 2, "site tables, lines, places")
    _write_sites(folder, world)
    _write_vectors(folder, world)
    cells, records, files = _write_logs(folder, world, progress)
    if world.recipe.places.surveyed:
        records, files = records + write_survey(folder, world), files + len(recipe.operators)
    progress(_WORLD_SHARE + _RUNS_SHARE, "truth of segments and cells")
    truth.write_segments(folder / "truth" / "segments.parquet", world)
    truth.write_cells(folder / "truth" / "cells.parquet", world, cells)
    samples = sum(n for _, n in budgets(world, recipe.samples))
    note = f"seed {recipe.seed}, {samples} samples"
    (folder / CONFIG_NAME).write_text(workspace_toml(recipe, note), encoding="utf-8")
    progress(1.0, "done")
    return Summary(
        samples, records, files, sum(s.x.size for s in world.sites.values()),
        sum(c.length_m for c in world.courses) / 1000,
    )  # fmt: skip


def _write_logs(
    folder: Path, world: World, progress: Progress
) -> tuple[NDArray[np.int64], int, int]:
    cells = np.empty(0, np.int64)
    done = records = 0
    number = -1
    planned = sum(n for _, n in budgets(world, world.recipe.samples))
    for number, file in enumerate(plan(world, world.recipe.samples)):
        share = done / planned
        progress(_WORLD_SHARE + _RUNS_SHARE * share, file.path)
        seen, count = write_log(folder, world, file, number)
        cells = np.union1d(cells, seen)
        done, records = done + file.rows, records + count
    return cells, records, number + 1


def write_log(
    folder: Path, world: World, file: LogFile, number: int
) -> tuple[NDArray[np.int64], int]:
    """Make one log and its truth; give the cells it touches and its number of records."""
    faults, runs = world.recipe.faults, file.runs
    source = rng(world.recipe.seed, "faults", file.path)
    log = break_rows(observe_file(world, file), faults, runs.format, source)
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    written = WRITERS[runs.format](path, world, log, faults, source)
    truth.write_samples(folder / "truth/samples" / f"{number:06d}.parquet", file.path, log, written)
    return truth.cells_with(log, Grid().resolution), int(written.line.size)


def _write_sites(folder: Path, world: World) -> None:
    for number, operator in enumerate(world.recipe.operators):
        form = SITE_FORMATS[number % len(SITE_FORMATS)]
        form.write(folder / "raw/sites" / f"{operator.plmn}.{form.suffix}", world, operator)


def _write_vectors(folder: Path, world: World) -> None:
    for group, classes in vectors.GROUPS.items():
        courses = [c for c in world.courses if c.line.line_class in classes]
        if courses:
            path = folder / "raw/lines" / f"{group}.geojson"
            vectors.write_collection(path, vectors.line_features(courses))
        stations = vectors.station_features(courses)
        if stations:
            path = folder / "raw/lines" / f"{group}-stations.geojson"
            vectors.write_collection(path, stations)
    if world.recipe.places.villages:
        vectors.write_collection(folder / "raw/villages.geojson", vectors.village_features(world))
        points = vectors.village_point_features(world)
        vectors.write_collection(folder / "raw/village-points.geojson", points)
    if world.recipe.places.key_places:
        vectors.write_collection(
            folder / "raw/places.geojson", vectors.place_features(key_points(world))
        )
    if world.recipe.places.population:
        write_population(folder / "raw/population.tif", world)
    write_terrain(folder / "raw/terrain.tif", world.relief)
    if world.recipe.prediction is not None:
        region = vectors.area_features(world.recipe.prediction)
        vectors.write_collection(folder / "raw/predicted.geojson", region)
