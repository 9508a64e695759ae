"""Rule packs: every threshold, named and sourced; none is written in code."""

from covermap.rules.pack import (
    Certainty,
    IntervalRule,
    LineRule,
    NoService,
    PlaceRule,
    RulePack,
    SegmentRule,
    Standard,
    Target,
    WeakRule,
    load_pack,
    pack_names,
    pack_text,
)

__all__ = [
    "Certainty",
    "IntervalRule",
    "LineRule",
    "NoService",
    "PlaceRule",
    "RulePack",
    "SegmentRule",
    "Standard",
    "Target",
    "WeakRule",
    "load_pack",
    "pack_names",
    "pack_text",
]
