"""Times as logs write them: epoch numbers, ISO 8601 and its relatives, or a declared pattern."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from covermap.errors import FormatError
from covermap.formats.logs.base import TimeKind
from covermap.formats.logs.values import NUMBER, parse_clock

EPOCHS = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
CALENDAR = (
    r"^(?P<y>\d{4})[-/.年](?P<mo>\d{1,2})[-/.月](?P<d>\d{1,2})日?[T _]?\s*"
    r"(?P<h>\d{1,2})[:.时点](?P<mi>\d{2})(?:[:.分](?P<s>\d{2})秒?)?(?:[.,](?P<f>\d{1,9}))?\s*"
    r"(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?$"
)


def parse_times(values: pa.Array, unit: str | None, shown: str) -> tuple[pa.Array, TimeKind]:
    """Read times as int64 ms since 1970 and say whose clock they are.

    Parameters
    ----------
    values : pa.Array of string
        Times as written; null stays null.
    unit : str or None
        `s`, `ms`, `us`, `ns` (epoch), `iso`, or a strptime pattern with `%`. None: epoch by
        magnitude when every value is a number (below 1e11 s, 1e14 ms, 1e17 us), else ISO.
    shown : str
        Name for messages.

    Returns
    -------
    tuple of (pa.Array of int64, TimeKind)
        Null where a value cannot be read. Where some values have a zone and others none, those
        without are null: a file has one clock.

    Raises
    ------
    FormatError
        The unit is none of these.
    """
    if unit is not None and unit not in (*EPOCHS, "iso") and "%" not in unit:
        raise FormatError(
            f"{shown}: units: time = {unit!r}; it can be s, ms, us, ns, iso or a pattern such as "
            "'%d.%m.%Y %H:%M:%S'."
        )
    if unit is not None and "%" in unit:
        return _by_pattern(values, unit, shown), "local"
    if unit in EPOCHS or (unit is None and _all_numbers(values)):
        return _epoch(values, unit), "utc"
    return _calendar(values)


def _by_pattern(values: pa.Array, pattern: str, shown: str) -> pa.Array:
    if any(code in pattern for code in ("%f", "%z", "%Z")):
        raise FormatError(
            f"{shown}: units: time = {pattern!r}: a pattern has whole seconds and no zone; times "
            "with fractions or zones are read as iso."
        )
    try:
        return parse_clock(values, pattern)
    except pa.ArrowInvalid as error:
        raise FormatError(
            f"{shown}: units: time = {pattern!r} is not a pattern: {str(error).splitlines()[0]}."
        ) from None


def _all_numbers(values: pa.Array) -> bool:
    numbers = pc.match_substring_regex(values, NUMBER)
    return bool(pc.all(pc.fill_null(numbers, True)).as_py()) and values.null_count < len(values)


def _epoch(values: pa.Array, unit: str | None) -> pa.Array:
    readable = pc.match_substring_regex(values, NUMBER)
    text = pc.if_else(readable, pc.utf8_ltrim(values, "+"), pa.scalar(None, pa.string()))
    integer = pc.match_substring_regex(text, r"^-?\d{1,18}$")
    whole = pc.if_else(integer, text, pa.scalar(None, pa.string())).cast(pa.int64())
    number = text.cast(pa.float64())
    factor = EPOCHS[unit or _magnitude(number)]
    scaled = pc.round(pc.multiply(number, factor))
    sane = pc.less(pc.abs(scaled), 2.0**53)
    rounded = pc.if_else(sane, scaled, pa.scalar(None, pa.float64())).cast(pa.int64())
    if factor >= 1:
        return pc.coalesce(
            pc.multiply(whole, int(factor)) if _fits(whole, factor) else rounded, rounded
        )
    return pc.coalesce(pc.divide(whole, round(1 / factor)), rounded)


def _fits(whole: pa.Array, factor: float) -> bool:
    largest = pc.max(pc.abs(whole)).as_py() or 0
    return bool(largest * factor < 2**62)


def _magnitude(number: pa.Array) -> str:
    """Tell s, ms, us or ns by the median: 1973 to 5138 are told apart without a doubt."""
    middle = abs(pc.approximate_median(number).as_py() or 0.0)
    if middle < 1e11:
        return "s"
    return "ms" if middle < 1e14 else "us" if middle < 1e17 else "ns"


def _calendar(values: pa.Array) -> tuple[pa.Array, TimeKind]:
    found = pc.extract_regex(values, CALENDAR)
    if found.null_count == len(found):
        return pa.nulls(len(values), pa.int64()), "none" if not len(values) else "local"
    part = {
        name: pc.struct_field(found, name) for name in ("y", "mo", "d", "h", "mi", "s", "f", "z")
    }
    two = {n: pc.utf8_lpad(part[n], 2, "0") for n in ("mo", "d", "h", "mi", "s")}
    date = pc.binary_join_element_wise(part["y"], two["mo"], two["d"], "-")
    time = pc.binary_join_element_wise(two["h"], two["mi"], two["s"], ":")
    clock = parse_clock(pc.binary_join_element_wise(date, time, " "), "%Y-%m-%d %H:%M:%S")
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(part["f"], 3, "0"), 0, 3).cast(pa.int64())
    zoned = pc.not_equal(part["z"], "")
    ms = pc.subtract(pc.add(clock, fraction), _offset_ms(part["z"]))
    if not pc.any(zoned).as_py():
        return ms, "local"
    return pc.if_else(zoned, ms, pa.scalar(None, pa.int64())), "utc"


def _offset_ms(zone: pa.Array) -> pa.Array:
    """Offset from UTC in ms: `+08:00`, `+0800`, `+08`; `Z` and none are 0."""
    digits = pc.replace_substring(zone, ":", "")
    numeric = pc.match_substring_regex(digits, r"^[+-]")
    filled = pc.if_else(numeric, pc.utf8_rpad(digits, 5, "0"), "+0000")
    hours = pc.utf8_slice_codeunits(filled, 1, 3).cast(pa.int64())
    minutes = pc.utf8_slice_codeunits(filled, 3, 5).cast(pa.int64())
    size = pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60_000)
    return pc.if_else(pc.starts_with(filled, "-"), pc.negate(size), size)
