"""The `covermap simulate` command: what it makes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from covermap.cli.app import main
from covermap.workspace import load_config


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["covermap", "simulate", *words])
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


RECIPE = """
title = "Tiny (simulated)"
[area]
west = 119.9
south = 31.4
east = 120.2
north = 31.6
[[operators]]
plmn = "46000"
name = "a"
name_zh = "b"
color = "#000000"
[[lines]]
id = "road"
line_class = "road"
name = "r"
via = [[120.0, 31.5], [120.1, 31.5]]
[[runs]]
name = "drive"
kind = "drive"
format = "gnettrack"
lines = ["road"]
"""


def test_it_makes_a_workspace_and_says_that_it_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    root = tmp_path / "w"
    words = (str(root), "--recipe", str(tmp_path / "tiny.toml"), "--samples", "300")
    code, out, _ = run(monkeypatch, capsys, *words)
    assert code == 0
    assert "300 records" in out
    assert "simulated" in out
    config = load_config(root)
    assert config.workspace.simulated
    assert (root / "truth" / "segments.parquet").is_file()
    assert not (root / ".simulate.part").exists()
    code, _, _ = run(monkeypatch, capsys, *words, "--seed", "9")
    assert code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--samples", "5"), "--samples 5"),
        (("--seed", "-1"), "--seed -1"),
        (("--recipe", "nothing"), "no recipe 'nothing'"),
        (("--recipe", "noise-free", "--samples", "1000"), "whole rounds"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    says: str,
) -> None:
    code, _, err = run(monkeypatch, capsys, str(tmp_path / "w"), *words)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert not (tmp_path / "w").exists()


def test_a_folder_with_other_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("precious")
    code, _, err = run(monkeypatch, capsys, str(tmp_path))
    assert code == 2
    assert "not a simulated workspace" in err
    assert (tmp_path / "mine").read_text() == "precious"
