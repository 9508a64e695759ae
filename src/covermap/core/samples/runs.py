"""Where one run of a log is several: two devices in one file, jumps, and long silences.

Rows are in canonical order. What is found only parts runs; no row is lost.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import njit

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.samples.positions import IMPOSSIBLE_MPS, JUMP_M, Bools, Ints, Track

SILENCE_S = 3600.0
"""After so long without a row a new run begins: logs were put one behind the other."""
MIN_SWITCHES = 8
"""So many impossible changes between two places, and `SWITCH_SHARE` of the run's rows or of its
new positions, are two devices, not jumps."""
SWITCH_SHARE = 0.1
CURED_SHARE = 0.1
"""Parting the devices must leave at most this share of the impossible changes."""


def devices_apart(track: Track) -> Ints:
    """Tell the rows of two devices in one run apart by their places: 0 or 1 for each row.

    Of a run whose position goes back and forth impossibly, each row belongs to the device that
    was last seen nearer. A row without position goes with the row before.
    """
    found = np.zeros(track.run.size, np.int64)
    usable = np.isfinite(track.lon) & np.isfinite(track.lat) & track.timed
    rows = np.flatnonzero(usable)
    if rows.size < 3:
        return found
    kx, ky = metres_per_degree_lon(track.lat), metres_per_degree_lat(track.lat)
    place = (track.run, track.time_ms / 1000.0, track.lon, track.lat, kx, ky, rows)
    device = _nearer(*place)
    runs = int(track.run.max()) + 1
    before = _changes(*place, np.zeros(track.run.size, np.int64), runs)
    after = _changes(*place, device, runs)
    count = np.bincount(track.run[rows], minlength=runs)
    two = (before >= MIN_SWITCHES) & (before >= SWITCH_SHARE * count)
    two &= after <= CURED_SHARE * before
    last = np.maximum.accumulate(np.where(usable, np.arange(usable.size), -1))
    own = np.where(last >= 0, device[np.maximum(last, 0)], 0)
    own = np.where((last >= 0) & (track.run[np.maximum(last, 0)] == track.run), own, 0)
    found[:] = np.where(two[track.run], own, 0)
    return found


@njit(cache=True)
def _far(a, b, time_s, lon, lat, kx, ky):  # type: ignore[no-untyped-def]
    """Metres between two rows, and whether nothing goes from one to the other in the time."""
    metres = np.hypot((lon[b] - lon[a]) * kx[a], (lat[b] - lat[a]) * ky[a])
    return metres, metres > JUMP_M and metres > IMPOSSIBLE_MPS * (time_s[b] - time_s[a])


@njit(cache=True)
def _nearer(run, time_s, lon, lat, kx, ky, rows):  # type: ignore[no-untyped-def]
    device = np.zeros(len(run), np.int64)
    one = other = -1
    for i in rows:
        if one >= 0 and run[one] != run[i]:
            one = other = -1
        if one < 0:
            one = i
            continue
        near, jumps = _far(one, i, time_s, lon, lat, kx, ky)
        if other < 0:
            if jumps:
                device[i] = 1
                other = i
            else:
                one = i
            continue
        there, _jumps = _far(other, i, time_s, lon, lat, kx, ky)
        if there < near:
            device[i] = 1
            other = i
        else:
            one = i
    return device


@njit(cache=True)
def _changes(run, time_s, lon, lat, kx, ky, rows, device, runs):  # type: ignore[no-untyped-def]
    """Count the impossible changes from row to row of each run and device."""
    made = np.zeros(runs, np.int64)
    last = np.full(2, -1, np.int64)
    for i in rows:
        d = device[i]
        a = last[d]
        if a >= 0 and run[a] == run[i] and _far(a, i, time_s, lon, lat, kx, ky)[1]:
            made[run[i]] += 1
        last[d] = i
    return made


def silences(track: Track) -> Bools:
    """Rows that come more than `SILENCE_S` after the row before in their run."""
    found = np.zeros(track.run.size, dtype=bool)
    rows = np.flatnonzero(track.timed)
    later = np.diff(track.time_ms[rows]) > SILENCE_S * 1000.0
    found[rows[1:]] = later & (np.diff(track.run[rows]) == 0)
    return found


def parted(run: Ints, starts: Bools) -> Ints:
    """Count the pieces of its run before the one that each row is in; runs are contiguous.

    Examples
    --------
    >>> parted(np.array([0, 0, 0, 1]), np.array([False, True, False, False])).tolist()
    [0, 1, 1, 0]
    """
    begins = starts.astype(np.int64)
    total = np.cumsum(begins)
    first = np.searchsorted(run, run, side="left")
    made: Ints = (total - (total - begins)[first]).astype(np.int64)
    return made


def dense(run: Ints, *finer: Ints) -> Ints:
    """Give runs numbers by several labels, in their order, from 0."""
    labels = np.stack([run, *finer], axis=1)
    made: Ints = np.unique(labels, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    return made


def with_runs(track: Track, run: Ints) -> Track:
    """Give the track with other runs."""
    return replace(track, run=run)
