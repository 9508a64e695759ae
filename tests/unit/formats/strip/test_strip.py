"""Strip charts: what they say is what the profile holds, in text, SVG and PNG alike."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from covermap.formats.palette import COLOURS
from covermap.formats.strip import Mark, Part, Profile, Span, Tick, to_svg, to_text
from covermap.formats.strip.drawing import draw
from covermap.formats.strip.png import SCALE, to_png
from covermap.formats.strip.profile import MEASURED, PIECE_COLUMNS, columns_of
from covermap.formats.strip.shapes import Rect, Text
from covermap.formats.strip.tracks import STRUCTURES

SVG = "{http://www.w3.org/2000/svg}"
VERDICTS = ["covered", "weak", "none", "unmeasured"]
SUMMARY = {
    "answer": "fail", "route_length_km": 2.0, "route_covered_km": 1.0, "route_weak_km": 0.5,
    "route_none_km": 0.25, "route_unmeasured_km": 0.25, "longest_gap_km": 0.6,
    "share_expected": 0.571, "share_low": 0.45, "share_high": 0.68, "p_pass": 0.0,
}  # fmt: skip


def pieces(verdicts: list[str], length_m: float = 100.0) -> pa.Table:
    levels = {"covered": -90.0, "weak": -112.0, "none": -140.0, "unmeasured": None}
    rows = [
        {
            "segment": k, "from_m": length_m * k, "to_m": length_m * (k + 1),
            "chainage": f"K{k}", "tunnel": False, "verdict": v,
            "probability": None if v == "unmeasured" else 0.9 if v == "covered" else 0.1,
            "n": 3, "runs": 1, "rsrp_mean_dbm": levels[v],
            "rsrp_p5_dbm": None if levels[v] is None else levels[v] - 4, "lon": 121.0, "lat": 31.0,
        }
        for k, v in enumerate(verdicts)
    ]  # fmt: skip
    types: dict[str, Any] = {"verdict": pa.string(), "chainage": pa.string(), "tunnel": pa.bool_()}
    schema = pa.schema([(n, types.get(n, pa.float64())) for n in PIECE_COLUMNS])
    return pa.Table.from_pylist(rows, schema)


def profile(verdicts: list[str] | None = None, **more: Any) -> Profile:
    table = pieces(verdicts or ["covered"] * 10 + ["weak"] * 5 + ["none"] * 3 + ["unmeasured"] * 2)
    end = float(table.column("to_m")[-1].as_py())
    whole = Profile(
        line_id="r-1", title="G2 京沪高速", line_class="motorway", length_m=end, oneway=-1,
        operator="46000", operator_name="China Mobile 中国移动", technology="nr", from_m=0.0,
        to_m=end, threshold_dbm=-105.0, simulated=False, rules="Project default (not official)",
        official=True, summary=SUMMARY, pieces=table, sections=(), stations=(), structures=(),
        ticks=(Tick(0.0, "K100+000"), Tick(1000.0, "K101+000")),
    )  # fmt: skip
    return replace(whole, **more)


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(svg).iter(f"{SVG}text")]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=40), st.integers(1, 50))
def test_columns_equal_a_plain_sum_over_pieces(verdicts: list[str], count: int) -> None:
    whole = profile(verdicts)
    found = columns_of(whole, count)
    rows = whole.pieces.to_pylist()
    for k in range(count):
        low, high = found.edges[k], found.edges[k + 1]
        inside = [
            (r, min(r["to_m"], high) - max(r["from_m"], low))
            for r in rows
            if min(r["to_m"], high) - max(r["from_m"], low) > 1e-3
        ]
        known = [(r, w) for r, w in inside if r["verdict"] != "unmeasured"]
        if not known:
            assert np.isnan(found.level[k])
            assert found.main[k] == found.worst[k] == -1
            continue
        weight = sum(w for _, w in known)
        for values, name in ((found.level, "rsrp_mean_dbm"), (found.low, "rsrp_p5_dbm"),
                             (found.probability, "probability")):  # fmt: skip
            assert values[k] == pytest.approx(sum(r[name] * w for r, w in known) / weight)
        worst = max(MEASURED[r["verdict"]] for r, _ in known)
        assert found.worst[k] == worst
        sizes = [sum(w for r, w in known if MEASURED[r["verdict"]] == c) for c in range(3)]
        assert sizes[found.main[k]] == pytest.approx(max(sizes))


def test_a_weak_hundred_metres_on_a_long_line_is_still_seen() -> None:
    whole = profile(["covered"] * 2000 + ["weak"] + ["covered"] * 2000)
    painted = [s for s in draw([whole]).shapes if isinstance(s, Rect) and s.about]
    assert painted[-1].fill == COLOURS["weak"]
    assert painted[-1].width >= 0.8
    lines = to_text(whole, 80).splitlines()
    (worst,) = [line for line in lines if line.startswith("   worst ")]
    assert worst.count("▒") == 1


def test_the_chart_says_what_its_tracks_are() -> None:
    said = " ".join(texts(to_svg([profile()])))
    for told in ("down to their 5th percentile", "P: probability that the persistent level",
                 "what the rules ask", "-105 dBm", "official chainage 官方里程",
                 "against the chainage", "China Mobile 中国移动 46000 / nr",
                 "fail 未连续覆盖: share of the assessed length 57.1 % (45.0-68.0 %)",
                 "not measured 0.2; longest gap 0.6 km"):  # fmt: skip
        assert told in said
    assert "tunnel" not in said
    assert "SIMULATED" not in said


def test_a_layer_without_measurements_has_no_axis_of_wonders() -> None:
    empty = profile(["unmeasured"] * 20, summary=None)
    said = texts(to_svg([empty]))
    assert "nothing is measured 未测量" in said
    assert "verdict" not in to_text(empty, 60).splitlines()[1]
    assert to_text(empty, 60).count("·") >= 20
    assert to_png([empty])[:4] == b"\x89PNG"


def test_sections_are_drawn_by_answer_where_there_is_more_than_one() -> None:
    one = Part("station", "A - B", 0.0, 1000.0, "pass", 0.97, 0.99)
    two = Part("station", "B - C", 1000.0, 2000.0, "undetermined", None, None)
    fills = {
        s.about: s.fill for s in draw([profile(sections=(one, two))]).shapes if isinstance(s, Rect)
    }
    assert fills["A - B: pass"] == COLOURS["pass"]
    assert fills["B - C: unmeasured"] == COLOURS["unmeasured"]
    assert not any("section" in t for t in texts(to_svg([profile(sections=(one,))])))


def test_all_panels_have_one_scale_of_levels() -> None:
    low = profile(["none"] * 20)
    high = profile(["covered"] * 20)
    axes = [
        [s.text for s in draw(list(both)).shapes if isinstance(s, Text) and s.text.startswith("-")]
        for both in ((low, high), (high, low))
    ]
    half = len(axes[0]) // 2
    assert axes[0][:half] == axes[0][half:] == axes[1][:half]


def test_texts_do_not_touch_each_other() -> None:
    stations = tuple(Mark(f"站台{k}", 40.0 * k, f"K{k}") for k in range(50))
    ticks = tuple(Tick(25.0 * k, f"K100+{25 * k:03d}") for k in range(80))
    tunnel = (Span("tunnel", None, 0.0, 500.0), Span("bridge", "大桥", 700.0, 900.0))
    whole = profile(stations=stations, ticks=ticks, structures=tunnel, simulated=True)
    spans: dict[float, list[tuple[float, float]]] = {}
    for s in draw([whole]).shapes:
        if isinstance(s, Text):
            width = sum(s.size * (1.0 if ord(c) > 0x2E80 else 0.5) for c in s.text)
            start = s.x - {"start": 0.0, "middle": width / 2, "end": width}[s.anchor]
            spans.setdefault(s.y, []).append((start, start + width))
    for row in spans.values():
        row.sort()
        assert all(a[1] <= b[0] for a, b in pairwise(row)), row


def test_a_gap_of_the_inventory_is_no_bridge() -> None:
    whole = profile(structures=(Span("bridge", None, 0.0, 400.0), Span("gap", None, 600.0, 900.0)))
    fills = {s.fill for s in draw([whole]).shapes if isinstance(s, Rect)}
    assert {STRUCTURES["bridge"], STRUCTURES["gap"]} <= fills
    assert "gap of the inventory" in to_svg([whole])
    text = to_text(whole, plain=True)
    assert "b bridge" in text
    assert "x gap" in text
    assert "?" not in text


def test_a_png_has_the_size_of_the_drawing_and_is_not_blank() -> None:
    picture = Image.open(BytesIO(to_png([profile(), profile()])))
    drawing = draw([profile(), profile()])
    assert picture.size == (drawing.width * SCALE, drawing.height * SCALE)
    colours = {c for _, c in picture.getcolors(1 << 24) or []}
    for verdict in ("covered", "weak", "none", "unmeasured"):
        red, green, blue = (int(COLOURS[verdict][k : k + 2], 16) for k in (1, 3, 5))
        assert (red, green, blue) in colours, verdict
    assert to_png([profile()]) == to_png([profile()])


@pytest.mark.parametrize("width", [30, 60, 100, 200])
@pytest.mark.parametrize("plain", [True, False])
def test_a_terminal_chart_keeps_to_its_width_and_marks_the_threshold(
    width: int, plain: bool
) -> None:
    made = to_text(profile(), width, plain).splitlines()
    assert max(map(len, made[1:])) <= width
    assert sum("-105 >" in line for line in made) == 1
    if plain:
        assert all(line.isascii() for line in made[1:])
        assert any(line.startswith("       P 8888") for line in made)


def test_what_a_line_is_called_cannot_break_the_svg() -> None:
    said = texts(to_svg([profile(title='<b>&"\x00', operator_name="<i>")]))
    assert '<b>&"   <i> 46000 / nr' in said
