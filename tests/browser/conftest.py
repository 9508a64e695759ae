"""A real service on a small known build, and pages of headless Chromium that look at it."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from browser import world

CHROMIUM = os.environ.get("COVERMAP_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox", "--headless", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update",
    "--disable-default-apps", "--disable-sync", "--no-first-run", "--force-color-profile=srgb",
)  # fmt: skip
STATIC = Path(world.__file__).parents[2] / "src/covermap/service/static/index.html"
SLOWEST_MS = 30_000
"""A machine that draws WebGL without a graphics card, and does other work, takes its time."""
BASEMAP = "https://base.example/{z}/{x}/{y}.png"


def _missing(what: str) -> None:
    """A machine without it skips, saying so; where everything must run, that is a failure."""
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(f"{what}, and CI is set: browser tests must run there.", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).is_file():
        _missing(f"no Chromium at {CHROMIUM} (set COVERMAP_CHROMIUM)")
    with sync_playwright() as playwright:
        expect.set_options(timeout=SLOWEST_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two builds: `measured` (with a base map) and, served, `simulated`."""
    if not STATIC.is_file():
        _missing(f"the map is not built: no {STATIC} (run `npm ci && npm run build` in web/)")
    root = tmp_path_factory.mktemp("browser") / "workspace"
    world.write_world(root, "measured", simulated=False, basemap=BASEMAP)
    world.write_world(root, "simulated", simulated=True)
    return root


@pytest.fixture(scope="session")
def service(workspace: Path) -> Iterator[str]:
    """Address of `covermap serve` on the workspace."""
    command = [
        str(Path(sys.executable).parent / "covermap"),
        "serve",
        str(workspace),
        "--port",
        "0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout
        said = process.stdout.readline()
        found = re.search(r"http://\S+", said)
        assert found, f"the service did not start: {said!r}"
        yield found.group(0)
        process.terminate()


class Visits:
    """Pages of one test, and everything that they asked for or complained about."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.allowed_hosts = {urlsplit(address).netloc}
        self.expected: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(self, link: str = "", width: int = 1440, height: int = 900, lang: str = "en") -> Page:
        """Open the map at a deep link in a fresh browser profile, and wait until it is drawn."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale={"en": "en-GB", "zh": "zh-CN"}[lang]
        )
        self._contexts.append(context)
        context.route(re.compile(r"^https://base\.example/"), _grey_tile)
        page = context.new_page()
        page.set_default_timeout(SLOWEST_MS)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._hear("error", str(error)))
        self.prepare(page)
        page.goto(self.address + link)
        return page

    def map(self, link: str = "", **how: object) -> Page:
        """Open the map and wait until it is drawn."""
        page = self.open(link, **how)  # type: ignore[arg-type]
        drawn(page)
        return page

    def prepare(self, page: Page) -> None:
        """Nothing, unless a test puts its own routes here."""

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def check(self) -> None:
        """No request has left the host, and nobody has complained but as expected."""
        hosts = {urlsplit(u).netloc for u in self.asked if not u.startswith(("blob:", "data:"))}
        assert hosts <= self.allowed_hosts, f"requests left the host: {hosts}"
        unexpected = [c for c in self.complaints if not any(e in c for e in self.expected)]
        assert not unexpected, unexpected

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def _grey_tile(route: Route) -> None:
    """Answer with one grey pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0\xd0")), (b"IEND", b""))
    body = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    route.fulfill(status=200, content_type="image/png", body=body)


@pytest.fixture
def visits(chromium: Browser, service: str) -> Iterator[Visits]:
    """Open pages; at the end, no request has left the host and the console is clean."""
    made = Visits(chromium, service)
    yield made
    made.check()
    made.close()


def drawn(page: Page) -> None:
    """Wait until the map has loaded and drawn all that it wants."""
    page.wait_for_function(
        "() => window.covermap && covermap.loaded() && covermap.areTilesLoaded()"
        " && document.querySelector('.busy')?.hidden"
    )


@pytest.fixture
def pixel() -> Callable[[Page, float, float], tuple[int, int, int]]:
    """Colour of the page where the map shows a position."""

    def read(page: Page, lon: float, lat: float) -> tuple[int, int, int]:
        x, y = where(page, lon, lat)
        image = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 3, "height": 3})
        red, green, blue = page.evaluate(
            """async bytes => {
                const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
                const canvas = new OffscreenCanvas(image.width, image.height);
                const context = canvas.getContext('2d');
                context.drawImage(image, 0, 0);
                return [...context.getImageData(1, 1, 1, 1).data].slice(0, 3);
            }""",
            list(image),
        )
        return red, green, blue

    return read


def where(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Position on the page, in pixels, of a place on the map."""
    x, y = page.evaluate(
        """([lon, lat]) => {
            const box = covermap.getCanvas().getBoundingClientRect();
            const at = covermap.project([lon, lat]);
            return [box.x + at.x, box.y + at.y];
        }""",
        [lon, lat],
    )
    return x, y
