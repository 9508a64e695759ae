"""`covermap export` as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

import handmade
from covermap.cli import export as command
from covermap.cli.app import app
from covermap.errors import BuildError, CovermapError
from covermap.store import Workspace, write_text


@pytest.fixture(scope="module")
def runner():
    if "export" not in [c.name for c in app.registered_commands]:
        command.register(app)
    return CliRunner()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    folder = root / "builds" / "b1"
    handmade.write_tables(folder, rings=2)
    write_text(folder / "build.json", json.dumps({"id": "b1"}))
    Workspace(root).publish("b1")
    return root


def test_a_file_is_written_and_told_in_one_line(runner, workspace, tmp_path):
    to = tmp_path / "spots.xlsx"
    done = runner.invoke(
        app, ["export", "weak-spots", str(workspace), "--to", str(to), "--datum", "gcj02"]
    )
    assert done.exit_code == 0, done.output
    assert done.output == f"{to}: 3 rows, xlsx, datum gcj02\n"
    assert to.stat().st_size > 1000


def test_filters_and_format_are_passed_on(runner, workspace, tmp_path):
    to = tmp_path / "lines.txt"
    done = runner.invoke(
        app,
        ["export", "lines", str(workspace), "--to", str(to), "--format", "csv", "--operator",
         "46000", "--technology", "nr", "--line", "G2", "--build", "b1"],
    )  # fmt: skip
    assert done.output == f"{to}: 1 rows, csv, datum wgs84\n"
    assert len(to.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["roads", "--to", "a.csv"],
        ["lines", "--to", "a.doc"],
        ["lines", "--to", "a.csv", "--datum", "mars"],
        ["lines", "--to", "a.csv", "--line", "Q9"],
        ["lines", "--to", "a.csv", "--build", "b9"],
        ["cells", "--to", "a.csv", "--top", "3"],
    ],
)
def test_what_cannot_be_done_is_a_user_error_of_one_line(
    runner, workspace, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["export", arguments[0], str(workspace), *arguments[1:]])
    assert isinstance(done.exception, CovermapError)
    assert "\n" not in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_without_a_build_the_user_is_told_what_to_run(runner, tmp_path):
    done = runner.invoke(app, ["export", "lines", str(tmp_path), "--to", "a.csv"])
    assert isinstance(done.exception, BuildError)
    assert "Run `covermap build`" in str(done.exception)


def test_a_long_export_says_so_and_a_short_one_does_not(runner, workspace, tmp_path, monkeypatch):
    arguments = ["export", "cells", str(workspace), "--to", str(tmp_path / "a.csv")]
    assert "rows ..." not in runner.invoke(app, arguments).stderr
    monkeypatch.setattr(command, "QUIET_S", -1.0)
    assert "export cells: " in runner.invoke(app, arguments).stderr
