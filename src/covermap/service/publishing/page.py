"""The page of a published map: the built web map, told that it is published, and how to host it."""

from __future__ import annotations

import html
import re
import shutil
from importlib.resources import files
from pathlib import Path

from covermap.errors import PublishError
from covermap.service.protection import content_policy
from covermap.service.publishing.place import CONTENTS
from covermap.service.snapshot import Snapshot

_ONLY_IN_HEADERS = re.compile(r"; frame-ancestors [^;]*")
"""Browsers do not take it from a page."""
_AFTER = '<meta charset="utf-8" />'
"""A page must name its charset first."""


def write_page(folder: Path, static: Path, snapshot: Snapshot) -> None:
    """Copy the built map and mark its page as published.

    Raises
    ------
    PublishError
        The page is not one of the built map.
    """
    shutil.copytree(static, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    index = folder / "index.html"
    page = index.read_text(encoding="utf-8")
    if _AFTER not in page:
        raise PublishError(f"{static / 'index.html'}: not the built map. Build it again.")
    index.write_text(page.replace(_AFTER, _AFTER + _marks(snapshot), 1), encoding="utf-8")
    told = files("covermap.service.publishing").joinpath("hosting.txt").read_text("utf-8")
    (folder / "README.txt").write_text(told.replace("BUILD", snapshot.id), encoding="utf-8")


def _marks(snapshot: Snapshot) -> str:
    """Tell the page where its contents are listed, and to ask no other host."""
    policy = html.escape(_ONLY_IN_HEADERS.sub("", content_policy(snapshot.basemap)), quote=False)
    return (
        f'\n    <meta http-equiv="Content-Security-Policy" content="{policy}" />'
        f'\n    <meta name="covermap-published" content="{CONTENTS}" />'
    )
