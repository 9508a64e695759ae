"""The whole of `covermap.toml`."""

from __future__ import annotations

from pydantic import Field

from covermap.workspace.inputs import Areas, Indicators, Lines, Measurements, Sites, Villages
from covermap.workspace.settings import (
    About,
    Grid,
    Judge,
    Locate,
    Map,
    Matching,
    OperatorLook,
    Population,
    Positions,
    Predict,
    RulesChoice,
    Terrain,
)
from covermap.workspace.typed import Strict


class Config(Strict):
    """The whole of `covermap.toml`."""

    workspace: About = About()
    rules: RulesChoice = RulesChoice()
    grid: Grid = Grid()
    judge: Judge = Judge()
    positions: Positions = Positions()
    matching: Matching = Matching()
    map: Map = Map()
    operators: dict[str, OperatorLook] = Field(default_factory=dict)
    measurements: tuple[Measurements, ...] = ()
    sites: tuple[Sites, ...] = ()
    lines: tuple[Lines, ...] = ()
    places: tuple[Areas, ...] = ()
    villages: tuple[Villages, ...] = ()
    regions: tuple[Areas, ...] = ()
    indicators: tuple[Indicators, ...] = ()
    population: Population | None = None
    terrain: Terrain | None = None
    predict: Predict | None = None
    locate: Locate | None = None


KINDS = ("measurements", "sites", "lines", "places", "villages", "regions", "indicators")
