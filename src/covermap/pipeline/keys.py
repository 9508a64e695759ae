"""Content keys: what a result depends on, as one hash. Same key, same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import covermap

KEY_LENGTH = 24


def key_of(*parts: Any) -> str:
    """Hash any mix of texts, numbers, lists, dictionaries and settings, in canonical form."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{value!r} cannot be part of a key")


def content_key(folder: Path, files: Sequence[Path]) -> str:
    """Hash the names and the bytes of files of a folder."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            own = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {own}\n".encode())
    return digest.hexdigest()[:KEY_LENGTH]


@cache
def code_key() -> str:
    """Hash the code that makes tables: another version never meets an old cached result."""
    root = Path(covermap.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] in ("cli", "service", "simulate", "__pycache__"):
            continue
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:KEY_LENGTH]
