"""Memory and cores that a build may take, and how many worker processes they bear."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from covermap.errors import EngineError

MB, GB = 10**6, 10**9
CODE_BYTES = 330 * MB
"""What a process holds before it reads a row: Python, Arrow, GDAL, compiled kernels (312 MB of
resident memory after importing the pipeline, measured on Linux with Python 3.11)."""
DATA_BYTES = 370 * MB
"""The least a worker needs for data besides: one log, or one batch of samples with its counts."""
WORKER_BYTES = CODE_BYTES + DATA_BYTES
"""Floor per worker process; also the least memory that a build can run in (in one process)."""
DEFAULT_SHARE = 0.6
"""Part of the machine's memory that a build takes when nothing is said."""

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])(I?)B?\s*", re.IGNORECASE)
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}
_CGROUP_NAMES = ("memory.max", "memory.limit_in_bytes")


def parse_size(text: str) -> int:
    """Give a size in bytes: `500MB`, `1.5GB` (powers of 1000), `2GiB` (powers of 1024).

    Raises
    ------
    EngineError
        It is no size.

    Examples
    --------
    >>> parse_size("1.5 GB"), parse_size("1GiB")
    (1500000000, 1073741824)
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise EngineError(f"--memory {text}: not a size. Write for example 500MB, 1GB or 2.5GiB.")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[unit.upper()])


def shown_size(size: int) -> str:
    """Write a size as a user would: MB below 1 GB."""
    return f"{size / GB:.3g} GB" if size >= GB else f"{-(-size // MB)} MB"


def usable_bytes(wanted: int | None = None) -> int:
    """Give the memory that a build may take: as asked, else 60 % of what there is.

    Raises
    ------
    EngineError
        It is less than one process needs.
    """
    if wanted is None:
        there = total_bytes()
        usable = max(int(there * DEFAULT_SHARE), min(there, WORKER_BYTES))
        said = f"this machine (or its cgroup) has {shown_size(there)}"
    else:
        usable, said = wanted, f"--memory {shown_size(wanted)} was given"
    if usable < WORKER_BYTES:
        raise EngineError(
            f"not enough memory: {said}, and a build needs at least {shown_size(WORKER_BYTES)} "
            f"({shown_size(CODE_BYTES)} for the program, {shown_size(DATA_BYTES)} for data)."
        )
    return usable


def workers_for(memory_bytes: int, wanted: int | None = None) -> int:
    """Give the number of worker processes: as asked or one a core, as far as memory bears them.

    With more than one, the process that leads them holds the code as well.

    Examples
    --------
    >>> workers_for(10**9, wanted=8), workers_for(3 * 10**9, wanted=8)
    (1, 3)
    """
    bearable = (memory_bytes - CODE_BYTES) // WORKER_BYTES
    return max(1, min(wanted or cores(), bearable))


def data_bytes_of(memory_bytes: int, workers: int) -> int:
    """Give what each worker process may hold besides its code; one works in the leading process.

    Examples
    --------
    >>> data_bytes_of(10**9, 1) // MB, data_bytes_of(3 * 10**9, 2) // MB
    (670, 1005)
    """
    if workers == 1:
        return memory_bytes - CODE_BYTES
    return (memory_bytes - CODE_BYTES) // workers - CODE_BYTES


def cores() -> int:
    """Give the cores that this process may use: those it is bound to, and its cgroup's quota."""
    bound = len(os.sched_getaffinity(0))
    quotas = [_quota(folder) for folder in _cgroups("cpu")]
    return max(1, min([bound, *(int(quota) for quota in quotas if quota)]))


def total_bytes() -> int:
    """Give the memory of the machine, or of the narrowest cgroup that this process is in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        int(text)
        for folder in _cgroups("memory")
        for name in _CGROUP_NAMES
        if (text := _text(folder / name)).isdigit()
    ]
    return min([machine, *limits])


def _quota(folder: Path) -> float | None:
    both = _text(folder / "cpu.max").split()
    if not both:
        both = [_text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
    if all(text.isdigit() for text in both) and int(both[1]):
        return int(both[0]) / int(both[1])
    return None


def _cgroups(
    controller: str,
    mounted: Path = Path("/sys/fs/cgroup"),
    membership: Path = Path("/proc/self/cgroup"),
) -> Iterator[Path]:
    """Folders of the cgroups around this process, version 1 and 2, innermost first."""
    for line in _text(membership).splitlines():
        _, controllers, inside = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = mounted / controller if controllers else mounted
        folder = top / inside.lstrip("/")
        yield folder
        yield from (parent for parent in folder.parents if parent.is_relative_to(top))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
