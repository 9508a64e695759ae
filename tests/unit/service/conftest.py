"""A hand-made build behind the real application, and a client without a network."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import handmade
import httpx
import pytest
from fastapi import FastAPI

from covermap.service import Settings, create_app


class Client:
    """Asks an application as a browser would; the server's faults come out as exceptions."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
                return await http.request(method, url, **options)

        return asyncio.run(ask())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one build, that tests only read."""
    root = tmp_path_factory.mktemp("workspace")
    handmade.write_build(root)
    return root


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built map, as small as one can be, with a secret beside it."""
    folder = tmp_path_factory.mktemp("web") / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>covermap</title>", "utf-8")
    (folder / "assets" / "main-1a2b.js").write_text("export {}", "utf-8")
    (folder / "assets" / "main-1a2b.css").write_text("body{}", "utf-8")
    (folder / "notes.py").write_text("print()", "utf-8")
    (folder.parent / "secret.txt").write_text("secret", "utf-8")
    return folder


@pytest.fixture(scope="session")
def client(workspace: Path, static: Path) -> Client:
    return Client(create_app(Settings(workspace, static)))
