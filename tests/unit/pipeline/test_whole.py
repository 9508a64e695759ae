"""Steps of whole tables: what of the rule pack each is shown, and is named by."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from covermap.pipeline.keys import code_key, content_key, key_of
from covermap.pipeline.whole import CODE, WHOLE_STEPS, earlier_result, shown_alone
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


def test_an_earlier_result_is_the_latest_of_the_same_pack_else_of_any(
    tmp_path: Path,
) -> None:
    mine, other, third = (load_pack(name) for name in ("trai", "korea", "eirene"))

    def made(name: str, code: str, pack: RulePack, at: int) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / CODE).write_text(f"{code} {key_of(pack)}\n")
        os.utime(folder, (at, at))
        return folder

    assert earlier_result(tmp_path, "tiles", mine) is None
    old, new = made("tiles-a", code_key(), mine, 1), made("tiles-b", code_key(), mine, 2)
    latest = made("tiles-c", code_key(), other, 3)
    made("tiles-d", "othercode", mine, 4)
    made("tiles_part-e", code_key(), mine, 5)
    assert earlier_result(tmp_path, "tiles", mine) == new != old
    assert earlier_result(tmp_path, "tiles", third) == latest
