"""`covermap rejudge` as it is typed."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from covermap.cli import rejudge
from covermap.errors import NotKnownError
from workspaces import built_workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def invoke():
    app = typer.Typer()
    rejudge.register(app)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_changes_are_summed_listed_and_written(invoke, tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    shutil.rmtree(root / "raw")
    out, data = tmp_path / "changes.csv", tmp_path / "changes.json"
    files = ("--csv", out, "--json", data)
    result = invoke(root, "--rules", "eirene", "--diff", "--limit", 2, "--workers", 1, *files)
    assert result.exit_code == 0, result.exception
    assert "judged by project-default, now by eirene" in result.stdout
    assert "S1 K" in result.stdout
    assert "the first 2" in result.stdout
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    said = json.loads(data.read_text(encoding="utf-8"))
    assert len(rows) == len(said["changes"]) == sum(c["changes"] for c in said["counts"]) > 10
    assert (said["before"]["id"], said["after"]["id"]) == ("project-default", "eirene")
    assert all(row["before"] != row["after"] for row in rows)
    assert all(row["n"].isdigit() for row in rows if row["kind"] == "segment")
    one = next(r for r in said["changes"] if r["kind"] == "segment" and r["after"] == "weak")
    assert one["after_share"] < 0.95


def test_one_layer_of_one_kind_can_be_asked_for(invoke, tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    asked = ("--kind", "segment", "--operator", "46000", "--technology", "lte")
    printed = invoke(root, "--rules", "eirene", "--diff", "--workers", 1, *asked).stdout
    assert "46000/lte" in printed
    assert "46001" not in printed
    assert "cell" not in printed


def test_the_same_pack_changes_nothing(invoke, tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    assert "no verdict changes" in invoke(root, "--rules", "project-default").stdout


def test_a_pack_that_is_not_there_is_an_error_of_the_users(invoke, tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    assert isinstance(invoke(root, "--rules", "nowhere").exception, NotKnownError)
