import json
import tomllib

import pytest
import typer
from typer.testing import CliRunner

from covermap.cli import rules
from covermap.errors import NotKnownError, RulePackError
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


def test_a_check_tells_what_a_pack_judges_and_what_it_does_not(invoke):
    printed = invoke("rules", "check", "eirene", "miit-2025").stdout
    assert "does not judge: village, place, scenes, service, stars, area, iot\n" in printed
    assert (
        "judges: cells, segments, lines, village, place, scenes, service, stars, area, t" in printed
    )
    text = invoke("rules", "show", "miit-2025").stdout
    sources = [line for line in text.splitlines() if line.startswith("source = ")]
    own = [line for line in sources if "project default" in line]
    assert f"sources: {len(sources)}, of which {len(own)} say 'project default'" in printed


def test_a_check_tells_every_fault_of_every_file_and_still_those_that_are_good(
    invoke, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    text = invoke("rules", "show", "korea").stdout
    (tmp_path / "one.toml").write_text(text.replace("draws = 256", "draws = 255\nseed = 3"))
    (tmp_path / "two.toml").write_text(text.replace("passing = 0.2", "passing = 0.9"))
    result = invoke("rules", "check", "one.toml", "trai", "two.toml")
    assert "trai: good." in result.stdout
    assert isinstance(result.exception, RulePackError)
    lines = str(result.exception).splitlines()
    assert [line.split(":")[0] for line in lines] == ["rule pack one.toml"] * 2 + [
        "rule pack two.toml"
    ]
    assert "interval.seed: unknown key" in str(result.exception)
    assert "interval.draws = 255: " in str(result.exception)


def test_two_packs_are_compared_key_by_key(invoke):
    rows = json.loads(invoke("rules", "diff", "miit-2025", "eirene", "--json").stdout)
    found = {row["key"]: (row["first"], row["second"]) for row in rows}
    assert found["segment.rule"] == ("mean", "share")
    assert found["segment.share"] == (None, 0.95)
    assert found["village"][1] is None
    assert "line.share" not in found
    assert not any(key.endswith("source") for key in found)
    printed = invoke("rules", "diff", "miit-2025", "eirene").stdout
    assert "segment.share" in printed
    assert "given" in printed


def test_a_pack_does_not_differ_from_itself_and_sources_are_told_when_asked(invoke):
    assert "judge alike" in invoke("rules", "diff", "trai", "trai").stdout
    assert "source" not in invoke("rules", "diff", "korea", "trai").stdout
    assert "standards.lte.source" in invoke("rules", "diff", "korea", "trai", "--sources").stdout
