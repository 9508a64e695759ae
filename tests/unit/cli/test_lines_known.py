"""`covermap lines` over a build whose tables of sections, posts and intervals are filled."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

import handmade
from commands import covermap
from covermap.cli.lines.listing import grouped
from covermap.store import Tables
from covermap.tables import TABLES


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("known")
    handmade.write_build(root)
    return root


def test_the_list_tells_share_interval_chance_and_answer(space: Path) -> None:
    said = covermap("lines", "list", space, "--operator", "any", "--class", "motorway").out
    head, row, note = said.splitlines()
    assert note.startswith("P(pass): that 95 % of the whole line is covered")
    assert head.split()[-4:] == ["share", "interval", "P(pass)", "answer"]
    assert row.endswith("54.9 %  46.9-60.9 %   25.0 %  undetermined")


@pytest.mark.parametrize(("answer", "rows"), [("undetermined", 2), ("pass", 0)])
def test_the_list_is_filtered_by_answer(space: Path, answer: str, rows: int) -> None:
    said = covermap("lines", "list", space, "--operator", "any", "--answer", answer).out
    assert said.count("undetermined") == rows


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--answer", "maybe", "no answer 'maybe': pass, fail, undetermined"),
     ("--region", "9", "no region '9'"), ("--kind", "street", "no kind of section 'street'")],
)  # fmt: skip
def test_a_filter_that_is_not_known_is_refused(
    space: Path, option: str, value: str, told: str
) -> None:
    said = covermap("lines", "list", space, option, value, "--sections" if "k" in option else "--")
    assert said.code == 2
    assert told in said.err


def test_a_region_keeps_the_lines_that_pass_through_it(space: Path) -> None:
    said = covermap("lines", "list", space, "--region", "31010").out
    assert "G2" in said
    assert "Line 1" not in said


def test_sections_are_listed_for_programs_with_every_column(space: Path) -> None:
    said = covermap("lines", "list", space, "--sections", "--json", "--operator", "any")
    rows = json.loads(said.out)
    assert [r["section"] for r in rows] == ["莘庄 - 人民广场", "人民广场 - end"]
    assert rows[0]["share_low"] == pytest.approx(0.72)
    table = covermap("lines", "list", space, "--sections", "--csv", "--operator", "any").out
    assert table.splitlines()[0].startswith("section_id,line_id,kind")
    assert len(table.splitlines()) == 3


def test_courses_together_pass_only_when_each_does_and_fail_when_one_does() -> None:
    rows = pd.DataFrame(
        {
            "class": "rail", "line": ["a", "a", "b", "b", "c", "c"], "operator": "any",
            "line_id": list("uvwxyz"), "route_length_km": 1.0, "route_covered_km": 1.0,
            "route_weak_km": 0.0, "route_none_km": 0.0, "route_unmeasured_km": 0.0,
            "assessed_km": [10.0, 30.0] * 3, "share_expected": [0.5, 0.9, None, 0.7, None, None],
            "share_low": [0.4, 0.8, None, 0.6, None, None],
            "share_high": [0.6, 1.0, None, 0.8, None, None],
            "p_pass": [0.1, 0.9, None, 0.2, None, None],
            "answer": ["pass", "pass", "fail", "pass", "pass", "undetermined"],
        }
    )  # fmt: skip
    made = grouped(rows).set_index("line")
    assert made["answer"].to_list() == ["pass", "fail", "undetermined"]
    assert made.loc["a", "share_low"] == pytest.approx((4 + 24) / 40)
    assert made.loc["b", "share_expected"] == pytest.approx(0.7)
    assert pd.isna(made.loc["c", "share_high"])


def test_a_line_is_shown_with_official_chainage_sections_and_what_would_settle_it(
    space: Path,
) -> None:
    said = covermap("lines", "show", "g2", space).out
    assert "official chainage: K100+000 to K124+462, breaks in the count: 1" in said
    assert "tunnel  K103+000 - K104+200  东山隧道  1.200" in said
    assert "K100+000 - K109+000" in said
    assert "1. drive in a new campaign, 1 run" in said
    assert "interval 14.0 points wide -> 9.0" in said
    metro = covermap("lines", "show", "Line 1", space).out
    assert "no official kilometre posts are known" in metro
    assert "settle" not in metro


def test_the_network_tells_low_and_high_beside_the_target(space: Path) -> None:
    said = covermap("lines", "network", space, "--operator", "any").out
    assert "0-24   20 km     25.0 %" in said
    assert "simulated" in said
    region = covermap("lines", "network", space, "--region", "31010", "--json").out
    assert {r["region_id"] for r in json.loads(region)} == {"31010"}


def test_a_strip_chart_fits_the_width_and_keeps_to_the_part_asked_for(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said = covermap("lines", "show", "g2", space, "--profile", "--from", "K103+0", "--to", "4200")
    assert max(map(len, said.out.splitlines())) <= 60
    assert "K103+000" in said.out
    assert "K105" not in said.out
    plain = covermap("lines", "show", "m1", space, "--profile", "--plain").out
    drawn = [line[6:] for line in plain.splitlines()[1:6]]
    assert all(line.isascii() for line in drawn)


def test_a_place_off_the_line_or_skipped_by_the_count_is_refused(space: Path) -> None:
    for place in ("K112+100", "K99+0", "K12+", "DK100+0"):
        said = covermap("lines", "show", "g2", space, "--profile", "--from", place)
        assert said.code == 2, place
        assert place in said.err


def test_a_strip_chart_is_written_as_svg_that_others_can_read(space: Path, tmp_path: Path) -> None:
    path = tmp_path / "g2.svg"
    assert covermap("lines", "show", "g2", space, "--svg", path).code == 0
    root = ET.parse(path).getroot()
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "K100+000" in texts
    assert any(t and "SIMULATED" in t for t in texts)
    assert any(t and "official chainage" in t for t in texts)


def test_a_line_is_shown_in_lines_that_fit_a_terminal(space: Path) -> None:
    said = covermap("lines", "show", "g2", space)
    assert said.code == 0, said.err
    tables = [line for line in said.out.splitlines()[1:] if line]
    assert max(map(len, tables)) <= 100
    assert "P(pass): that 95 % of the whole line is covered, what is not measured taken" in said.out
    assert "46000     nr" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("京沪高",), "no line '京沪高' in the current build. Near: 京沪高速."),
        (("Lime 1",), "Near: Line 1"),
        (("g2", "--operator", "46009"), "no layer 46009/any in the lines: 46000/any"),
        (("g2", "--operator", "46001", "--technology", "nr"), "no layer 46001/nr in the lines"),
        (("g2", "--profile", "--technology", "gsm"), "no layer any/gsm in the lines"),
        (("g2", "--from", "K100+000"), "--from and --to go with --profile"),
        (("g2", "--profile", "--from", "K101+0", "--to", "K101+0"), "is no part of a line"),
        (("g2", "--profile", "--from", "K190+000"), "K190+000 is not on the line: it goes from "
         "K100+000 to K124+462."),
        (("m1", "--profile", "--to", "99999"), "99999 is not on the line"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_told_in_one_line(
    space: Path, arguments: tuple[str, ...], told: str
) -> None:
    name, *options = arguments
    said = covermap("lines", "show", name, space, *options)
    assert said.code == 2
    assert told in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_a_line_of_which_nothing_is_measured_is_shown_and_drawn_as_such(tmp_path: Path) -> None:
    root = tmp_path / "w"
    folder = handmade.write_build(root)
    for name in ("segment_verdicts", "line_verdicts"):
        rows = Tables(folder).read(name).to_pylist()
        for row in (r for r in rows if r["line_id"] == "m1"):
            blank = [k for k in row if k.startswith(("rsrp", "share", "campaign", "drive", "p_"))]
            row |= dict.fromkeys([*blank, "probability", "basis", "assessed_km", "runs"])
            row |= {"n": 0, "verdict": "unmeasured", "covered_km": 0.0, "weak_km": 0.0,
                    "none_km": 0.0, "runs": 0, "share_if_rest_bad": 0.0,
                    "share_if_rest_good": 1.0}  # fmt: skip
        names = TABLES[name].names
        kept = [{k: r[k] for k in names} for r in rows]
        handmade.write(folder, name, pa.Table.from_pylist(kept, TABLES[name].schema))
    shown = covermap("lines", "show", "m1", root)
    assert shown.code == 0, shown.err
    assert shown.out.count("nothing measured") == len(handmade.LAYERS)
    assert "P(pass)" not in shown.out
    drawn = covermap("lines", "show", "m1", root, "--profile", "--plain")
    assert drawn.code == 0, drawn.err
    (verdicts,) = [line for line in drawn.out.splitlines() if line.startswith(" verdict ")]
    assert set(verdicts.removeprefix(" verdict ")) == {"."}
    svg = tmp_path / "m1.svg"
    assert covermap("lines", "show", "m1", root, "--svg", svg).code == 0
    assert "nothing is measured 未测量" in svg.read_text(encoding="utf-8")


def test_a_strip_chart_is_written_as_a_picture(space: Path, tmp_path: Path) -> None:
    path = tmp_path / "g2.png"
    said = covermap("lines", "show", "g2", space, "--png", path)
    assert said.out == f"{path}: 1 strip chart\n"
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width == 2400
        assert len(picture.getcolors(1 << 24) or []) > 20
    said = covermap("lines", "show", "g2", space, "--png", tmp_path / "no" / "g2.png")
    assert said.code == 2
    assert "no/g2.png" in said.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ((), ("import", "list", "show", "network")),
        (("show",), ("--profile", "--from", "--svg", "--png", "K12+300")),
        (("list",), ("--sections", "--answer", "--region", "--json")),
        (("import",), ("--replace", "--print", "--posts", "--stations")),
        (("network",), ("--regions", "--csv")),
    ],
)
def test_help_names_the_options(command: tuple[str, ...], told: tuple[str, ...]) -> None:
    said = covermap("lines", *command, "--help")
    assert said.code == 0
    assert all(word in said.out for word in told)
