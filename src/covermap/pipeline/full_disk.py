"""A disk that fills during a build: cleared up and told in one line, the old build untouched."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from covermap.errors import BuildError
from covermap.pipeline.publish import sweep
from covermap.store import Workspace


@contextmanager
def full_disk_told(space: Workspace) -> Iterator[None]:
    """Remove what is half done when the disk is full, and say so.

    Raises
    ------
    BuildError
        The disk is full.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if not _is_full(error):
            raise
        sweep(space)
        raise _told(space) from None


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return os.strerror(errno.ENOSPC) in str(error)  # as Arrow and DuckDB pass it on


def _told(space: Workspace) -> BuildError:
    free = shutil.disk_usage(space.root).free / 1e6
    return BuildError(
        f"{space.root}: the disk is full ({free:,.0f} MB left after clearing up). What was built "
        "before is untouched, and steps that were done are kept. Free some space there and run "
        "`covermap build` again."
    )
