"""The map in a real browser, on a real service, over a build whose figures are known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from browser import world
from browser.conftest import Visits, drawn, where
from covermap.store import Workspace

pytestmark = pytest.mark.browser

Pixel = Callable[[Page, float, float], tuple[int, int, int]]

LOOK = "#map=15.00/31.30000/120.62000&op=46000&tech=nr&lang=en"
CELLS_ONLY = LOOK + "&layers=cells"
ALL_LAYERS = LOOK + "&layers=cells,segments,weak_spots,sites"
GROUND = (0xEE, 0xF1, 0xF2)
CELL_OPACITY = 0.7
METRICS = ("verdict", "rsrp", "share", "p", "n")
VALUES = {
    "rsrp": world.LEVELS, "share": world.SHARES, "p": world.PROBABILITIES, "n": world.SAMPLES,
}  # fmt: skip


def near(seen: tuple[int, int, int], wanted: tuple[int, int, int], by: int = 4) -> bool:
    return all(abs(a - b) <= by for a, b in zip(seen, wanted, strict=True))


def faded(color: str) -> tuple[int, int, int]:
    """What a cell's colour becomes on the plain ground."""
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    red, green, blue = (
        round(CELL_OPACITY * part + (1 - CELL_OPACITY) * below)
        for part, below in zip(parts, GROUND, strict=True)
    )
    return red, green, blue


def legend(page: Page, layer: str) -> list[tuple[str, str | None]]:
    """Entries of a layer's legend: text, and the colour of the swatch if it is filled."""
    found: list[list[Any]] = page.evaluate(
        """layer => [...document.querySelectorAll(
            `[data-legend=${layer}] ul:not(.fading) li`)].map(item => [
            item.textContent,
            item.querySelector('path') ? null : item.querySelector('rect, line, circle')
                .getAttribute(['segments', 'lines'].includes(layer) ? 'stroke' : 'fill')])""",
        layer,
    )
    return [(text, color) for text, color in found]


def entry_of(entries: list[tuple[str, str | None]], metric: str, value: float) -> str | None:
    """Colour that the legend promises for a value, read from its words as a person would."""
    if metric in ("share", "p"):
        value *= 100
    for text, color in entries:
        numbers = [float(n.replace("−", "-")) for n in re.findall(r"[−\d.]+(?=\s|$)", text)]
        if text.startswith("<") and value < numbers[0]:
            return color
        if text.startswith("≥") and value >= numbers[0]:
            return color
        if len(numbers) == 2 and numbers[0] <= value < numbers[1]:
            return color
    return None


def choose(page: Page, group: str, value: str) -> None:
    page.locator(f"input[name={group}][value='{value}']").check(force=True)


def selected_panel(page: Page) -> Any:
    panel = page.locator(".panel")
    expect(panel).to_be_visible()
    expect(panel).not_to_have_attribute("aria-busy", "true")
    return panel


def test_the_map_draws_every_cell_with_the_colour_of_its_verdict(
    visits: Visits, pixel: Pixel
) -> None:
    page = visits.map(CELLS_ONLY)
    colors = dict(legend(page, "cells"))
    for ring, verdict in ((1, "covered"), (3, "weak"), (5, "no service")):
        _, lon, lat = world.ring_cell(ring)
        assert near(pixel(page, lon, lat), faded(colors[verdict] or "")), verdict
    drawn_cells = page.evaluate(
        "() => new Set(covermap.querySourceFeatures('cells', {sourceLayer: 'cells'})"
        ".map(f => f.properties.h3)).size"
    )
    assert drawn_cells == 1 + sum(6 * ring for ring in range(1, world.RINGS + 1))


