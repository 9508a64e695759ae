"""What a measurement shows for how it was made: by which antenna, device and run.

A level that lasts at a place is one that a terminal in the open receives there, at the height of a
hand. A seat in a car or a train gets less, phones of the public are indoors some of the time, and
devices differ. Antennas that cost nothing are the reference: the first of `ANTENNAS` that measured
at least `FEW` places, so that where all was measured in cars, levels are told as cars receive them.
All measurements of a layer tell of it, those where no model says anything too: what counts is that
antennas were in the same places.

Others are shifted against it by an offset, the same for the layer, whose prior is what is
published (a car: 9 dB, standard deviation 5; metallised windows: 20 dB; 3GPP TR 38.901, 7.4.3.2).
Devices and, where vehicles differ, runs have offsets of their own around that, which are told from
their places' only where they were in many: of others the offset stays unknown and makes what they
measured less sure, for all places of the run alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ANTENNAS = ("handheld", "roof", "fixed", "unknown", "in-car", "app", "in-train")
"""As declared; app: phones of the public, wherever they are. In the order of choice."""
FEW = 30
TYPICAL_DB = np.array([0.0, 0.0, 0.0, 0.0, -9.0, -5.0, -22.0])
"""Against the open, before anything is measured."""
TYPICAL_SD_DB = np.array([1.0, 3.0, 3.0, 4.0, 5.0, 4.0, 8.0])
RUN_SD_DB = np.array([0.0, 0.0, 6.0, 0.0, 0.0, 4.0, 5.0])
"""Of a run's own around that: another carriage, another room."""
DEVICE_SD_DB = 3.0
MANY = 10
"""Places in which a device or run is told from its places."""
_MOST = 150


@dataclass(frozen=True)
class Rigs:
    """Offsets of antennas, devices and runs, dB: what they show above the reference."""

    reference: int = 3
    """Index of `ANTENNAS`."""
    antenna_db: tuple[float, ...] = tuple(TYPICAL_DB.tolist())
    antenna_sd_db: tuple[float, ...] = (0.0,) * len(ANTENNAS)
    device_db: dict[int, float] = field(default_factory=dict)
    run_db: dict[int, float] = field(default_factory=dict)

    def shown(self, antenna: Ints, device: Ints, run: Ints) -> tuple[Floats, Floats]:
        """Give what each measurement shows above the reference, and how unsure that is, dB."""
        of_device, told = _looked_up(self.device_db, device)
        of_run, run_told = _looked_up(self.run_db, run)
        own = np.where(run_told, 0.0, RUN_SD_DB[antenna])
        own = np.where(told | (device < 0), own, np.hypot(own, DEVICE_SD_DB))
        offset = np.array(self.antenna_db)[antenna] + of_device + of_run
        return offset, np.hypot(own, np.array(self.antenna_sd_db)[antenna])


def _looked_up(known: dict[int, float], numbers: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    """Value of each number, 0 where it is not known, and whether it is."""
    each, which = np.unique(numbers, return_inverse=True)
    values = np.array([known.get(int(n), 0.0) for n in each] or [0.0])
    told = np.array([int(n) in known for n in each] or [False])
    return values[which], told[which]


@dataclass(frozen=True)
class Columns:
    """Offsets that a fit has to find: a column each, after those of the model."""

    reference: int
    antennas: Ints
    devices: Ints
    runs: Ints

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Mean and variance of each."""
        mean = TYPICAL_DB[self.antennas] - TYPICAL_DB[self.reference]
        variance = TYPICAL_SD_DB[self.antennas] ** 2 + TYPICAL_SD_DB[self.reference] ** 2
        own = np.full(len(self.devices), DEVICE_SD_DB**2)
        run = np.full(len(self.runs), RUN_SD_DB[-1] ** 2)
        none = np.zeros(len(own) + len(run))
        return np.r_[mean, none], np.r_[variance, own, run]

    def design(self, antenna: Ints, device: Ints, run: Ints) -> Floats:
        """Give rows of the design."""
        named = ((antenna, self.antennas), (device, self.devices), (run, self.runs))
        return np.column_stack([every[:, None] == own[None, :] for every, own in named]) * 1.0

    def rigs(self, found: Floats, variance: Floats) -> Rigs:
        """Take what was found for the columns, and its variance."""
        offset = TYPICAL_DB - TYPICAL_DB[self.reference]
        spread = np.hypot(TYPICAL_SD_DB, TYPICAL_SD_DB[self.reference])
        spread[self.reference] = 0.0
        size = len(self.antennas)
        offset[self.antennas], spread[self.antennas] = found[:size], np.sqrt(variance[:size])
        devices, runs = np.split(found[size:], [len(self.devices)])
        return Rigs(
            self.reference, tuple(offset.tolist()), tuple(spread.tolist()),
            dict(zip(self.devices.tolist(), devices.tolist(), strict=True)),
            dict(zip(self.runs.tolist(), runs.tolist(), strict=True)),
        )  # fmt: skip


def reference_of(place: Ints, antenna: Ints) -> int:
    """Choose the antenna whose levels are told.

    Examples
    --------
    >>> ANTENNAS[reference_of(np.arange(40), np.where(np.arange(40) < 35, 6, 4))]
    'in-train'
    """
    numbers, count = _places(place, antenna)
    often = numbers[count >= FEW]
    if len(often):
        return int(often.min())
    return int(numbers[np.argmax(count)]) if len(numbers) else Rigs.reference


def columns_of(reference: int, place: Ints, antenna: Ints, device: Ints, run: Ints) -> Columns:
    """Choose the offsets that measurements can tell.

    Examples
    --------
    >>> place = np.arange(40)
    >>> car, train = np.full(40, 4), np.full(40, 6)
    >>> made = columns_of(4, place, np.where(place < 35, car, train), car, np.zeros(40, int))
    >>> made.antennas.tolist(), made.devices.tolist(), made.runs.tolist()
    ([6], [4], [])
    """
    numbers, loose = np.unique(antenna), RUN_SD_DB[antenna] > 0
    return Columns(
        reference, numbers[numbers != reference], _many(place, device, device >= 0),
        _many(place, run, loose),
    )  # fmt: skip


def _places(place: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Give numbers that occur, ascending, and in how many places each does."""
    pairs = np.unique(np.column_stack([number, place]), axis=0)
    return np.unique(pairs[:, 0], return_counts=True)


def _many(place: Ints, number: Ints, some: NDArray[np.bool_]) -> Ints:
    numbers, count = _places(place[some], number[some])
    enough = np.flatnonzero(count >= MANY)
    most = enough[np.argsort(-count[enough], kind="stable")][:_MOST]
    return np.sort(numbers[most])
