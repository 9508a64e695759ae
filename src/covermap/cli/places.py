"""`covermap places`: which key places are deeply covered, and how far the quotas of scenes are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only
from covermap.cli.printing import NOT_KNOWN, known, percent, print_data, print_table
from covermap.store import Build, Workspace
from covermap.tables import ALL, ANY, DEEP

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

PLACES = ["place", "name", "scene", "grade", "operator", "deep", "P(deep)", "key points", "met",
          "missed", "unmeasured", "worst", "last day"]  # fmt: skip
SCENES = ["scene", "grade", "region", "operator", "places", "deep", "not", "undetermined",
          "expected", "quota", "reached"]  # fmt: skip
POINTS = ["key point", "floor", "operator", "technology", "verdict", "P(met)", "samples", "level",
          "SINR", "runs", "last day"]  # fmt: skip
NONE = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("places")(places)


def places(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    scene: str | None = typer.Option(None, "--scene", help="Only this scene."),
    grade: str | None = typer.Option(None, "--grade", help="Only this grade."),
    deep: str | None = typer.Option(
        None, "--deep", help=f"Only places that are: {', '.join(DEEP)}."
    ),
    place: str | None = typer.Option(None, "--place", help="The key points of this place."),
    scenes: bool = typer.Option(False, "--scenes", help="Sums by scene and grade, and quotas."),
    region: str | None = typer.Option(None, "--region", help="With --scenes: of this region."),
    operator: str | None = typer.Option(
        None, "--operator", help="Operator, any or all; without it what the pack asks."
    ),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any of the pack's."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell of each key place whether all its key points meet the standard: yes, no, undetermined.

    A key point without samples leaves its place undetermined; one that surely fails makes it no.
    """
    build = Workspace(directory).current()
    if not build.rows("place_verdicts"):
        typer.echo(_why_none(build))
        return
    rule = build.manifest["rules"]["place"]
    whose = operator or (ANY if rule["operators"] == "any" else ALL)
    layer: dict[str, str | None] = {"technology": technology, "operator": whose}
    if place is not None:
        rows, headings, shown = _of_place(build, place, operator), POINTS, _point
    elif scenes:
        wanted = {**layer, "scene": scene, "grade": grade, "region_id": region}
        rows, headings, shown = only(build.read("scene_sums").to_pandas(), wanted), SCENES, _sum
        if region is None:
            rows = rows[rows["region_id"].isna()]
    else:
        wanted = {**layer, "scene": scene, "grade": grade, "deep": deep}
        rows, headings, shown = only(build.read("place_verdicts").to_pandas(), wanted), PLACES, _row
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    print_table(headings, [shown(row) for row in rows.to_dict("records")], 4)
    known_scenes = build.manifest["rules"].get("scenes") or {}
    for line in [*_notes(rows, rule, scenes=scenes), *_strange(rows, known_scenes)]:
        typer.echo(line)


def _why_none(build: Build) -> str:
    if build.manifest["rules"].get("place") is None:
        pack = build.manifest["rules"].get("id", "?")
        return (
            f"The current build judged no key places: rule pack {pack} has no [place]. Build with "
            "one that has, such as miit-2025."
        )
    return "The current build has no key places. Declare [[places]] in covermap.toml."


def _of_place(build: Build, place: str, operator: str | None) -> pd.DataFrame:
    """Give the key points of one place, in the layers of each operator by itself."""
    rows: pd.DataFrame = build.read("key_point_verdicts").to_pandas()
    rows = only(rows, {"place_id": place, "operator": operator})
    if operator is None:
        rows = rows[~rows["operator"].isin([ANY, ALL])]
    return rows.sort_values(["key_point_id", "operator", "technology"])


def _row(row: dict[Any, Any]) -> list[str]:
    worst = row["worst_key_point"] if known(row["worst_key_point"]) else row["worst_key_point_id"]
    return [
        row["place_id"], _text(row["name"]), _text(row["scene"]), _text(row["grade"]),
        row["operator"], row["deep"], _chance(row),
        *(str(row[c]) for c in ("key_points", "met", "missed", "unmeasured")),
        f"{worst} {percent(row['worst_probability'])}" if known(worst) else NONE,
        _text(row["last_day"]),
    ]  # fmt: skip


def _chance(row: dict[Any, Any]) -> str:
    """Write how sure it is; where key points have no samples, from the least to the most."""
    if known(row["probability"]):
        return percent(row["probability"])
    return f"{percent(row['probability_low'])} to {percent(row['probability_high'])}"


def _sum(row: dict[Any, Any]) -> list[str]:
    quota = NONE
    if known(row["quota_kind"]):
        quota = f"{row['quota']:.0f} ({row['quota_kind']})" if known(row["quota"]) else NOT_KNOWN
    return [
        _text(row["scene"]), _text(row["grade"]),
        row["region_id"] if known(row["region_id"]) else "all", row["operator"],
        *(str(row[c]) for c in ("places", "deep", "not_deep", "undetermined")),
        f"{row['expected']:.1f} ({row['low']:.0f}-{row['high']:.0f})", quota, _text(row["reached"]),
    ]  # fmt: skip


def _point(row: dict[Any, Any]) -> list[str]:
    return [
        _text(row["key_point"]), _text(row["floor"]), row["operator"], row["technology"],
        row["verdict"], percent(row["probability"]), str(row["n"]),
        *(f"{row[c]:.1f}" if known(row[c]) else NONE for c in ("rsrp_mean_dbm", "sinr_mean_db")),
        str(row["runs"]), _text(row["last_day"]),
    ]  # fmt: skip


def _text(value: Any) -> str:
    return str(value) if known(value) else NONE


def _strange(rows: pd.DataFrame, scenes: dict[str, Any]) -> list[str]:
    """Tell scenes and grades that the pack does not know: they count for no quota."""
    if not scenes or "scene" not in rows.columns:
        return []
    pairs = {(_text(scene), _text(grade)) for scene, grade in zip(rows["scene"], rows["grade"],
                                                                   strict=True)}  # fmt: skip
    strange = sorted(
        f"{scene} / {grade}"
        for scene, grade in pairs
        if scene not in scenes or (scenes[scene]["grades"] and grade not in scenes[scene]["grades"])
    )
    return [f"not of the pack's scenes and grades: {', '.join(strange)}"] if strange else []


def _notes(rows: pd.DataFrame, rule: dict[str, Any], *, scenes: bool) -> list[str]:
    said = [
        f"deep: every key point meets the standard ({', '.join(rule['technologies'])}), sure to "
        f"{percent(rule['confidence'])} on both sides."
    ]
    if scenes:
        said.append(
            "expected: of places whose key points are all measured; from the least, all others "
            "taken as not deep, to the most."
        )
    if rows["simulated"].any():
        said.append("simulated: made by the simulator, not measured")
    return said
