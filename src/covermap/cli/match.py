"""`covermap match`: points of tracks to any file of edges, without a workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import typer

from covermap.core.geodesy import Floats
from covermap.core.matching.graph import graph_of_edges
from covermap.core.matching.layout import REASONS
from covermap.core.matching.match import Match, match_tracks
from covermap.core.matching.settings import MatchSettings
from covermap.errors import FormatError
from covermap.formats.edges import EdgeFile, read_edges
from covermap.formats.points import PointFile, read_points

SHORTEST_M = 0.01
"""Pieces of path shorter than this only touch their edge."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("match")(match)


def match(
    network: Path = typer.Option(..., "--network", help="Edges: GPKG, GeoJSON, ..., WKT text."),
    points: Path = typer.Option(..., "--points", help="Points: delimited text."),
    out: Path = typer.Option(..., "--out", help="CSV of the edges travelled, in order."),
    points_out: Path | None = typer.Option(None, "--points-out", help="CSV of each point."),
    identity: str | None = typer.Option(None, "--id", help="Column with the edge's id."),
    oneway: str | None = typer.Option(None, "--oneway", help="Column with the one-way flag."),
    from_node: str | None = typer.Option(None, "--from-node", help="Column: node at the start."),
    to_node: str | None = typer.Option(None, "--to-node", help="Column: node at the end."),
    speed: str | None = typer.Option(None, "--speed", help="Column with the speed, m/s."),
    lon: str | None = typer.Option(None, "--lon", help="Column of the points: longitude."),
    lat: str | None = typer.Option(None, "--lat", help="Column of the points: latitude."),
    time: str | None = typer.Option(None, "--time", help="Column of the points: time."),
    run: str | None = typer.Option(None, "--run", help="Column of the points: run or device."),
    sigma: float = typer.Option(5.0, "--sigma", min=0.5, help="Error of a position, m."),
    radius: float = typer.Option(200.0, "--radius", min=1.0, help="No edge farther off, m."),
) -> None:
    """Match points of tracks to edges: which edges were travelled, in driving order."""
    columns = {"id": identity, "oneway": oneway, "from_node": from_node, "to_node": to_node}
    edges = read_edges(network, columns | {"speed": speed})
    track = read_points(points, {"lon": lon, "lat": lat, "time": time, "run": run})
    for path in (out, points_out):
        if path is not None and not path.resolve().parent.is_dir():
            raise FormatError(f"{path}: there is no directory {path.resolve().parent}.")
    graph = graph_of_edges(
        edges.geometry, edges.forward, edges.backward, edges.nodes, edges.speed_m_s
    )
    settings = MatchSettings(sigma_m=sigma, far_m=radius)
    settings = settings._replace(radius_m=min(settings.radius_m, radius))
    made = match_tracks(
        graph, track.lon, track.lat, track.time_s, pd.factorize(track.run)[0],
        track.heading_deg, track.accuracy_m, settings=settings,
    )  # fmt: skip
    travelled = edges_travelled(made, edges, track)
    travelled.to_csv(out, index=False, lineterminator="\n")
    if points_out is not None:
        _each_point(made, edges, track).to_csv(points_out, index=False, lineterminator="\n")
    on = made.edge >= 0
    typer.echo(
        f"{int(on.sum())} of {len(on)} points on {travelled['edge_id'].nunique()} edges, "
        f"{len(np.unique(made.leg[on]))} connected legs, {travelled['length_m'].sum() / 1000:.3f} "
        f"km: {out}"
    )


def edges_travelled(made: Match, edges: EdgeFile, track: PointFile) -> pd.DataFrame:
    """Give one row for each edge travelled, in driving order."""
    path = made.path
    leg = made.leg[path.sample]
    enter, leave = _passing_times(made, track.time_s)
    frame = pd.DataFrame(
        {
            "arc": path.arc, "leg": leg, "sample": path.sample, "from_m": path.from_m,
            "to_m": path.to_m, "enter": enter, "leave": leave, "odds": path.probability,
        }
    )  # fmt: skip
    frame = frame[frame["to_m"] - frame["from_m"] > SHORTEST_M]
    same = (frame["arc"] == frame["arc"].shift()) & (frame["leg"] == frame["leg"].shift())
    same &= (frame["from_m"] - frame["to_m"].shift()).abs() < 1.0
    grouped = frame.groupby((~same).cumsum())
    first, last = grouped.first(), grouped.last()
    arc = first["arc"].to_numpy(np.int64)
    length = last["to_m"].to_numpy() - first["from_m"].to_numpy()
    return pd.DataFrame(
        {
            "edge_id": edges.identity[arc >> 1],
            "direction": np.where(arc & 1, -1, 1),
            "run": track.run[first["sample"].to_numpy(np.int64)],
            "leg": first["leg"].to_numpy(np.int64),
            "enter_time": _time_texts(first["enter"].to_numpy()),
            "leave_time": _time_texts(last["leave"].to_numpy()),
            "length_m": np.round(length, 2),
            "probability": np.round(grouped["odds"].max().to_numpy(), 4),
        }
    )


def _passing_times(made: Match, time_s: Floats | None) -> tuple[Floats, Floats]:
    """Seconds at which each piece of the path begins and ends: linear between its samples."""
    path = made.path
    if time_s is None or not len(path.arc):
        return np.full(len(path.arc), np.nan), np.full(len(path.arc), np.nan)
    on = np.flatnonzero(made.leg >= 0)
    begin = on[np.r_[True, made.leg[on][1:] != made.leg[on][:-1]]]
    leg = made.leg[path.sample]
    end = np.cumsum(path.to_m - path.from_m) + leg
    start = end - (path.to_m - path.from_m)
    new = np.r_[True, leg[1:] != leg[:-1]]
    last = np.r_[path.sample[1:] != path.sample[:-1], True]
    first_sample = begin[np.searchsorted(made.leg[begin], leg[new])]
    knots = np.r_[start[new], end[last]]
    values = np.r_[time_s[first_sample], time_s[path.sample[last]]]
    order = np.lexsort((values, knots))
    return (
        np.interp(start, knots[order], values[order]),
        np.interp(end, knots[order], values[order]),
    )


def _time_texts(seconds: Floats) -> list[str]:
    """Write times: those of a real clock as ISO 8601 (UTC), others as seconds."""
    texts = []
    for value in seconds:
        if not np.isfinite(value):
            texts.append("")
        elif value > 1e8:
            stamp = pd.Timestamp(round(value * 1000), unit="ms")
            texts.append(stamp.isoformat(timespec="milliseconds") + "Z")
        else:
            texts.append(f"{value:.3f}")
    return texts


def _each_point(made: Match, edges: EdgeFile, track: PointFile) -> pd.DataFrame:
    """Give one row for each point, in the order of the file."""
    on = made.edge >= 0
    names = np.r_[edges.identity.astype(object), None]
    frame = pd.DataFrame(
        {
            "row": track.row,
            "run": track.run,
            "edge_id": names[made.edge],
            "direction": np.where(on, made.direction, 0),
            "along": made.along.round(6),
            "offset_m": made.offset_m.round(2),
            "probability": made.probability.round(6),
            "other_edge_id": names[made.other_line],
            "other_probability": made.other_probability.round(6),
            "leg": pd.array(made.leg, dtype="Int64"),
            "reason": np.where(on, "", np.array(REASONS)[made.reason]),
        }
    )
    frame.loc[~on, "leg"] = pd.NA
    return frame.sort_values("row")
