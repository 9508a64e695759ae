"""The command line: one clear line for every mistake, and the exit code that fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from commands import covermap


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does, with imports, streams and exit code of its own."""
    command = [sys.executable, "-c", "from covermap.cli import main; main()", *arguments]
    return subprocess.run(command, text=True, capture_output=True, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["build", "--nope"], "No such option: --nope"),
        (["nope"], "No such command 'nope'"),
        (["build", "/does/not/exist"], "covermap new /does/not/exist"),
        (["build", "--workers", "0"], "workers"),
        (["serve", "/does/not/exist"], "not"),
        (["export", "weak-spots", "/does/not/exist", "--to", "x.csv"], "not"),
        (["check", "/does/not/exist"], "/does/not/exist"),
        (["rules", "show", "nope"], "nope"),
    ],
)
def test_a_mistake_is_one_clear_message_and_exit_code_2(arguments: list[str], says: str) -> None:
    said = covermap(*arguments)
    assert said.code == 2, said
    assert says in said.out + said.err


@pytest.mark.slow
def test_a_process_ends_with_the_code_and_the_message() -> None:
    done = in_a_process("build", "/does/not/exist")
    assert done.returncode == 2
    assert "covermap new /does/not/exist" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_help_tells_every_command_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    said = covermap("--help").out
    for command in ("build", "check", "export", "lines", "new", "rules", "serve", "simulate"):
        assert f"  {command} " in said


def test_every_command_has_help() -> None:
    for command in ("build", "check", "export", "lines", "new", "rules", "serve", "simulate"):
        said = covermap(command, "--help")
        assert said.code == 0
        assert "Usage: " in said.out


def test_a_new_workspace_is_a_commented_file_that_loads(tmp_path: Path) -> None:
    folder = tmp_path / "space"
    done = covermap("new", folder)
    assert done.code == 0, done.err
    text = (folder / "covermap.toml").read_text(encoding="utf-8")
    assert text.count("#") > 20
    assert "@" not in text.replace("example.org/{z}", "")
    again = covermap("new", folder)
    assert again.code == 2
    assert "left as it is" in again.err
    empty = covermap("build", folder)
    assert empty.code == 2
    assert "covermap check FILE" in empty.err


def test_a_fault_of_the_program_is_no_traceback_either(tmp_path: Path) -> None:
    code = (
        "import sys; from covermap.cli import app as a; import covermap.cli.new as n\n"
        "def broken(*_): raise ZeroDivisionError('x')\n"
        "n.write_text = broken\n"
        f"sys.argv = ['covermap', 'new', {str(tmp_path / 'w')!r}]\n"
        "from covermap.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert done.returncode == 70
    assert "COVERMAP_DEBUG=1" in done.stderr
    assert "Traceback" not in done.stderr
