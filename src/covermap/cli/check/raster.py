"""What is in a raster of people, and the lines that declare it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from covermap.cli.check.facts import Facts
from covermap.errors import FormatError
from covermap.formats.rasters import Raster, open_raster
from covermap.formats.survey import Survey, survey
from covermap.steps.people.reading import oddities
from covermap.workspace import FILL_IN

FIRST_BAND = 1


def raster_facts(path: Path, shown: str, datum: str | None) -> Facts:
    """Read a raster whole and tell what came out; of several bands, the first.

    Raises
    ------
    InputError, FormatError, DatumError
        As `open_raster`; or the file is packed.
    """
    if path.suffix.lower() in (".gz", ".zip"):
        raise FormatError(f"{shown}: unpack it: a raster is read in windows, in place.")
    with open_raster(path, shown, FIRST_BAND, datum) as raster:
        seen = survey(raster, "count")
        return Facts(
            shown,
            raster.rows,
            accepted=raster.rows,
            problems=tuple(
                {"problem": kind, "count": count, "first_line": None, "example": example,
                 "action": action}
                for kind, count, action, example in oddities(raster, seen, "count")
            ),
            details=_details(raster, seen),
        )  # fmt: skip


def _details(raster: Raster, seen: Survey) -> dict[str, Any]:
    lon, lat = raster.lattice(50.0, 0.0)
    box = " ".join(f"{v:.5f}" for v in (lon.min(), lat.min(), lon.max(), lat.max()))
    return {
        "crs": raster.crs_name,
        "extent": f"{box}   (west south east north, WGS-84)",
        "pixels": f"{raster.rows} rows x {raster.columns} columns of about "
        f"{np.mean(raster.width_km):.3g} x {np.mean(raster.height_km):.3g} km",
        "bands": int(raster.dataset.count),
        "values": f"{raster.dtype}: {seen.held} above 0, up to {seen.largest:g} "
        f"({seen.at_largest} pixels), {seen.nodata} nodata",
        "sum": f"{seen.total:.0f}: the people, if these are people per pixel",
    }


def population_lines(facts: Facts, datum: str | None) -> list[str]:
    """Give the entry that declares a raster; what only the user knows is left to fill in."""
    saturated = any(p["problem"] == "saturated_people" for p in facts.problems)
    kind = "weight" if saturated else "count"
    why = (
        "values stop at one largest: more or fewer people, no count"
        if saturated
        else "people per pixel; density: people per km2; weight: in proportion to a density"
    )
    lines = ["[population]", f'files = ["{facts.shown}"]   # relative to covermap.toml']
    lines.append(f'kind = "{kind}"   # {why}')
    if saturated:
        lines.append(f'total = "{FILL_IN}"   # people in all')
    if facts.details["bands"] > 1:
        lines.append(f"band = {FIRST_BAND}   # of {facts.details['bands']}")
    if datum is not None:
        lines.append(f'datum = "{datum}"')
    return [*lines, "# year = 2020", '# attribution = ""   # who the raster comes from']
