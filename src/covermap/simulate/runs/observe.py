"""What a device records along its track: best technology, level with fading, noisy position."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.simulate.field import Signal
from covermap.simulate.frame import to_lonlat, to_plane
from covermap.simulate.noise import rng
from covermap.simulate.recipe import Runs
from covermap.simulate.runs.part import Part
from covermap.simulate.runs.plan import LogFile
from covermap.simulate.runs.tracks import Track, make_track
from covermap.simulate.world import World

Floats = NDArray[np.float64]

_CORRELATION = 0.7
"""Of fading and of position errors, from one row to the next."""


@dataclass(frozen=True)
class Log:
    """Rows as the device would write them, and the truth beside; all arrays of one length.

    ``lon``, ``lat`` NaN: the receiver has none. ``technology`` 'none': no service; then levels
    are NaN and serving cell numbers are -1.
    """

    time_ms: NDArray[np.int64]
    lon: Floats
    lat: Floats
    accuracy_m: Floats
    altitude_m: Floats
    speed_mps: Floats
    heading_deg: Floats
    mark: NDArray[np.str_]
    device: NDArray[np.str_]
    plmn: NDArray[np.str_]
    technology: NDArray[np.str_]
    rsrp_dbm: Floats
    rsrq_db: Floats
    sinr_db: Floats
    rssi_dbm: Floats
    site: NDArray[np.int64]
    sector: NDArray[np.int64]
    true_lon: Floats
    true_lat: Floats
    course: NDArray[np.str_]
    """Identity of the course; '' off lines."""
    s: Floats
    """Chainage on it, m; NaN off lines."""
    true_rsrp_dbm: Floats
    """Level of the field without fading, of the technology recorded; NaN: none."""

    def __len__(self) -> int:
        """Count the rows."""
        return int(self.time_ms.size)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Log:
        """Give the rows that an index or mask selects."""
        return Log(**{name: getattr(self, name)[rows] for name in Log.__dataclass_fields__})

    def with_(self, **columns: NDArray) -> Log:
        """Give a copy with some columns exchanged."""
        return replace(self, **columns)


def observe_file(world: World, file: LogFile) -> Log:
    """Make every row of a file, in time order (crowd, probes) or part after part."""
    logs = [observe(world, file.runs, part) for part in file.parts]
    log = _concat(logs)
    if len(logs) > 1:
        log = log.take(np.lexsort((log.device, log.time_ms)))
    return log


def _concat(logs: list[Log]) -> Log:
    names = Log.__dataclass_fields__
    return Log(**{n: np.concatenate([getattr(log, n) for log in logs]) for n in names})


def observe(world: World, runs: Runs, part: Part) -> Log:
    """Make the rows of one part."""
    seed = world.recipe.seed
    track = make_track(world, runs, part, rng(seed, *part.key, "track"))
    source = rng(seed, *part.key, "radio")
    names, true, noisy = _best(world, part, track, source)
    served = names != "none"
    lon, lat = _positions(world, part, track, rng(seed, *part.key, "gps"))
    n = track.time_ms.size
    blank = np.where(served, 0.0, np.nan)
    decimals = world.recipe.noise.level_decimals
    return Log(
        track.time_ms, lon, lat, _accuracy(world, lon, source), _altitude(world, track),
        np.round(track.speed_mps, 2), np.round(track.heading_deg, 1), track.mark,
        _devices(runs, part, track), np.full(n, part.plmn), names,
        np.round(noisy.rsrp_dbm, decimals) + blank,
        np.round(noisy.rsrq_db, max(decimals, 1)) + blank,
        np.round(noisy.sinr_db, max(decimals, 1)) + blank,
        np.round(noisy.rssi_dbm, decimals) + blank,
        np.where(served, noisy.site, -1), np.where(served, noisy.sector, -1),
        track.lon, track.lat, np.full(n, part.course or ""), track.s, true.rsrp_dbm,
    )  # fmt: skip


def _best(
    world: World, part: Part, track: Track, source: np.random.Generator
) -> tuple[NDArray[np.str_], Signal, Signal]:
    """Technology used ('none': no service), its field, and the field as measured."""
    n = track.time_ms.size
    noise = world.recipe.noise
    fading = noise.run_sd_db * source.standard_normal() + noise.sample_sd_db * _wander(source, n)
    wanted = [part.technology] if part.technology else ["lte", "nr"]
    names = np.full(n, "none", dtype="U6")
    true = noisy = _nothing(n)
    for technology in wanted:
        if not world.field.has(part.plmn, technology):
            continue
        field = _field(world, part, technology, track)
        measured = _faded(field, fading)
        here = world.serves(technology, measured)
        names = np.where(here, technology, names).astype("U6")
        known = here | (names == "none")
        true, noisy = _choose(known, field, true), _choose(here, measured, noisy)
    return names, true, noisy


def _field(world: World, part: Part, technology: str, track: Track) -> Signal:
    if part.course is not None:
        return world.signal_on(world.course(part.course), part.plmn, technology, track.s)
    signal = world.signal_at(part.plmn, technology, track.lon, track.lat)
    return _faded(signal, -track.loss_db)


def _faded(signal: Signal, fading: Floats) -> Signal:
    return replace(
        signal,
        rsrp_dbm=signal.rsrp_dbm + fading,
        sinr_db=np.clip(signal.sinr_db + 0.5 * fading, -20.0, 30.0),
        rsrq_db=np.clip(signal.rsrq_db + 0.1 * fading, -30.0, -3.0),
        rssi_dbm=signal.rssi_dbm + fading,
    )


def _nothing(n: int) -> Signal:
    nan, none = np.full(n, np.nan), np.full(n, -1)
    return Signal(nan, nan, nan, nan, none, none)


def _choose(which: NDArray[np.bool_], new: Signal, old: Signal) -> Signal:
    names = Signal.__dataclass_fields__
    return Signal(*(np.where(which, getattr(new, n), getattr(old, n)) for n in names))


def _wander(source: np.random.Generator, n: int) -> Floats:
    """First-order autoregressive noise of unit variance."""
    return _autoregress(source.standard_normal(n), _CORRELATION)


@njit(cache=True)
def _autoregress(white: Floats, keep: float) -> Floats:
    out = white.copy()
    fresh = (1.0 - keep * keep) ** 0.5
    for i in range(1, out.size):
        out[i] = keep * out[i - 1] + fresh * white[i]
    return out


def _positions(
    world: World, part: Part, track: Track, source: np.random.Generator
) -> tuple[Floats, Floats]:
    """Positions as the receiver gives them: noisy; held in a tunnel; none at all in a metro.

    Without position noise they are true, and known in tunnels too.
    """
    n, sd = track.time_ms.size, world.recipe.noise.gps_sd_m
    lon, lat = track.lon, track.lat
    if sd > 0:
        x, y = to_plane(lon, lat)
        east, north = sd * _wander(source, n), sd * _wander(source, n)
        lon, lat = to_lonlat(x + east, y + north)
    if part.course is not None:
        course = world.course(part.course)
        if course.line.line_class == "metro":
            return np.full(n, np.nan), np.full(n, np.nan)
        if sd == 0:
            return np.round(lon, 7), np.round(lat, 7)
        held = last_true(~course.in_tunnel(track.s))
        lon, lat = lon[held], lat[held]
    return np.round(lon, 7), np.round(lat, 7)


def last_true(fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Index of the last true element at or before each; of the first true one before that.

    Examples
    --------
    >>> last_true(np.array([False, True, False, True])).tolist()
    [1, 1, 1, 3]
    """
    first = int(np.argmax(fresh))
    index = np.where(fresh, np.arange(fresh.size), first)
    return np.maximum.accumulate(np.maximum(index, first))


def _accuracy(world: World, lon: Floats, source: np.random.Generator) -> Floats:
    sd = world.recipe.noise.gps_sd_m
    made = np.round(2.0 + sd * (1 + source.random(lon.size)), 1)
    return np.where(np.isnan(lon), np.nan, made)


def _altitude(world: World, track: Track) -> Floats:
    return np.round(world.relief.at(*to_plane(track.lon, track.lat)), 0)


def _devices(runs: Runs, part: Part, track: Track) -> NDArray[np.str_]:
    if runs.kind != "crowd":
        return np.full(track.user.size, part.device)
    return np.char.mod("app-%07d", track.user + 100_000 * int(part.plmn[-2:]))
