"""Commands where there is no build, a damaged one, no place to write, or a taken port."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from commands import Said, covermap
from covermap.store import Workspace


def error_of(said: Said) -> str:
    assert said.code == 2, said
    (line,) = said.errors
    return line


@pytest.mark.parametrize("command", ["export", "serve"])
def test_before_any_build_the_user_is_told_what_to_run(tmp_path: Path, command: str) -> None:
    more = ["lines", tmp_path, "--to", tmp_path / "a.csv"] if command == "export" else [tmp_path]
    assert "nothing is built yet. Run `covermap build`" in error_of(covermap(command, *more))


def test_a_taken_port_is_told_with_another_to_choose(space: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = error_of(covermap("serve", space, "--port", str(port)))
    assert f"port {port} on 127.0.0.1 is taken by another program. Choose another" in line


@pytest.mark.parametrize("inside", ["nowhere/a.csv", "w/covermap.toml/a.csv"])
def test_a_target_that_cannot_be_written_is_told(space: Path, inside: str) -> None:
    target = space.parent / inside
    assert "there is no folder" in error_of(covermap("export", "lines", space, "--to", target))


@pytest.mark.parametrize("content", [b"gone\n", b"\xff\xfe", b""])
def test_a_current_that_names_no_build_is_told(space: Path, content: bytes) -> None:
    (space / "current").write_bytes(content)
    line = error_of(covermap("export", "lines", space, "--to", space / "a.csv"))
    assert "current: names build" in line
    assert "Run `covermap build` again" in line


def test_a_damaged_manifest_is_told(space: Path) -> None:
    path = Workspace(space).current().folder / "build.json"
    path.unlink()
    path.write_text('{"id": ', encoding="utf-8")
    line = error_of(covermap("export", "lines", space, "--to", space / "a.csv"))
    assert "build.json: damaged" in line
    assert "run `covermap build` again" in line