def test_a_coarse_cell_tells_people_and_the_best_and_worst_operator(visits: Visits) -> None:
    page = visits.map("#map=9.00/31.30000/120.62000&op=any&tech=nr&lang=en&layers=cells")
    _, lon, lat = world.ring_cell(0)
    page.mouse.click(*where(page, lon, lat))
    panel = selected_panel(page)
    expect(panel).to_contain_text("People living here")
    total = page.evaluate(
        "id => ['covered', 'weak', 'none', 'unmeasured'].map(v => covermap.querySourceFeatures("
        "'cells', {sourceLayer: 'cells', filter: ['==', ['get', 'h3'], id]})[0]"
        ".properties[v + '_people'] ?? 0).reduce((a, b) => a + b)",
        panel.locator("h2").inner_text(),
    )
    assert total > 10 * world.PEOPLE
    assert total % world.PEOPLE == 0
    people = panel.locator("section", has_text="People living here")
    shown = [
        float(text.replace(",", "")) for text in people.locator(".figures td").all_inner_texts()
    ]
    assert abs(sum(shown) - total) <= 2
    expect(panel.locator("tr", has_text="Best operator")).to_contain_text("China Mobile")
    expect(panel.locator("tr", has_text="Worst operator")).to_contain_text("China Unicom")


def test_what_is_not_measured_is_hatched_and_not_coloured(visits: Visits, pixel: Pixel) -> None:
    page = visits.map(CELLS_ONLY)
    assert ("unmeasured", None) in legend(page, "cells")
    cell, lon, lat = world.ring_cell(7)
    x, y = where(page, lon, lat)
    found = page.evaluate(
        "at => covermap.queryRenderedFeatures(at).map(f => [f.layer.id, f.properties.h3])",
        list(_on_canvas(page, x, y)),
    )
    assert ["cells-unmeasured", cell] in found
    assert "cells-fill" not in [layer for layer, _ in found]
    colors = [faded(color) for _, color in legend(page, "cells") if color]
    assert not any(near(pixel(page, lon, lat), color, 12) for color in colors)


