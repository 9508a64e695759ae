"""`covermap quality` and `/api/quality`."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import covermap
from handmade import write_build


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quality")
    write_build(root)
    return root


def test_figures_of_the_whole_stand_in_one_row_with_their_intervals(served: Path) -> None:
    said = covermap("quality", served)
    assert said.code == 0, said.err
    headings, row, *notes = said.out.splitlines()
    assert headings.split()[:4] == ["place", "operator", "technology", "source"]
    assert row.split() == [
        "all", "46000", "nr", "drive", "251", "(232-272)", "-", "93.0", "%", "(88.0-96.0", "%)",
        "-", "-", "-", "-", "1311", "5",
    ]  # fmt: skip
    assert notes == [
        "stands out: 1 of 1311 tests of all 46000/nr/drive, up to 9980 Mbit/s; "
        "mean_downlink_mbps 251, without 244",
        "simulated: made by the simulator, not measured",
    ]


def test_one_figure_is_shown_beside_its_target(served: Path) -> None:
    said = covermap("quality", served, "--figure", "tests_share")
    row = said.out.splitlines()[1]
    shown = ["93.0", "%", "88.0-96.0", "%", "95.0", "%", "20.0", "%", "undetermined"]
    assert row.split()[4:13] == shown


def test_a_region_without_tests_has_its_row(served: Path) -> None:
    said = covermap("quality", served, "--level", "city", "--figure", "mean_downlink_mbps")
    rows = said.out.splitlines()
    assert [line.split()[0] for line in rows[1:3]] == ["310000", "320500"]
    assert "not known" in rows[2]
    assert "undetermined" in rows[2]
    (one,) = covermap("quality", served, "--region", "320500", "--json").data
    assert (one["tests"], one["value"], one["basis"]) == (0, None, None)
    lines = covermap("quality", served, "--region", "310000", "--csv").out.splitlines()
    assert lines[0].startswith("scope,level,scope_id,name,operator,technology,source,figure,value")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--region", "1", "310000"), ("--operator", "x", "46000"), ("--line", "x", "none"),
        ("--place", "x", "none"),
        ("--figure", "speed", "tests_share"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(served: Path, option: str, value: str, told: str) -> None:
    said = covermap("quality", served, option, value)
    assert said.code == 2
    assert told in said.errors[0]
