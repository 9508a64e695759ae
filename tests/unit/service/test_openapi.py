from __future__ import annotations

from typing import Any

import pytest

from asking import Client
from covermap.service.examples import EXAMPLES

LIVE = {
    "build": "/api/build", "tilejson": "/tiles/cells/46000/nr.json",
    "point": "/api/point?lon=121.4505&lat=31.2203", "cell": "/api/cells/8a309959d54ffff",
    "lines": "/api/lines", "line": "/api/lines/g2?operator=any&technology=any",
    "profile": "/api/lines/g2/profile", "place": "/api/lines/g2/at?chainage=K101%2B250",
    "sections": "/api/sections", "network": "/api/network",
    "people": "/api/people", "quality": "/api/quality",
    "scorecard": "/api/scorecard", "sites": "/api/region-sites",
    "spots": "/api/weak-spots", "spot": "/api/weak-spots/ws-0", "health": "/healthz",
}  # fmt: skip
"""An address that answers as each example shows."""
FREE = {"tables", "fields", "about"}
"""Keys whose content depends on the build."""


def test_every_endpoint_is_described_with_an_example(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/healthz", "/api/build", "/api/point", "/api/cells/{cell}", "/api/lines",
        "/api/lines/{line_id}", "/api/lines/{line_id}/profile", "/api/lines/{line_id}/at",
        "/api/sections", "/api/network", "/api/people", "/api/quality", "/api/region-sites",
        "/api/scorecard", "/api/weak-spots", "/api/weak-spots/{spot_id}",
        "/tiles/sites.json",
        "/tiles/sites/{z}/{x}/{y}.mvt", "/tiles/{kind}/{operator}/{technology}.json",
        "/tiles/sites.pmtiles", "/tiles/{kind}/{operator}/{technology}.pmtiles",
        "/tiles/{kind}/{operator}/{technology}/{z}/{x}/{y}.mvt",
    }  # fmt: skip
    for path, methods in paths.items():
        said = methods["get"]
        assert said["summary"]
        assert said["description"]
        (content,) = said["responses"]["200"]["content"].values()
        assert content["example"], path
        for status in ("404", "422", "503"):
            assert "error" in said["responses"][status]["content"]["application/json"]["example"]
        for parameter in said.get("parameters", []):
            assert parameter["schema"], path


@pytest.mark.parametrize("name", sorted(LIVE))
def test_examples_show_what_is_really_answered(client: Client, name: str) -> None:
    assert set(LIVE) == set(EXAMPLES)
    _same_keys(EXAMPLES[name], client.get(LIVE[name]).json(), name)


def _same_keys(example: Any, live: Any, where: str) -> None:
    if live is None and where.endswith(".prediction"):
        return  # nothing is foretold in that build; test_point looks at one where it is
    if isinstance(example, dict):
        assert isinstance(live, dict), where
        if where.rpartition(".")[2] in FREE:
            return
        assert set(example) <= set(live), f"{where}: {set(example) - set(live)}"
        if where.rpartition(".")[2] not in ("verdicts",):
            assert set(live) <= set(example), f"{where}: not shown: {set(live) - set(example)}"
        for key, value in example.items():
            _same_keys(value, live[key], f"{where}.{key}")
    elif isinstance(example, list) and example and isinstance(example[0], dict):
        if not live and where == "build.scores":
            return  # nobody asked for scores; test_build looks at a build that has them
        assert live, where
        _same_keys(example[0], live[0], where)


def test_the_page_of_endpoints_needs_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "GET /api/weak-spots/{spot_id}" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
