"""Pages: the map, the list of endpoints, and whether the service is well."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException

from covermap.service.answers import FOR_EVER, REVALIDATE, json_answer
from covermap.service.examples import answers
from covermap.service.parameters import Current, settings_of
from covermap.service.settings import Settings

router = APIRouter()

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".pbf": "application/x-protobuf",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}
"""What the map may consist of; other files are not given out. Not asked of the system, whose list
differs from machine to machine."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
code{{background:#eee;padding:.1em .3em}}td{{padding:.2em 1em .2em 0;vertical-align:top}}</style>
</head><body><h1>{title}</h1>{body}</body></html>
"""


@router.get("/healthz", tags=["build"], summary="Is it well", responses=answers("health"))
def healthz(request: Request, snapshot: Current) -> Response:
    """Say that a build is open and can be served."""
    return json_answer(request, {"status": "ok", "build": snapshot.id}, snapshot.id, "no-store")


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    """List the endpoints; made from OpenAPI, works offline."""
    rows = "".join(
        f"<tr><td><code>{method.upper()} {html.escape(path)}</code></td>"
        f"<td>{html.escape(said.get('summary', ''))}{_parameters(said)}</td></tr>"
        for path, methods in request.app.openapi()["paths"].items()
        for method, said in methods.items()
    )
    body = (
        "<p>Positions are WGS-84. Errors answer <code>{&quot;error&quot;: ...}</code>. The full "
        "description with examples is <a href='/openapi.json'>/openapi.json</a>.</p>"
        f"<table>{rows}</table>"
    )
    return HTMLResponse(_PAGE.format(title="covermap API", body=body))


def _parameters(said: dict[str, Any]) -> str:
    names = [p["name"] + ("" if p.get("required") else "?") for p in said.get("parameters", [])]
    return f"<br><small>{html.escape(', '.join(names))}</small>" if names else ""


@router.get("/", include_in_schema=False)
def index(settings: Annotated[Settings, Depends(settings_of)]) -> Response:
    """Serve the map; where it is not built, say how to build it."""
    if (settings.static / "index.html").is_file():
        return _file(settings.static, "index.html")
    body = (
        "<p>The map is not built here: run <code>npm ci &amp;&amp; npm run build</code> in "
        "<code>web/</code>. The API works: <a href='/docs'>its endpoints</a>.</p>"
    )
    return HTMLResponse(_PAGE.format(title="covermap", body=body))


@router.get("/{path:path}", include_in_schema=False)
def static(path: str, settings: Annotated[Settings, Depends(settings_of)]) -> Response:
    """Serve a file of the built map; last of all routes."""
    return _file(settings.static, path)


def _file(folder: Path, name: str) -> Response:
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        served = path.is_relative_to(root) and path.is_file() and path.suffix in MEDIA_TYPES
    except (ValueError, OSError):  # a NUL in the name, or one that is too long
        served = False
    if not served:
        raise HTTPException(404)
    named_by_content = path.parent.name == "assets"
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[path.suffix],
        headers={"Cache-Control": FOR_EVER if named_by_content else REVALIDATE},
    )
