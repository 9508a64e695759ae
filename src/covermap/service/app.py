"""The application: routes, error answers, headers. Nothing happens at import."""

from __future__ import annotations

from functools import partial

from fastapi import Depends, FastAPI

from covermap import __version__
from covermap.errors import CovermapError
from covermap.service.errors import RESPONSES, add_error_answers
from covermap.service.parameters import only_listed
from covermap.service.protection import Protection
from covermap.service.routes import (
    along,
    archives,
    build,
    lines,
    pages,
    people,
    point,
    quality,
    score,
    sites,
    spots,
    sums,
    tiles,
)
from covermap.service.settings import Settings
from covermap.service.shortway import Short, ShortWay
from covermap.service.snapshot import Builds
from covermap.service.tiling import Tiles

_ABOUT = """Where mobile networks work, by measurement: map tiles, point look-up, lines, weak spots.

Every position is WGS-84. Verdicts are `covered`, `weak`, `none` (measured, no service) and
`unmeasured`, which is neither. Thresholds are the rule pack's, named in each answer. Answers say
`simulated: true` where the data is simulated."""


def create_app(settings: Settings) -> FastAPI:
    """Make the service of one workspace.

    It reads the current build at each request, so a newly published one is served at once.
    """
    app = FastAPI(
        title="covermap",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        responses=RESPONSES,
    )
    app.state.settings = settings
    app.state.builds = builds = Builds(settings.workspace)
    app.state.tiles = served = Tiles(builds)
    add_error_answers(app)
    for module in (
        build,
        point,
        along,
        lines,
        sums,
        people,
        quality,
        score,
        sites,
        spots,
    ):  # along: before any line_id
        app.include_router(module.router, dependencies=[Depends(only_listed)])
    for module in (tiles, archives, pages):  # the pages take every other path: last
        app.include_router(module.router)

    app.state.short = Short(served)
    app.state.basemap = partial(_basemap, builds)
    app.add_middleware(ShortWay, short=app.state.short)
    app.add_middleware(Protection, basemap=app.state.basemap)
    return app


def _basemap(builds: Builds) -> str | None:
    try:
        return builds.current().basemap
    except CovermapError:
        return None
