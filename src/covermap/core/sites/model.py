"""One model for the cells of any site table: all that a prediction needs, filled and marked.

What a table says stands. What it does not say is taken from the defaults of the cell's power class
(`classes`) and technology (`carriers`), and each such cell lists what was filled, so that a picture
drawn from defaults is never taken for one drawn from facts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.sites.carriers import TECHNOLOGY_GHZ, band_ghz, lte_ghz, nr_ghz
from covermap.core.sites.classes import (
    CLASSES,
    DEFAULTS,
    ELEMENT_DB,
    REFERENCE_DB,
    class_of_watts,
    watts,
)

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]

FILLABLE = ("ghz", "power_class", "height_m", "azimuth_deg", "tilt_deg", "wide_deg", "power")
"""What may be filled: the names in `Model.filled`."""


@dataclass(frozen=True)
class Model:
    """Cells, arrays as long as the table; nothing is missing but azimuths of round cells."""

    ghz: Floats
    power_class: Texts
    height_m: Floats
    azimuth_deg: Floats
    """NaN: the same all round, or not said (then `filled` has it)."""
    tilt_deg: Floats
    wide_deg: Floats
    high_deg: Floats
    reference_dbm: Floats
    """Radiated in the direction of the maximum, of what terminals measure: per resource element
    (RSRP), of the pilot (RSCP, umts), of the BCCH carrier (RXLEV, gsm)."""
    indoor: Flags
    filled: Flags
    """Shape (n, len(FILLABLE)): what is a default."""

    def take(self, rows: Any) -> Model:
        """Give some cells."""
        return Model(*(getattr(self, f.name)[rows] for f in fields(self)))

    def filled_names(self) -> pa.Array:
        """Give what was filled, as a list column."""
        names = np.array(FILLABLE, object)
        return pa.array([names[row].tolist() for row in self.filled], pa.list_(pa.string()))


def model_of(sites: pa.Table) -> Model:
    """Fill the cells of a table `sites`.

    - Frequency: of the channel, else the middle of the band, else the technology's commonest.
    - Class: by the carrier's power (given, or as the reference signal's implies on 10 MHz); without
      either an indoor cell is a pico, any other a macro.
    - Power: the table's EIRP, else its power and the class's gain, else the class's.
    - A tilt that is not said is 0 where the azimuth is not said either (an antenna that is round).

    Columns that the table does not have are taken as not given.
    """
    n = sites.num_rows
    filled = np.zeros((n, len(FILLABLE)), bool)
    indoor = _flags(sites, "indoor")
    share = np.array([REFERENCE_DB.get(t, ELEMENT_DB) for t in sites["technology"].to_pylist()])
    carrier = _or(_column(sites, "power_dbm") - share, _column(sites, "tx_power_dbm"))[0]
    known = class_of_watts(watts(carrier))
    filled[:, 1] = known == None  # noqa: E711 - elementwise
    taken = np.where(filled[:, 1], np.where(indoor, "pico", "macro"), known).astype(object)
    number = np.array([CLASSES.index(c) for c in taken], np.int64)
    ghz, filled[:, 0] = _frequencies(sites)
    height, filled[:, 2] = _or(_column(sites, "height_m"), _default("height_m", number))
    azimuth = _column(sites, "azimuth_deg")
    filled[:, 3] = np.isnan(azimuth)
    tilt = np.where(np.isnan(azimuth), 0.0, _default("tilt_deg", number))
    tilt, filled[:, 4] = _or(_column(sites, "tilt_deg"), tilt)
    wide, filled[:, 5] = _or(_column(sites, "beamwidth_deg"), _default("wide_deg", number))
    gain = _default("gain_dbi", number)
    given = np.where(
        np.isnan(_column(sites, "eirp_dbm")), carrier + gain, _column(sites, "eirp_dbm")
    )
    whole, filled[:, 6] = _or(given, _default("carrier_dbm", number) + gain)
    return Model(
        ghz, taken, height, azimuth, tilt, wide, _default("high_deg", number), whole + share,
        indoor, filled,
    )  # fmt: skip


def _frequencies(sites: pa.Table) -> tuple[Floats, Flags]:
    """Carrier frequencies, GHz, and which are no more than the technology's commonest."""
    arfcn = _column(sites, "arfcn")
    technology = np.array(sites["technology"].to_pylist(), object)
    band = sites["band"].to_pylist()
    out = np.full(sites.num_rows, np.nan)
    nr = np.isin(technology.astype(str), ["nr", "redcap"])
    lte = np.isin(technology.astype(str), ["lte", "nbiot"])
    out[nr], out[lte] = nr_ghz(arfcn[nr]), lte_ghz(arfcn[lte])
    of_band = np.array(
        [band_ghz(b, t) if b else np.nan for b, t in zip(band, technology, strict=True)]
    )
    out = np.where(np.isnan(out), of_band, out)
    common = np.array([TECHNOLOGY_GHZ.get(t, TECHNOLOGY_GHZ["lte"]) for t in technology])
    return _or(out, common)


def _default(name: str, number: NDArray[np.int64]) -> Floats:
    return np.array([getattr(DEFAULTS[c], name) for c in CLASSES])[number]


def _or(given: Floats, default: Floats) -> tuple[Floats, Flags]:
    missing = np.isnan(given)
    return np.where(missing, default, given), missing


def _column(sites: pa.Table, name: str) -> Floats:
    if name not in sites.column_names:
        return np.full(sites.num_rows, np.nan)
    return sites[name].cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)


def _flags(sites: pa.Table, name: str) -> Flags:
    return np.array([bool(v) for v in sites[name].to_pylist()], bool)
