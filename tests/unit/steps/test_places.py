"""Key places from samples to verdicts and quotas."""

import random
from pathlib import Path

import pytest
import shapely

from covermap.rules import Standard, load_pack
from covermap.store import Tables
from covermap.tables import TABLES, in_order
from made_places import (
    ABSENT,
    BAD,
    CENTRE,
    FEW,
    GOOD,
    NONE,
    PACK,
    again,
    by_layer,
    place,
    run,
    samples,
)

CASES = {
    # what each operator gives at key points a, b, c -> answer of 46000, 46001, any, all
    "all good": ((GOOD, GOOD, GOOD), (GOOD, GOOD, GOOD), ("yes", "yes", "yes", "yes")),
    "one missing": ((GOOD, GOOD, ABSENT), (GOOD, GOOD, GOOD),
                    ("undetermined", "yes", "yes", "undetermined")),
    "one with too few": ((GOOD, FEW, GOOD), (GOOD, GOOD, GOOD),
                         ("undetermined", "yes", "yes", "undetermined")),
    "one failing": ((GOOD, BAD, GOOD), (GOOD, GOOD, GOOD), ("no", "yes", "yes", "no")),
    "one without service": ((GOOD, NONE, GOOD), (GOOD, GOOD, GOOD), ("no", "yes", "yes", "no")),
    "one failing, one missing": ((GOOD, BAD, ABSENT), (GOOD, GOOD, GOOD),
                                 ("no", "yes", "yes", "no")),
    "each fails elsewhere": ((GOOD, BAD, GOOD), (BAD, GOOD, GOOD), ("no", "no", "yes", "no")),
    "both fail at one": ((GOOD, BAD, GOOD), (GOOD, BAD, GOOD), ("no", "no", "no", "no")),
    "one missing, the other fails there": ((GOOD, ABSENT, GOOD), (GOOD, BAD, GOOD),
                                           ("undetermined", "no", "undetermined", "no")),
    "an operator absent": ((GOOD, GOOD, GOOD), (ABSENT, ABSENT, ABSENT),
                           ("yes", "undetermined", "yes", "undetermined")),
    "no samples": ((ABSENT, ABSENT, ABSENT), (ABSENT, ABSENT, ABSENT), ("undetermined",) * 4),
}  # fmt: skip
POINTS = ("a", "b", "c")
OTHER = "46001"


def everything() -> tuple[list, list]:
    places, rows = [], []
    for name, (one, two, _) in CASES.items():
        places += place(name, POINTS)
        for point, first, second in zip(POINTS, one, two, strict=True):
            rows += samples((name, point, None), first)
            rows += samples((name, point, None), second, OTHER)
    return places, rows


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory):
    places, rows = everything()
    return run(tmp_path_factory.mktemp("cases"), places=places, samples=rows)


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("technology", ["nr", "any"])
def test_places_are_as_the_table_of_cases_says(judged, case: str, technology: str) -> None:
    found = by_layer(judged, "place_verdicts", "deep")
    wanted = dict(zip(("46000", OTHER, "any", "all"), CASES[case][2], strict=True))
    assert {o: found[case, o, technology] for o in wanted} == wanted


def test_a_row_tells_its_key_points_and_the_worst(judged) -> None:
    (row,) = [
        r for r in judged.read("place_verdicts").to_pylist()
        if (r["place_id"], r["operator"], r["technology"])
        == ("one failing, one missing", "46000", "nr")
    ]  # fmt: skip
    assert (row["key_points"], row["met"], row["missed"], row["unmeasured"]) == (3, 1, 1, 1)
    assert (row["worst_key_point"], row["basis"], row["last_day"]) == (
        "b",
        "measured",
        "2026-03-01",
    )
    assert (row["n"], row["runs"], row["probability"]) == (40, 1, None)
    assert row["probability_low"] == 0.0
    assert row["probability_high"] < 0.025
    assert row["scene"] == "hospital"


def test_key_points_have_their_rows_measured_or_not(judged) -> None:
    verdict = by_layer(judged, "key_point_verdicts", "verdict")
    of = {p: verdict["one failing, one missing", p, "46000", "nr"] for p in POINTS}
    assert of == {"a": "covered", "b": "weak", "c": "unmeasured"}
    assert verdict["one without service", "b", "46000", "nr"] == "none"
    assert verdict["no samples", "a", "all", "any"] == "unmeasured"


