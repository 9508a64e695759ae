"""Builds on a file system that is really full: what was there stays, and one line says why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from covermap.errors import BuildError
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from made_rasters import write_raster
from small_disks import leave_free, small_disk
from workspaces import make_workspace, table_bytes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ONE = BuildOptions(workers=1)
PEOPLE = '\n[population]\nfiles = ["raw/people.tif"]\nkind = "count"\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace on a small disk, built once, to which a log and people were added since."""
    folder = tmp_path_factory.mktemp("full")
    with small_disk(folder / "disk", 64) as disk:
        root = make_workspace(disk / "w", runs=2)
        build(root, ONE)
        more = make_workspace(folder / "more", runs=3)
        shutil.copy(more / "raw" / "run2.csv", root / "raw")
        write_raster(root / "raw" / "people.tif", np.full((40, 40), 7.0), 120.0, 32.0, 0.05)
        (root / "covermap.toml").write_text((root / "covermap.toml").read_text() + PEOPLE)
        yield root


def test_whatever_step_meets_the_full_disk_the_build_before_stays(served: Path) -> None:
    space = Workspace(served)
    before = (space.current_id, table_bytes(space.current().folder))
    told, names = [], []
    for kilobytes in (0, 16, 64, 120, 200, 300, 500, 800, 1200, 2000, 4000):
        filler = leave_free(served.parent, kilobytes)
        try:
            build(served, ONE)
        except BuildError as error:
            told.append(str(error))
            names.append({p.name.split("-")[0] for p in space.cache.iterdir()})
        else:
            break
        finally:
            filler.unlink()
        assert (space.current_id, table_bytes(space.current().folder)) == before
        assert list(served.rglob(".*.part")) == []
        assert [p.name for p in space.builds.iterdir()] == [before[0]]
    assert space.current_id != before[0], "the build goes through in the end"
    assert len(told) >= 4
    for text in told:
        assert "\n" not in text
        assert "the disk is full" in text
        assert "MB" in text
        assert "covermap build" in text
    assert "tiles of this build need about" in told[-1]
    assert {"people"} <= names[-1], "the full disk was met after the people were counted, too"
