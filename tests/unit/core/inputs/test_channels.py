"""Channel numbers to bands."""

import itertools

import numpy as np
import pytest

from covermap.core.inputs.channels import LTE_DOWNLINK, NR_DOWNLINK, lte_band, nr_band


def test_every_lte_channel_lies_in_the_band_of_the_table():
    everything = np.arange(-5, 71_000)
    expected = np.zeros(everything.size, int)
    for band, first, last in LTE_DOWNLINK:
        expected[(everything >= first) & (everything <= last)] = band
    assert np.array_equal(lte_band(everything), expected)


def test_lte_ranges_do_not_overlap_and_are_in_order():
    ends = [(first, last) for _, first, last in LTE_DOWNLINK]
    assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))


@pytest.mark.parametrize(
    ("arfcn", "country", "band"),
    [
        (633984, "460", 78),
        (504990, "460", 41),
        (152650, "460", 28),
        (723360, "460", 79),
        (428000, "262", 1),
        (636000, "262", 78),
        (125400, "310", 71),
        (125400, "460", 0),
        (1, None, 0),
    ],
)
def test_nr_channels_are_given_the_band_used_in_the_country(arfcn, country, band):
    assert nr_band(arfcn, country) == band


def test_an_nr_channel_of_several_bands_is_given_none():
    assert nr_band(526000, "262") == 0
    assert [b for b, first, last in NR_DOWNLINK if first <= 526000 <= last] == [7, 41]
