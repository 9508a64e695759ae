"""Real motorway drives on real (coarse) motorway lines: what is driven is found, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bremen_runs import REACH_M, roads_of
from covermap.core.geodesy import short_lengths_m
from covermap.core.lines.network import network_of
from covermap.engine.step import StepContext
from covermap.formats.source import expand
from covermap.rules import load_pack
from covermap.steps import judge
from covermap.steps.ingest import ingest_source
from covermap.steps.lines import LinesResult, read_lines
from covermap.steps.match import match_part
from covermap.store import Tables, write_table
from covermap.tables import LINES, SEGMENT_EVIDENCE, SEGMENTS, in_order
from covermap.workspace import Config, Matching, Measurements

pytestmark = pytest.mark.real

NOW_MS = 1_795_000_000_000


def config_of(real_data: Path) -> Config:
    logs = Measurements(
        name="bremen",
        files=(str(real_data / "measurements/bremen_motorway/*.geojson.gz"),),
        format="geojson-points",
        datum="wgs84",
        source="drive",
        antenna="roof",
        columns={
            "time": "timestamp",
            "operator": "mcc+mnc",
            "technology": "tech",
            "rsrp_dbm": "rsrp",
            "rssi_dbm": "rssi",
        },
        units={"time": "ms"},
    )
    matching = Matching(max_distance_m=REACH_M)
    return Config(measurements=(logs,), lines=(roads_of(real_data),), matching=matching)


@dataclass(frozen=True)
class Built:
    lines: LinesResult
    line: pd.DataFrame
    """Lines by line_id, without geometry."""
    matched: pd.DataFrame
    """Matched joined with lon, lat, time of the samples."""
    evidence: pa.Table
    verdicts: pd.DataFrame
    problems: list[str]


@pytest.fixture(scope="module")
def built(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("bremen")
    config = config_of(real_data)
    lines = read_lines(folder, config.lines)
    network = network_of(lines.lines, lines.segments, lines.stations)
    matched, evidence, problems = [], [], []
    for path in sorted((real_data / "measurements/bremen_motorway").glob("*.geojson.gz")):
        for source in expand(path, path.name):
            samples = ingest_source(source, config.measurements[0], config, NOW_MS).samples
            part = match_part(samples, network, config)
            where = samples.select(["lon", "lat", "time"]).to_pandas()
            matched.append(pd.concat([part.matched.to_pandas(), where], axis=1))
            evidence.append(part.evidence)
            problems += [p.problem for p in part.problems]
    every = in_order(pa.concat_tables(evidence), SEGMENT_EVIDENCE)
    tables = ((lines.lines, LINES), (lines.segments, SEGMENTS), (every, SEGMENT_EVIDENCE))
    for data, table in tables:
        write_table(folder / f"{table.name}.parquet", data, table)
    out = folder / "out"
    out.mkdir()
    judge.run_lines(StepContext(Tables(folder), out, config, load_pack("project-default")))
    verdicts = Tables(out).read("line_verdicts").to_pandas()
    return Built(
        lines,
        lines.lines.drop_columns(["geometry"]).to_pandas().set_index("line_id"),
        pd.concat(matched, ignore_index=True),
        every,
        verdicts,
        problems,
    )


def test_the_a1_and_the_a27_have_two_carriageways_each_of_one_length(built: Built):
    assert built.line["ref"].value_counts().to_dict() == {"A 1": 2, "A 27": 2}
    for _, pair in built.line.groupby("ref"):
        assert sorted(pair["oneway"]) == [-1, 1]
        lengths = sorted(pair["length_m"])
        assert lengths[1] / lengths[0] < 1.01


def test_route_lengths_are_those_of_the_roads(built: Built):
    """A 27 is 162 km by the road register; the file holds all but its ends."""
    route = built.line.groupby("ref")["route_length_m"].sum() / 1000
    whole = built.line.groupby("ref")["length_m"].sum() / 1000
    assert 158 < route["A 27"] < 164
    assert 280 < route["A 1"] < 310
    gaps = built.lines.structures.to_pandas().query("kind == 'gap'")
    ref = gaps["line_id"].map(built.line["ref"])
    missing = (gaps["to_m"] - gaps["from_m"]).groupby(ref).sum() / 1000
    assert (missing < 0.005 * whole).all()  # at the edges of tiles
    driven = whole - missing.reindex(whole.index, fill_value=0.0)
    assert (route / driven).between(0.5, 0.51).all()


def test_what_was_left_aside_is_counted(built: Built):
    found = {r["problem"]: r["count"] for r in built.lines.problems.to_pylist()}
    assert found["class_not_declared"] == 6970
    assert found["duplicate_way"] == 3
    assert built.lines.rejected.num_rows == 0


def test_segments_add_up_to_their_lines(built: Built):
    sums = built.lines.segments.to_pandas().groupby("line_id")["length_m"].sum()
    np.testing.assert_allclose(sums, built.line["length_m"].loc[sums.index], atol=1e-3)


def test_nearly_all_that_was_driven_fast_lies_on_a_motorway(built: Built):
    fast = built.matched[speeds_kmh(built.matched) > 80]
    share = fast["line_id"].notna().mean()
    assert len(fast) > 50_000
    assert share > 0.99, f"{share:.3f} of {len(fast)}"


def speeds_kmh(frame: pd.DataFrame) -> pd.Series:
    same = frame["run_id"].eq(frame["run_id"].shift(5))
    back = frame[["lon", "lat"]].shift(5)
    ends = (back["lon"], back["lat"], frame["lon"], frame["lat"])
    metres = short_lengths_m(*(column.to_numpy() for column in ends))
    seconds = (frame["time"] - frame["time"].shift(5)).dt.total_seconds()
    return (metres / seconds * 3.6).where(same & (seconds > 0), 0.0)


def test_the_drive_through_hamburg_is_on_no_motorway(built: Built):
    city = built.matched[built.matched["run_id"].str.contains("ENQT_HAW")]
    assert len(city) > 8000
    assert city["line_id"].isna().all()


def test_every_leg_runs_on_its_own_carriageway(built: Built):
    on = built.matched.dropna(subset=["line_id"])
    oneway = built.line["oneway"].loc[on["line_id"]].to_numpy()
    assert (on["direction"].to_numpy() == oneway).mean() > 0.99


def test_the_driven_stretch_is_measured_in_both_directions_and_no_more(built: Built):
    """Hamburg to Bremen is 111 km on the A 1, Bremen to Bremerhaven 71 km on the A 27."""
    evidence = built.evidence.to_pandas()[["line_id", "segment"]].drop_duplicates()
    segments = built.lines.segments.drop_columns(["geometry"]).to_pandas()
    km = evidence.merge(segments).groupby("line_id")["length_m"].sum() / 1000
    ref = built.line["ref"].loc[km.index]
    assert km[ref == "A 1"].between(109, 112.5).all(), km
    assert km[ref == "A 27"].between(69, 72).all(), km


def test_the_kilometres_of_each_operator_add_up_to_the_line(built: Built):
    v = built.verdicts
    assert {"26201", "26202", "26203"} <= set(v["operator"])
    for what in ("", "route_"):
        parts = sum(v[f"{what}{k}_km"] for k in ("covered", "weak", "none", "unmeasured"))
        np.testing.assert_allclose(parts, v[f"{what}length_km"], atol=1e-3)
    whole = v[v["technology"] == "any"].groupby("operator")[["route_covered_km", "route_weak_km"]]
    measured = whole.sum().sum(axis=1)
    assert measured.between(175, 184).all(), measured


def test_nothing_speaks_for_another_datum_or_for_points_without_time(built: Built):
    assert built.problems == []
