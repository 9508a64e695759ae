"""What is wrong with a declaration, in words: the entry, the value, and what is allowed."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from covermap.workspace.declared import Config


def explain(path: Path, error: ValidationError) -> str:
    """Say each fault on a line of its own, after the file's path."""
    lines = [f"{path}: {_one(detail)}" for detail in error.errors()]
    return "\n".join(lines)


def _one(detail: ErrorDetails) -> str:
    where = _place(detail["loc"])
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        close = difflib.get_close_matches(key, _known_keys(detail["loc"][:-1]), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{where}: unknown key {key!r}{hint}"
    if detail["type"] == "missing":
        return f"{where}: {detail['loc'][-1]!r} is missing"
    if detail["type"] == "string_pattern_mismatch":
        rule = _PATTERNS.get(str(detail["loc"][-1]), detail["msg"])
        return f"{where} = {detail['input']!r}: {rule}"
    said = detail["msg"].removeprefix("Value error, ").replace("tuple", "list")
    return f"{where} = {detail['input']!r}: {said.replace('Tuple', 'List')}"


_PATTERNS = {
    "datum": "it can be wgs84, gcj02, bd09, cgcs2000 or EPSG:n",
    "name": "it can have lower-case letters, digits, - and _, 64 at most",
}


def _place(location: tuple[int | str, ...]) -> str:
    parts = [f"#{p + 1}" if isinstance(p, int) else str(p) for p in location]
    return " ".join(parts)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        inner = _model_in(argument)
        if inner:
            return inner
    return None
