"""Reading rule packs: those that are shipped, and files of one's own."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from covermap.errors import NotKnownError, RulePackError
from covermap.rules.faults import explain
from covermap.rules.pack import RulePack


def pack_names() -> list[str]:
    """Names of the packs that are shipped."""
    folder = files("covermap.rules") / "packs"
    return sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )


def pack_text(name: str, root: Path | None = None) -> str:
    """Give the TOML of a shipped pack by name, or of a file relative to `root`.

    Raises
    ------
    NotKnownError
        No shipped pack and no file has that name.
    RulePackError
        The file is not text in UTF-8.
    """
    if name in pack_names():
        return (files("covermap.rules") / "packs" / f"{name}.toml").read_text(encoding="utf-8")
    path = (root or Path()) / name
    if not name.endswith(".toml") or not path.is_file():
        raise NotKnownError(
            f"no rule pack {name!r}. Shipped: {', '.join(pack_names())}; or a .toml file."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RulePackError(f"rule pack {name}: not text in UTF-8") from None


def load_pack(name: str, root: Path | None = None) -> RulePack:
    """Load a shipped pack by name, or a TOML file relative to `root`.

    Raises
    ------
    NotKnownError
        No shipped pack and no file has that name.
    RulePackError
        The file is not TOML, or values in it are not allowed: one line each, with file, key, value
        and the rule.
    """
    text = pack_text(name, root)
    try:
        return RulePack.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RulePackError(f"rule pack {name}: not valid TOML: {error}") from None
    except ValidationError as error:
        raise RulePackError(explain(name, error)) from None
