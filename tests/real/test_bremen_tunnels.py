"""Silence cut into real motorway drives: how well the course within it is told, and how surely.

The positions of a stretch are taken away, as a tunnel takes them. The figures of ``gap`` for
tunnels were chosen on the drive from the airfield to Bremen; the drives here had no part in it.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from covermap.core.geodesy import short_lengths_m
from covermap.core.placing.gap import Gap, course

pytestmark = pytest.mark.real

DRIVES = ("Bremen_HH", "Bremen_Bremerhaven")
BROKEN_S, SHORTEST_S, REGAIN_S, EVERY_S = 20.0, 400, 8, 21
FIX_M = 5.0


class Off(NamedTuple):
    """Metres off and stated, of all seconds of all stretches."""

    off: np.ndarray
    stated: np.ndarray


@pytest.fixture(scope="module")
def drives(real_data: Path) -> list[np.ndarray]:
    """Metres come at each second, of each unbroken part of the drives."""
    made = []
    for path in sorted((real_data / "measurements/bremen_motorway").glob("*.geojson.gz")):
        if not path.name.startswith(DRIVES):
            continue
        points = json.loads(gzip.decompress(path.read_bytes()))["features"]
        time_s = np.array([p["properties"]["timestamp"] for p in points]) / 1000.0
        xy = np.array([p["geometry"]["coordinates"][:2] for p in points], float)
        time_s, first = np.unique(np.round(time_s), return_index=True)
        xy = xy[first]
        moved = np.r_[True, (np.diff(xy, axis=0) != 0).any(axis=1)]
        time_s, xy = time_s[moved], xy[moved]
        cuts = np.flatnonzero(np.diff(time_s) > BROKEN_S) + 1
        for t, p in zip(np.split(time_s, cuts), np.split(xy, cuts), strict=True):
            if len(t) > SHORTEST_S:
                way = np.cumsum(short_lengths_m(p[:-1, 0], p[:-1, 1], p[1:, 0], p[1:, 1]))
                made.append(np.interp(np.arange(t[0], t[-1]), t, np.r_[0.0, way]))
    return made


def cut(drives: list[np.ndarray], length_m: float, tunnel: float) -> Off:
    """Take stretches of a length away, and `REGAIN_S` more; tell the course within them."""
    off, stated = [], []
    for way in drives:
        for a in range(30, len(way) - 60, EVERY_S):
            b = int(np.searchsorted(way, way[a] + length_m)) + REGAIN_S
            if b >= len(way) - 30:
                break
            at = np.arange(1.0, b - a)
            ends = ((way[a] - way[a - 5]) / 5, (way[b + 5] - way[b]) / 5)
            values = (b - a, at, way[b] - way[a], *ends, tunnel)
            done, error = course(Gap(*np.broadcast_arrays(*map(np.float64, values))))
            off.append(np.abs(done - (way[a + 1 : b] - way[a])))
            stated.append(np.hypot(error, FIX_M))
    return Off(np.concatenate(off), np.concatenate(stated))


@pytest.mark.parametrize(
    ("length_m", "median_m", "p95_m", "within"),
    [(500.0, 4, 70, 0.95), (2000.0, 10, 165, 0.95), (10_000.0, 22, 430, 0.9)],
)
def test_the_course_in_a_tunnel_is_told_better_than_on_the_open_road_and_as_well_as_it_says(
    drives, length_m, median_m, p95_m, within
):
    """Where real traffic was as it was, jams among it.

    ======== ===================== ================= ============== ====================
    tunnel   median, 95 % off (m)  stated, median    within 1, 2    stated up to 200 m
    ======== ===================== ================= ============== ====================
    0.5 km   2.1, 60 (3.0, 62)     13 (16)           87, 97 %       100 %
    2 km     8.0, 150 (11, 164)    39 (47)           90, 97 %       97 % (95 %)
    10 km    19, 404 (32, 467)     130 (218)         87, 93 %       99 % (27 %)
    ======== ===================== ================= ============== ====================

    In brackets: the same stretch taken for open road.
    """
    inside, outside = (cut(drives, length_m, share) for share in (1.0, 0.0))
    assert len(inside.off) > 10_000
    assert np.median(inside.off) < median_m
    assert np.percentile(inside.off, 95) < p95_m
    assert (inside.off <= 2 * inside.stated).mean() > within
    assert (inside.off <= inside.stated).mean() > 0.8
    assert np.median(inside.off) < np.median(outside.off)
    assert np.percentile(inside.off, 95) < np.percentile(outside.off, 95)
    assert (inside.stated <= 200).mean() > max(0.95, (outside.stated <= 200).mean() - 1e-9)
