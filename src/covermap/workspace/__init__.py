"""`covermap.toml`: what a workspace declares, typed and checked once, at the door.

Nothing about an input is guessed silently: format, datum, time zone, source and operator are
declared here. Unknown keys are errors that name the key and the nearest known one.
"""

from __future__ import annotations

from covermap.workspace.declared import (
    FILL_IN,
    Antenna,
    Areas,
    Config,
    Grid,
    Indicators,
    Judge,
    LineClass,
    Lines,
    Locate,
    Matching,
    Measurements,
    Name,
    Population,
    Positions,
    Predict,
    Sites,
    Terrain,
    Villages,
)
from covermap.workspace.files import input_files
from covermap.workspace.load import CONFIG_NAME, load_config

__all__ = [
    "CONFIG_NAME",
    "FILL_IN",
    "Antenna",
    "Areas",
    "Config",
    "Grid",
    "Indicators",
    "Judge",
    "LineClass",
    "Lines",
    "Locate",
    "Matching",
    "Measurements",
    "Name",
    "Population",
    "Positions",
    "Predict",
    "Sites",
    "Terrain",
    "Villages",
    "input_files",
    "load_config",
]
