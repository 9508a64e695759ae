"""Another pack's verdicts of the same build: those that a build by that pack would have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from covermap.engine.local import Workers
from covermap.errors import BuildError
from covermap.pipeline import BuildOptions, build
from covermap.pipeline.changes import VERDICT, judged_tables
from covermap.pipeline.rejudging import Rejudged, rejudged, steps_to_run
from covermap.rules import RulePack, load_pack
from covermap.store import Workspace
from covermap.tables import TABLES
from covermap.workspace import Config
from workspaces import built_workspace, table_bytes

pytestmark = pytest.mark.slow


def changed(root: Path, pack: RulePack) -> tuple[Rejudged, list[dict[str, object]]]:
    with rejudged(Workspace(root), pack, Workers(1)) as made:
        return made, made.changes.rows().to_pylist()


def verdicts(root: Path, name: str) -> dict[tuple[object, ...], object]:
    data = Workspace(root).current().read(name).to_pylist()
    verdict = next(word for word in VERDICT if word in TABLES[name].names)
    return {tuple(row[k] for k in TABLES[name].key): row[verdict] for row in data}


@pytest.mark.parametrize("name", ["eirene", "korea"])
def test_the_changes_are_those_between_two_builds_and_no_input_is_read(
    tmp_path: Path, name: str
) -> None:
    root = built_workspace(tmp_path / "w")
    other = built_workspace(tmp_path / "other")
    shutil.rmtree(root / "raw")
    before = table_bytes(root / "builds")
    made, rows = changed(root, load_pack(name))
    build(other, BuildOptions(rules=name, workers=1))
    expected = 0
    for table in judged_tables():
        ours, theirs = verdicts(root, table), verdicts(other, table)
        differ = {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]}
        kind = table.removesuffix("_verdicts")
        found = [(r["before"], r["after"]) for r in rows if r["kind"] == kind]
        assert sorted(found, key=str) == sorted(differ.values(), key=str), table
        expected += len(differ)
    assert expected == len(rows) > 0
    assert made.before.id == "project-default"
    assert table_bytes(root / "builds") == before
    assert not list((root / ".cache").glob(".rejudge*"))


def test_each_change_comes_with_what_is_behind_it(tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    _, rows = changed(root, load_pack("eirene"))
    current = Workspace(root).current()
    own = {
        (f"{r['line_id']}/{r['segment']}", r["operator"], r["technology"]): r
        for r in current.read("segment_verdicts").to_pylist()
    }
    segments = [row for row in rows if row["kind"] == "segment"]
    assert segments
    for row in segments:
        kept = own[row["id"], row["operator"], row["technology"]]
        assert (row["before"], row["n"], row["runs"]) == (kept["verdict"], kept["n"], kept["runs"])
        assert row["before_rsrp_mean_dbm"] == kept["rsrp_mean_dbm"]
        assert row["before_probability"] == kept["probability"]
        assert 0 < row["to_m"] - row["from_m"] <= 101
        assert row["line"] == "S1"
    cells = [row for row in rows if row["kind"] == "cell"]
    assert all(120.5 < row["lon"] < 120.7 and 31.2 < row["lat"] < 31.4 for row in cells)


def test_what_is_listed_can_be_narrowed_and_the_counts_are_of_the_same_rows(
    tmp_path: Path,
) -> None:
    root = built_workspace(tmp_path / "w")
    with rejudged(Workspace(root), load_pack("eirene"), Workers(1)) as made:
        rows, counts = made.changes.rows(), made.changes.counts()
        some = made.changes.rows(kind="segment", operator="46000", technology="lte")
        few = made.changes.rows(most=3)
    assert sum(one["changes"] for one in counts) == rows.num_rows
    assert set(some["operator"].to_pylist()) == {"46000"}
    number = sum(
        one["changes"] for one in counts
        if (one["kind"], one["operator"], one["technology"]) == ("segment", "46000", "lte")
    )  # fmt: skip
    assert some.num_rows == number
    kinds = few["kind"].to_pylist()
    assert all(kinds.count(kind) <= 3 for kind in kinds)


def test_a_pack_that_judges_signal_alike_runs_no_step_of_signal(tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    same, rows = changed(root, load_pack("project-default"))
    assert (same.steps, rows) == ((), [])


def test_every_table_of_verdicts_is_compared_but_for_sums() -> None:
    sums = {"people_verdicts", "network_verdicts"}
    assert set(judged_tables()) == {n for n in TABLES if n.endswith("_verdicts")} - sums


def test_what_one_pack_does_not_judge_is_told_and_not_led_to(tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w")
    other = load_pack("eirene")
    made, rows = changed(root, other)
    assert made.before.place is not None
    assert other.place is None
    assert {"key_point", "place", "village"} <= set(made.unjudged)
    assert {"key_point", "place", "village"}.isdisjoint(row["kind"] for row in rows)
    assert (made.before.service, other.service) == (None, None)
    assert "quality" not in made.unjudged, "neither pack judges service quality"
    names = [step.name for step in steps_to_run(made.before, other, Config())]
    assert "predict" not in names, "no verdict that both packs judge follows from it"
    both = (
        load_pack("miit-2025"),
        load_pack("miit-2025").model_copy(update={"standards": load_pack("trai").standards}),
    )
    assert "predict" in [step.name for step in steps_to_run(*both, Config())]


def test_targets_alone_judge_lines_again_but_no_cell() -> None:
    packs = load_pack("village-any-operator"), load_pack("miit-2024")
    names = [step.name for step in steps_to_run(*packs, Config())]
    assert "judge_lines" in names
    assert "judge_cells" not in names


def test_a_workspace_that_was_never_built_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(BuildError, match="nothing is built"),
        rejudged(Workspace(tmp_path), load_pack("trai"), Workers(1)),
    ):
        pass
