"""Times as logs write them: epoch numbers, ISO 8601 and its relatives, or a declared pattern."""

from __future__ import annotations

import numpy as np
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
ZONED = CALENDAR.removesuffix("?$") + "$"


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
    times = Times(unit, shown)
    times.see(values)
    return times.parse(values), times.kind


class Times:
    """Times of one file, seen some at a time: what they are follows from all of them.

    Parameters
    ----------
    unit, shown
        As for :func:`parse_times`; raises as it does.
    """

    def __init__(self, unit: str | None, shown: str) -> None:
        if unit is not None and unit not in (*EPOCHS, "iso") and "%" not in unit:
            raise FormatError(
                f"{shown}: units: time = {unit!r}; it can be s, ms, us, ns, iso or a pattern such "
                "as '%d.%m.%Y %H:%M:%S'."
            )
        self._unit, self._shown = unit, shown
        self._rows = self._given = False
        self._numbers = unit is None or unit in EPOCHS
        self._zoned = False
        self._by_size = np.zeros(len(EPOCHS), np.int64)

    def see(self, values: pa.Array) -> None:
        """Take more values into account."""
        self._rows = self._rows or len(values) > 0
        if self._unit in EPOCHS or self._patterned:
            return
        self._given = self._given or values.null_count < len(values)
        if self._numbers:
            written = pc.match_substring_regex(values, NUMBER)
            self._numbers = bool(pc.all(pc.fill_null(written, True), min_count=0).as_py())
        if self._numbers:
            self._by_size += _sizes(values)
        elif not self._zoned:
            zone = pc.match_substring_regex(values, ZONED)
            self._zoned = bool(pc.any(zone).as_py())

    @property
    def _patterned(self) -> bool:
        return self._unit is not None and "%" in self._unit

    @property
    def _epoch(self) -> bool:
        return self._unit in EPOCHS or (self._unit is None and self._numbers and self._given)

    @property
    def kind(self) -> TimeKind:
        """Whose clock it is, by all that was seen."""
        if self._patterned:
            return "local"
        if self._epoch or self._zoned:
            return "utc"
        return "local" if self._rows else "none"

    def parse(self, values: pa.Array) -> pa.Array:
        """Read values as int64 ms since 1970, by all that was seen; null where one is not read."""
        if self._patterned:
            return _by_pattern(values, str(self._unit), self._shown)
        if self._epoch:
            return _epoch(values, EPOCHS[self._unit or self._magnitude])
        return _calendar(values, zoned=self._zoned)

    @property
    def _magnitude(self) -> str:
        """Tell s, ms, us or ns by the middle value: 1973 to 5138 are told apart without a doubt."""
        below = np.cumsum(self._by_size) * 2 >= self._by_size.sum()
        return list(EPOCHS)[int(np.argmax(below))]


def _sizes(values: pa.Array) -> np.ndarray:
    """Count numbers that can be s, ms, us and ns since 1970 by their size."""
    numbers = np.abs(values.drop_null().cast(pa.float64()).to_numpy(zero_copy_only=False))
    return np.bincount(np.digitize(numbers, (1e11, 1e14, 1e17)), minlength=len(EPOCHS))


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


def _epoch(values: pa.Array, factor: float) -> pa.Array:
    readable = pc.match_substring_regex(values, NUMBER)
    text = pc.if_else(readable, pc.utf8_ltrim(values, "+"), pa.scalar(None, pa.string()))
    number = text.cast(pa.float64())
    scaled = pc.round(pc.multiply(number, factor))
    sane = pc.less(pc.abs(scaled), 2.0**53)
    rounded = pc.if_else(sane, scaled, pa.scalar(None, pa.float64())).cast(pa.int64())
    integer = pc.match_substring_regex(text, r"^-?\d{1,18}$")
    fits = pc.and_(integer, pc.less(pc.abs(number), 2.0**62 / max(factor, 1.0)))
    whole = pc.if_else(fits, text, pa.scalar(None, pa.string())).cast(pa.int64())
    if factor >= 1:
        return pc.coalesce(pc.multiply(whole, int(factor)), rounded)
    return pc.coalesce(pc.divide(whole, round(1 / factor)), rounded)


def _calendar(values: pa.Array, *, zoned: bool) -> pa.Array:
    """Read calendar times; where some of the file have a zone, those without are not read."""
    found = pc.extract_regex(values, CALENDAR)
    if found.null_count == len(found):
        return pa.nulls(len(values), pa.int64())
    part = {
        name: pc.struct_field(found, name) for name in ("y", "mo", "d", "h", "mi", "s", "f", "z")
    }
    two = {n: pc.utf8_lpad(part[n], 2, "0") for n in ("mo", "d", "h", "mi", "s")}
    date = pc.binary_join_element_wise(part["y"], two["mo"], two["d"], "-")
    time = pc.binary_join_element_wise(two["h"], two["mi"], two["s"], ":")
    clock = parse_clock(pc.binary_join_element_wise(date, time, " "), "%Y-%m-%d %H:%M:%S")
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(part["f"], 3, "0"), 0, 3).cast(pa.int64())
    ms = pc.subtract(pc.add(clock, fraction), _offset_ms(part["z"]))
    if not zoned:
        return ms
    return pc.if_else(pc.not_equal(part["z"], ""), ms, pa.scalar(None, pa.int64()))


def _offset_ms(zone: pa.Array) -> pa.Array:
    """Offset from UTC in ms: `+08:00`, `+0800`, `+08`; `Z` and none are 0."""
    digits = pc.replace_substring(zone, ":", "")
    numeric = pc.match_substring_regex(digits, r"^[+-]")
    filled = pc.if_else(numeric, pc.utf8_rpad(digits, 5, "0"), "+0000")
    hours = pc.utf8_slice_codeunits(filled, 1, 3).cast(pa.int64())
    minutes = pc.utf8_slice_codeunits(filled, 3, 5).cast(pa.int64())
    size = pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60_000)
    return pc.if_else(pc.starts_with(filled, "-"), pc.negate(size), size)
