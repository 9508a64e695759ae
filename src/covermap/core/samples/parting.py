"""Part the runs of a log where two devices are interleaved, where they jump or are long silent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.samples.facts import Declared
from covermap.core.samples.findings import Notes
from covermap.core.samples.positions import BETWEEN_FIXES, HELD, LOST, Placed, Track, place
from covermap.core.samples.runs import dense, devices_apart, parted, silences, with_runs

Ints = NDArray[np.int64]


def part_devices(
    readings: pa.Table, order: Ints, track: Track, declared: Declared, notes: Notes
) -> tuple[Ints, Track]:
    """Part runs in which two devices are interleaved; the order is then device by device."""
    if not declared.moves:
        return order, track
    device = devices_apart(track)
    if not device.any():
        return order, track
    run = dense(track.run, device)
    several = np.isin(track.run, track.run[device > 0])
    found = np.zeros(order.size, dtype=bool)
    found[order] = several
    notes.find(
        "two_devices", found, "parted by place: runs of their own",
        readings.column("x"), " ", readings.column("y"),
    )  # fmt: skip
    turn = np.argsort(run, kind="stable")
    columns = {f.name: getattr(track, f.name)[turn] for f in dataclasses.fields(track)}
    return order[turn], Track(**{**columns, "run": run[turn]})


def part_runs(
    readings: pa.Table, order: Ints, track: Track, declared: Declared, notes: Notes
) -> tuple[Ints, Placed]:
    """Part runs where they jump or are long silent, and give every row its best position."""
    placed = place(track, declared.max_gap_s, fixed=declared.fixed)
    if not declared.moves:
        return track.run, placed
    silent = silences(track)
    starts = placed.breaks | silent
    for problem, rows in (("run_jumps", placed.breaks), ("long_silence", silent)):
        back = np.zeros(order.size, dtype=bool)
        back[order] = rows
        shown = (readings.column("x"), " ", readings.column("y"))
        notes.find(problem, back, "a new run begins", *shown)
    if not starts.any():
        return track.run, placed
    run = dense(track.run, parted(track.run, starts))
    again = place(with_runs(track, run), declared.max_gap_s, fixed=declared.fixed)
    counts = {name: getattr(placed, name) for name in ("jump", "impossible_jump", "breaks")}
    return run, dataclasses.replace(again, **counts)


def numbered(run: Ints, runs: int, order: Ints, made: Ints) -> tuple[Ints, Ints, Ints]:
    """Give the piece of each row in file order; the run of each piece, its number in that run.

    Pieces are numbered in the order of the runs.
    """
    if not run.size:
        return run, np.arange(runs), np.zeros(runs, dtype=np.int64)
    count = int(made.max()) + 1
    written = np.zeros(count, dtype=np.int64)
    written[made] = run[order]
    own = np.empty(run.size, dtype=np.int64)
    own[order] = made
    piece = np.arange(count) - np.searchsorted(written, written, side="left")
    return own, written, piece


def count_positions(readings: pa.Table, order: Ints, placed: Placed, notes: Notes) -> None:
    """Count what GPS did."""
    kept = notes.accepted[order]
    kinds = (
        ("repeated_position", placed.repeated, "held, interpolated or lost"),
        ("stuck_while_moving", placed.stuck, "interpolated or lost"),
        ("position_jump", placed.jump, "kept"),
        ("impossible_jump", placed.impossible_jump, "not interpolated over"),
        ("position_held", kept & (placed.basis == HELD), "kept: the device stood still"),
        ("position_interpolated", kept & (placed.basis == BETWEEN_FIXES), "interpolated"),
        ("position_lost", kept & (placed.basis == LOST), "kept without a position"),
    )
    shown = (readings.column("x"), " ", readings.column("y"))
    for problem, found, action in kinds:
        back = np.zeros(order.size, dtype=bool)
        back[order] = found
        notes.find(problem, back, action, *shown)
