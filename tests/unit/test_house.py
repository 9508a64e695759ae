"""The floors of the house: imports point down only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import covermap

ROOT = Path(covermap.__file__).parent

FLOORS = {
    "errors": 0, "tables": 0, "__init__": 0, "resources": 0,
    "core": 1, "rules": 1, "formats": 1, "store": 1, "files": 1, "shards": 1, "log_counts": 1,
    "workspace": 1, "course": 1,
    "engine": 2, "steps": 2, "simulate": 2, "service": 2,
    "pipeline": 3,
    "cli": 4, "__main__": 5,
}  # fmt: skip

FORBIDDEN = {
    ("core", "store"), ("core", "files"), ("core", "shards"), ("core", "log_counts"),
    ("core", "formats"), ("core", "rules"),
    ("core", "workspace"), ("core", "course"),
    ("formats", "store"), ("formats", "shards"), ("formats", "log_counts"), ("formats", "rules"),
    ("formats", "course"),
    ("service", "steps"), ("service", "simulate"), ("service", "engine"),
    ("steps", "service"), ("steps", "simulate"), ("engine", "steps"), ("engine", "service"),
    ("simulate", "service"),
}  # fmt: skip
"""Pairs on one floor, or down a floor, that are not allowed all the same."""


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{a.name}" for a in node.names]
    return [n for n in names if n.startswith("covermap.")]


def _room(name: str) -> str:
    return name.split(".")[1]


MODULES = sorted(p for p in ROOT.rglob("*.py") if "_resources" not in p.parts)


def _home(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down_only(path: Path) -> None:
    home = _home(path)
    for name in _imports(path):
        room = _room(name)
        if room not in FLOORS:
            continue  # a name of the package itself, such as __version__
        assert FLOORS[room] <= FLOORS[home], f"{path} imports {name}, which is above it"
        assert (home, room) not in FORBIDDEN, f"{path}: {home} must not import {room}"


def test_every_room_has_a_floor() -> None:
    rooms = {_home(p) for p in MODULES}
    assert rooms <= set(FLOORS), f"rooms without a floor: {sorted(rooms - set(FLOORS))}"


def test_steps_do_not_import_steps() -> None:
    for path in sorted((ROOT / "steps").rglob("*.py")):
        own = path.relative_to(ROOT / "steps").parts[0].removesuffix(".py")
        others = {n.split(".")[2] for n in _imports(path) if n.startswith("covermap.steps.")}
        assert others <= {own}, f"{path} imports another step: {sorted(others - {own})}"


def test_no_module_is_called_utils_or_grows_past_its_limit() -> None:
    for path in MODULES:
        assert path.name not in ("utils.py", "helpers.py", "misc.py")
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert path.name == "tables.py" or lines <= 400, f"{path} has {lines} lines: re-house it"
