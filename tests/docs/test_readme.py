"""What the README shows is run, and gives what it shows.

A fenced block marked ``console`` is a session: lines that begin with ``$ `` are commands, the lines
after them are what they print; ``...`` stands for anything. The sessions of one README run in order
in one empty folder. The Chinese README must show the same commands.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from covermap.service import Settings, create_app
from covermap.steps.export import KINDS
from covermap.tables import TABLES

FENCE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    command: str
    output: str


def sessions(text: str) -> list[Shown]:
    found = []
    for block in FENCE.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = command[:-1].rstrip() + " " + more.strip()
            found.append(Shown(command, output.rstrip()))
    return found


def fits(expected: str, printed: str) -> bool:
    """Whether what was printed is what was expected, `...` standing for anything."""
    pattern = ".*".join(re.escape(piece) for piece in _tidy(expected).split("..."))
    return re.fullmatch(pattern, _tidy(printed), flags=re.DOTALL) is not None


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def test_the_comparison_can_fail() -> None:
    assert fits("a ... c", "a b c")
    assert not fits("a ... c", "a b d")
    assert not fits("", "something")


def test_every_command_gives_what_the_readme_shows(project: Path, tmp_path: Path) -> None:
    shown = sessions((project / "README.md").read_text(encoding="utf-8"))
    assert len(shown) > 5
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    for one in shown:
        done = subprocess.run(
            one.command, shell=True, cwd=tmp_path, env=environment, text=True, timeout=300,
            capture_output=True,
        )  # fmt: skip
        printed = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        assert fits(one.output, printed), f"$ {one.command}\n{printed}\n{done.stderr}"


def test_the_chinese_readme_shows_the_same_commands(project: Path) -> None:
    english = sessions((project / "README.md").read_text(encoding="utf-8"))
    chinese = sessions((project / "README.zh-CN.md").read_text(encoding="utf-8"))
    assert [s.command for s in chinese] == [s.command for s in english]


def test_every_command_of_the_program_is_in_the_readme(project: Path) -> None:
    printed = subprocess.run(
        [shutil.which("covermap", path=str(Path(sys.executable).parent)) or "covermap", "--help"],
        text=True, capture_output=True, check=True,
    ).stdout  # fmt: skip
    commands = re.findall(r"^  ([a-z]+)  ", printed.partition("Commands:")[2], re.MULTILINE)
    assert "build" in commands
    for name in ("README.md", "README.zh-CN.md"):
        text = (project / name).read_text(encoding="utf-8")
        missing = [c for c in commands if f"covermap {c}" not in text]
        assert missing == [], f"{name} does not tell of: {missing}"


def test_every_room_of_the_house_is_in_the_picture(project: Path) -> None:
    text = (project / "README.md").read_text(encoding="utf-8")
    for path in sorted((project / "src" / "covermap").iterdir()):
        if path.name.startswith(("_", ".")):
            continue
        assert path.name in text, f"README's house does not show {path.name}"


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CHANGELOG.md"])
def test_no_path_of_a_machine_is_told(project: Path, name: str) -> None:
    text = (project / name).read_text(encoding="utf-8")
    assert "/root/" not in text
    assert "/work/" not in text


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_address_of_the_service_is_told(project: Path, name: str, tmp_path: Path) -> None:
    text = (project / name).read_text(encoding="utf-8")
    paths = create_app(Settings(tmp_path)).openapi()["paths"]
    assert "/api/lines/{line_id}/profile" in paths
    assert [path for path in paths if f"`{path}`" not in text] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_table_and_kind_of_export_about_lines_is_told(project: Path, name: str) -> None:
    text = (project / name).read_text(encoding="utf-8")
    about = ("line", "segment", "section", "station", "structure", "post", "network", "settling")
    tables = [table for table in TABLES if table.startswith(about)]
    assert len(tables) > 8
    assert [table for table in tables if f"`{table}`" not in text] == []
    (kinds,) = re.findall(r"`covermap export ([a-z\\|-]+) \[DIR\]", text)
    assert set(kinds.split("\\|")) == set(KINDS)
