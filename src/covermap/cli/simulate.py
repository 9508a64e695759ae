"""`covermap simulate`: make a workspace of a world with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from covermap.cli.bars import Bars
from covermap.errors import ConfigError

if TYPE_CHECKING:
    from covermap.simulate.make import Summary
    from covermap.simulate.recipe import Recipe


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    directory: Path = typer.Argument(..., help="Folder to make the workspace in."),
    recipe: str = typer.Option(
        "sample", "--recipe", help="sample, noise-free, or a recipe's TOML file."
    ),
    samples: int | None = typer.Option(
        None, "--samples", help="How many samples (default: the recipe's)."
    ),
    seed: int | None = typer.Option(None, "--seed", help="Another seed makes another world."),
) -> None:
    """Make a simulated workspace: logs, sites, lines, places, covermap.toml and the truth.

    A simulated workspace that is there is made anew; any other folder with content is refused.
    """
    # imported here: the other commands start without the simulator
    from covermap.simulate.make import check_free
    from covermap.simulate.recipe import load_recipe

    check_free(directory)
    chosen = _with(load_recipe(recipe), samples, seed)
    summary = _run(directory, chosen)
    typer.echo(
        f"{directory}: {summary.records} records in {summary.files} logs, {summary.sites} sites, "
        f"{summary.length_km:.0f} km of lines. All of it is simulated."
    )
    typer.echo(f"  covermap build {directory}     builds it")


def _with(recipe: Recipe, samples: int | None, seed: int | None) -> Recipe:
    from covermap.simulate.recipe import all_once

    if samples is not None and all_once(recipe):
        raise ConfigError("--samples: this recipe makes whole rounds; leave the number out.")
    if samples is not None and not 100 <= samples <= 10**10:
        raise ConfigError(f"--samples {samples}: must be 100 to 10000000000.")
    if seed is not None and not 0 <= seed < 2**63:
        raise ConfigError(f"--seed {seed}: must be 0 to 2**63 - 1.")
    changes = {k: v for k, v in (("samples", samples), ("seed", seed)) if v is not None}
    return recipe.model_copy(update=changes)


def _run(directory: Path, recipe: Recipe) -> Summary:
    from covermap.simulate.make import simulate as make

    with Bars(Console(stderr=True)) as bars:
        bars.start("simulate", 1.0)
        return make(directory, recipe, lambda share, what: bars.move(share, 1.0, what))
