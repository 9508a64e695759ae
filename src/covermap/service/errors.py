"""Where errors meet HTTP: one table, one form of answer, ``{"error": "..."}``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from covermap.errors import BuildError, CovermapError, DatumError, NotKnownError, QueryError

STATUS: dict[type[CovermapError], int] = {
    NotKnownError: 404,
    QueryError: 422,
    DatumError: 422,
    BuildError: 503,
    CovermapError: 400,
}
"""Status of an error: that of the first class in its line of descent that is listed."""


class ErrorAnswer(BaseModel):
    """What every error answers."""

    error: str


RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {
        "model": ErrorAnswer,
        "description": "The name is not known",
        "content": {
            "application/json": {"example": {"error": "no operator 'x'. There are: 46000."}}
        },
    },
    422: {
        "model": ErrorAnswer,
        "description": "A value is not allowed",
        "content": {"application/json": {"example": {"error": "limit = 0: at least 1."}}},
    },
    503: {
        "model": ErrorAnswer,
        "description": "Nothing is built",
        "content": {"application/json": {"example": {"error": "nothing is built yet."}}},
    },
}


def status_of(error: CovermapError) -> int:
    """HTTP status of an error of the product."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def add_error_answers(app: FastAPI) -> None:
    """Make every error answer in the one form."""

    @app.exception_handler(CovermapError)
    async def _known(_: Request, error: CovermapError) -> JSONResponse:
        return _answer(status_of(error), str(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        said = str(error.detail)
        if error.status_code == 404 and said == "Not Found":
            said = f"nothing is at {request.url.path}; GET /openapi.json lists what there is."
        return JSONResponse({"error": said}, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return _answer(422, "; ".join(_one(detail) for detail in error.errors()))


def _answer(status: int, said: str) -> JSONResponse:
    return JSONResponse({"error": said}, status, headers={"Cache-Control": "no-store"})


def _one(detail: dict[str, Any]) -> str:
    name = detail["loc"][-1] if detail["loc"] else "request"
    if detail["type"] == "missing":
        return f"{name} is missing"
    return f"{name} = {str(detail.get('input'))[:60]!r}: {detail['msg']}"
