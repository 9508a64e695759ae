"""A law of side tracks: whatever they are, no counted kilometre changes, on lines or of runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.lines.network import network_of
from covermap.steps.lines import LinesResult, read_lines
from covermap.steps.match import match_part
from covermap.workspace import Config, Lines
from made_drives import road, samples

FIELDS = {"class": "kind", "name": "name", "ref": "ref", "service": "service"}
MAIN = [
    (road((0, 0), (3000, 0), (6000, 0)), "rail", "甲线", None),
    (road((6000, 6), (3000, 6), (0, 6)), "rail", "甲线", None),
    (road((0, 900), (6000, 900)), "rail", "乙线", None),
    (road((0, 1500), (6000, 1400)), "hsr", None, None),
    (road((500, -800), (500, 2000)), "motorway", "G2", None),
    (road((0, 450), (6000, 450)), "primary", "S1", None),
]
TABLES = ("lines", "segments", "stations", "structures", "posts")
RUN = [(x, 3.0) for x in range(300, 5700, 30)]

places = st.tuples(st.integers(-500, 6500), st.sampled_from([-40, 0, 6, 40, 450, 600, 900, 1400]))
side_tracks = st.tuples(
    st.lists(places, min_size=2, max_size=4, unique=True),
    st.sampled_from([
        ("rail", None, "siding"), ("rail", None, "yard"), ("rail", None, "crossover"),
        ("rail", "甲线", "spur"), ("hsr", None, "siding"), ("rail", "甲乙联络线", None),
        ("hsr", "动车走行线", None), ("rail", "甲线", "loading"), ("motorway_link", None, None),
        ("primary_link", "S1", None), ("rail", "甲线疏解线", None), ("metro", None, "yard"),
    ]),
)  # fmt: skip


def world(
    more: list[tuple[list[tuple[int, int]], tuple[str, str | None, str | None]]],
) -> LinesResult:
    ways = [*MAIN, *((road(*points), *rest) for points, rest in more)]
    with tempfile.TemporaryDirectory() as name:
        columns = {c: [w[k] for w in ways] for k, c in ((1, "kind"), (2, "name"), (3, "service"))}
        gpd.GeoDataFrame(
            {**columns, "ref": [None] * len(ways)},
            geometry=[w[0] for w in ways], crs=4326,
        ).to_parquet(Path(name) / "ways.parquet")  # fmt: skip
        entry = Lines(name="lines", files=("ways.parquet",), fields=FIELDS)
        return read_lines(Path(name), (entry,))


PLAIN = world([])


@given(st.lists(side_tracks, max_size=8))
@settings(max_examples=60, deadline=None)
def test_side_tracks_change_no_line_and_are_evidence_of_nothing(more):
    made = world(more)
    for table in TABLES:
        assert getattr(made, table).equals(getattr(PLAIN, table)), table
    links = made.links.drop_columns(["geometry"]).to_pandas()
    assert not set(links["link_id"]) & set(made.lines.column("line_id").to_pylist())
    assert links["link_id"].is_unique
    net = network_of(made.lines, made.segments, made.stations, made.structures, made.links)
    run = samples(RUN, antenna="in-train")
    got = match_part(run, net, Config())
    frame = got.matched.to_pandas()
    on = frame["link_id"].notna()
    # Every sample is kept: on a line, or on a link, or with another reason.
    assert len(frame) == len(RUN)
    assert (frame.loc[on, "reason"] == "on_link").all()
    assert frame.loc[on, ["line_id", "segment"]].isna().all(axis=None)
    assert (frame["line_id"].isna() == frame["reason"].notna()).all()
    assert set(frame.loc[on, "link_id"]) <= set(links["link_id"])
    # What is counted is on lines, on segments that there are, and no more than was placed there.
    counted = got.evidence.to_pandas()
    assert set(counted["line_id"]) <= set(made.lines.column("line_id").to_pylist())
    assert counted["n"].sum() <= frame["line_id"].notna().sum()
    known = {tuple(r) for r in made.segments.select(["line_id", "segment"]).to_pandas().to_numpy()}
    assert {tuple(r) for r in counted[["line_id", "segment"]].to_numpy()} <= known
    # A train is on no slip road.
    roads = set(links.loc[links["kind"] == "slip_road", "link_id"])
    assert not roads & set(frame["link_id"].dropna())


def test_the_law_is_about_something():
    """The world above has links of several kinds, and runs that lie on one."""
    siding = ([(300, 0), (500, 40), (5000, 40), (5400, 0)], ("rail", None, "siding"))
    made = world([siding])
    assert made.links.num_rows == 1
    net = network_of(made.lines, made.segments, made.stations, made.structures, made.links)
    got = match_part(samples([(x, 40) for x in range(600, 4900, 30)], antenna="in-train"), net,
                     Config())  # fmt: skip
    assert np.mean([r == "on_link" for r in got.matched.column("reason").to_pylist()]) > 0.9
    assert got.evidence.num_rows == 0
