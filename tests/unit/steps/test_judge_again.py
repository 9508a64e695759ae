"""Judged again: only what changed is, and the result is that of judging everything afresh."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import judged_lines as made
from covermap.engine.local import Workers
from covermap.rules import Target
from covermap.steps import judge
from covermap.steps.judge import groups, lines
from covermap.store import Tables

pytestmark = pytest.mark.slow

POOLED, EACH = made.pack_with(), made.pack_with(fit="each")
LINES = [f"l{k}" for k in range(6)]
PER = 30
LINES_OF = {"r0": LINES, "r1": LINES[:4], "more": ["l3"], "two": ["l0", "l5"]}


def run(name, **changes):
    """Evidence of one run over its lines."""
    rng = np.random.default_rng(sum(name.encode()))
    return [
        made.seen(line, s, -97 + 8 * np.sin(s / 4 + len(name)) + rng.normal(0, 4), name, **changes)
        for line in LINES_OF[name]
        for s in range(PER)
    ]


def judged(folder: Path, evidence, pack=POOLED, cache: Path | None = None, workers=None):
    """Judge; give the bytes of every table, and what the step reports."""
    length = 100.0 * PER
    ctx = made.judged(
        folder, pack, cache=cache, workers=workers, segment_evidence=evidence,
        lines=[made.line(name, length) for name in LINES],
        segments=[s for name in LINES for s in made.segments(name, length)],
        sections=[
            s for name in LINES
            for s in made.sections(name, "county", [0.0, length / 2, length], ["c0", "c1"])
        ],
    )  # fmt: skip
    return made.bytes_of(ctx), ctx.report


OLD = run("r0") + run("r1")


@pytest.mark.parametrize("pack", [POOLED, EACH], ids=["pooled", "each"])
def test_one_run_more_judges_its_lines_alone_and_gives_what_judging_afresh_gives(tmp_path, pack):
    cache = tmp_path / "cache"
    _, first = judged(tmp_path / "a", OLD, pack, cache)
    assert (first["lines_judged"], first["lines_kept"]) == (6, 0)
    for number, (name, touched) in enumerate((("more", 1), ("two", 2))):
        rows = OLD + run("more") + (run("two", campaign="d") if name == "two" else [])
        again, report = judged(tmp_path / f"b{number}", rows, pack, cache)
        assert (report["lines_judged"], report["lines_kept"]) == (touched, 6 - touched)
        fresh, _ = judged(tmp_path / f"c{number}", rows, pack)
        assert again == fresh


def test_a_run_taken_away_brings_the_old_result_back_without_judging_anything(tmp_path):
    cache = tmp_path / "cache"
    first, _ = judged(tmp_path / "a", OLD, cache=cache)
    other, _ = judged(tmp_path / "b", OLD + run("more"), cache=cache)
    back, report = judged(tmp_path / "c", OLD, cache=cache)
    assert first == back != other
    assert report["lines_judged"] == 0


def test_another_pack_judges_every_line_again_and_another_target_none(tmp_path):
    cache = tmp_path / "cache"
    judged(tmp_path / "a", OLD, cache=cache)
    stricter = POOLED.line.model_copy(update={"share": 0.9})
    pack = POOLED.model_copy(update={"line": stricter})
    again, report = judged(tmp_path / "b", OLD, pack, cache)
    assert report["lines_kept"] == 0
    assert again == judged(tmp_path / "c", OLD, pack)[0]
    target = Target(classes=("rail",), unit="km", value=9, year=2025, source="test")
    pack = POOLED.model_copy(update={"targets": {"rail": target}})
    again, report = judged(tmp_path / "d", OLD, pack, cache)
    assert report["lines_judged"] == 0
    assert again == judged(tmp_path / "e", OLD, pack)[0]
    assert b"rail" in again["network_verdicts.parquet"]


def test_an_operator_never_seen_before_is_a_layer_of_every_line(tmp_path):
    cache = tmp_path / "cache"
    judged(tmp_path / "a", OLD, cache=cache)
    rows = OLD + run("more", operator="46001")
    again, report = judged(tmp_path / "b", rows, cache=cache)
    assert report["lines_kept"] == 0
    assert again == judged(tmp_path / "c", rows)[0]


@pytest.mark.parametrize("pack", [POOLED, EACH], ids=["pooled", "each"])
def test_what_is_said_of_a_line_depends_on_no_other_line(tmp_path, pack):
    """One line alone, or among others that were measured in another way: the same rows."""
    alone = [r for r in OLD if r["line_id"] == "l2"]
    others = [
        r | {"rsrp_sum_cdb": r["rsrp_sum_cdb"] - 3000, "rsrp_bin": r["rsrp_bin"] - 15}
        for r in OLD
        if r["line_id"] != "l2"
    ]
    found = []
    for number, rows in enumerate((alone, OLD, alone + others)):
        judged(tmp_path / str(number), rows, pack)
        tables = Tables(tmp_path / str(number) / "out")
        found.append([
            [r for r in tables.read(name).to_pylist() if r["line_id"] == "l2"]
            for name in ("segment_verdicts", "line_verdicts", "section_verdicts", "settling")
        ])  # fmt: skip
    assert found[0] == found[1] == found[2]
    assert found[0][0]


def test_the_cut_into_groups_changes_no_byte(tmp_path, monkeypatch):
    every = [judged(tmp_path / "fine", OLD)[0]]
    monkeypatch.setattr(groups, "FINEST", 1)
    monkeypatch.setattr(groups, "_fraction", lambda _name: 1.0)
    assert len(groups.groups_of([(name, PER) for name in LINES])) < len(LINES)
    every.append(judged(tmp_path / "coarse", OLD)[0])
    assert every[0] == every[1]


def test_the_number_of_workers_changes_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "SMALL", 0)
    rows = OLD + run("two", operator="46001")
    here, _ = judged(tmp_path / "one", rows, EACH)
    with Workers(2) as workers:
        there, _ = judged(tmp_path / "two", rows, EACH, workers=workers)
    assert here == there


class BreakdownError(Exception):
    pass


@pytest.mark.parametrize("at", [1, 3, 6])
def test_judging_that_breaks_off_leaves_whole_groups_or_none(tmp_path, monkeypatch, at):
    cache, calls, whole = tmp_path / "cache", [], lines.settling_rows
    whole_folders = {p.name for p in _kept(tmp_path / "other", OLD)}

    def breaks(*args):
        calls.append(1)
        if len(calls) > at * 3:  # amid the layers of a group
            raise BreakdownError
        return whole(*args)

    monkeypatch.setattr(lines, "settling_rows", breaks)
    with pytest.raises(BreakdownError):
        judged(tmp_path / "a", OLD, cache=cache)
    assert not [p for p in (tmp_path / "a" / "out").iterdir() if p.suffix == ".parquet"
                and p.stem != "cell_verdicts"]  # fmt: skip
    assert {p.name for p in cache.glob("*")} < whole_folders if cache.exists() else True
    assert not list(cache.glob(".*"))
    monkeypatch.undo()
    again, _ = judged(tmp_path / "b", OLD, cache=cache)
    assert again == judged(tmp_path / "c", OLD)[0]


def _kept(folder: Path, rows):
    judged(folder, rows, cache=folder / "cache")
    return list((folder / "cache").iterdir())


def _die_amid(folder: Path) -> None:
    calls, whole = [], lines.settling_rows

    def dies(*args):
        calls.append(1)
        if len(calls) == 7:
            os._exit(9)
        return whole(*args)

    lines.settling_rows = dies
    judged(folder / "a", OLD, cache=folder / "cache")


def test_a_process_that_is_killed_leaves_nothing_that_is_taken_for_a_result(tmp_path):
    code = (
        "import sys, pathlib; sys.path[:0] = sys.argv[2:]; "
        "import test_judge_again; test_judge_again._die_amid(pathlib.Path(sys.argv[1]))"
    )
    places = [str(Path(module.__file__).parent) for module in (made, sys.modules[__name__])]
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path), *places], check=False)
    assert ended.returncode == 9
    names = {p.name for p in (tmp_path / "cache").iterdir() if not p.name.startswith(".")}
    assert names <= {p.name for p in _kept(tmp_path / "other", OLD)}
    again, report = judged(tmp_path / "b", OLD, cache=tmp_path / "cache")
    assert 0 < report["lines_judged"] < 6
    assert again == judged(tmp_path / "c", OLD)[0]
