"""`covermap score` and `covermap explain`: the page, and what each number on it rests on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from covermap.cli import explain, score
from covermap.cli.score.page import PAD, WIDTH, chart
from covermap.cli.score.words import CLASSES, WORDS
from covermap.errors import BuildError, NotKnownError
from covermap.pipeline import BuildOptions, build
from covermap.pipeline.tracing import trace
from covermap.store import Workspace
from covermap.tables import LINE_CLASSES
from covermap.tables.score import ANSWERS
from shelf import copy_of
from workspaces import make_workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    def make(folder: Path) -> None:
        build(make_workspace(folder), BuildOptions(workers=1, rules="miit-2025"))

    return copy_of("scored", make, tmp_path / "w")


@pytest.fixture
def invoke():
    app = typer.Typer()
    score.register(app)
    explain.register(app)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_table_tells_each_target_with_its_interval_and_answer(invoke, root: Path) -> None:
    result = invoke("score", root)
    assert result.exit_code == 0, result.exception
    lines = [line for line in result.stdout.splitlines() if line.startswith("Provincial road ")]
    assert len(lines) == 1
    assert "200,000 km" in lines[0]
    assert "part of it" in lines[0]
    assert "measured" in lines[0]
    assert "thresholds: project default" in result.stdout
    assert "Key malls" in result.stdout
    assert "90.0 %" in result.stdout


def test_chinese_words_are_told_in_chinese(invoke, root: Path) -> None:
    printed = invoke("score", root, "--language", "zh").stdout
    assert "省道连续覆盖" in printed
    assert "下行均值接入速率" in printed
    assert not re.search(r"\b(undetermined|measured|not known)\b", printed)


def test_every_word_has_both_languages() -> None:
    for word, (english, chinese) in {**WORDS, **CLASSES}.items():
        assert english, word
        assert re.search(r"[\u4e00-\u9fff]", chinese), word
    assert set(LINE_CLASSES) == set(CLASSES)
    assert set(ANSWERS) <= set(WORDS)


def test_json_has_every_row_and_each_value_is_that_of_the_rows_behind_it(
    invoke, root: Path
) -> None:
    said = json.loads(invoke("score", root, "--json").stdout)
    current = Workspace(root).current()
    assert said["build"] == current.id
    assert said["rules"]["id"] == "miit-2025"
    rows = current.read("scorecard").to_pylist()
    assert len(said["rows"]) == len(rows) > 30
    traced = 0
    for row in rows:
        found = trace(current, row)
        if found.again is not None and row["value"] is not None:
            assert found.again == pytest.approx(row["value"], abs=1e-6), row
            traced += 1
    assert traced > 3
    assert all(row["figure_source"] for row in said["rows"])


def test_explain_shows_the_rows_and_adds_them_up(invoke, root: Path) -> None:
    result = invoke("explain", "provincial", root, "--operator", "46000", "--technology", "lte")
    assert result.exit_code == 0, result.exception
    assert "sum of p_pass x route_length_km, over 1 rows of line_verdicts" in result.stdout
    assert "S1" in result.stdout
    assert "MIIT 2023 no. 257" in result.stdout
    rows = json.loads(invoke("explain", "provincial", root, "--json").stdout)
    assert [row["ref"] for row in rows] == ["S1"]
    quota = invoke("explain", "hospital.tertiary", root)
    assert "Tertiary hospitals" in quota.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "nothing"), "There are: "),
        (("score", "--operator", "nobody"), "no operator 'nobody'"),
        (("score", "--language", "fr"), "en or zh"),
        (("score", "--against", "previous"), "no build before"),
    ],
)
def test_a_name_that_is_not_there_is_an_error_of_the_users(
    invoke, root: Path, arguments: tuple[str, ...], said: str
) -> None:
    command, *more = arguments
    at = [more.pop(0), root] if command == "explain" else [root]
    result = invoke(command, *at, *more)
    assert isinstance(result.exception, NotKnownError)
    assert said in str(result.exception)


def test_a_build_without_a_scorecard_says_what_to_do(invoke, root: Path) -> None:
    (Workspace(root).current().folder / "scorecard.parquet").unlink()
    result = invoke("score", root)
    assert isinstance(result.exception, BuildError)
    assert "covermap build" in str(result.exception)


def test_the_page_needs_nothing_but_itself(invoke, root: Path, tmp_path: Path) -> None:
    for language, word in (("en", "Scorecard"), ("zh", "达标评分表")):
        out = tmp_path / f"{language}.html"
        assert invoke("score", root, "--html", out, "--language", language).exit_code == 0
        page = out.read_text(encoding="utf-8")
        assert word in page
        assert not re.search(r"(src|href)=|url\(|@import|<script", page)
        assert page.count("<svg") >= 2
        assert page.count("<tr") == page.count("</tr>") > 30


def test_a_chart_of_what_is_here_is_not_dwarfed_by_a_nation_s_figure() -> None:
    row = {"value": 20.0, "low": 10.0, "high": 40.0, "total": 50.0, "target_value": 30_000.0}
    part, whole = chart(row | {"answer": "part"}), chart(row | {"answer": "fail"})
    assert "#c0392b" not in part
    assert "#c0392b" in whole
    width = float(re.search(r'<rect x="4" y="5" width="([\d.]+)"', part)[1])
    assert width == pytest.approx((WIDTH - 2 * PAD) * 0.4, abs=0.1)
    assert chart(row | {"value": None, "answer": "fail"}) == ""


REGIONS = """
[[regions]]
name = "counties"
files = ["raw/counties.geojson"]
level = "county"
fields = { code = "code", name = "name" }
"""


def county(code: str, west: float, east: float) -> dict[str, object]:
    ring = [[west, 31.25], [east, 31.25], [east, 31.4], [west, 31.4], [west, 31.25]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": f"County {code}"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def test_regions_are_ranked_and_drawn_also_one_without_any_data(invoke, tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    counties = [county("1", 120.59, 120.625), county("2", 120.625, 120.67), county("3", 122, 123)]
    (root / "raw" / "counties.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": counties}), encoding="utf-8"
    )
    toml = root / "covermap.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + REGIONS, encoding="utf-8")
    build(root, BuildOptions(workers=1, rules="miit-2025"))
    out = tmp_path / "page.html"
    result = invoke("score", root, "--regions", "--html", out, "--operator", "46000")
    assert result.exit_code == 0, result.exception
    assert "County 1" in result.stdout
    page = out.read_text(encoding="utf-8")
    assert "<title>County 1: " in page
    assert page.count('stroke="#6b7885"') >= 2
    rows = Workspace(root).current().read("scorecard").to_pylist()
    road = {
        row["region_id"]: row for row in rows
        if row["target"] == "provincial" and row["scope"] == "region" and row["headline"]
    }  # fmt: skip
    assert set(road) == {"1", "2"}
    assert sorted(row["rank"] for row in road.values()) in ([1, 2], [1, 1])
    length = sum(row["total"] for row in road.values())
    whole = next(r for r in rows if r["target"] == "provincial" and r["scope"] == "all")
    assert length == pytest.approx(whole["total"], abs=1e-3)
    tests = [r for r in rows if r["target"] == "tests" and r["region_id"] == "3"]
    assert all(r["value"] is None and r["basis"] is None for r in tests)


def test_the_spreadsheet_has_targets_layers_and_sources(invoke, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "score.xlsx"
    assert invoke("score", root, "--xlsx", out).exit_code == 0
    book = openpyxl.load_workbook(out, read_only=True)
    assert book.sheetnames == ["Scorecard", "region", "layer", "source"]
    rows = list(book["Scorecard"].iter_rows(values_only=True))
    top = next(k for k, row in enumerate(rows) if row[0] == "title")
    at = {name: k for k, name in enumerate(rows[top])}
    by_title = {row[0]: row for row in rows[top + 1 :]}
    road = by_title["Provincial road continuously covered"]
    stored = Workspace(root).current().read("scorecard").to_pylist()
    own = next(r for r in stored if r["target"] == "provincial" and r["headline"])
    assert road[at["high"]] == pytest.approx(own["high"], abs=1e-6)
    assert road[at["answer"]] == "part of it"
    assert len(list(book["layer"].iter_rows())) == len(stored) + 1
    sources = [row[3] for row in book["source"].iter_rows(values_only=True)]
    assert any("MIIT 2023 no. 257" in text for text in sources)
    book.close()


def test_the_change_against_another_build_is_told(invoke, root: Path) -> None:
    first = Workspace(root).current_id
    (root / "raw" / "run1.csv").unlink()
    build(root, BuildOptions(workers=1, rules="miit-2025"))
    said = json.loads(invoke("score", root, "--against", "previous", "--json").stdout)
    assert said["against"] == first
    changes = {
        (r["operator"], r["technology"]): r["change"]
        for r in said["rows"] if r["target"] == "provincial" and r["change"] is not None
    }  # fmt: skip
    assert ("46000", "lte") in changes
    assert "change" in invoke("score", root, "--against", first).stdout
