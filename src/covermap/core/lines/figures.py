"""Official chainage as people write it: K12+300, DK105+020.5, equations of two figures."""

from __future__ import annotations

import re
import unicodedata

_FIGURE = re.compile(r"^([A-Z]*)(\d{1,5})(?:\+(\d{1,4}(?:\.\d+)?))?$|^([A-Z]*)(\d{1,5}\.\d+)$")


def parse_official(text: str) -> tuple[str, float] | None:
    """Read an official figure: letters before it, and metres; None where it is not one.

    `K12+300`, `DK105+020.5`, `YK3+000`, `12+300`, `K12` and `12.3` (kilometres) are read, with
    full-width signs, spaces and the words 公里 and 千米 too. Metres after the plus sign are below
    1000, except where a count was mended on the spot (`K10+1350` is 11,350 m).

    Examples
    --------
    >>> parse_official("DK105+020.5"), parse_official("K12"), parse_official("12.3 km")
    (('DK', 105020.5), ('K', 12000.0), ('', 12300.0))
    >>> parse_official("K12+30+5") is None
    True
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    plain = re.sub(r"\s|KM$|公里|千米", "", plain)
    found = _FIGURE.match(plain)
    if found is None:
        return None
    prefix, kilometres, metres, prefix_km, decimal = found.groups()
    if decimal is not None:
        return prefix_km, round(float(decimal) * 1000.0, 6)
    return prefix, float(kilometres) * 1000.0 + float(metres or 0.0)


def parse_post(text: str) -> list[tuple[str, float]] | None:
    """Read a post: one figure, or an equation of two (`K10+000=K10+350`: back = ahead).

    The figure ahead of an equation takes the letters of the figure back if it has none.

    Examples
    --------
    >>> parse_post("K10+000=K10+350"), parse_post("K7=")
    ([('K', 10000.0), ('K', 10350.0)], None)
    """
    sides = [parse_official(part) for part in unicodedata.normalize("NFKC", text).split("=")]
    if len(sides) > 2 or any(side is None for side in sides):
        return None
    made = [side for side in sides if side is not None]
    if len(made) == 2 and not made[1][0]:
        made[1] = (made[0][0], made[1][1])
    return made
