"""Whose key point is meant, however it is written."""

import pytest

from covermap.core.places.attaching import (
    AMBIGUOUS,
    NO_KEY_POINT,
    UNKNOWN_KEY_POINT,
    UNKNOWN_PLACE,
    KeyPoint,
    Known,
    Written,
)
from covermap.core.places.naming import WHOLE, key_point_ids


def point(
    place: str, name: str | None, floor: str | None = None, own: str | None = None
) -> KeyPoint:
    return KeyPoint(place, own or name or floor or WHOLE, (f"{place}场所",), name, floor)


KNOWN = Known([
    point("P1", "办事大厅", "1F"), point("P1", "地下车库", "B1"), point("P1", None, "3F"),
    point("P1", "电梯厅", "1F", "lift-1"), point("P1", "电梯厅", "2F", "lift-2"),
    point("P2", None), point("P3", "大厅"), point("P3", None),
])  # fmt: skip


@pytest.mark.parametrize(
    ("place", "key_point", "floor", "found"),
    [
        ("P1", "办事大厅", None, ("P1", "办事大厅")),
        ("p1 场所", "地下 车库", None, ("P1", "地下车库")),
        ("P1场所", None, "Ｂ１", ("P1", "地下车库")),
        ("P1", None, "3f", ("P1", "3F")),
        ("P1", "电梯厅", "2F", ("P1", "lift-2")),
        ("P1", "LIFT-1", None, ("P1", "lift-1")),
        (None, "lift-2", None, ("P1", "lift-2")),
        ("P2", None, None, ("P2", WHOLE)),
        ("P2", None, "7F", ("P2", WHOLE)),
        ("P3", "大厅", None, ("P3", "大厅")),
    ],
)
def test_key_points_are_found_by_identity_name_or_floor(
    place: str | None, key_point: str | None, floor: str | None, found: tuple[str, str]
) -> None:
    made = KNOWN.attach(Written(place, key_point, floor)).key_point
    assert made is not None
    assert (made.place_id, made.key_point_id) == found


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (Written("P9", "大厅", None), UNKNOWN_PLACE),
        (Written(None, "大厅", None), UNKNOWN_PLACE),  # a name alone tells no place
        (Written("P1", "办事厅", None), UNKNOWN_KEY_POINT),
        (Written("P1", "电梯厅", None), AMBIGUOUS),
        (Written("P1", None, "1F"), AMBIGUOUS),
        (Written("P1", None, "9F"), UNKNOWN_KEY_POINT),
        (Written("P1", None, None), NO_KEY_POINT),
        (Written("P3", None, None), NO_KEY_POINT),
    ],
)
def test_what_leads_to_no_one_key_point_is_told_with_its_reason(
    written: Written, reason: str
) -> None:
    made = KNOWN.attach(written)
    assert made.key_point is None
    assert made.reason == reason


def test_the_nearest_known_names_are_told() -> None:
    assert KNOWN.attach(Written("P1", "办事厅", None)).nearest[0] == "办事大厅"
    assert "P1场所" in KNOWN.attach(Written("P1场地", "x", None)).nearest


def test_a_place_with_key_points_is_no_key_point_itself() -> None:
    assert [(p.place_id, p.key_point_id) for p in KNOWN.points if p.place_id in ("P2", "P3")] == [
        ("P2", WHOLE), ("P3", "大厅"),
    ]  # fmt: skip


def test_places_of_one_name_are_told_apart_by_identity_only() -> None:
    twins = Known([
        KeyPoint("A", "hall", ("Same",), "hall", None),
        KeyPoint("B", "hall", ("Same",), "hall", None),
    ])  # fmt: skip
    assert twins.attach(Written("Same", "hall", None)).reason == AMBIGUOUS
    found = twins.attach(Written("B", "hall", None)).key_point
    assert found is not None
    assert found.place_id == "B"


def test_identities_are_given_ones_first() -> None:
    assert key_point_ids(["p", "p"], ["7", None], ["hall", "hall"], [None, "B1"]) == [
        "7", "hall/B1",
    ]  # fmt: skip
