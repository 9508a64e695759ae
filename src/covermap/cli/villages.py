"""`covermap villages`: villages by verdict and region, and which to measure first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only, region_of
from covermap.cli.printing import NOT_KNOWN, known, percent, print_data, print_table
from covermap.errors import NotKnownError
from covermap.store import Build, Workspace
from covermap.tables import ALL, ANY, VILLAGE_LEVELS, VILLAGE_VERDICT_WORDS

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

HEADINGS = ["region", "operator", "villages", *VILLAGE_VERDICT_WORDS, "expected lit", "of assessed",
            "lit if all known"]  # fmt: skip
TO_MEASURE = ["village", "name", "township", "lon", "lat", "verdict", "P(lit)", "basis", "settles"]
LEFT = 2
_OPEN = """
SELECT v.village_id, p.name, p.population, r.* EXCLUDE (village_id), v.operator, v.technology,
  v.verdict, v.probability, v.basis, v.evidence, v.settles, v.simulated
FROM village_verdicts v JOIN village_regions r USING (village_id) JOIN villages p USING (village_id)
WHERE v.operator = $operator AND v.technology = $technology AND v.settles > 0
  AND ($region IS NULL OR $region IN (r.province, r.city, r.county, r.township))
ORDER BY v.settles DESC, v.village_id LIMIT $most
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("villages")(villages)


def villages(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    operator: str | None = typer.Option(
        None, "--operator", help="Only this operator, any or all; with --to-measure the pack's."
    ),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any of the pack's."),
    level: str | None = typer.Option(
        None, "--level", help=f"Regions of this level: {', '.join(VILLAGE_LEVELS)}."
    ),
    region: str | None = typer.Option(None, "--region", help="Only this region."),
    to_measure: int | None = typer.Option(
        None, "--to-measure", min=1, help="List so many villages whose measurement settles most."
    ),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell how many villages are lit, weak, dark or unmeasured, by region; or which to measure.

    Regions are those of statistical codes (2, 4, 6, 9 digits), else of [[regions]]. Expected lit is
    of villages of which anything is known, with an interval that takes neighbours as alike.
    """
    build = Workspace(directory).current()
    if not build.rows("village_sums"):
        typer.echo(_why_none(build))
        return
    form = "csv" if as_csv else "json" if as_json else None
    if to_measure is not None:
        _to_measure(build, operator, technology, region, to_measure, form)
        return
    rows: pd.DataFrame = build.read("village_sums").to_pandas()
    wanted = {"technology": technology, "operator": operator, "level": level, "region_id": region}
    rows = only(rows, wanted)
    if level is None and region is None:
        rows = rows[rows["scope"] == "all"]
    if form:
        print_data(rows, form)
        return
    print_table(HEADINGS, [_row(row) for row in rows.to_dict("records")], LEFT)
    for line in _notes(rows, build.manifest["rules"]["village"]):
        typer.echo(line)


def _why_none(build: Build) -> str:
    if build.manifest["rules"].get("village") is None:
        pack = build.manifest["rules"].get("id", "?")
        return (
            f"The current build judged no villages: rule pack {pack} has no [village]. Build with "
            "one that has, such as village-any-operator."
        )
    return "The current build has no villages. Declare [[villages]] in covermap.toml."


def _row(row: dict[Any, Any]) -> list[str]:
    counts = [row["villages"], *(row[word] for word in VILLAGE_VERDICT_WORDS)]
    expected = NOT_KNOWN
    if known(row["expected_lit"]):
        low, high = row["expected_low"], row["expected_high"]
        expected = f"{row['expected_lit']:.0f} ({low:.0f}-{high:.0f})"
    return [
        region_of(row), str(row["operator"]), *(str(count) for count in counts), expected,
        str(row["assessed"]), f"{row['lit_low']:.0f}-{row['lit_high']:.0f}",
    ]  # fmt: skip


def _notes(rows: pd.DataFrame, rule: dict[str, Any]) -> list[str]:
    said = [
        f"lit: {', '.join(rule['technologies'])}; {percent(rule['confidence'])} intervals. What "
        "nothing is known of is taken as not lit, and as lit, in the last column."
    ]
    if rows["simulated"].any():
        said.append("simulated: made by the simulator, not measured")
    return said


def _to_measure(
    build: Build, operator: str | None, technology: str, region: str | None, most: int,
    form: str | None,
) -> None:  # fmt: skip
    """Print villages in the order of what measuring them settles."""
    whose = build.manifest["rules"]["village"]["operators"]
    operator = operator or (ANY if whose == "any" else ALL)
    _check(build, operator, technology)
    with build.connect("village_verdicts", "village_regions", "villages") as tables:
        asked = {"operator": operator, "technology": technology, "region": region, "most": most}
        rows = tables.execute(_OPEN, asked).df()
    if form:
        print_data(rows, form)
        return
    print_table(TO_MEASURE, [_open_row(row) for row in rows.to_dict("records")], 3)
    typer.echo(
        f"settles: variance of the number of lit villages ({operator}, {technology}) that is gone "
        "when the village is measured; neighbours tell of each other."
    )
    if len(rows) and rows["simulated"].any():
        typer.echo("simulated: made by the simulator, not measured")


def _check(build: Build, operator: str, technology: str) -> None:
    layers = build.layers("village_verdicts")
    if (operator, technology) not in layers:
        there = ", ".join("/".join(layer) for layer in layers)
        raise NotKnownError(
            f"no villages of layer {operator}/{technology} in the current build. There are: "
            f"{there}."
        )


def _open_row(row: dict[Any, Any]) -> list[str]:
    at = [f"{row[c]:.5f}" if known(row[c]) else NOT_KNOWN for c in ("lon", "lat")]
    return [
        row["village_id"], row["name"] or "-", row["township"] or "-", *at, row["verdict"],
        f"{row['probability']:.2f}" if known(row["probability"]) else "-", row["basis"] or "-",
        f"{row['settles']:.3g}",
    ]  # fmt: skip
