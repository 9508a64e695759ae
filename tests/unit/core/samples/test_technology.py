import numpy as np
import pyarrow as pa
import pytest

from covermap.core.samples.technology import (
    BLANK,
    NAMES,
    UNKNOWN,
    majority,
    operator_name,
    operators,
    technology_codes,
)

SPELLINGS = {
    "gsm": ["2G", "GSM", "Gsm", "GPRS", "EDGE", "gsm"],
    "umts": ["3G", "UMTS", "Wcdma", "HSPA", "HSPA+", "HSDPA", "HSUPA", "TD-SCDMA", "TDSCDMA"],
    "lte": ["4G", "LTE", "Lte", "LTE-A", "LTE_CA", "LTE-M", " lte "],
    "nr": ["5G", "NR", "NRNSA", "5G NSA", "5G_SA", "NR-SA", "EN-DC"],
    "nbiot": ["NB-IoT", "NBIOT", "nb_iot", "Cat-NB1"],
    "redcap": ["RedCap", "NR RedCap"],
    "none": ["--", "NO_COVERAGE", "No service", "none"],
}


@pytest.mark.parametrize(
    ("name", "written"), [(n, w) for n, words in SPELLINGS.items() for w in words]
)
def test_every_spelling_has_its_technology(name, written):
    (code,) = technology_codes(pa.array([written]))
    assert NAMES[code] == name


@pytest.mark.parametrize("written", [None, "", "-", "N/A", "unknown"])
def test_a_placeholder_names_no_technology(written):
    assert technology_codes(pa.array([written], pa.string())).tolist() == [BLANK]


@pytest.mark.parametrize("written", ["EVDO", "CDMA", "WLAN", "6G", "4"])
def test_what_is_no_3gpp_technology_is_unknown(written):
    assert technology_codes(pa.array([written])).tolist() == [UNKNOWN]


def test_codes_of_chunked_columns_follow_the_rows():
    column = pa.chunked_array([["4G", None], ["2G"], []], pa.string())
    assert NAMES[technology_codes(column)[[0, 2]]].tolist() == ["lte", "gsm"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("46000", "46000"), ("460-00", "46000"), ("460 00", "46000"), ("2621", "26201"),
        ("310260", "310260"), ("00101", "00101"), ("Orange", "Orange"), (" Yas ", "Yas"),
    ],
)  # fmt: skip
def test_plmn_identities_become_digits_and_names_stay(written, name):
    assert operator_name(written, {}) == name


@pytest.mark.parametrize("written", ["0", "00000", "12", "999999999", "17203", "-1"])
def test_digits_that_are_no_plmn_are_junk(written):
    assert operator_name(written, {}) == ""


@pytest.mark.parametrize("written", ["", "-", "--", "NO_COVERAGE", "null", "No Service"])
def test_placeholders_name_no_operator(written):
    assert operator_name(written, {}) is None


def test_aliases_hold_for_the_text_as_written_and_for_its_digits():
    aliases = {"B": "27203", "27202": "27203", "0": "27205"}
    assert [operator_name(w, aliases) for w in ("B", "272-02", "0")] == ["27203", "27203", "27205"]


def test_operators_are_numbered_in_sorted_order_whatever_the_rows():
    index, names = operators(pa.array(["Yas", "60801", "Yas", "0", None]), {})
    assert names == ["60801", "Yas"]
    assert index.tolist() == [1, 0, 1, -2, -1]


def test_the_majority_is_more_than_half_of_the_rows_that_name_one():
    run = np.array([0, 0, 0, 0, 1, 1, 2])
    index = np.array([1, 1, 0, -1, 0, 1, -2])
    assert majority(index, run, 3).tolist() == [1, -1, -1]
