"""Steps of whole tables: what of the rule pack each is shown, and is named by."""

from __future__ import annotations

import pickle

import pytest

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
