"""The files that a declaration names."""

from __future__ import annotations

from pathlib import Path

from covermap.errors import ConfigError
from covermap.files import not_a_path


def input_files(root: Path, patterns: tuple[str, ...], where: str) -> list[Path]:
    """Files that an input's globs match, sorted by path; every glob must match something.

    Raises
    ------
    ConfigError
        A glob matches no file or is not a valid pattern.
    """
    found: set[Path] = set()
    for pattern in patterns:
        found.update(_matches(root, pattern, where))
    return sorted(found)


def _matches(root: Path, pattern: str, where: str) -> list[Path]:
    advice = not_a_path(pattern)
    if advice:
        raise ConfigError(f"{where}: files = {pattern!r}: {advice}")
    if not pattern.strip("/. "):
        raise ConfigError(f"{where}: files = {pattern!r} names no file.")
    base, relative = (root, pattern)
    if Path(pattern).is_absolute():
        base, relative = Path(Path(pattern).anchor), str(Path(pattern).relative_to("/"))
    parts = Path(relative).parts
    while parts and parts[0] == "..":
        base, parts = base.parent, parts[1:]
    try:
        files = [p for p in base.resolve().glob(str(Path(*parts))) if p.is_file()]
    except (ValueError, NotImplementedError, IndexError, TypeError) as error:
        raise ConfigError(f"{where}: files = {pattern!r} is not a valid pattern: {error}") from None
    if not files:
        raise ConfigError(
            f"{where}: files = {pattern!r} matches no file under {base}. Mend the pattern, or put "
            "the files there."
        )
    return files
