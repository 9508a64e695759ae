"""Reading and checking `covermap.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from covermap.errors import ConfigError
from covermap.files import not_a_path
from covermap.workspace.declared import KINDS, Config
from covermap.workspace.explain import explain
from covermap.workspace.typed import FILL_IN

CONFIG_NAME = "covermap.toml"


def load_config(root: Path) -> Config:
    """Read and check `root/covermap.toml`.

    Raises
    ------
    ConfigError
        Missing, not TOML, an unknown key, a value that is not allowed, or two inputs of one name.
        The message names the file, the entry, the value and what is allowed.
    """
    path = root / CONFIG_NAME
    advice = not_a_path(str(root))
    if advice:
        raise ConfigError(f"{root}: {advice}")
    if not path.is_file():
        raise ConfigError(f"{path}: not found. `covermap new {root}` makes a workspace there.")
    try:
        data = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    _check_filled(path, data, "")
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(explain(path, error)) from None
    _check_names(path, config)
    return _all_simulated(config) if config.workspace.simulated else config


def _text(path: Path) -> str:
    """Text of the file; the mark that some editors put before UTF-8 is let pass."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}). Save the file in "
            "the encoding UTF-8."
        ) from None


def _all_simulated(config: Config) -> Config:
    """Mark every input of a simulated workspace."""
    said = {"simulated": True}
    marked: dict[str, object] = {
        kind: tuple(e.model_copy(update=said) for e in getattr(config, kind)) for kind in KINDS
    }
    if config.population is not None:
        marked["population"] = config.population.model_copy(update=said)
    return config.model_copy(update=marked)


def _check_filled(path: Path, value: object, where: str) -> None:
    """Refuse what `covermap check` left to be filled in."""
    if value == FILL_IN:
        raise ConfigError(f"{path}:{where} is still {FILL_IN!r}; put the value in.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_filled(path, inner, f"{where} {key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            _check_filled(path, inner, f"{where} #{number}")


def _check_names(path: Path, config: Config) -> None:
    seen: set[str] = set()
    for kind in KINDS:
        for entry in getattr(config, kind):
            if entry.name in seen:
                raise ConfigError(f"{path}: two inputs are named {entry.name!r}; rename one.")
            seen.add(entry.name)
