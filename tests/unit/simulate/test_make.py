"""A simulated workspace as a whole: same bytes, readable files, faults that are told."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from covermap.errors import ConfigError, Interrupted
from covermap.formats.source import expand
from covermap.simulate import make
from covermap.simulate.faults import break_lines, break_rows
from covermap.simulate.recipe import Faults, Recipe, load_recipe
from covermap.simulate.runs.observe import observe_file
from covermap.simulate.runs.plan import budgets, plan
from covermap.simulate.world import World, make_world
from covermap.steps.ingest import ingest_source
from covermap.steps.lines import read_lines
from covermap.steps.sites import read_sites
from covermap.workspace import Config, input_files, load_config

pytestmark = pytest.mark.slow

NOW_MS = 1_800_000_000_000
SAMPLES = 6000


def recipe(**changes: object) -> Recipe:
    """Give the sample recipe with sparse sites, so that tests are quick."""
    sample = load_recipe("sample")
    sites = sample.sites.model_copy(
        update={"city_m": 6000.0, "county_m": 7000.0, "town_m": 8000.0, "rural_m": 12000.0}
    )
    faults = Faults(
        stuck_gps=0.05, gap=0.02, sentinel=0.02, duplicate=0.03, malformed=0.02, swapped=0.01,
        zero=0.01,
    )  # fmt: skip
    places = sample.places.model_copy(update={"indoor_samples": 0})  # see test_indoor
    return sample.model_copy(
        update={"sites": sites, "samples": SAMPLES, "faults": faults, "places": places, **changes}
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "world"
    make.simulate(folder, recipe())
    return folder


@pytest.fixture(scope="module")
def config(root: Path) -> Config:
    return load_config(root)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(recipe())


def digests(root: Path) -> dict[str, str]:
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def test_the_same_recipe_gives_the_same_bytes_and_another_seed_another_world(
    root: Path, tmp_path: Path
) -> None:
    make.simulate(tmp_path / "again", recipe())
    assert digests(tmp_path / "again") == digests(root)
    make.simulate(tmp_path / "other", recipe(seed=2))
    other, first = digests(tmp_path / "other"), digests(root)
    same = {k for k in first.keys() & other.keys() if first[k] == other[k]}
    # the rectangle that is predicted is the recipe's, whatever the seed
    assert {k for k in same if k.startswith(("raw/", "covermap"))} == {"raw/predicted.geojson"}


def test_everything_is_labelled_simulated(root: Path, config: Config) -> None:
    assert config.workspace.simulated
    inputs = [*config.measurements, *config.sites, *config.lines, *config.places, *config.villages]
    assert len(inputs) > 10
    assert all(i.simulated for i in inputs)
    for path in (root / "raw").rglob("*.geojson"):
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        assert features
        assert all(f["properties"]["simulated"] is True for f in features)


def test_every_log_is_read_by_its_declared_format_and_each_record_has_its_truth(
    root: Path, config: Config
) -> None:
    truth: Counter[str] = Counter()
    for path in sorted((root / "truth/samples").glob("*.parquet")):
        truth.update(pq.read_table(path, columns=["file"])["file"].to_pylist())
    seen = set()
    for declaration in config.measurements:
        accepted = 0
        for path in input_files(root, declaration.files, declaration.name):
            shown = str(path.relative_to(root))
            for source in expand(path, shown):
                got = ingest_source(source, declaration, config, NOW_MS)
                assert got.samples.num_rows + got.rejected.num_rows == truth[shown]
                accepted += got.samples.num_rows
                seen.add(shown)
        assert accepted > 0, declaration.name
    assert seen == set(truth)


def test_truth_lies_where_accepted_fixes_say_they_are(root: Path, config: Config) -> None:
    declaration = next(m for m in config.measurements if m.name == "provincial-drive")
    path = input_files(root, declaration.files, "")[0]
    shown = str(path.relative_to(root))
    got = ingest_source(expand(path, shown)[0], declaration, config, NOW_MS).samples
    true = next(
        t
        for p in sorted((root / "truth/samples").glob("*"))
        if (t := pq.read_table(p))["file"][0].as_py() == shown
    )
    seconds = [ms // 1000 for ms in true["time_ms"].to_pylist()]
    places = zip(true["lon"].to_pylist(), true["lat"].to_pylist(), strict=True)
    by_time = dict(zip(seconds, places, strict=True))
    away = []
    for row in got.select(["time", "lon", "lat", "position_basis"]).to_pylist():
        if row["position_basis"] == "fix":
            lon, lat = by_time[round(row["time"].timestamp())]
            away.append(np.hypot((row["lon"] - lon) * 95_000, (row["lat"] - lat) * 111_000))
    assert len(away) > 50
    assert np.median(away) < 12.0


def test_all_three_site_table_formats_are_read_with_every_cell(
    root: Path, config: Config, world: World
) -> None:
    for declaration in config.sites:
        sources = [
            s
            for p in input_files(root, declaration.files, declaration.name)
            for s in expand(p, str(p.relative_to(root)))
        ]
        got = read_sites(sources, declaration, config)
        own = world.sites[str(declaration.operator)]
        cells = 3 * (own.x.size + int((own.nr_band != "").sum()))
        lte_and_nr = {"lte", "nr"} | {"nbiot", "redcap"}
        assert set(got.sites["technology"].to_pylist()) <= lte_and_nr
        assert got.rejected.num_rows == 0
        assert got.sites.num_rows >= cells


def test_lines_are_read_whole_with_their_tunnels_and_stations(
    root: Path, config: Config, world: World
) -> None:
    got = read_lines(root, config.lines)
    assert got.lines.num_rows == len(world.courses)
    total = sum(got.lines["length_m"].to_pylist())
    assert total == pytest.approx(sum(c.length_m for c in world.courses), abs=0.5)
    assert got.stations.num_rows == sum(len(c.station_names) for c in world.courses)
    assert True in got.segments["tunnel"].to_pylist()


def test_the_plan_adds_up_to_what_is_asked_and_holds_one_file_at_a_time(world: World) -> None:
    for samples in (1000, 6000, 250_001):
        files = list(plan(world, samples))
        assert sum(f.rows for f in files) == samples
        assert len({f.path for f in files}) == len(files)
        assert all(f.rows <= f.runs.files_rows for f in files)
    first = next(iter(plan(world, 10**9)))
    assert first.rows <= first.runs.files_rows
    assert sum(n for _, n in budgets(world, 10**9)) == 10**9


def test_a_file_can_be_made_without_those_before_it(world: World) -> None:
    files = list(plan(world, SAMPLES))
    late = files[-3]
    once = observe_file(world, late)
    again = observe_file(make_world(recipe()), late)
    assert np.array_equal(once.rsrp_dbm, again.rsrp_dbm, equal_nan=True)
    assert np.array_equal(once.lon, again.lon, equal_nan=True)


def test_a_folder_with_something_else_in_it_is_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(ConfigError, match="not a simulated workspace"):
        make.simulate(tmp_path, recipe())
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interruption_leaves_what_was_there(root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(root, tmp_path / "w")
    before = digests(root)

    def stop(share: float, _what: str) -> None:
        if share > 0.5:
            raise Interrupted

    with pytest.raises(Interrupted):
        make.simulate(root, recipe(samples=800), stop)
    assert digests(root) == before


def test_faults_come_at_the_rates_of_the_recipe(world: World) -> None:
    file = next(
        f for f in plan(world, 400_000) if f.runs.name == "national-drive" and f.rows > 5000
    )
    log = observe_file(world, file)
    n = len(log)

    def broken(**rates: float) -> object:
        return break_rows(log, Faults(**rates), "gnettrack", np.random.default_rng(1))

    assert ((broken(sentinel=0.05).rsrp_dbm == -200).sum() / n) == pytest.approx(0.05, abs=0.01)
    assert (broken(zero=0.05).lon == 0).sum() / n == pytest.approx(0.05, abs=0.01)
    assert (broken(swapped=0.05).lon < 40).sum() / n == pytest.approx(0.05, abs=0.01)
    assert 1 - len(broken(gap=0.1)) / n == pytest.approx(0.1, abs=0.05)
    stuck = broken(stuck_gps=0.1)
    assert (np.diff(stuck.lon) == 0).sum() / n == pytest.approx(0.1, abs=0.05)
    assert len(stuck) == n


def test_a_world_without_faults_is_left_as_it_is(world: World) -> None:
    log = observe_file(world, next(iter(plan(world, SAMPLES))))
    same = break_rows(log, Faults(), "gnettrack", np.random.default_rng(1))
    assert all(
        np.array_equal(getattr(same, n), getattr(log, n), equal_nan=n.endswith(("m", "lon", "lat")))
        for n in ("time_ms", "lon", "lat", "rsrp_dbm")
    )
    rows, row = break_lines([b"a", b"b"], Faults(), np.random.default_rng(1))
    assert rows == [b"a", b"b"]
    assert row.tolist() == [0, 1]


def test_broken_lines_tell_which_row_each_holds() -> None:
    rows = [b"row %06d with some text" % i for i in range(5000)]
    made, row = break_lines(rows, Faults(duplicate=0.1, malformed=0.05), np.random.default_rng(1))
    assert len(made) - len(rows) == pytest.approx(500, abs=80)
    assert all(rows[i].startswith(line) for line, i in zip(made, row, strict=True))
    assert sum(len(m) < 20 for m in made) == pytest.approx(275, abs=60)