def test_samples_with_a_position_count_for_no_key_point_they_do_not_name(tmp_path: Path) -> None:
    here = {"lon": CENTRE[0], "lat": CENTRE[1], "position_basis": "fix", "position_error_m": 5.0}
    rows = samples((None, None, None), BAD, **here) + samples(
        ("p", "a", None), GOOD, lon=0.0, lat=0.0
    )
    made = run(tmp_path, places=place("p", ["a"]), samples=rows)
    assert by_layer(made, "place_verdicts", "deep")["p", "46000", "nr"] == "yes"
    assert by_layer(made, "place_verdicts", "n")["p", "46000", "nr"] == 20


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    places, rows = everything()
    made = []
    for seed in (1, 2):
        random.Random(seed).shuffle(places)
        random.Random(seed + 9).shuffle(rows)
        made.append(run(tmp_path / str(seed), places=places, samples=rows))
    for name in ("key_point_verdicts", "place_verdicts", "scene_sums"):
        assert made[0].read(name) == made[1].read(name)
        assert made[0].read(name).num_rows > 0


def test_rows_come_in_the_order_of_their_tables(judged) -> None:
    for name in ("key_point_verdicts", "place_verdicts", "scene_sums"):
        rows = judged.read(name)
        assert rows == in_order(rows, TABLES[name]).combine_chunks()


def test_judging_again_reads_no_sample_and_follows_the_rules(tmp_path: Path) -> None:
    rows = samples(("p", "a", None), GOOD)
    run(tmp_path, places=place("p", ["a"]), samples=rows)
    (tmp_path / "before" / "samples.parquet").unlink()
    hard = Standard(rsrp_dbm=-50, source="test")
    strict = PACK.model_copy(update={"standards": {**PACK.standards, "nr": hard}})
    made = again(tmp_path, strict)
    assert by_layer(made, "place_verdicts", "deep")["p", "46000", "nr"] == "no"


def test_a_scene_may_have_standards_of_its_own(tmp_path: Path) -> None:
    hard = {"nr": Standard(rsrp_dbm=-50, source="test")}
    own = PACK.scenes["hospital"].model_copy(update={"standards": hard})
    rules = PACK.model_copy(update={"scenes": {**PACK.scenes, "hospital": own}})
    places = place("h", ["a"]) + place("m", ["a"], scene="mall", grade=None)
    rows = samples(("h", "a", None), GOOD) + samples(("m", "a", None), GOOD)
    found = by_layer(run(tmp_path, rules, places=places, samples=rows), "place_verdicts", "deep")
    assert (found["h", "46000", "nr"], found["m", "46000", "nr"]) == ("no", "yes")


def test_technologies_that_the_pack_does_not_count_say_nothing(tmp_path: Path) -> None:
    rows = samples(("p", "a", None), GOOD, technology="gsm")
    rows += samples(("p", "a", None), GOOD, OTHER)
    found = by_layer(
        run(tmp_path, places=place("p", ["a"]), samples=rows), "place_verdicts", "deep"
    )
    assert found["p", "46000", "any"] == "undetermined"
    assert ("p", "46000", "gsm") not in found


def test_an_operator_measured_elsewhere_alone_is_not_forgotten(tmp_path: Path) -> None:
    places, rows = place("p", ["a"]) + place("q", ["a"]), samples(("p", "a", None), GOOD)
    rows += samples(("q", "a", None), GOOD, OTHER)
    found = by_layer(run(tmp_path, places=places, samples=rows), "place_verdicts", "deep")
    assert found["p", OTHER, "nr"] == "undetermined"
    assert found["p", "all", "nr"] == "undetermined"


def test_a_pack_without_places_judges_none(tmp_path: Path) -> None:
    rows = samples(("p", "a", None), GOOD)
    made = run(tmp_path, load_pack("eirene"), places=place("p", ["a"]), samples=rows)
    assert made.rows("place_verdicts") == made.rows("scene_sums") == 0


