"""Steps of whole tables: what of the rule pack each is shown, and is named by."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from covermap.pipeline.keys import content_key
from covermap.pipeline.whole import WHOLE_STEPS, shown_alone
from covermap.rules import RulePack, load_pack


def test_a_step_is_shown_the_sections_that_it_names_and_no_others() -> None:
    pack = load_pack("project-default")
    shown = pickle.loads(pickle.dumps(shown_alone(pack, ("weak", "standards"))))
    assert (shown.id, shown.weak, shown.standards) == (pack.id, pack.weak, pack.standards)
    for name in set(RulePack.model_fields) - {"id", "weak", "standards"}:
        with pytest.raises(AttributeError):
            getattr(shown, name)


def test_steps_name_sections_of_a_pack() -> None:
    for step in WHOLE_STEPS:
        assert set(step.of_rules) <= set(RulePack.model_fields), step.name


def test_content_is_told_by_names_and_bytes_wherever_they_lie(tmp_path: Path) -> None:
    def told(folder: str, *files: tuple[str, str]) -> str:
        root = tmp_path / folder
        root.mkdir()
        for name, text in files:
            (root / name).write_text(text)
        return content_key(root, [root / name for name, _ in files])

    one = told("a", ("x", "1"), ("y", "2"))
    assert told("b", ("x", "1"), ("y", "2")) == one
    others = {told("c", ("x", "1"), ("y", "3")), told("d", ("x", "1"), ("z", "2")),
              told("e", ("x", "12"), ("y", "")), told("f", ("x", "1"))}  # fmt: skip
    assert len(others | {one}) == 5
