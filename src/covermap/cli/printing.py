"""Tables of figures as text, CSV or JSON; what is not known is said, never a zero."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.cells import cell_len

from covermap.errors import NotKnownError
from covermap.formats.figures import decimals, plain

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

NOT_KNOWN = "not known"


def known(value: Any) -> bool:
    """Whether there is a value: neither None nor NaN."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def percent(share: Any) -> str:
    """Write a share as per cent.

    Examples
    --------
    >>> percent(0.875), percent(None), percent(0.9999), percent(1.0)
    ('87.5 %', 'not known', '>99.9 %', '100.0 %')
    """
    if not known(share):
        return NOT_KNOWN
    if 0.999 < share < 1:
        return ">99.9 %"
    return "<0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def interval(low: Any, high: Any) -> str:
    """Write the ends of a share's interval.

    Examples
    --------
    >>> interval(0.77, 0.96), interval(None, None)
    ('77.0-96.0 %', 'not known')
    """
    if not (known(low) and known(high)):
        return NOT_KNOWN
    return f"{100 * low:.1f}-{100 * high:.1f} %"


def kilometres(value: Any, digits: int = 1) -> str:
    """Write kilometres."""
    return f"{value:.{digits}f}" if known(value) else NOT_KNOWN


def pass_note(rules: dict[str, Any], unit: str = "line") -> str:
    """Say what P(pass) is about, under the pack's rule for lines.

    Examples
    --------
    >>> pass_note({"line": {"share": 0.95, "unmeasured": "bounded"}})
    'P(pass): that 95 % of the whole line is covered, what is not measured taken as not covered'
    >>> pass_note({"line": {"share": 0.9, "unmeasured": "excluded"}, "segment": {"runs": "each"}})
    'P(pass): that one more run by itself finds 90 % of the length measured covered'
    """
    line = rules.get("line", {})
    share = f"{100 * line['share']:g} %" if "share" in line else "the share of the rule"
    rest = f"the whole {unit}", ", what is not measured taken as not covered"
    if line.get("unmeasured") == "excluded":
        rest = "the length measured", ""
    if rules.get("segment", {}).get("runs") == "each":
        return f"P(pass): that one more run by itself finds {share} of {rest[0]} covered{rest[1]}"
    return f"P(pass): that {share} of {rest[0]} is covered{rest[1]}"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    """Print rows of texts in columns; the first `left` columns are flush left."""
    texts = [list(headings), *[list(row) for row in rows]]
    widths = [max(cell_len(row[i]) for row in texts) for i in range(len(headings))]
    for row in texts:
        cells = [
            text + " " * (width - cell_len(text))
            if i < left
            else " " * (width - cell_len(text)) + text
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())


def print_data(rows: pd.DataFrame, form: str) -> None:
    """Print rows for programs: `csv` or `json`, rounded; a missing figure is empty or null."""
    if form == "csv":
        written = rows.round({name: decimals(name) for name in rows.columns})
        typer.echo(written.to_csv(index=False, lineterminator="\n"), nl=False)
        return
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    typer.echo(json.dumps(plain(records), ensure_ascii=False, indent=1, default=str))


def check_known(value: str, values: pd.Series[Any], what: str) -> None:
    """Refuse a name that the build's lines do not have.

    Raises
    ------
    NotKnownError
        It names those that there are.
    """
    there = sorted(set(values.dropna()))
    if value not in there:
        raise NotKnownError(
            f"no {what} {value!r} in the lines of the current build: {', '.join(there) or 'none'}."
        )
