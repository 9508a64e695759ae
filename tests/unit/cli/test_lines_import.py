"""`covermap lines import`: what it tells, what it writes, and that lines keep their identity."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from commands import covermap
from covermap.pipeline.vectors import KNOWN
from covermap.steps.lines import read_lines
from covermap.steps.lines.known import remember
from covermap.store import read_table, write_table
from covermap.tables import KNOWN_LINES
from covermap.workspace import load_config

ROADS: dict[str, list[list[float]]] = {
    "G15": [[120.0 + k / 100, 31.0 + k / 400] for k in range(30)],
    "G60": [[120.0 + k / 100, 30.5 - k / 500] for k in range(40)],
}


def inventory(path: Path, roads: dict[str, list[list[float]]], **more: Any) -> Path:
    features = [
        {"type": "Feature", "properties": {"ref": ref, "highway": "motorway", **more},
         "geometry": {"type": "LineString", "coordinates": course}}
        for ref, course in roads.items()
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    assert covermap("new", root).code == 0
    return root


def build_lines(root: Path) -> set[str]:
    """What a build does with the inventory: make the lines and remember them."""
    register = root / KNOWN
    known = read_table(register) if register.is_file() else None
    made = read_lines(root, load_config(root).lines, known)
    write_table(register, remember(known, made.lines), KNOWN_LINES)
    return set(made.lines.column("line_id").to_pylist())


def test_an_import_tells_what_it_makes_and_declares_it(root: Path) -> None:
    path = inventory(root / "roads.geojson", ROADS)
    said = covermap("lines", "import", path, root, "--simulated")
    assert said.code == 0, said.err
    assert re.search(r"^motorway +2 +2 +\d+\.\d +\d+\.\d$", said.out, re.MULTILINE)
    assert "[[lines]] roads added" in said.out
    (entry,) = tomllib.loads((root / "covermap.toml").read_text(encoding="utf-8"))["lines"]
    assert entry["files"] == ["roads.geojson"]
    assert entry["fields"] == {"ref": "ref", "class": "highway"}
    assert entry["simulated"] is True
    assert "known from before" not in said.out
    assert len(build_lines(root)) == 2


def test_print_writes_nothing_and_needs_no_workspace(tmp_path: Path) -> None:
    path = inventory(tmp_path / "roads.geojson", ROADS)
    said = covermap("lines", "import", path, "--print", "--name", "trunk")
    assert said.code == 0, said.err
    assert 'name = "trunk"' in said.out
    assert [p.name for p in tmp_path.iterdir()] == ["roads.geojson"]


def test_lines_that_are_read_again_with_small_edits_stay_known(root: Path) -> None:
    inventory(root / "roads.geojson", ROADS)
    assert covermap("lines", "import", root / "roads.geojson", root).code == 0
    before = build_lines(root)
    moved = {
        "G15": [[x + 2e-5, y] for x, y in ROADS["G15"]],
        "S9": [[121.0 + k / 100, 32.0] for k in range(20)],
    }
    path = inventory(root / "roads.geojson", moved)
    said = covermap("lines", "import", path, root, "--print")
    assert said.code == 0, said.err
    assert "1 known from before, 1 new, 1 gone" in said.out
    assert len(build_lines(root) & before) == 1


def test_lines_of_another_input_are_not_taken_for_those_of_this_one(root: Path) -> None:
    inventory(root / "roads.geojson", ROADS)
    assert covermap("lines", "import", root / "roads.geojson", root).code == 0
    build_lines(root)
    path = inventory(root / "others.geojson", ROADS)
    said = covermap("lines", "import", path, root, "--print")
    assert "0 known from before, 2 new, 0 gone" in said.out


def test_an_entry_of_the_same_name_is_replaced_only_when_asked(root: Path) -> None:
    path = inventory(root / "roads.geojson", ROADS)
    assert covermap("lines", "import", path, root).code == 0
    text = (root / "covermap.toml").read_text(encoding="utf-8")
    (root / "covermap.toml").write_text(f"{text}\n# a note of mine\n", encoding="utf-8")
    again = covermap("lines", "import", path, root, "--segment-m", "50")
    assert again.code == 2
    assert "--replace" in again.err
    said = covermap("lines", "import", path, root, "--segment-m", "50", "--replace")
    assert said.code == 0, said.err
    assert "[[lines]] roads replaced" in said.out
    text = (root / "covermap.toml").read_text(encoding="utf-8")
    (entry,) = tomllib.loads(text)["lines"]
    assert entry["segment_m"] == 50.0
    assert "# a note of mine" in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("nothing.geojson",), "nothing.geojson: no such file"),
        (("roads.geojson", "--field", "ref"), "write it as ours=theirs"),
        (("roads.geojson", "--class", "spaceway"), "spaceway"),
        (("roads.geojson", "--segment-m", "-5"), "segment_m"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line(
    root: Path, options: tuple[str, ...], told: str
) -> None:
    inventory(root / "roads.geojson", ROADS)
    before = (root / "covermap.toml").read_text(encoding="utf-8")
    said = covermap("lines", "import", root / options[0], root, *options[1:])
    assert said.code == 2
    assert told in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert (root / "covermap.toml").read_text(encoding="utf-8") == before


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    path = inventory(tmp_path / "roads.geojson", ROADS)
    for options in ((), ("--replace",)):
        said = covermap("lines", "import", path, tmp_path, *options)
        assert said.code == 2
        assert "no covermap.toml there" in said.err
