from __future__ import annotations

import pytest
from pydantic import ValidationError

from covermap.formats.recipe import KINDS, Drawn, load_recipe
from covermap.tables import TABLES


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_has_a_recipe_from_a_known_table(kind: str) -> None:
    recipe = load_recipe(kind)
    assert recipe.source in TABLES
    assert kind in recipe.layers
    low, high = recipe.zooms
    assert 0 <= low < high


def test_cells_grow_finer_with_each_zoom_and_never_coarser() -> None:
    shown = [z.resolution for z in load_recipe("cells").layers["cells"].zooms]
    assert shown == sorted(shown)
    assert shown[-1] == 12


def test_a_gap_between_zooms_is_refused() -> None:
    with pytest.raises(ValidationError, match="without a gap"):
        Drawn.model_validate({"about": "x", "properties": {}, "zooms": [{"zoom": 4}, {"zoom": 6}]})
