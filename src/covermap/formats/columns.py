"""Delimited text and its columns, found by the names that are usual for them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from covermap.errors import FormatError, InputError


def plain(name: object) -> str:
    """Bring a column's name into the form in which names are compared: Edge ID is edgeid."""
    return "".join(c for c in str(name).lower() if c.isalnum())


def find_column(
    path: Path, frame: pd.DataFrame, likely: Sequence[str], named: str | None
) -> str | None:
    """Give the column that is named, else the first of the likely names; None: there is none.

    Raises
    ------
    FormatError
        The column that was named is not there.
    """
    columns = {plain(c): str(c) for c in reversed(list(frame.columns))}
    if named is not None:
        if plain(named) not in columns:
            there = ", ".join(map(str, frame.columns))
            raise FormatError(f"{path}: no column {named!r}; there are {there}.")
        return columns[plain(named)]
    return next((columns[name] for name in likely if name in columns), None)


def read_delimited(path: Path) -> pd.DataFrame:
    """Read text separated by tabs, commas, semicolons or bars; every value as text.

    Raises
    ------
    InputError, FormatError
        There is no such file, or it is empty or not such text.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        counts = {mark: header.count(mark) for mark in "\t,;|"}
        mark = max(counts, key=lambda m: counts[m])
        if counts[mark] == 0:
            raise FormatError(f"{path}: line 1 names no columns separated by tab, comma or ;.")
        frame = pd.read_csv(
            path, sep=mark, dtype=str, encoding="utf-8-sig", keep_default_na=False,
            index_col=False, quoting=csv.QUOTE_MINIMAL, skipinitialspace=True,
        )  # fmt: skip
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        text = str(error).strip().splitlines()[0]
        raise FormatError(f"{path}: is not delimited text: {text}") from error
    if frame.empty:
        raise FormatError(f"{path}: has no rows under its header.")
    frame.columns = [str(c).strip() for c in frame.columns]
    return frame
