"""Rule packs: every threshold, named and sourced; none is written in code."""

from covermap.rules.pack import (
    Certainty,
    LineRule,
    NoService,
    PlaceRule,
    RulePack,
    Standard,
    WeakRule,
    load_pack,
    pack_names,
    pack_text,
)

__all__ = [
    "Certainty",
    "LineRule",
    "NoService",
    "PlaceRule",
    "RulePack",
    "Standard",
    "WeakRule",
    "load_pack",
    "pack_names",
    "pack_text",
]
