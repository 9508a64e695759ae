"""Layers that were measured only where devices had nothing better."""

from __future__ import annotations

import pyarrow as pa

from covermap.core.prediction.selection import selected_layers


def levels(*runs: tuple[str, str, int]) -> pa.Table:
    rows = [{"operator": "a", "technology": t, "run_id": r} for r, t, n in runs for _ in range(n)]
    return pa.Table.from_pylist(rows)


def test_what_phones_fall_back_to_is_selected_and_their_first_choice_is_not() -> None:
    phone = levels(("phone", "nr", 90), ("phone", "lte", 10), ("phone", "umts", 5))
    assert selected_layers(phone) == {("a", "lte"), ("a", "umts")}


def test_a_device_locked_to_a_technology_seeks_it_however_little_it_measured() -> None:
    assert selected_layers(levels(("phone", "nr", 90), ("meter", "nbiot", 3))) == set()


def test_most_of_a_layers_levels_decide() -> None:
    scanned = ("scanner", "lte", 20)
    assert selected_layers(levels(("phone", "nr", 90), ("phone", "lte", 10), scanned)) == set()
    assert selected_layers(levels(("phone", "nr", 90), ("phone", "lte", 30), scanned)) == {
        ("a", "lte")
    }
