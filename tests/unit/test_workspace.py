"""`covermap.toml`: what is wrong is named, with the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from covermap.errors import ConfigError
from covermap.workspace import Config, input_files, load_config

GOOD = """
[[measurements]]
name = "a"
files = ["*.txt"]
format = "gnettrack"
source = "drive"
"""


def load(tmp_path: Path, text: str) -> Config:
    (tmp_path / "covermap.toml").write_text(text, encoding="utf-8")
    return load_config(tmp_path)


def test_a_declaration_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    assert config.measurements[0].format == "gnettrack"
    assert config.grid.resolution == 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("format", "formt"), r"unknown key 'formt'; did you mean 'format'\?"),
        ("[gird]\nresolution = 9", r"unknown key 'gird'; did you mean 'grid'\?"),
        (GOOD + "timezone = 'Mars/Base'", "not an IANA time zone"),
        (GOOD + "datum = 'wgs72'", "datum = 'wgs72'"),
        ("[grid]\nresolution = 19", "resolution = 19"),
        (GOOD + GOOD, "two inputs are named 'a'"),
        ("[grid", "not valid TOML"),
        (GOOD.replace('name = "a"', 'name = "A b"'), "name = 'A b'"),
        (GOOD.replace('files = ["*.txt"]', ""), "'files' is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, text)


def test_a_folder_without_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="covermap new"):
        load_config(tmp_path)


def test_a_glob_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="matches no file"):
        input_files(tmp_path, ("raw/*.txt",), "here")


@pytest.mark.parametrize("pattern", ["", "a/**b/c", "/"])
def test_a_bad_glob_is_an_error_and_never_a_traceback(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError):
        input_files(tmp_path, (pattern,), "here")


def test_globs_reach_beside_the_workspace_and_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text("x")
    found = input_files(tmp_path / "w", ("../*.txt", "../a.txt"), "here")
    assert [p.name for p in found] == ["a.txt", "b.txt"]


def test_a_simulated_workspace_marks_every_input(tmp_path: Path) -> None:
    config = load(tmp_path, "[workspace]\nsimulated = true\n" + GOOD)
    assert config.measurements[0].simulated


@pytest.mark.parametrize("address", ["s3a://bucket/logs/*.csv", "hdfs://node:8020/x.csv"])
def test_an_address_of_an_object_store_is_told_what_to_mount(tmp_path, address):
    with pytest.raises(ConfigError, match=r"is no path.*Mount the store .* name that path"):
        input_files(tmp_path, (address,), "covermap.toml [[measurements]] 'a'")
    with pytest.raises(ConfigError, match=r"is no path.*Mount the store"):
        load_config(Path(address))
