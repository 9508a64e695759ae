"""Rate places, lines and areas, and write the arithmetic beside the stars."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.core.stars import NO_STARS, Part, Rated, rate
from covermap.engine.step import StepContext
from covermap.rules import StarRule
from covermap.steps.stars.figures import READS, figures
from covermap.tables import COMPONENTS, STAR_RATINGS, empty, nan_as_null

__all__ = ["OF_STARS", "READS", "run"]

Floats = NDArray[np.float64]

OF_STARS = ("stars",)
"""Section of a pack that stars follow from, beside those of the verdicts."""
TESTED = ("rate", "latency", "stalls")
FALLING = ("latency", "stalls")
"""Components of which less is better: the upper end of their interval is the worst."""
_SHOWN = {"coverage": "{:.3f}", "signal": "{:.1f} dBm", "rate": "{:.3f}", "latency": "{:.0f} ms",
          "stalls": "{:.3f}"}  # fmt: skip


def run(ctx: StepContext) -> None:
    """Write `star_ratings`; without [stars] in the pack, empty."""
    rule = ctx.rules.stars
    if rule is None:
        ctx.write("star_ratings", empty(STAR_RATINGS))
        return
    with ctx.connect(*READS) as connection:
        found = figures(connection)
    ctx.write("star_ratings", _rows(found, rule))


def _rows(found: pa.Table, rule: StarRule) -> pa.Table:
    parts = {str(name): Part(c.weight, c.zero, c.full) for name, c in rule.components.items()}
    values = {name: _known(found, name, rule) for name in COMPONENTS}

    def rated(bound: str, falling: str) -> Rated:
        ends = {n: _end(found, n, values[n], falling if n in FALLING else bound) for n in values}
        return rate(ends, parts, rule.cut_offs, rule.min_weight)

    made = rate(values, parts, rule.cut_offs, rule.min_weight)
    worst, best = rated("low", "high"), rated("high", "low")
    columns = {
        name: found.column(name)
        for name in ("kind", "level", "id", "name", "operator", "technology", "n", "simulated")
    }
    columns |= {
        "stars": _stars(made),
        "stars_low": _stars(worst),
        "stars_high": _stars(best),
        "points": nan_as_null(made.points),
        "known_weight": pa.array(made.known_weight),
        "why": pa.array(_why(values, made, parts, rule)),
        "tests": _tests(found),
        "basis": pa.array(["measured" if w > 0 else None for w in made.known_weight], pa.string()),
        "formula": pa.repeat(rule.title, found.num_rows),
    }
    unknown = np.full(found.num_rows, np.nan)
    for name in COMPONENTS:
        columns[name] = nan_as_null(values[name])
        columns[f"{name}_points"] = nan_as_null(made.earned.get(name, unknown))
    return pa.table({name: columns[name] for name in STAR_RATINGS.names})


def _known(found: pa.Table, name: str, rule: StarRule) -> Floats:
    """Give a component's figure; NaN where it rests on fewer samples or tests than the pack's."""
    least = rule.min_tests if name in TESTED else rule.min_samples
    count = found.column(f"{name}_tests" if name in TESTED else "n").fill_null(0).to_numpy()
    return np.where(count >= least, _numbers(found, name), np.nan)


def _numbers(found: pa.Table, name: str) -> Floats:
    values: Floats = found.column(name).cast(pa.float64()).to_numpy().astype(np.float64)
    return values


def _end(found: pa.Table, name: str, values: Floats, bound: str) -> Floats:
    """Give an end of a component's interval; the figure itself where it has none."""
    if f"{name}_{bound}" not in found.column_names:
        return values
    end = _numbers(found, f"{name}_{bound}")
    return np.where(np.isnan(values) | np.isnan(end), values, end)


def _stars(made: Rated) -> pa.Array:
    return pa.array(made.stars.astype(np.int32), mask=made.stars == NO_STARS)


def _tests(found: pa.Table) -> pa.Array:
    each = [found.column(f"{name}_tests").fill_null(0) for name in TESTED]
    return pc.max_element_wise(*each).combine_chunks().cast(pa.int64())


def _why(
    values: dict[str, Floats], made: Rated, parts: dict[str, Part], rule: StarRule
) -> list[str]:
    """Write out what each component earns, the sum, and the cut-off that was reached."""
    said = []
    for i in range(len(made.stars)):
        known = [name for name in parts if not np.isnan(made.earned[name][i])]
        terms = " + ".join(
            f"{name} {_SHOWN[name].format(values[name][i])}: "
            f"{made.earned[name][i]:.3f} x {parts[name].weight:g}"
            for name in known
        )
        said.append(_sentence(terms, [n for n in parts if n not in known], made, i, rule))
    return said


def _sentence(terms: str, unknown: list[str], made: Rated, i: int, rule: StarRule) -> str:
    missing = f"; not known: {', '.join(unknown)}" if unknown else ""
    weight, stars = made.known_weight[i], int(made.stars[i])
    if not terms:
        return "nothing is known"
    total = f"({terms}) / {weight:g} = {made.points[i]:.3f}{missing}"
    if stars == NO_STARS:
        return f"{total}; no stars: {weight:g} of the weight is known, {rule.min_weight:g} needed"
    reached = f"from {rule.cut_offs[stars - 2]:g}" if stars > 1 else f"below {rule.cut_offs[0]:g}"
    return f"{total}; {stars} of 5 stars: {reached}"
