"""What is served: the build, its layers, its operators, how the map starts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from covermap.service.answers import json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current
from covermap.service.snapshot import Snapshot
from covermap.tables import ALL, ANY, PREDICTION_SCORES, layer_name

router = APIRouter(tags=["build"])

DERIVED = {
    ANY: ("Any operator", "任一运营商", "#37474f"),
    ALL: ("All operators", "全部运营商", "#78909c"),
}
"""Names and colours of the operators that stand for several."""
PALETTE = ("#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
"""Colours of operators that `covermap.toml` gives none."""


@router.get(
    "/api/build",
    summary="The build being served",
    responses=answers("build"),
)
def build(request: Request, snapshot: Current) -> Response:
    """Give its name, rules, layers and operators, and how the map starts."""
    return json_answer(request, describe(snapshot), snapshot.id)


def describe(snapshot: Snapshot) -> dict[str, Any]:
    """Give what a map needs to know first."""
    manifest = snapshot.manifest
    about = manifest.get("workspace", {})
    return {
        "id": snapshot.id,
        "created": manifest.get("created"),
        "name": about.get("name") or snapshot.id,
        "simulated": snapshot.simulated,
        "attribution": about.get("attribution", ""),
        "rules": snapshot.rules,
        "datum": "WGS-84",
        "bounds": manifest.get("bounds"),
        "resolution": snapshot.resolution,
        "layers": [
            {"operator": o, "technology": t, "name": layer_name(o, t)} for o, t in snapshot.layers
        ],
        "operators": _operators(snapshot),
        "technologies": snapshot.technologies,
        "scores": _scores(snapshot),
        "tables": manifest.get("tables", {}),
        "map": _map(manifest.get("config", {}).get("map") or {}, manifest.get("bounds")),
    }


def _scores(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Give how well blocks that were held out were foretold, by layer.

    `covermap evaluate` makes them anew after the build, so they are read from it each time.
    """
    rows = snapshot.build.read(PREDICTION_SCORES.name).to_pylist()
    return [
        {name: row[name] for name in _SCORED}
        for row in rows
        if row["held"] == "blocks" and row["from_m"] == 0.0 and row["to_m"] is None
    ]


_SCORED = (
    "operator", "technology", "learnt", "block_m", "n", "rmse_db", "bias_db", "inside_90", "brier",
    "weak", "weak_recall", "weak_precision",
)  # fmt: skip


def _operators(snapshot: Snapshot) -> list[dict[str, Any]]:
    config = snapshot.manifest.get("config", {})
    looks = {**config.get("operators", {}), **snapshot.manifest.get("operators", {})}
    real = [name for name in snapshot.operators if name not in DERIVED]
    found = []
    for name in snapshot.operators:
        look = looks.get(name) or {}
        english, chinese, color = DERIVED.get(name) or (
            name, name, PALETTE[real.index(name) % len(PALETTE)],
        )  # fmt: skip
        found.append(
            {
                "id": name,
                "name": look.get("name") or english,
                "name_zh": look.get("name_zh") or look.get("name") or chinese,
                "color": look.get("color") or color,
            }
        )
    return found


def _map(declared: dict[str, Any], bounds: list[float] | None) -> dict[str, Any]:
    centre = declared.get("center")
    if centre is None and bounds:
        centre = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2]
    return {
        "center": centre,
        "zoom": declared.get("zoom"),
        "basemap": declared.get("basemap"),
        "basemap_attribution": declared.get("basemap_attribution", ""),
    }
