"""Statistical codes of villages: 12 digits, 2 province + 2 city + 2 county + 3 township + 3."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

DIGITS = {"province": 2, "city": 4, "county": 6, "township": 9}
"""Leading digits that name a region of each level."""
PATTERN = r"^\d{12}$"


def regions_of(codes: pa.Array) -> dict[str, pa.Array]:
    """Code of the province, city, county and township of each village; null: not such a code.

    Examples
    --------
    >>> regions_of(pa.array(["110101001002", "SIM1"]))["county"].to_pylist()
    ['110101', None]
    """
    told = pc.match_substring_regex(codes, PATTERN)
    known = pc.if_else(told, codes, pa.scalar(None, pa.string()))
    return {level: pc.utf8_slice_codeunits(known, 0, digits) for level, digits in DIGITS.items()}


def as_written(codes: pa.Array) -> pa.Array:
    """Codes of regions without the zeros that fill them up: 110000 is province 11.

    Examples
    --------
    >>> as_written(pa.array(["110000", "110101", "320500000000"])).to_pylist()
    ['11', '110101', '3205']
    """
    short = pc.replace_substring_regex(codes, r"^(\d{9})000$", r"\1")
    short = pc.replace_substring_regex(short, r"^(\d{6})000$", r"\1")
    return pc.replace_substring_regex(short, r"^(\d{2}|\d{4})(?:00)+$", r"\1")
