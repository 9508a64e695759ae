"""The model of cells: what is given stands, what is not is filled by class and marked."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.inputs.channels import LTE_DOWNLINK
from covermap.core.sites.carriers import LTE_LOW_MHZ, band_ghz, lte_ghz, nr_ghz
from covermap.core.sites.classes import CLASSES, DEFAULTS, class_of_watts, watts
from covermap.core.sites.model import FILLABLE, model_of


def table(*rows: dict[str, object]) -> pa.Table:
    kinds = {
        "technology": pa.string(), "band": pa.string(), "indoor": pa.bool_(), "arfcn": pa.int32(),
        **dict.fromkeys(
            ("height_m", "azimuth_deg", "tilt_deg", "power_dbm", "tx_power_dbm", "beamwidth_deg",
             "eirp_dbm"), pa.float64(),
        ),
    }  # fmt: skip
    return pa.Table.from_pylist([dict.fromkeys(kinds) | row for row in rows], pa.schema(kinds))


FULL = {
    "technology": "lte", "band": "B3", "indoor": False, "arfcn": 1300, "height_m": 41.0,
    "azimuth_deg": 120.0, "tilt_deg": 3.0, "power_dbm": 15.2, "beamwidth_deg": 33.0,
}  # fmt: skip


def test_what_the_table_says_stands_and_nothing_is_marked() -> None:
    made = model_of(table(FULL))
    assert not made.filled.any()
    assert made.filled_names().to_pylist() == [[]]
    assert (made.ghz[0], made.height_m[0], made.azimuth_deg[0]) == (1.815, 41.0, 120.0)
    assert (made.tilt_deg[0], made.wide_deg[0], made.power_class[0]) == (3.0, 33.0, "macro")
    assert made.reference_dbm[0] == pytest.approx(15.2 + DEFAULTS["macro"].gain_dbi)


def test_what_is_missing_is_filled_by_class_and_named() -> None:
    made = model_of(
        table({"technology": "nr", "band": "n78"}, {"technology": "lte", "indoor": True})
    )
    assert made.power_class.tolist() == ["macro", "pico"]
    assert made.height_m.tolist() == [25.0, 3.0]
    assert made.ghz.tolist() == [3.55, 1.8425]
    assert np.isnan(made.azimuth_deg).all()
    assert made.tilt_deg.tolist() == [0.0, 0.0]
    assert made.filled_names().to_pylist() == [
        [n for n in FILLABLE if n != "ghz"], list(FILLABLE)
    ]  # fmt: skip


def test_a_sector_without_tilt_gets_its_class_tilt_and_a_round_cell_none() -> None:
    made = model_of(
        table({**FULL, "tilt_deg": None}, {**FULL, "tilt_deg": None, "azimuth_deg": None})
    )
    assert made.tilt_deg.tolist() == [6.0, 0.0]


def test_classes_are_parted_at_ten_half_and_a_tenth_of_a_watt() -> None:
    parted = class_of_watts([1e3, 10.01, 10.0, 0.5, 0.499, 0.1, 0.099, 1e-6, np.nan])
    assert parted.tolist() == [
        "macro", "macro", "micro", "micro", "pico", "pico", "femto", "femto", None,
    ]  # fmt: skip
    assert class_of_watts(watts([40.0, 20.0])).tolist() == ["micro", "pico"]


def test_the_class_follows_from_the_power_of_the_carrier_or_of_its_reference_signal() -> None:
    powers = [{"tx_power_dbm": w} for w in (46.0, 33.0, 24.0, 17.0)]
    powers += [{"power_dbm": w} for w in (18.22, 0.0)]
    made = model_of(table(*({"technology": "lte", **power} for power in powers)))
    assert made.power_class.tolist() == ["macro", "micro", "pico", "femto", "macro", "micro"]
    assert made.height_m.tolist() == [25.0, 10.0, 3.0, 1.5, 25.0, 10.0]
    assert made.reference_dbm[0] == pytest.approx(46.0 + 15.0 - 10 * math.log10(600), abs=0.01)
    assert made.reference_dbm[4] == pytest.approx(made.reference_dbm[0], abs=0.01)


def test_radiated_power_of_the_table_stands_before_power_and_gain() -> None:
    made = model_of(table({"technology": "lte", "eirp_dbm": 60.0, "tx_power_dbm": 46.0}))
    assert made.reference_dbm[0] == pytest.approx(60.0 - 27.78)
    assert not made.filled[0, FILLABLE.index("power")]


def test_older_technologies_are_measured_on_their_pilots() -> None:
    made = model_of(table(*({"technology": t, "tx_power_dbm": 43.0} for t in ("gsm", "umts"))))
    assert made.reference_dbm.tolist() == [58.0, 48.0]
    assert made.ghz.tolist() == [0.9425, 2.14]


def test_every_default_states_its_source() -> None:
    for name in CLASSES:
        assert len(DEFAULTS[name].source) > 40


def test_the_channel_gives_the_frequency_before_the_band() -> None:
    made = model_of(
        table(
            {"technology": "lte", "band": "B3", "arfcn": 6300},
            {"technology": "nr", "arfcn": 632628},
        )
    )
    assert made.ghz == pytest.approx([0.806, 3.48942])


def test_frequencies_of_channels_are_those_of_the_3gpp_tables() -> None:
    # TS 36.101 table 5.7.3-1: the first channel of a band lies at its lowest frequency.
    first = {n: a for n, a, _ in LTE_DOWNLINK}
    for band, low in LTE_LOW_MHZ.items():
        assert float(lte_ghz(np.array([float(first[band])]))[0]) == pytest.approx(low / 1000)
    # Edges of NR bands, TS 38.104 table 5.2-1: n1, n28, n41, n77, n78, n79 (MHz).
    edges = {422000: 2110, 151600: 758, 499200: 2496, 680000: 4200, 653333: 3800, 693334: 4400}
    for arfcn, mhz in edges.items():
        assert float(nr_ghz(np.array([float(arfcn)]))[0]) == pytest.approx(mhz / 1000, abs=1e-5)


def test_a_band_that_nobody_knows_has_no_frequency() -> None:
    assert math.isnan(band_ghz("X9"))
    assert math.isnan(band_ghz("B99"))
    assert (band_ghz("n28"), band_ghz("B40"), band_ghz("GSM1800")) == (0.7805, 2.35, 1.8425)
