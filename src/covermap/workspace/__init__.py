"""`covermap.toml`: what a workspace declares, typed and checked once, at the door.

Nothing about an input is guessed silently: format, datum, time zone, source and operator are
declared here. Unknown keys are errors that name the key and the nearest known one.
"""

from __future__ import annotations

from covermap.workspace.declared import Config
from covermap.workspace.files import input_files
from covermap.workspace.inputs import Areas, Indicators, Lines, Measurements, Sites, Villages
from covermap.workspace.load import CONFIG_NAME, load_config
from covermap.workspace.settings import (
    Grid,
    Judge,
    Locate,
    Matching,
    Population,
    Positions,
    Predict,
    Terrain,
)
from covermap.workspace.typed import FILL_IN, Antenna, LineClass, Name

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
