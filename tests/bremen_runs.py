"""Real drives as run means per 100 m on one axis a road: the A 1 and A 27, out and back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from covermap.core.interval.runs import LineRuns
from covermap.steps.lines import read_lines
from covermap.workspace import Lines

LEGS = {
    "HAW_Bremen": ("A 1", 1), "Bremen_HH": ("A 1", -1), "Bremen_Bremerhaven_Bremen": ("A 27", 0),
}  # fmt: skip
REACH_M = 200.0
"""The lines are quantised to about 70 m and generalised: they lie up to 200 m off the road."""


def roads_of(real_data: Path) -> Lines:
    """Declare both motorways of the coarse drawing, by their numbers."""
    lines = real_data / "lines"
    return Lines(
        name="motorways",
        files=(str(lines / "de_hamburg_bremen_roads_omt_z7_2021.parquet"),),
        fields={"class": "class", "tunnel": "brunnel"},
        classes={"motorway": "motorway"},
        names_from=str(lines / "de_hamburg_bremen_motorway_names_omt_z7.parquet"),
        only_refs=("A 1", "A 27"),
    )


def axes(real_data: Path, folder: Path) -> dict[str, shapely.LineString]:
    """One carriageway of each motorway, in UTM metres; the other runs beside it."""
    table = read_lines(folder, (roads_of(real_data),)).lines.to_pandas().sort_values("length_m")
    to_utm = Transformer.from_crs(4326, 25832, always_xy=True)
    made = {}
    for row in table.itertuples():
        x, y = to_utm.transform(*shapely.get_coordinates(shapely.from_wkb(row.geometry)).T)
        made[row.ref] = shapely.linestrings(x, y)
    return made


def samples(real_data: Path) -> pd.DataFrame:
    """LTE samples with leg, operator, time, UTM position and cell."""
    rows = []
    for path in sorted((real_data / "measurements/bremen_motorway").glob("*.geojson.gz")):
        leg = path.name.split("_16")[0]
        if leg not in LEGS:
            continue
        for feature in json.loads(gzip.decompress(path.read_bytes()))["features"]:
            p = feature["properties"]
            if p.get("rsrp") is not None:
                rows.append((leg, p["mnc"], p["timestamp"], *feature["geometry"]["coordinates"],
                             p["rsrp"], p["cell_id"]))  # fmt: skip
    names = ["leg", "operator", "time", "lon", "lat", "rsrp", "cell"]
    frame = pd.DataFrame(rows, columns=names).drop_duplicates()
    to_utm = Transformer.from_crs(4326, 25832, always_xy=True)
    frame["x"], frame["y"] = to_utm.transform(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    return frame


def driven_shares(
    real_data: Path, threshold_dbm: float, from_km: float, to_km: float
) -> pd.DataFrame:
    """Shares per operator of the drive to Bremerhaven and back, along the way driven out.

    Columns: leg (out, back), `of_all` (good segments over all segments of the stretch: those never
    measured count as not good) and `of_measured` (over those measured). No map is needed: the axis
    is the outward drive itself, a position every 30 m.
    """
    part = samples(real_data)
    part = part[part["leg"] == "Bremen_Bremerhaven_Bremen"].sort_values("time")
    away = np.hypot(part["x"] - part["x"].iloc[0], part["y"] - part["y"].iloc[0]).to_numpy()
    part["leg"] = np.where(np.arange(len(part)) <= away.argmax(), "out", "back")
    kept = [part[["x", "y"]].to_numpy()[0]]
    for point in part.loc[part["leg"] == "out", ["x", "y"]].to_numpy():
        if np.hypot(*(point - kept[-1])) > 30.0:
            kept.append(point)
    axis, points = shapely.linestrings(kept), shapely.points(part["x"], part["y"])
    part["km"] = shapely.line_locate_point(axis, points) / 1000.0
    on = (shapely.distance(axis, points) <= 60.0) & part["km"].between(from_km, to_km)
    part["segment"] = (part["km"] * 10.0).astype(np.int64)
    mean = part[on].groupby(["operator", "leg", "segment"])["rsrp"].mean() >= threshold_dbm
    counts = mean.groupby(["operator", "leg"]).agg(["sum", "mean"])
    counts["of_all"] = counts["sum"] / ((to_km - from_km) * 10.0)
    return counts.rename(columns={"mean": "of_measured"})[["of_all", "of_measured"]]


def segment_runs(real_data: Path, folder: Path) -> pd.DataFrame:
    """Rows of road, direction, operator, segment: mean RSRP and number of samples."""
    frame, parts = samples(real_data), []
    for ref, axis in axes(real_data, folder).items():
        legs = [leg for leg, (road, _) in LEGS.items() if road == ref]
        part = frame[frame["leg"].isin(legs)].sort_values(["leg", "operator", "time"]).copy()
        point = shapely.points(part["x"], part["y"])
        part = part[shapely.distance(axis, point) <= REACH_M]
        part["at"] = shapely.line_locate_point(axis, shapely.points(part["x"], part["y"]))
        part["ref"] = ref
        group = part.groupby(["leg", "operator"])["at"]
        ahead = group.shift(-8) - group.shift(8)
        part["direction"] = np.sign(ahead).replace(0.0, np.nan)
        part["direction"] = part.groupby(["leg", "operator"])["direction"].transform(
            lambda d: d.ffill().bfill()
        )
        # one direction a leg on the A 1; on the A 27, out until it turns at the far end
        for leg in legs:
            if LEGS[leg][1]:
                whole = part["leg"] == leg
                part.loc[whole, "direction"] = np.sign(part.loc[whole, "direction"].median())
        part["segment"] = (part["at"] // 100).astype(np.int64)
        parts.append(part)
    keys = ["ref", "direction", "operator", "segment"]
    made = pd.concat(parts).groupby(keys)["rsrp"].agg(["mean", "size"]).reset_index()
    made["direction"] = made["direction"].astype(np.int64)
    return made


def line_runs(rows: pd.DataFrame, key: int = 1) -> LineRuns:
    """One line of the rows of one road and operator; segments counted from the first measured."""
    first = int(rows["segment"].min())
    segments = int(rows["segment"].max()) - first + 1
    whole = {name: rows[name].to_numpy(np.int64) for name in ("segment", "direction", "size")}
    return LineRuns(
        np.array([0, segments]), np.array([key]), np.full(segments, 100.0),
        rows["mean"].to_numpy(), whole["segment"] - first, whole["direction"], whole["size"],
        whole["direction"], np.ones(len(rows), np.int64), np.zeros(len(rows), bool),
    )  # fmt: skip
