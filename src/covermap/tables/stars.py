"""Stars of places, lines and areas, with the arithmetic behind them."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, B, C, S, Table

STAR_KINDS = ("place", "line", "area")
COMPONENTS = ("coverage", "signal", "rate", "latency", "stalls")
_COMPONENT = {
    "coverage": "covered share of what is measured, 0-1: key points, route length, area",
    "signal": "mean level, dBm",
    "rate": "share of tests that meet the rate standard, 0-1",
    "latency": "median latency, ms",
    "stalls": "share of tests that stalled, 0-1",
}
STAR_RATINGS = Table(
    "star_ratings",
    "One to five stars by the pack's [stars], per layer. Points are the sum of what each component "
    "earns times its weight, over the weight of those that are known. Empty where the pack has no "
    "[stars].",
    (
        C("kind", S, "place, line or area"),
        C("level", S, "level of an area's region", "no area"),
        C("id", S, "place_id, line_id or region_id"),
        C("name", S, "name of it", "no name"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("stars", I32, "1 to 5", "too little is known: see known_weight, n and tests"),
        C("stars_low", I32, "with every component at the lower end of its interval, and what is "
          "not measured taken as not covered", "too little is known"),
        C("stars_high", I32, "with every component at the upper end, and what is not measured "
          "taken as covered", "too little is known"),
        C("points", F64, "0-1", "nothing is known"),
        C("known_weight", F64, "weight of the components that are known, 0-1"),
        *(
            column
            for name, doc in _COMPONENT.items()
            for column in (
                C(name, F64, doc, "not known, or too few samples or tests"),
                C(f"{name}_points", F64, "what it earns before its weight, 0-1", "not known"),
            )
        ),
        C("why", S, "the arithmetic, written out"),
        C("n", I64, "samples behind coverage and signal"),
        C("tests", I64, "tests behind the component that has most of them"),
        C("basis", S, "measured", "nothing is known"),
        C("formula", S, "title of the formula, from the pack"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("kind", "level", "operator", "technology", "id"),
)  # fmt: skip
