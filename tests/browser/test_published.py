"""The published map: files on a plain web server under some path, in headless Chromium."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser import world
from browser.conftest import Visits, drawn
from browser.test_map import CELLS_ONLY, LOOK, Pixel, faded, legend, near, selected_panel
from browser.test_map import where as place_of
from covermap.service.ranges import OutsideError, part_of

pytestmark = pytest.mark.browser

PREFIX = "/some/where/map/"
KINDS = ("ranges", "whole")


class Files(SimpleHTTPRequestHandler):
    """A web server of files as Python has it: it ignores `Range`."""

    def __init__(self, seen: list[str], *args: object, directory: str) -> None:
        self.seen = seen
        super().__init__(*args, directory=directory)  # type: ignore[arg-type]

    def log_message(self, _format: str, *args: object) -> None:
        self.seen.append(f"{self.path} {self.headers.get('Range')} {args[1] if args[1:] else ''}")


class Ranges(Files):
    """The same, answering a range as other web servers do."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not self.headers.get("Range") or not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        try:
            part = part_of(self.headers["Range"], len(data))
        except OutsideError:
            self.send_error(416)
            return
        assert part
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {part.start}-{part.end - 1}/{len(data)}")
        self.send_header("Content-Length", str(part.size))
        self.end_headers()
        self.wfile.write(data[part.start : part.end])


@pytest.fixture(scope="module")
def published(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root of a web server with the published map somewhere below it."""
    root = tmp_path_factory.mktemp("web")
    command = [str(Path(sys.executable).parent / "covermap"), "publish", "map"]
    subprocess.run([*command, str(root) + PREFIX, str(workspace)], check=True, capture_output=True)
    return root


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, published: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Which kind of server, its address, and what it was asked."""
    seen: list[str] = []
    kind = {"ranges": Ranges, "whole": Files}[request.param]
    handler = partial(kind, seen, directory=str(published))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield request.param, f"http://127.0.0.1:{http.server_address[1]}{PREFIX}", seen
        http.shutdown()
        thread.join()


@pytest.fixture
def visits(chromium: Browser, server: tuple[str, str, list[str]]) -> Iterator[Visits]:
    made = Visits(chromium, server[1])
    yield made
    made.check()
    made.close()


def test_cells_are_drawn_with_their_legend_and_tell_of_themselves(
    visits: Visits, pixel: Pixel, server: tuple[str, str, list[str]]
) -> None:
    kind, _, seen = server
    page = visits.map(CELLS_ONLY)
    colors = dict(legend(page, "cells"))
    for ring, verdict in ((1, "covered"), (3, "weak"), (5, "no service")):
        _, lon, lat = world.ring_cell(ring)
        assert near(pixel(page, lon, lat), faded(colors[verdict] or "")), verdict
    expect(page.locator(".simulated")).to_contain_text("Simulated data")
    expect(page.locator(".simulated")).to_contain_text("模拟数据")
    asked = [line for line in seen if ".pmtiles" in line]
    assert asked
    assert all(line.split()[-1] == ("206" if kind == "ranges" else "200") for line in asked)
    assert not any(line.startswith(("/api", "/tiles")) for line in seen)
    cell, lon, lat = world.ring_cell(3)
    page.mouse.click(*place_of(page, lon, lat))
    panel = selected_panel(page)
    expect(panel.locator("h2")).to_have_text(cell)
    expect(panel).to_contain_text("−111.2 dBm")
    expect(panel).to_contain_text("31.0 %")
    expect(panel.locator(".badge").first).to_have_text("weak")
    expect(panel).to_contain_text("People living here")
    expect(panel).to_contain_text(f"{world.PEOPLE}")
    expect(panel).to_contain_text("A published map tells of a place what its tiles hold")


def test_another_layer_is_read_from_its_own_archive(visits: Visits, pixel: Pixel) -> None:
    page = visits.map(CELLS_ONLY)
    page.locator("input[name=operator][value='46001']").check(force=True)
    drawn(page)
    colors = dict(legend(page, "cells"))
    _, lon, lat = world.ring_cell(1)
    assert near(pixel(page, lon, lat), faded(colors["weak"] or ""))


def test_a_server_that_gives_no_parts_sends_each_archive_once_and_the_page_says_so(
    visits: Visits, server: tuple[str, str, list[str]]
) -> None:
    kind, _, seen = server
    page = visits.open(LOOK)
    if kind == "whole":
        expect(page.locator(".notices")).to_contain_text("fetched whole")
    drawn(page)
    archives = [line.split()[0] for line in seen if ".pmtiles" in line]
    if kind == "whole":
        assert sorted(archives) == sorted(set(archives))
    else:
        assert len(archives) > len(set(archives))
        expect(page.locator(".notices")).to_have_text("")


def test_lines_and_weak_spots_are_listed_and_open(visits: Visits) -> None:
    page = visits.map(LOOK + "&tab=lines")
    rows = page.locator("table.lines tbody")
    expect(rows).to_have_count(2)
    page.locator("input[type=search]").fill("lonely")
    expect(rows).to_have_count(1)
    page.locator("input[type=search]").fill("")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="S1").click()
    panel = selected_panel(page)
    expect(panel.locator("svg.strip")).to_be_visible()
    expect(panel).to_contain_text("Weak sections: 1 of 1")
    page.locator("#tab-spots").click()
    page.locator("table.spots button.link").first.click()
    panel = selected_panel(page)
    expect(panel).to_contain_text("No site near")
    expect(panel.get_by_role("button", name="Everything known here")).to_have_count(0)
    page.wait_for_function("() => !covermap.isMoving() && covermap.getZoom() > 12")


def test_a_deep_link_opens_a_spot_and_a_line(visits: Visits) -> None:
    page = visits.map(LOOK + "&sel=spot:ws-area")
    expect(selected_panel(page)).to_contain_text("Weak signal")
    page = visits.map(LOOK + "&sel=line:road-s1@1200", lang="zh")
    expect(selected_panel(page).locator(".readout")).to_contain_text("K1+200")