def _on_canvas(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator("canvas.maplibregl-canvas").bounding_box()
    assert box
    return x - box["x"], y - box["y"]


@pytest.mark.parametrize("metric", METRICS[1:])
def test_the_legend_of_a_figure_says_the_colours_that_are_drawn(
    visits: Visits, pixel: Pixel, metric: str
) -> None:
    page = visits.map(CELLS_ONLY)
    choose(page, "metric", metric)
    drawn(page)
    entries = legend(page, "cells")
    for ring, verdict in ((1, "covered"), (3, "weak"), (5, "none")):
        promised = entry_of(entries, metric, VALUES[metric][verdict])  # type: ignore[index,arg-type]
        assert promised, (metric, verdict, entries)
        _, lon, lat = world.ring_cell(ring)
        assert near(pixel(page, lon, lat), faded(promised)), (metric, verdict)


def test_the_legend_of_segments_says_the_colours_that_are_drawn(
    visits: Visits, pixel: Pixel
) -> None:
    page = visits.map("#map=14.00/31.28400/120.62600&op=46000&tech=nr&layers=segments&lang=en")
    colors = dict(legend(page, "segments"))
    for segment, verdict in ((10, "covered"), (34, "weak"), (42, "no service")):
        lon, lat = world.along(segment)
        color = colors[verdict] or ""
        wanted = tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
        assert near(pixel(page, lon, lat), wanted), verdict  # type: ignore[arg-type]


def test_another_operator_brings_other_tiles(visits: Visits, pixel: Pixel) -> None:
    page = visits.map(CELLS_ONLY)
    weak = faded(dict(legend(page, "cells"))["weak"] or "")
    _, lon, lat = world.ring_cell(1)
    assert not near(pixel(page, lon, lat), weak)
    assert not any("/46001/" in url for url in visits.asked)

    choose(page, "operator", "46001")
    page.wait_for_function(
        "() => covermap.queryRenderedFeatures({layers: ['cells-fill']})"
        ".every(f => f.properties.verdict === 'weak')"
    )
    drawn(page)
    assert near(pixel(page, lon, lat), weak)
    assert any(
        "/tiles/cells/46001/nr/" in url and url.split("?")[0].endswith(".mvt")
        for url in visits.asked
    )


def test_a_click_on_a_cell_tells_its_figures(visits: Visits) -> None:
    page = visits.map(CELLS_ONLY)
    cell, lon, lat = world.ring_cell(1)
    page.mouse.click(*where(page, lon, lat))
    panel = selected_panel(page)
    expect(panel.locator("h2")).to_have_text(cell)
    expect(panel).to_contain_text("China Mobile · 5G NR")
    for name, value in (
        ("Mean RSRP", "−88.5 dBm"), ("Median RSRP", "−88.0 dBm"),
        ("5th percentile RSRP", "−95.0 dBm"), ("Mean SINR", "7.4 dB"), ("Samples", "57"),
        ("Samples that meet the standard", "97.0 %"), ("Probability of being covered", ">99.9 %"),
        ("Last measured", "2026-09"), ("Basis", "measured"),
    ):  # fmt: skip
        row = panel.locator(".figures tr").filter(
            has=page.get_by_role("rowheader", name=name, exact=True)
        )
        expect(row.locator("td")).to_have_text(value)
    unicom = panel.locator(".layers tr").filter(has_text="China Unicom · 5G NR")
    expect(unicom).to_contain_text("weak")
    expect(unicom).to_contain_text("−111.2")
    assert page.evaluate("() => covermap.getFilter('cells-selected')") == [
        "==",
        ["get", "h3"],
        cell,
    ]


def test_the_pointer_is_told_what_it_is_over(visits: Visits) -> None:
    page = visits.map(ALL_LAYERS)
    tooltip = page.locator(".tooltip")
    _, lon, lat = world.ring_cell(3)
    page.mouse.move(*where(page, lon, lat))
    expect(tooltip).to_have_text("weak · −111.2 dBm · n = 21")
    page.mouse.move(*where(page, 120.63, 31.305))
    expect(tooltip).to_contain_text(world.SITE_NAME)
    page.mouse.move(*where(page, 120.63, 31.298))
    expect(tooltip).to_be_hidden()


def test_a_click_on_a_coarse_cell_tells_its_areas_by_verdict(visits: Visits) -> None:
    page = visits.map("#map=10.50/31.30000/120.62000&op=46000&tech=nr&lang=en&layers=cells")
    page.mouse.click(*where(page, *world.CENTRE))
    panel = selected_panel(page)
    expect(panel).to_contain_text("This cell sums up finer ones")
    expect(panel.locator("section").first).to_contain_text(re.compile(r"covered[\d.]+ km²"))


def test_a_click_on_a_line_tells_its_kilometres_and_shows_its_strip(visits: Visits) -> None:
    page = visits.map("#map=14.00/31.28400/120.62600&op=46000&tech=nr&layers=segments&lang=en")
    page.mouse.click(*where(page, *world.along(34)))
    panel = selected_panel(page)
    expect(panel.locator("h2")).to_have_text(f"S1 {world.ROAD_NAME}")
    expect(panel).to_contain_text("not continuously covered")
    for name, value in (("covered", "3.0 km"), ("weak", "1.0 km"), ("no service", "0.5 km"),
                        ("unmeasured", "0.5 km"), ("Length", "5.00 km"),
                        ("Covered, of the measured length", "66.7 %"),
                        ("Covered, of the whole length", "60.0 % – 70.0 %"),
                        ("Longest gap", "1.5 km")):  # fmt: skip
        row = panel.locator(".figures tr").filter(
            has=page.get_by_role("rowheader", name=name, exact=True)
        )
        expect(row.locator("td")).to_have_text(value)
    # four stretches, the worse over the better: unmeasured (hatched), covered, weak, none
    fill = "rs => rs.map(r => r.getAttribute('fill'))"
    assert panel.locator(".strip .verdict").evaluate_all(fill) == [
        "url(#hatch-unmeasured)", "#2f7fc1", "#f0a020", "#8c1546",
    ]  # fmt: skip
    assert panel.locator(".strip .section").evaluate_all(fill) == [
        "#00565b", "url(#hatch-unmeasured)",
    ]  # fmt: skip
    assert panel.locator(".strip .station").count() == 2
    assert panel.locator(".strip path.level").count() == 1
    expect(panel.locator(".strip .threshold-text")).to_have_text("−105 dBm")
    for text in ("Dark: tunnel.", "P: probability that the persistent level", "P(share reaches"):
        expect(panel).to_contain_text(text)
    expect(panel.locator(".layers tr").filter(has_text="China Unicom · 5G NR")).to_contain_text(
        "5.0"
    )


def test_the_strip_is_read_with_the_arrow_keys(visits: Visits) -> None:
    page = visits.map(LOOK + f"&sel=line:{world.ROAD}@0")
    panel = selected_panel(page)
    panel.locator(".strip").focus()
    readout = panel.locator(".readout")
    expect(readout).to_have_text("K0+000 · covered · −88.5 dBm · P >99.9 % · 2 runs")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(readout).to_have_text("K1+000 · covered · −88.5 dBm · P >99.9 % · 2 runs · East gate")
    for _ in range(5):
        page.keyboard.press("PageUp")
    expect(readout).to_have_text(re.compile(r"^K\d\+\d{3} · unmeasured$"))


def test_the_strip_shows_where_on_the_map_it_is_read(visits: Visits) -> None:
    page = visits.map("#map=14.00/31.28400/120.60500&op=46000&tech=nr&layers=segments&lang=en"
                      f"&sel=line:{world.ROAD}")  # fmt: skip
    strip = selected_panel(page).locator(".strip")
    marked = """() => covermap.queryRenderedFeatures({layers: ['place']})
        .map(f => f.geometry.coordinates)"""
    assert page.evaluate(marked) == []
    box = strip.bounding_box()
    assert box
    left, width = box["width"] * 47 / 372, box["width"] * 319 / 372
    page.mouse.move(box["x"] + left + width * 0.205, box["y"] + 40)  # 1,025 m of 5,000
    page.wait_for_function(f"() => ({marked})().length === 1")
    (lon, lat), (west, south), (east, _) = (
        page.evaluate(marked)[0], world.along(10), world.along(11),
    )  # fmt: skip
    assert west < lon < east
    assert lat == pytest.approx(south, abs=1e-4)
    page.mouse.move(20, 400)
    page.wait_for_function(f"() => ({marked})().length === 0")


def test_lines_are_drawn_by_their_answer_and_a_click_opens_one(
    visits: Visits, pixel: Pixel
) -> None:
    page = visits.map("#map=14.00/31.28400/120.62600&op=46000&tech=nr&layers=lines&lang=en")
    colors = dict(legend(page, "lines"))
    assert list(colors) == [
        "continuously covered", "not continuously covered", "undetermined", "nothing measured",
    ]  # fmt: skip
    for operator, answer in (("46000", "not continuously covered"),
                             ("46001", "continuously covered")):  # fmt: skip
        choose(page, "operator", operator)
        drawn(page)
        color = colors[answer] or ""
        wanted = tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
        assert near(pixel(page, *world.along(10)), wanted), operator  # type: ignore[arg-type]
    page.mouse.move(*where(page, *world.along(10)))
    expect(page.locator(".tooltip")).to_contain_text("S1 · continuously covered · 60.0 % – 76.0 %")
    page.mouse.click(*where(page, *world.along(10)))
    panel = selected_panel(page)
    expect(panel.locator("h2")).to_contain_text("S1")
    expect(panel.locator(".badge.answer-pass")).to_have_text("continuously covered")
    row = panel.locator(".figures tr").filter(has_text="covered, of 5.0 km assessed")
    expect(row.locator("td")).to_have_text("3.0 – 3.8 km")


def test_a_line_of_which_nothing_is_measured_has_its_own_look_and_no_answer(
    visits: Visits,
) -> None:
    page = visits.map("#map=15.00/31.28100/120.60500&op=46000&tech=nr&layers=lines&lang=en")
    at = where(page, *world.lonely_along(5))
    found = page.evaluate(
        "at => covermap.queryRenderedFeatures(at).map(f => f.layer.id)", list(_on_canvas(page, *at))
    )
    assert found == ["lines-unmeasured"]
    page.mouse.click(*at)
    panel = selected_panel(page)
    expect(panel.locator("h2")).to_contain_text("S9")
    expect(panel).to_contain_text("Nothing is measured here in this layer.")
    assert panel.locator(".badge[class*=answer]").count() == 0
    assert panel.locator(".strip path.level").count() == 0


def test_the_list_of_lines_shows_kilometres_and_opens_a_line(visits: Visits) -> None:
    page = visits.map(LOOK + "&tab=lines")
    row = page.locator("table.lines tbody tr").first
    expect(row.locator("small").first).to_have_text(
        "Provincial road · 5.0 km · against the chainage"
    )
    expect(row.locator("td")).to_have_text(["3.0", "1.0", "0.5", "0.5"])
    page.get_by_label("Class").select_option("metro")
    expect(page.locator("#page-lines")).to_contain_text("No line fits.")
    page.get_by_label("Class").select_option("provincial")
    page.get_by_role("button", name="S1").click()
    expect(selected_panel(page).locator("h2")).to_contain_text("S1")
    assert f"sel=line:{world.ROAD}" in page.url


def test_the_list_of_weak_spots_is_ordered_and_zooms_to_a_spot(visits: Visits) -> None:
    page = visits.map(LOOK + "&tab=spots")
    names = page.locator("table.spots tbody .link")
    expect(names).to_have_text(["S1", "120.61400, 31.30550"])
    page.get_by_label("Order").select_option("-area")
    expect(names).to_have_text(["120.61400, 31.30550", "S1"])
    before = page.evaluate("() => covermap.getZoom()")
    names.nth(1).click()
    panel = selected_panel(page)
    for text in ("S1 K3+000 – K4+500", "No site near", "1.50 km", "−120.8 dBm", "91.7 %",
                 "S9 (2.31 km)"):  # fmt: skip
        expect(panel).to_contain_text(text)
    drawn(page)
    page.wait_for_function("before => covermap.getZoom() !== before", arg=before)
    page.wait_for_function("() => !covermap.isMoving()")
    inside = page.evaluate(
        "([a, b]) => [a, b].every(p => covermap.getBounds().contains(p))",
        [list(world.along(30)), list(world.along(45))],
    )
    assert inside


def test_a_click_on_a_site_tells_what_it_offers(visits: Visits) -> None:
    page = visits.map(ALL_LAYERS.replace("120.62000", "120.63000"))
    page.mouse.click(*where(page, 120.63, 31.305))
    panel = selected_panel(page)
    expect(panel.locator("h2")).to_have_text(world.SITE_NAME)
    expect(panel).to_contain_text("China Mobile")
    expect(panel).to_contain_text("NB-IoT")


def test_layers_are_switched_off_and_on(visits: Visits) -> None:
    page = visits.map(ALL_LAYERS)
    shown = "id => covermap.getLayoutProperty(id, 'visibility') === 'visible'"
    for layer, style in (("cells", "cells-fill"), ("sites", "sites-dot")):
        box = page.locator(f"input[name=overlay-{layer}]")
        box.uncheck()
        assert not page.evaluate(shown, style)
        expect(page.locator(f"[data-legend={layer}]")).to_be_hidden()
        box.check()
        assert page.evaluate(shown, style)
    assert "layers=cells,segments,weak_spots,sites" in page.url


def test_a_link_brings_back_the_whole_view(visits: Visits) -> None:
    page = visits.map(LOOK + "&layers=cells,sites&metric=rsrp&tab=spots&sel=spot:ws-area")
    selected_panel(page)
    again = visits.map(page.url.removeprefix(visits.address))
    selected_panel(again)
    assert again.url == page.url
    view = "() => [covermap.getZoom(), covermap.getCenter().toArray().map(v => v.toFixed(4))]"
    assert again.evaluate(view) == page.evaluate(view) == [15, ["120.6200", "31.3000"]]
    expect(again.locator("input[name=operator][value='46000']")).to_be_checked()
    expect(again.locator("input[name=technology][value='nr']")).to_be_checked()
    expect(again.locator("input[name=metric][value='rsrp']")).to_be_checked()
    expect(again.locator("#tab-spots")).to_have_attribute("aria-selected", "true")
    expect(again.locator(".panel h2")).to_have_text("120.61400, 31.30550")
    assert not again.locator("input[name=overlay-segments]").is_checked()


def test_the_back_button_undoes_the_last_choice_and_keeps_the_place(visits: Visits) -> None:
    page = visits.map(CELLS_ONLY)
    choose(page, "operator", "46001")
    drawn(page)
    page.evaluate("() => covermap.jumpTo({center: [120.625, 31.302]})")
    page.wait_for_function("() => location.hash.includes('120.625')")
    choose(page, "metric", "n")
    page.go_back()
    expect(page.locator("input[name=metric][value='verdict']")).to_be_checked()
    expect(page.locator("input[name=operator][value='46001']")).to_be_checked()
    page.go_back()
    expect(page.locator("input[name=operator][value='46000']")).to_be_checked()
    page.go_forward()
    expect(page.locator("input[name=operator][value='46001']")).to_be_checked()


def test_an_address_that_makes_no_sense_gives_the_start_view(visits: Visits) -> None:
    page = visits.map(
        "#map=x/y&op=../../etc&tech=%00&layers=nope&metric=constructor&sel=cell:1&lang=xx"
    )
    expect(page.locator("input[name=operator][value='any']")).to_be_checked()
    expect(page.locator("input[name=metric][value='verdict']")).to_be_checked()


def test_a_selection_that_is_gone_is_told_and_not_a_blank_panel(visits: Visits) -> None:
    visits.expected = ["404"]
    page = visits.map(LOOK + "&sel=spot:ws-of-an-older-build")
    panel = page.locator(".panel")
    expect(panel).to_contain_text("The details cannot be read.")
    expect(panel).to_contain_text("ws-of-an-older-build")
    expect(panel.get_by_role("button", name="Try again")).to_be_visible()


def test_both_languages_say_everything(visits: Visits) -> None:
    page = visits.map(LOOK + f"&layers=cells,segments&sel=line:{world.ROAD}")
    selected_panel(page)
    english = page.inner_text(".side") + page.inner_text(".panel")
    assert not re.search(
        "[\u4e00-\u9fff]", english.replace(world.ROAD_NAME, "").replace("西门", "")
    )
    page.get_by_role("button", name="Switch to Chinese").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    panel = selected_panel(page)
    for text in ("图层", "运营商", "中国移动", "任一运营商", "判定", "未测量", "项目默认值"):
        expect(page.locator(".side")).to_contain_text(text)
    for text in ("省道", "未连续覆盖", "各运营商与制式里程"):
        expect(panel).to_contain_text(text)
    for word in ("covered", "Operator", "Legend", "Lines", "unmeasured", "Project"):
        assert word not in page.inner_text(".side")
    assert "lang=zh" in page.url
    page.get_by_role("button", name="切换为英文").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_browser_s_language_is_the_first_one_shown(visits: Visits) -> None:
    page = visits.map("", lang="zh")
    expect(page.locator("#tab-layers")).to_have_text("图层")


def test_the_rule_pack_is_named_and_said_to_be_no_official_figure(visits: Visits) -> None:
    page = visits.map(LOOK)
    rules = page.locator(".rules")
    expect(rules).to_contain_text("Project default (not official)")
    expect(rules).to_contain_text("project-default")
    expect(rules).to_contain_text("these thresholds are not official figures")
    credits = page.locator(".credits")
    expect(credits).to_contain_text("Project default (not official)")
    expect(credits).to_contain_text("WGS-84")
    expect(credits).to_contain_text("Measured by <i>nobody</i>")


def test_simulated_data_says_so_in_both_languages(visits: Visits) -> None:
    for language in ("en", "zh"):
        page = visits.map(f"#lang={language}")
        banner = page.locator(".simulated")
        expect(banner).to_be_visible()
        expect(banner).to_have_text("Simulated data / 模拟数据")


def test_measured_data_has_no_banner_and_the_base_map_its_attribution(
    visits: Visits, workspace: Path
) -> None:
    visits.allowed_hosts.add("base.example")
    Workspace(workspace).publish("measured")
    try:
        page = visits.map(LOOK)
        expect(page.locator(".simulated")).to_have_count(0)
        expect(page.locator(".credits")).to_contain_text("© Somebody's base map")
        assert any(url.startswith("https://base.example/") for url in visits.asked)
    finally:
        Workspace(workspace).publish("simulated")


def test_names_from_data_are_never_run(visits: Visits) -> None:
    page = visits.map(ALL_LAYERS + f"&tab=lines&sel=line:{world.ROAD}")
    selected_panel(page)
    expect(page.locator("#page-lines")).to_contain_text(world.ROAD_NAME)
    expect(page.locator(".workspace")).to_have_text("Browser <b>test</b>")
    page.goto(visits.address + ALL_LAYERS + "&sel=site:S0@120.63,31.305")
    drawn(page)
    selected_panel(page)
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("#app img, #app script").count() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_is_reachable_on_a_phone(visits: Visits, language: str) -> None:
    page = visits.map(f"#op=46000&tech=nr&lang={language}", width=390, height=844)
    _fits(page, 390)
    expect(page.locator(".map-legend")).to_be_visible()
    expect(page.locator("#page-layers")).to_be_hidden()
    for tab in ("layers", "lines", "spots"):
        page.locator(f"#tab-{tab}").click()
        expect(page.locator(f"#page-{tab}")).to_be_visible()
        _fits(page, 390)
    page.locator("table.spots tbody tr").first.click()
    panel = selected_panel(page)
    expect(page.locator("#page-spots")).to_be_hidden()
    _fits(page, 390)
    box = panel.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    panel.locator(".close").click()
    expect(panel).to_be_hidden()
    for button in page.locator(".map-tools button, .tabs button").all():
        size = button.bounding_box()
        assert size
        assert size["height"] >= 40, button.text_content()


def _fits(page: Page, width: int) -> None:
    wide = page.evaluate(
        """() => [document.documentElement.scrollWidth,
            ...[...document.querySelectorAll('.page, .panel-body')]
                .map(e => e.scrollWidth - e.clientWidth + innerWidth)]"""
    )
    assert max(wide) <= width, wide


def test_the_keyboard_alone_is_enough(visits: Visits) -> None:
    page = visits.map(CELLS_ONLY)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#tab-layers")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-lines")).to_be_focused()
    expect(page.locator("#page-lines")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.locator("input[name=operator][value='46000']")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=operator][value='46001']")).to_be_checked()
    page.locator("canvas.maplibregl-canvas").focus()
    drawn(page)
    page.keyboard.press("Enter")
    selected_panel(page)
    assert "sel=cell:" in page.url
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()


def test_every_control_has_a_name(visits: Visits) -> None:
    page = visits.map(ALL_LAYERS + f"&tab=spots&sel=line:{world.ROAD}")
    selected_panel(page)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(
                'button, input, select, a, [tabindex="0"], [role=img]')]
            .filter(e => !(e.getAttribute('aria-label') || e.labels?.[0]?.textContent.trim()
                || e.textContent.trim()))
            .map(e => e.outerHTML)"""
    )
    assert nameless == []


def test_a_service_that_fails_is_told_and_can_be_asked_again(visits: Visits) -> None:
    visits.expected = ["503"]
    down = True

    def answer(route: Route) -> None:
        if down:
            body = json.dumps({"error": "nothing is built yet. Run `covermap build`."})
            route.fulfill(status=503, content_type="application/json", body=body)
        else:
            route.fallback()

    visits.prepare = lambda page: page.route("**/api/build", answer)  # type: ignore[method-assign]
    page = visits.open("#lang=en")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The build cannot be read.")
    expect(alert).to_contain_text("nothing is built yet. Run `covermap build`.")
    down = False
    page.get_by_role("button", name="Try again").click()
    drawn(page)
    expect(page.locator("#tab-layers")).to_be_visible()


def test_a_list_that_fails_can_be_asked_again(visits: Visits) -> None:
    visits.expected = ["500"]
    page = visits.map(LOOK)
    page.route("**/api/lines?*", lambda route: route.fulfill(status=500, body="<h1>oops</h1>"))
    page.locator("#tab-lines").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The list cannot be read.")
    page.unroute("**/api/lines?*")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("table.lines")).to_be_visible()
