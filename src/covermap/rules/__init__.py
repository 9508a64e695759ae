"""Rule packs: every threshold, named and sourced; none is written in code.

One module a theme: `pieces` (cells and segments), `lines`, `villages`, `places`, `service`,
`stars`, `areas`, `iot`, `targets`; `pack` brings them together, `load` reads them from TOML.
"""

from covermap.rules.areas import AreaRule
from covermap.rules.compare import Change, differences
from covermap.rules.iot import IotRule
from covermap.rules.lines import IntervalRule, LineRule
from covermap.rules.load import load_pack, pack_names, pack_text
from covermap.rules.pack import RulePack
from covermap.rules.pieces import Certainty, NoService, PieceRule, SegmentRule, Standard, WeakRule
from covermap.rules.places import PlaceDeepRule, Quota, Scene
from covermap.rules.service import RateStandard, ServiceRule
from covermap.rules.stars import StarRule
from covermap.rules.targets import Grouping, Target
from covermap.rules.villages import VillageRule

__all__ = [
    "AreaRule",
    "Certainty",
    "Change",
    "Grouping",
    "IntervalRule",
    "IotRule",
    "LineRule",
    "NoService",
    "PieceRule",
    "PlaceDeepRule",
    "Quota",
    "RateStandard",
    "RulePack",
    "Scene",
    "SegmentRule",
    "ServiceRule",
    "Standard",
    "StarRule",
    "Target",
    "VillageRule",
    "WeakRule",
    "differences",
    "load_pack",
    "pack_names",
    "pack_text",
]
