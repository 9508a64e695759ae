"""Runs through tunnels made for tests: where cars and trains truly were, and what receivers said.

Once a second. Speeds wander slowly; cars slow down for a tunnel, trains do not. `lost`: the
receiver has nothing from one portal to some seconds behind the other. `carried`: it goes on for
some seconds inside, at the speed that it had, before it has nothing; and its first positions
behind the other portal are off. `early`: it has nothing from a cutting before the portal on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from covermap.core.lines.network import network_of
from covermap.tables import STRUCTURES, conform
from made_drives import network, road

OPEN_M = 3000.0
"""Open line before and behind the tunnel."""
LENGTHS_M = (500.0, 2000.0, 10_000.0)
VEHICLES = {"car": "motorway", "train": "hsr"}
WAYS = ("lost", "carried", "early")


class Drive(NamedTuple):
    """True place at each second, m, whether it has no position, and the positions given."""

    at_m: np.ndarray
    hidden: np.ndarray
    inside: np.ndarray
    points: list


def drive(vehicle: str, length_m: float, way: str, seed: int) -> Drive:
    """Run through a tunnel."""
    source = np.random.default_rng([seed, int(length_m), WAYS.index(way)])
    at = _course(vehicle, length_m, source)
    enter, leave = OPEN_M, OPEN_M + length_m
    inside = (at > enter) & (at < leave)
    after = leave + np.gradient(at)[np.argmax(at >= leave)] * (2 + source.exponential(6.0))
    before = enter - (source.uniform(100.0, 500.0) if way == "early" else 0.0)
    hidden = (at > before) & (at < after)
    seen = at.copy()
    if way == "carried":
        first = int(np.argmax(hidden))
        goes_on = int(source.integers(3, 16))
        last = min(first + goes_on, int(np.argmax(at >= leave)))
        speed = at[first - 1] - at[first - 2] + source.normal(0.0, 0.5)
        seen[first:last] = at[first - 1] + speed * np.arange(1, last - first + 1)
        hidden[first:last] = False
        back = int(np.argmax(at >= after))
        seen[back : back + 4] += source.normal(0.0, 25.0) * np.array([1.0, 0.7, 0.4, 0.2])
    noise = source.normal(0, 5, (2, len(at)))
    points = [
        None if gone else (x + dx, dy) for x, gone, dx, dy in zip(seen, hidden, *noise, strict=True)
    ]
    return Drive(at, hidden, inside, points)


def _course(vehicle: str, length_m: float, source: np.random.Generator) -> np.ndarray:
    """Places at each second from end to end."""
    whole, usual = 2 * OPEN_M + length_m, (27.0 if vehicle == "car" else source.uniform(60, 83))
    waves = [(source.uniform(60, 400), source.uniform(0, 6.28)) for _ in range(3)]
    size = 0.025 if vehicle == "train" else 0.05
    limit = source.uniform(19.0, 25.0) if vehicle == "car" else 100.0
    at, v, made = 0.0, usual, []
    for t in range(3600):
        aim = usual * (1 + sum(size * np.sin(6.28 * t / p + f) for p, f in waves))
        if OPEN_M - 200 < at < OPEN_M + length_m:
            aim = min(aim, limit * (1 + sum(size * np.sin(6.28 * t / p + f) for p, f in waves)))
        v += float(np.clip(aim - v, -1.0, 0.6))
        at += v
        if at > whole:
            break
        made.append(at)
    return np.array(made)


def tunnel_network(folder, vehicle: str, length_m: float):
    """Make a straight line whose tunnel is not known, and one where it is.

    And give the metres of chainage for each metre drawn.
    """
    whole = 2 * OPEN_M + length_m
    made, net = network(folder, [(road((0, 0), (whole, 0)), VEHICLES[vehicle], "G1")])
    scale = float(net.length_m[0]) / whole
    structures = conform(
        pa.table({
            "line_id": made.lines.column("line_id"), "kind": ["tunnel"],
            "from_m": [OPEN_M * scale], "to_m": [(OPEN_M + length_m) * scale],
        }), STRUCTURES,
    )  # fmt: skip
    return [
        network_of(made.lines, made.segments, made.stations, s) for s in (None, structures)
    ], scale
