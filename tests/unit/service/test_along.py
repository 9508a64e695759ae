"""What the service tells along lines: profile, places, sections, sums."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from asking import Client
from covermap.store import Tables


def test_lines_are_filtered_by_answer_and_region(client: Client) -> None:
    found = client.get("/api/lines?answer=undetermined&region=31010").json()
    assert {r["line_id"] for r in found["items"]} == {"g2"}
    assert {r["oneway"] for r in found["items"]} == {None}
    assert client.get("/api/lines?answer=pass").json()["total"] == 0


def test_a_profile_tells_the_part_asked_for_in_the_official_count(client: Client) -> None:
    url = "/api/lines/g2/profile?operator=46000&technology=nr&from=K103%2B000&to=4200"
    found = client.get(url).json()
    assert (found["from_m"], found["to_m"], found["official"]) == (3000.0, 4200.0, True)
    assert [p["segment"] for p in found["pieces"]] == list(range(30, 42))
    assert found["structures"][0]["name"] == "东山隧道"
    assert found["threshold_dbm"] == -105.0


def test_a_profile_holds_what_the_tables_say_of_every_segment(
    client: Client, workspace: Path
) -> None:
    found = client.get("/api/lines/m1/profile?operator=46000&technology=nr").json()
    tables = Tables(workspace / "builds" / "b1")
    rows = {
        r["segment"]: r
        for r in tables.read("segment_verdicts").to_pylist()
        if (r["operator"], r["technology"], r["line_id"]) == ("46000", "nr", "m1")
    }
    courses = {
        r["segment"]: shapely.from_wkb(r["geometry"])
        for r in tables.read("segments").to_pylist()
        if r["line_id"] == "m1"
    }
    assert [p["segment"] for p in found["pieces"]] == list(range(240))
    for piece in found["pieces"]:
        row = rows[piece["segment"]]
        for name in ("verdict", "probability", "n", "runs", "rsrp_mean_dbm", "rsrp_p5_dbm"):
            assert piece[name] == row[name], name
        middle = courses[piece["segment"]].interpolate(0.5, normalized=True)
        assert (piece["lon"], piece["lat"]) == pytest.approx((middle.x, middle.y), abs=1e-6)


def test_a_profile_tells_the_whole_line_and_its_sections(client: Client) -> None:
    found = client.get("/api/lines/g2/profile?operator=any&technology=any").json()
    assert found["summary"]["answer"] == "undetermined"
    assert found["summary"]["longest_gap_km"] == 0.4
    stations = [s for s in found["sections"] if s["kind"] == "station"]
    assert [(s["name"], s["answer"], s["to_m"]) for s in stations] == [
        ("莘庄 - 人民广场", "fail", 9000.0), ("人民广场 - end", "fail", 23_962.5),
    ]  # fmt: skip
    assert found["pieces"][0]["chainage"] == "K100+000"
    assert found["pieces"][125]["chainage"] == "K113+000"
    assert (found["operator_name"], found["oneway"]) == ("any operator 任一运营商", None)


def test_ticks_are_round_figures_of_the_official_count(client: Client) -> None:
    found = client.get("/api/lines/g2/profile?from=700").json()
    assert [t["text"] for t in found["ticks"]] == [
        "K105+000", "K110+000", "K115+000", "K120+000",
    ]  # fmt: skip
    assert [t["chainage_m"] for t in found["ticks"]] == [5000.0, 10_000.0, 14_500.0, 19_500.0]


def test_a_profile_is_not_sent_again_to_who_has_it(client: Client) -> None:
    first = client.get("/api/lines/g2/profile")
    again = client.get("/api/lines/g2/profile", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_an_official_place_lies_where_the_count_says(client: Client) -> None:
    found = client.get("/api/lines/g2/at?chainage=K113%2B000").json()
    (place,) = found["places"]
    assert place["chainage_m"] == 12_500.0
    own = client.get("/api/lines/m1/at?chainage=K12%2B500").json()
    assert not own["official"]
    assert own["places"][0]["chainage_m"] == 12_500.0
    assert own["places"][0]["lat"] == pytest.approx(31.19)


@pytest.mark.parametrize(
    ("url", "status", "told"),
    [
        ("/api/lines/zz/profile", 404, "no line 'zz'"),
        ("/api/lines/zz/at?chainage=1", 404, "no line 'zz'"),
        ("/api/lines/g2/at?chainage=K112%2B100", 422, "K100+000 to K124+462"),
        ("/api/lines/g2/at?chainage=x", 422, "K12+300"),
        ("/api/lines/g2/at", 422, "chainage is missing"),
        ("/api/lines/g2/profile?from=500&to=500", 422, "no part"),
        ("/api/lines/g2/profile?operator=9", 404, "no operator"),
        ("/api/lines?answer=maybe", 422, "answer"),
        ("/api/lines?region=x", 404, "region"),
        ("/api/sections?kind=street", 422, "kind"),
        ("/api/network?scope=all", 422, "scope"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(
    client: Client, url: str, status: int, told: str
) -> None:
    answer = client.get(url)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["error"]


def test_sections_and_sums_are_listed_with_their_intervals(client: Client) -> None:
    found = client.get("/api/sections?kind=county&operator=any&technology=any&region=31011").json()
    (row,) = found["items"]
    assert (row["name"], row["from_m"], row["answer"]) == ("县1", 9000.0, "fail")
    assert (row["from"], row["to"]) == ("K109+000", "K124+462")
    sums = client.get("/api/network?operator=any&technology=any&scope=class").json()
    assert [r["class"] for r in sums["items"]] == ["metro", "motorway"]
    assert sums["items"][1]["continuous_high_km"] == 24.0
