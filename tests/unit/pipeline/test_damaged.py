"""A file of a build that is damaged: what is advised makes the build whole again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from covermap.errors import BuildError
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace, read_table
from workspaces import make_workspace, table_bytes

pytestmark = pytest.mark.slow

ONE = BuildOptions(workers=1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("damaged") / "w", runs=2)
    build(root, ONE)
    return root


def damage(path: Path) -> None:
    """Change one byte of the footer in place: in every link of the file."""
    with path.open("r+b") as stream:
        stream.seek(-20, 2)
        byte = stream.read(1)
        stream.seek(-20, 2)
        stream.write(bytes([byte[0] ^ 0xFF]))
        stream.seek(-6, 2)
        stream.write(b"\xff\xff")


def advised(text: str) -> list[Path]:
    found = re.search(
        r"Delete the folders?(?: that share it,)? (.+) and run `covermap build`", text
    )
    assert found is not None, text
    return [Path(p) for p in found.group(1).split()]


@pytest.mark.parametrize("name", ["cell_evidence", "samples", "cell_verdicts", "rejected"])
def test_following_the_advice_makes_the_published_build_whole(built: Path, name: str) -> None:
    current = Workspace(built).current()
    before = table_bytes(current.folder)
    path = current.parts(name)[0]
    assert path.stat().st_nlink > 1, "a build is linked from the cache"
    damage(path)
    with pytest.raises(BuildError) as told:
        read_table(path)
    folders = advised(str(told.value))
    assert current.folder in folders
    for folder in folders:
        shutil.rmtree(folder)
    again = build(built, ONE)
    assert again.id == current.id
    assert table_bytes(again.folder) == before
    Workspace(built).current().read(name)


def test_the_damage_is_told_by_the_next_build_with_the_same_advice(built: Path) -> None:
    current = Workspace(built).current()
    path = current.parts("samples")[0]
    damage(path)
    with pytest.raises(BuildError) as told:
        build(built, BuildOptions(workers=1, rules="trai"))
    folders = advised(str(told.value))
    assert {f.parent.name for f in folders} == {".cache", "builds"}
    for folder in folders:
        shutil.rmtree(folder)
    before = build(built, ONE)
    assert before.id == current.id
    Workspace(built).current().read("samples")
