"""What is wrong with a rule pack, in words: file, key, value, and what is allowed."""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from covermap.rules.pack import RulePack

LONGEST = 60
"""A value is shown up to here."""


def explain(name: str, error: ValidationError) -> str:
    """Say each fault on a line of its own; what only follows from a fault inside it is left out."""
    found = error.errors()
    inside = {one["loc"][:-1] for one in found}
    told = [one for one in found if one["type"] != "too_short" or one["loc"] not in inside]
    return "\n".join(f"rule pack {name}: {_one(detail)}" for detail in told)


def _one(detail: ErrorDetails) -> str:
    location = _of_file(detail["loc"])
    where = ".".join(location) or "the pack"
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(location[-1], _known(detail["loc"][:-1]), n=1)
        return f"{where}: unknown key" + (f"; did you mean {close[0]!r}?" if close else "")
    if detail["type"] == "missing":
        return f"{where}: is missing{_on_missing(location[-1])}"
    said = detail["msg"].removeprefix("Value error, ").replace("tuple", "list")
    if detail["type"] == "value_error":  # its value is a whole section; the words name the keys
        return f"{where}: {said}"
    if detail["loc"][-1] == "[key]":
        return f"{where}: unknown name; {said}"
    if detail["type"] == "union_tag_invalid":
        about = detail["ctx"]
        return f"{where}.kind = {about['tag']!r}: must be one of {about['expected_tags']}"
    return f"{where} = {_shown(detail['input'])}: {said.replace('Tuple', 'List')}"


def _on_missing(key: str) -> str:
    return " (document and article, or 'project default')" if key == "source" else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _of_file(location: tuple[int | str, ...]) -> list[str]:
    """Name the key as it stands in the file: a target's kind, and what is a key, are not in it."""
    parts = [str(part) for part in location if part != "[key]"]
    return parts[:2] + parts[3:] if parts[:1] == ["targets"] else parts


def _known(location: tuple[int | str, ...]) -> list[str]:
    """Keys that the section at `location` may have; none where that is not known."""
    model: type[BaseModel] = RulePack
    for part in location:
        field = model.model_fields.get(str(part))
        models = models_in(field.annotation) if field else []
        if len(models) == 1:
            model = models[0]
    return list(model.model_fields)


def models_in(annotation: object) -> list[type[BaseModel]]:
    """Give the sections that a key may hold, wherever they stand in its annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in get_args(annotation) for m in models_in(argument)]