def test_names_that_nothing_is_known_by_are_told_with_the_nearest(tmp_path: Path) -> None:
    rows = samples(("Place p", "Main hal", None), GOOD) + samples(("Plaza", None, None), GOOD)
    run(tmp_path, places=place("p", ["Main hall"]), samples=rows)
    told = {r["problem"]: r for r in Tables(tmp_path / "before").read("problems").to_pylist()}
    assert told["unknown_key_point"]["example"] == "Place p / Main hal"
    assert told["unknown_key_point"]["action"].endswith("near: Main hall")
    assert (told["unknown_key_point"]["count"], told["unknown_key_point"]["file"]) == (
        20, "raw/indoor.csv",
    )  # fmt: skip
    assert told["unknown_place"]["example"] == "Plaza"


def test_key_points_outside_their_place_are_told(tmp_path: Path) -> None:
    outline = shapely.box(CENTRE[0], CENTRE[1], CENTRE[0] + 0.002, CENTRE[1] + 0.002)
    places = place("p", [None], geometry=shapely.to_wkb(outline)) + place("p", ["near", "far"])
    places[2]["geometry"] = shapely.to_wkb(shapely.Point(CENTRE[0] - 0.01, CENTRE[1]))
    made = run(tmp_path, places=places, samples=samples(("p", "near", None), GOOD))
    (told,) = Tables(tmp_path / "before").read("problems").to_pylist()
    assert (told["problem"], told["count"], told["example"]) == (
        "key_point_outside_place", 1, "Place p: far",
    )  # fmt: skip
    assert by_layer(made, "place_verdicts", "key_points")["p", "46000", "nr"] == 2


def sums(tables, operator: str = "46000") -> dict:
    return {
        (r["scene"], r["grade"], r["region_id"]): r
        for r in tables.read("scene_sums").to_pylist()
        if (r["operator"], r["technology"]) == (operator, "nr")
    }


def test_quotas_are_held_against_places_by_scene_grade_and_region(tmp_path: Path) -> None:
    region = {
        "region_id": "310000", "level": "province", "code": "310000", "name": "here",
        "population": None, "input": "regions", "simulated": False,
        "geometry": shapely.to_wkb(shapely.box(121, 31, 122, 32)),
    }  # fmt: skip
    places = place("h1", ["a"]) + place("h2", ["a"], scene="医疗机构", grade="三级医院")
    places += place("m1", ["a"], scene="mall", grade=None) + place("s", ["a"], grade="secondary")
    places += place("z", ["a"], scene="zoo", grade="A")
    rows = [r for p in ("h1", "m1", "z") for r in samples((p, "a", None), GOOD)]
    rows += samples(("h2", "a", None), BAD)
    found = sums(run(tmp_path, places=places, samples=rows, regions=[region]))
    all_hospitals = found["hospital", "tertiary", None]
    assert [all_hospitals[c] for c in ("places", "deep", "not_deep", "quota", "reached")] == [
        2, 1, 1, 2.0, "no",
    ]  # fmt: skip
    assert all_hospitals["expected"] == pytest.approx(1.0, abs=0.01)
    here = found["hospital", "tertiary", "310000"]
    assert (here["level"], here["places"], here["reached"]) == ("province", 2, "no")
    assert (found["mall", "key", None]["reached"], found["mall", "key", None]["quota"]) == (
        "yes",
        1,
    )
    secondary = found["hospital", "secondary", None]
    assert (secondary["undetermined"], secondary["quota"]) == (1, 8000)
    assert secondary["reached"] == "undetermined"  # the other 7,999 are not declared
    assert found["hospital", "secondary", "310000"]["quota"] is None
    assert (found["zoo", "A", None]["quota_kind"], found["zoo", "A", None]["reached"]) == (
        None,
        None,
    )
    airport = found["transport-hub", "airport", None]
    assert (airport["places"], airport["quota"], airport["reached"]) == (0, None, None)


def test_only_samples_of_the_periods_that_are_asked_for_count(tmp_path: Path) -> None:
    rows = samples(("p", "a", None), GOOD) + samples(("p", "a", None), BAD, period="2026-04")
    run(tmp_path, places=place("p", ["a"]), samples=rows)
    found = {}
    for period in ("2026-03", "2026-04", "2026-05"):
        made = again(tmp_path, PACK, within=(period, period))
        found[period] = by_layer(made, "place_verdicts", "deep")
    assert found["2026-03"]["p", "46000", "nr"] == "yes"
    assert found["2026-04"]["p", "46000", "nr"] == "no"
    assert found["2026-05"] == {("p", "any", "any"): "undetermined"}
