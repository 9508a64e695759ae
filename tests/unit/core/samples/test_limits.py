import numpy as np
import pytest

from covermap.core.samples.limits import (
    IMPOSSIBLE,
    INAPPLICABLE,
    LIMITS,
    OK,
    SENTINEL,
    at_floor,
    field_status,
    limits_of,
)
from covermap.core.samples.technology import CODES


def status(value, field, technology):
    codes = np.array([CODES.get(technology, -1)], dtype=np.int8)
    return field_status(np.array([float(value)]), field, codes)[0]


@pytest.mark.parametrize(
    ("value", "technology", "expected"),
    [
        (-24, "umts", IMPOSSIBLE), (-25, "umts", OK),
        (-121, "umts", OK), (-122, "umts", IMPOSSIBLE),
        (-156, "lte", OK), (-157, "lte", IMPOSSIBLE), (-44, "lte", OK), (-43, "lte", IMPOSSIBLE),
        (-31, "nr", OK), (-30, "nr", IMPOSSIBLE), (-164, "lte", IMPOSSIBLE),
        (-113, "gsm", OK), (-26, "gsm", OK), (-114, "gsm", IMPOSSIBLE), (-14, "gsm", IMPOSSIBLE),
        (-140, "lte", OK), (float("nan"), "lte", OK),
    ],
)  # fmt: skip
def test_levels_end_where_the_technology_cannot_report_more(value, technology, expected):
    assert status(value, "rsrp_dbm", technology) == expected


@pytest.mark.parametrize(
    "value",
    [-200, -205, -340, 2147483647, 9223372036854775807, -2147483648, 0, 32767],
)
@pytest.mark.parametrize("technology", list(LIMITS["rsrp_dbm"]))
def test_placeholders_are_told_from_impossible_levels(value, technology):
    assert status(value, "rsrp_dbm", technology) == SENTINEL


def test_a_placeholder_inside_the_limits_of_another_field_is_a_value():
    assert status(65535, "dl_kbps", "lte") == OK
    assert status(65535, "pci", "lte") == SENTINEL
    assert status(0, "sinr_db", "lte") == OK
    assert status(-1, "sinr_db", "lte") == OK
    assert status(-1, "pci", "lte") == SENTINEL


def test_gsm_has_no_rsrq():
    assert status(3, "rsrq_db", "gsm") == INAPPLICABLE


def test_a_row_without_a_technology_has_the_widest_range():
    low, high = limits_of("rsrp_dbm", np.array([-1, -2, CODES["none"]], dtype=np.int8))
    assert low.tolist() == [-156.0] * 3
    assert high.tolist() == [-15.0] * 3


def test_the_floor_is_the_technologys_own():
    codes = np.array([CODES[t] for t in ("lte", "gsm", "lte", "umts")], dtype=np.int8)
    levels = np.array([-140.0, -113.0, -113.0, -120.0])
    assert at_floor(levels, codes).tolist() == [True, True, False, True]
