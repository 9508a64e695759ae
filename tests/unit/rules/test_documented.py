"""Every section and key of a rule pack is told in the README, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from covermap.rules.faults import models_in
from covermap.rules.pack import RulePack
from covermap.rules.typed import Strict

ELSEWHERE = ("village", "alike")
"""Sections whose finer keys have a chapter of their own."""


def keys_of(model: type[Strict], leave: tuple[str, ...] = ()) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        if name not in leave:
            for inner in models_in(field.annotation):
                found |= keys_of(inner, leave)
    return found


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_key_of_a_pack_is_told(project: Path, name: str) -> None:
    text = (project / name).read_text(encoding="utf-8")
    (chapter,) = re.findall(r"^## (?:Rule packs|规则包)$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"[a-z_0-9]+", chapter))
    assert keys_of(RulePack, ELSEWHERE) - told == set()
