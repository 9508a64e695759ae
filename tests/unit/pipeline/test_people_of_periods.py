"""People of a build that judges some periods only: the same people, by the verdicts of those."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from covermap.tables import VERDICTS
from made_rasters import write_raster
from workspaces import make_workspace

pytestmark = pytest.mark.slow

PEOPLE = '\n[population]\nfiles = ["raw/people.tif"]\nkind = "count"\n'


def test_people_are_told_by_the_verdicts_of_the_periods_and_none_are_lost(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", runs=4)
    toml = root / "covermap.toml"
    text = toml.read_text().replace("resolution = 10", 'resolution = 10\nperiod = "day"')
    toml.write_text(text + PEOPLE)
    rng = np.random.default_rng(3)
    write_raster(root / "raw" / "people.tif", rng.uniform(1, 90, (60, 60)), 120.3, 31.6, 0.01)
    whole = people_of(root, BuildOptions(workers=1))
    day = people_of(root, BuildOptions(workers=1, first="2026-03-01", last="2026-03-01"))
    assert set(day) == {("46000", "lte"), ("46000", "any"), ("any", "lte"), ("any", "any"),
                        ("all", "lte"), ("all", "any")} & set(day)  # fmt: skip
    assert ("46001", "any") in whole
    assert ("46001", "any") not in day, "its runs are of other days"
    assert {row["people"] for row in day.values()} == {row["people"] for row in whole.values()}
    measured = ("covered", "weak", "none")
    for layer, row in day.items():
        assert sum(row[f"{v}_people"] for v in VERDICTS) == pytest.approx(row["people"])
        by_cell = recount(root, layer)
        for verdict in measured:
            assert row[f"{verdict}_people"] == pytest.approx(by_cell.get(verdict, 0.0), abs=1e-3)
    one = ("46000", "any")
    assert sum(day[one][f"{v}_people"] for v in measured) > 0


def people_of(root: Path, options: BuildOptions) -> dict[tuple[str, str], dict[str, float]]:
    build(root, options)
    rows = Workspace(root).current().read("people_verdicts").to_pylist()
    return {(r["operator"], r["technology"]): r for r in rows if r["scope"] == "all"}


def recount(root: Path, layer: tuple[str, str]) -> dict[str, float]:
    """People by verdict of one layer, added up from the tables of the build."""
    rows = Workspace(root).current().connect("cell_verdicts", "cell_people").execute(
        "SELECT verdict, sum(people) FROM cell_verdicts JOIN cell_people USING (cell) "
        "WHERE operator = ? AND technology = ? GROUP BY verdict", list(layer),
    )  # fmt: skip
    return dict(rows.fetchall())
