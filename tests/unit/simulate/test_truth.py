"""The pipeline recovers the truth of the noise-free world: every verdict, with nothing left out.

The truth is computed here from the radio field alone: over each segment and each cell by fine
points that are no sample's place, and judged by the plain reading of the rule pack below. The
verdicts come from the whole pipeline, fed with the files that the simulator wrote.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3
import numpy as np
import pytest
import shapely

from covermap.pipeline import build
from covermap.rules import RulePack, load_pack
from covermap.simulate.frame import to_lonlat, to_plane
from covermap.simulate.make import simulate
from covermap.simulate.recipe import load_recipe
from covermap.simulate.world import World, make_world
from covermap.store import Build, Workspace

pytestmark = pytest.mark.slow

LAYERS = [("46000", "lte"), ("46001", "nr"), ("46011", "lte"), ("46015", "nr")]
SEGMENT_STEP_M, CELL_STEP_M = 0.37, 2.9
"""Of the truth's points: no multiple of the samples' steps (1 m and 5 m)."""
SEGMENT_MARGIN, CELL_MARGIN, EDGE_MARGIN = 0.01, 0.05, 0.5
"""How near (dB) the truth may come to a threshold before the seed must be exchanged: samples and
truth are two samplings of one smooth field (100 and about 600 samples a place), and levels are
rounded to 0.01 dB. Where part of the place is silent, one sample more or less on either side of
that sharp edge moves a mean by more."""
EDGE_SHARE = 0.01
"""The same for the share without service."""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(load_recipe("noise-free"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    root = tmp_path_factory.mktemp("noise-free") / "world"
    simulate(root, load_recipe("noise-free"))
    build(root)
    return Workspace(root).current()


@pytest.fixture(scope="module")
def rules() -> RulePack:
    return load_pack("project-default")


@dataclass(frozen=True)
class Truth:
    """What is true at one place, whether another is far off, and whether part of it is silent."""

    verdict: str
    rsrp_dbm: float
    safe: bool
    part_silent: bool


def judged(
    level: np.ndarray, sinr: np.ndarray, served: np.ndarray, standard, rules, margin
) -> Truth:
    """Give the verdict of a place by the plain words of the pack."""
    none_share = float(1 - served.mean())
    mean = float(np.where(served, level, rules.no_service.level_dbm).mean())
    quality = float(sinr[served].mean()) if served.any() else -99.0
    mixed = 0 < none_share < 1
    margin = EDGE_MARGIN if mixed else margin
    far = abs(none_share - rules.no_service.none_share) > EDGE_SHARE
    if none_share >= rules.no_service.none_share:
        return Truth("none", mean, far, mixed)
    reached = mean - standard.rsrp_dbm, quality - standard.sinr_db
    if min(reached) >= 0:
        return Truth("covered", mean, far and min(reached) > margin, mixed)
    return Truth("weak", mean, far and min(reached) < -margin, mixed)


def runs_against(world: World, segments: list[dict]) -> bool:
    """Whether the product counts chainage from the other end than the simulator."""
    start = shapely.from_wkb(segments[0]["geometry"]).coords[0]
    course = world.courses[0]
    return abs(start[0] - course.lon[-1]) < 1e-6 and abs(start[1] - course.lat[-1]) < 1e-6


def segment_truth(world: World, from_m: float, to_m: float, reverse: bool, layer, rules) -> Truth:
    course = world.courses[0]
    if reverse:
        from_m, to_m = course.length_m - to_m, course.length_m - from_m
    count = round((to_m - from_m) / SEGMENT_STEP_M)
    s = from_m + (np.arange(count) + 0.5) * (to_m - from_m) / count
    signal = world.signal_on(course, *layer, s)
    served = world.serves(layer[1], signal)
    return judged(
        signal.rsrp_dbm, signal.sinr_db, served, rules.standards[layer[1]], rules, SEGMENT_MARGIN
    )


def cell_truth(world: World, cell: str, layer, rules) -> Truth:
    edge = np.array([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
    px, py = to_plane(edge[:, 0], edge[:, 1])
    xs, ys = (np.arange(v.min(), v.max(), CELL_STEP_M) for v in (px, py))
    x, y = (v.ravel() for v in np.meshgrid(xs, ys))
    inside = shapely.contains_xy(shapely.Polygon(np.c_[px, py]), x, y)
    signal = world.signal_at(*layer, *to_lonlat(x[inside], y[inside]))
    served = world.serves(layer[1], signal)
    return judged(
        signal.rsrp_dbm, signal.sinr_db, served, rules.standards[layer[1]], rules, CELL_MARGIN
    )


def cells_sampled_all_over(world: World) -> list[str]:
    survey = next(r for r in world.recipe.runs if r.kind == "survey")
    west, south, east, north = survey.box
    (x0, x1), (y0, y1) = to_plane([west, east], [south, north])
    corners = to_lonlat([x0, x1, x1, x0], [y0, y0, y1, y1])
    area = shapely.Polygon(np.c_[corners]).buffer(-0.0001)
    found = h3.polygon_to_cells(
        h3.LatLngPoly([(lat, lon) for lon, lat in area.exterior.coords]), 10
    )
    return sorted(
        c for c in found
        if area.contains(shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(c)]))
    )  # fmt: skip


def compare(truths: dict, verdicts: dict) -> None:
    assert truths.keys() <= verdicts.keys()
    near = {k: t for k, t in truths.items() if not t.safe}
    assert not near, "the truth is too near a threshold: choose another seed"
    wrong = {k: (t, verdicts[k]) for k, t in truths.items() if t.verdict != verdicts[k][0]}
    assert not wrong
    off = {
        k: (t, verdicts[k])
        for k, t in truths.items()
        if abs(t.rsrp_dbm - verdicts[k][1]) > (1.0 if t.part_silent else 0.15)
    }
    assert not off


def compare_derived(truths: dict, verdicts: dict) -> None:
    """Layers over operators: covered where any one, and where every one, truly is."""
    for place in {k[0] for k in truths}:
        for technology in ("lte", "nr"):
            good = [truths[place, *la].verdict == "covered" for la in LAYERS if la[1] == technology]
            assert (verdicts[place, "any", technology][0] == "covered") == any(good)
            assert (verdicts[place, "all", technology][0] == "covered") == all(good)


def test_every_segment_verdict_of_a_noise_free_world_equals_the_truth(
    world: World, built: Build, rules: RulePack
) -> None:
    segments = built.read("segments").to_pylist()
    assert len({s["line_id"] for s in segments}) == 1
    assert segments[-1]["to_m"] == pytest.approx(world.courses[0].length_m, abs=0.01)
    against = runs_against(world, segments)
    truths = {
        (s["segment"], *layer): segment_truth(world, s["from_m"], s["to_m"], against, layer, rules)
        for s in segments for layer in LAYERS
    }  # fmt: skip
    rows = built.read("segment_verdicts").to_pylist()
    verdicts = {
        (r["segment"], r["operator"], r["technology"]): (r["verdict"], r["rsrp_mean_dbm"])
        for r in rows
    }
    compare(truths, verdicts)
    compare_derived(truths, verdicts)
    seen = [t.verdict for t in truths.values()]
    assert min(seen.count(v) for v in ("covered", "weak", "none")) >= 10
    assert len(truths) == len(LAYERS) * len(segments) > 600


def test_every_cell_verdict_of_a_noise_free_world_equals_the_truth(
    world: World, built: Build, rules: RulePack
) -> None:
    cells = cells_sampled_all_over(world)
    assert len(cells) > 30
    truths = {
        (h3.str_to_int(c), *layer): cell_truth(world, c, layer, rules)
        for c in cells for layer in LAYERS
    }  # fmt: skip
    rows = built.read("cell_verdicts").to_pylist()
    verdicts = {
        (r["cell"], r["operator"], r["technology"]): (r["verdict"], r["rsrp_mean_dbm"])
        for r in rows
    }
    compare(truths, verdicts)
    compare_derived(truths, verdicts)
    seen = [t.verdict for t in truths.values()]
    assert min(seen.count(v) for v in ("covered", "weak", "none")) >= 10


def test_every_sample_of_a_noise_free_world_is_accepted(built: Build) -> None:
    assert built.rows("rejected") == 0
    assert built.rows("samples") > 200_000
