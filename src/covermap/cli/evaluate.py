"""`covermap evaluate`: how good the predictions of a build are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from covermap.cli.bars import QUIET_S, Bars
from covermap.cli.printing import NOT_KNOWN, known, percent, print_data, print_table
from covermap.errors import NotKnownError
from covermap.store import Workspace
from covermap.tables import ANY

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

    from covermap.steps.predict.evaluating import Evaluation

HEADINGS = ["layer", "held out", "nearest", "places", "RMSE", "bias", "inside 90 %", "width",
            "Brier", "weak", "recall", "precision"]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate_command)


def evaluate_command(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    layers: list[str] = typer.Option(
        [], "--layer", help="Only this layer, as 26202/lte; may be given again. Not kept then."
    ),
    block_m: float = typer.Option(
        2000.0, "--blocks", min=100, max=100_000, help="Side of the blocks held out, m."
    ),
    out: Path | None = typer.Option(
        None, "--out", help="Folder for scores, places held out (CSV, JSON) and pictures (PNG)."
    ),
    workers: int | None = typer.Option(None, "--workers", min=1, help="Worker processes."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell how well places that were held out are foretold from the others, layer by layer.

    Squares of the map and whole runs are held out in turn, never single points, and every layer is
    learnt anew from the rest. RMSE, bias (foretold less measured) and width are in dB. Recall: the
    share of weak places that were given less than 50 %; precision: of those given less, the share
    that is weak. Scores of all layers are kept in the build (prediction_scores).
    """
    # imported here: the other commands start without the pipeline
    from covermap.engine.local import Workers
    from covermap.engine.memory import usable_bytes, workers_for
    from covermap.steps.predict.evaluating import evaluate_build

    build = Workspace(directory).current()
    asked = [_layer(name) for name in layers]
    with (
        Bars(Console(stderr=True), QUIET_S, "parts") as bars,
        Workers(workers_for(usable_bytes(), workers)) as some,
    ):
        bars.start("evaluate", None)
        made = evaluate_build(build, asked, block_m, some, bars.move)
    if out is not None:
        _write(made, out)
    rows: pd.DataFrame = made.scores.to_pandas()
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    print_table(HEADINGS, [_row(row) for row in _in_order(rows)], 3)
    for line in _told(made, asked):
        typer.echo(line)


def _layer(name: str) -> tuple[str, str]:
    operator, slash, technology = name.partition("/")
    if not slash:
        raise NotKnownError(f"--layer {name}: a layer is operator/technology, as 26202/lte.")
    return operator, technology


def _in_order(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    """Rows with places: layers, then all together; of each first the whole, then its bands."""
    shown = rows[rows["n"] > 0].assign(
        together=rows["operator"] == ANY, band=rows["to_m"].notna() | (rows["from_m"] > 0)
    )
    order = ["together", "operator", "technology", "held", "band", "from_m"]
    return list(shown.sort_values(order).to_dict("records"))


def _row(row: dict[Any, Any]) -> list[str]:
    far = f"{row['from_m']:.0f}-{row['to_m']:.0f} m" if known(row["to_m"]) else (
        f"over {row['from_m']:.0f} m" if row["from_m"] else "all"
    )  # fmt: skip
    numbers = [f"{row[name]:.2f}" for name in ("rmse_db", "bias_db")]
    return [
        "all" if row["operator"] == ANY else f"{row['operator']}/{row['technology']}",
        str(row["held"]), far, str(row["n"]), *numbers, percent(row["inside_90"]),
        f"{row['width_90_db']:.1f}", f"{row['brier']:.3f}", str(row["weak"]),
        *(percent(row[n]) if known(row[n]) else NOT_KNOWN
          for n in ("weak_recall", "weak_precision")),
    ]  # fmt: skip


def _told(made: Evaluation, asked: list[tuple[str, str]]) -> list[str]:
    rows = made.reliability.to_pandas()
    pooled = rows[(rows["operator"] == ANY) & (rows["held"] == "blocks") & (rows["n"] > 0)]
    said = [
        f"{10 * r['tenth']}-{10 * r['tenth'] + 10} %: {percent(r['seen'])} of {r['n']}"
        for r in pooled.to_dict("records")
    ]
    lines = ["given so much, covered (blocks): " + "; ".join(said)] if said else []
    if made.unscored:
        names = ", ".join("/".join(layer) for layer in made.unscored)
        lines.append(f"measured only where devices had nothing better, not scored: {names}")
    lines.append("not kept in the build: not all layers" if asked else "kept in the build")
    return lines


def _write(made: Evaluation, out: Path) -> None:
    """Write all of it as files, once all of it is made."""
    from covermap.formats.evaluated import Curve, ErrorMap, errors_png, reliability_png
    from covermap.tables import layer_name

    scores, tenths = made.scores.to_pandas(), made.reliability.to_pandas()
    simulated = bool(scores["simulated"].any())
    curves = []
    for held in ("blocks", "runs"):
        own = tenths[(tenths["operator"] == ANY) & (tenths["held"] == held)]
        if len(own):
            curves.append(Curve(held, *(own[n].to_numpy() for n in ("n", "said", "seen"))))
    maps = [
        ErrorMap(layer_name(*part.layer), part.places.lon, part.places.lat,
                 part.places.mean_dbm - part.places.level_dbm)
        for part in made.parts if part.held == "blocks"
    ]  # fmt: skip
    files = {
        "scores.csv": _csv(scores), "reliability.csv": _csv(tenths),
        "places.csv": _csv(_places(made)),
        "scores.json": scores.to_json(orient="records", indent=1).encode(),
        "reliability.png": reliability_png(curves, simulated),
        "errors.png": errors_png(maps, simulated),
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (out / name).write_bytes(data)


def _csv(rows: pd.DataFrame) -> bytes:
    return bytes(rows.to_csv(index=False, lineterminator="\n").encode())


def _places(made: Evaluation) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for part in made.parts:
        rows = pd.DataFrame({"cell": [f"{c:x}" for c in part.places.place], **{
            name: getattr(part.places, name)
            for name in ("lon", "lat", "level_dbm", "mean_dbm", "low_dbm", "high_dbm", "covered",
                         "distance_m")
        }})  # fmt: skip
        rows.insert(0, "held", part.held)
        rows.insert(0, "technology", part.layer[1])
        rows.insert(0, "operator", part.layer[0])
        parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
