"""A disk that fills during a build: cleared up and told in one line, the old build untouched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from covermap.errors import BuildError
from covermap.files import disk_is_full, shown_free
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
        if not disk_is_full(error):
            raise
        sweep(space)
        raise BuildError(
            f"{space.root}: the disk is full ({shown_free(space.root)} left after clearing up). "
            "What was built before is untouched, and steps that were done are kept. Free some "
            "space there and run `covermap build` again."
        ) from None
