import tomllib

import pytest
import typer
from typer.testing import CliRunner

from covermap.cli import rules
from covermap.errors import NotKnownError
from covermap.rules import pack_names


@pytest.fixture
def invoke():
    app = typer.Typer()
    rules.register(app)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_list_names_every_shipped_pack_with_its_title(invoke):
    lines = invoke("rules", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == pack_names()
    assert "not official" in next(line for line in lines if line.startswith("project-default"))


def test_a_pack_is_shown_as_toml_that_can_be_loaded_again(invoke, tmp_path, monkeypatch):
    shown = invoke("rules", "show", "korea").stdout
    assert tomllib.loads(shown)["cell"]["exceed"] is True
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(shown, encoding="utf-8")
    assert invoke("rules", "show", "own.toml").stdout == shown


def test_an_unknown_pack_is_an_error_of_the_users(invoke):
    assert isinstance(invoke("rules", "show", "nowhere").exception, NotKnownError)
