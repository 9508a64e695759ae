"""A train that changes from one railway to another over a connecting track, built as users do."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from commands import covermap
from covermap.store import Tables, Workspace
from made_drives import at, road

pytestmark = pytest.mark.slow  # whole builds

CONFIG = """
[workspace]
name = "two railways"
salt = "s"

[grid]
resolution = 10

[[measurements]]
name = "train"
files = ["raw/*.csv"]
format = "table"
source = "drive"
datum = "wgs84"
timezone = "Asia/Shanghai"
antenna = "in-train"
columns = { time = "time", x = "lon", y = "lat", operator = "plmn", technology = "tech", rsrp_dbm = "rsrp", sinr_db = "sinr" }

[[lines]]
name = "railways"
files = ["raw/railways.parquet"]
fields = { class = "railway", name = "name", service = "service" }
"""  # noqa: E501

COURSE = [
    (5000, 0), (5500, 30), (5800, 150), (6000, 400), (6900, 2560), (7150, 2850), (7500, 2975),
    (8000, 3000),
]  # fmt: skip
LINES = [
    ([(0, 0), (5000, 0), (12_000, 0)], "甲线", None),
    ([(0, 3000), (8000, 3000), (14_000, 3000)], "乙线", None),
    ([(5830, -1000), (5860, 0), (6040, 400), (6940, 2560), (7130, 3400)], "丙线", None),
]
"""Two railways, and a third that runs 37 m beside the track that connects them."""
SIDE = [
    (COURSE, "甲乙联络线", None),
    ([(2000, 0), (2300, 40), (3300, 40), (3600, 0)], None, "siding"),
    ([(9000, 700), (9600, 700)], None, "yard"),
]
RUN = shapely.LineString([(500, 0), *COURSE, (13_000, 3000)])
LEAVES, JOINS = 4500.0, 4500.0 + shapely.LineString(COURSE).length
STEP_M = 20.0


def make(root: Path, ways: list[tuple[list[tuple[int, int]], str | None, str | None]]) -> Tables:
    """Write a workspace, build it with the command, and give the build."""
    (root / "raw").mkdir(parents=True)
    (root / "covermap.toml").write_text(CONFIG, encoding="utf-8")
    gpd.GeoDataFrame(
        {"railway": ["rail"] * len(ways), "name": [w[1] for w in ways],
         "service": pd.array([w[2] for w in ways], dtype="string")},
        geometry=[road(*w[0]) for w in ways], crs=4326,
    ).to_parquet(root / "raw/railways.parquet")  # fmt: skip
    rng = np.random.default_rng(4)
    for run in range(2):
        place = np.arange(0.0, RUN.length, STEP_M)
        xy = shapely.get_coordinates(RUN.interpolate(place)) + rng.normal(0, 2, (len(place), 2))
        rows = ["time,lon,lat,plmn,tech,rsrp,sinr"]
        for k, (x, y) in enumerate(xy):
            lon, lat = at(x, y)
            clock = f"2026-03-{run + 1:02d} 08:{k // 60:02d}:{k % 60:02d}"
            rows.append(f"{clock},{lon:.7f},{lat:.7f},46000,LTE,{rng.normal(-90, 2):.1f},12")
        (root / f"raw/run{run}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = covermap("build", root, "--workers", "1", "--json")
    assert said.code == 0, said.err
    return Workspace(root).current()


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return make(tmp_path_factory.mktemp("linked") / "w", [*LINES, *SIDE])


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return make(tmp_path_factory.mktemp("bare") / "w", LINES)


def names(build: Tables) -> dict[str, str]:
    table = build.read("lines", ["line_id", "name"])
    return dict(zip(*(table.column(c).to_pylist() for c in ("line_id", "name")), strict=True))


def placed(build: Tables) -> pd.DataFrame:
    """Every sample with where it is, and where along its run it was taken."""
    frame = build.read("matched").to_pandas().sort_values(["run_id", "seq"])
    frame["at_m"] = frame.groupby("run_id").cumcount() * STEP_M
    return frame


def credited(build: Tables) -> set[str]:
    name = names(build)
    return {name[i] for i in build.read("segment_evidence").column("line_id").to_pylist()}


def test_the_samples_on_the_connecting_track_are_placed_there(linked: Tables) -> None:
    frame = placed(linked)
    links = linked.read("links").to_pandas().set_index("link_id")
    inner = frame["at_m"].between(LEAVES + 250, JOINS - 250)
    on = frame[inner]
    assert len(on) > 250
    assert (on["reason"] == "on_link").all()
    assert (links.loc[on["link_id"], "name"] == "甲乙联络线").all()
    assert (on["chainage_m"] - (on["at_m"] - LEAVES)).abs().max() < 30
    name, outside = names(linked), ~frame["at_m"].between(LEAVES - 250, JOINS + 250)
    before = frame["at_m"] < LEAVES
    assert set(frame.loc[outside & before, "line_id"].map(name)) == {"甲线"}
    assert set(frame.loc[outside & ~before, "line_id"].map(name)) == {"乙线"}
    # No sample is lost at the points where it leaves one and joins the other.
    assert (frame["line_id"].notna() | frame["link_id"].notna()).all()


def test_nothing_beside_it_is_credited(linked: Tables, bare: Tables) -> None:
    assert credited(linked) == {"甲线", "乙线"}
    # And that is because of the track: without it the line beside it is.
    assert "丙线" in credited(bare)


def test_no_line_and_no_total_is_another_than_without_side_tracks(
    linked: Tables, bare: Tables
) -> None:
    assert linked.rows("links") == 2  # nothing leads to the yard
    for table in ("lines", "segments", "stations", "structures", "posts", "sections"):
        assert linked.read(table).equals(bare.read(table)), table
    lengths = ["line_id", "operator", "technology", "length_km", "route_length_km"]
    both = [b.read("line_verdicts", lengths).to_pandas() for b in (linked, bare)]
    pd.testing.assert_frame_equal(*both)
    total = linked.read("lines").column("route_length_m").to_numpy().sum() / 1000
    for build in (linked, bare):
        sums = build.read("network_verdicts").to_pandas()
        whole = sums[sums["class"] == "rail"]
        assert whole["length_km"].to_numpy() == pytest.approx(total, abs=1e-3)


def test_verdicts_and_weak_spots_are_of_lines_only(linked: Tables) -> None:
    lines = set(names(linked))
    for table in ("segment_verdicts", "line_verdicts", "section_verdicts", "settling",
                  "segment_evidence", "weak_spots"):  # fmt: skip
        assert (
            set(linked.read(table, ["line_id"]).column("line_id").drop_null().to_pylist()) <= lines
        )
    verdicts = linked.read("line_verdicts").to_pandas()
    own = verdicts[(verdicts["operator"] == "46000") & (verdicts["technology"] == "lte")]
    km = own.assign(name=own["line_id"].map(names(linked))).set_index("name")
    assert km.loc["丙线", "unmeasured_km"] == pytest.approx(km.loc["丙线", "length_km"])
    assert km.loc["甲线", "covered_km"] == pytest.approx(4.5, abs=0.25)
    assert km.loc["乙线", "covered_km"] == pytest.approx(5.0, abs=0.25)


def test_exports_of_lines_and_segments_have_no_side_track(linked: Tables, tmp_path: Path) -> None:
    root = linked.folder.parents[1]
    ids = set(linked.read("links").column("link_id").to_pylist())
    for kind in ("lines", "segments", "sections"):
        said = covermap("export", kind, root, "--to", tmp_path / f"{kind}.csv")
        assert said.code == 0, said.err
        text = (tmp_path / f"{kind}.csv").read_text(encoding="utf-8")
        assert not [i for i in ids if i in text]
        assert "联络线" not in text


def test_the_build_tells_what_counts_for_no_line_and_the_command_lists_it(linked: Tables) -> None:
    root = linked.folder.parents[1]
    frame = placed(linked)
    found = [r for r in linked.read("problems").to_pylist() if r["problem"] == "on_link"]
    assert sum(r["count"] for r in found) == int((frame["reason"] == "on_link").sum())
    said = covermap("lines", "links", root)
    first = said.out.splitlines()[1]
    assert "甲乙联络线" in first
    assert first.split()[-1] == str(int((frame["reason"] == "on_link").sum()))
    assert said.out.splitlines()[-1].startswith("2 side tracks and slip roads, ")
    listed = json.loads(covermap("lines", "links", root, "--all", "--json").out)
    assert [(r["kind"], r["samples"] > 0) for r in listed] == [
        ("connecting", True), ("siding", False),
    ]  # fmt: skip
    assert covermap("lines", "links", root, "--kind", "siding").out.startswith("1 side tracks")
    assert covermap("lines", "links", root, "--kind", "yard").code == 2
