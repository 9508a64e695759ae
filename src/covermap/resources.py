"""Where the files lie that are shipped beside the code: `data/` and `tiles/`.

In a wheel they are packaged as ``covermap/_resources/<kind>``; in a clone they are folders of the
project's root.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from covermap.errors import NotKnownError

Kind = Literal["data", "tiles"]


def resource(kind: Kind, name: str = "") -> Path:
    """Give the path of a shipped folder, or of one file in it.

    Raises
    ------
    NotKnownError
        The file is not there; the message names the files that are.

    Examples
    --------
    >>> resource("data", "places.csv").name
    'places.csv'
    """
    folder = _folder(kind)
    path = folder / name
    if not path.exists():
        known = ", ".join(sorted(p.name for p in folder.glob("*")))
        raise NotKnownError(f"no shipped file {kind}/{name}. There are: {known}.")
    return path


def _folder(kind: Kind) -> Path:
    package = Path(__file__).resolve().parent
    packaged = package / "_resources" / kind
    return packaged if packaged.is_dir() else package.parents[1] / kind
