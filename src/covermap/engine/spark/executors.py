"""Whether the executors can do the work: they answer, have the code, and see the workspace."""

from __future__ import annotations

import platform
import re
import tempfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import covermap
from covermap.engine.spark.session import SHIPPED, Session, at_most, first_line, full_text
from covermap.errors import EngineError
from covermap.resources import resource

if TYPE_CHECKING:
    from pyspark import SparkContext

ANSWER_SECONDS = 120
"""Longest wait for the first executor: a busy cluster gives it some time after the master."""
MOST_ASKED = 64
NEEDED = ("numpy", "pyarrow", "numba", "h3ronpy", "duckdb", "pyproj", "pydantic", "shapely")
"""What the kernels import, besides the code itself."""


@dataclass(frozen=True)
class Seen:
    """What one executor's Python says of itself."""

    host: str
    python: str
    version: str
    lacks: tuple[str, ...]
    code: str
    """Hash of the covermap that it would import; empty: none."""
    sees: bool
    """Whether the workspace is there."""


def check_executors(session: Session, shared: Path) -> None:
    """Raise unless executors answer and can do the work; ship the code where it is not theirs.

    Parameters
    ----------
    shared
        Folder of the workspace that driver and executors must both see.

    Raises
    ------
    EngineError
        The message names the host, what is missing, and what to do.
    """
    # A folder of the same name may be another: a file that is made now tells.
    with tempfile.NamedTemporaryFile(prefix=".probe.", suffix=".part", dir=shared) as probe:
        ours = _asker()(probe.name, NEEDED)
        seen = _ask(session, Path(probe.name))
    here = _here()
    for one in seen:
        who = f"executor on {one.host} ({one.python}, Python {one.version})"
        if ".".join(one.version.split(".")[:2]) != here:
            raise EngineError(
                f"{who}: another Python than the {here} of this machine. Set PYSPARK_PYTHON to "
                f"a Python {here} that the executors have."
            )
        if one.lacks:
            raise EngineError(
                f"{who}: lacks {', '.join(one.lacks)}. Install covermap {covermap.__version__} "
                "there, or set PYSPARK_PYTHON to a Python of the executors that has it."
            )
        if not one.sees:
            raise EngineError(
                f"{who}: does not see {shared}. Put the workspace on a file system that this "
                "machine and the executors share under one path."
            )
    if any(one.code != ours[4] for one in seen):
        _ship(session.context)


def _ask(session: Session, probe: Path) -> list[Seen]:
    from py4j.protocol import Py4JError

    context = session.context
    asked = max(2, min(2 * context.defaultParallelism, MOST_ASKED))
    ask, name, late = _asker(), str(probe), threading.Event()

    try:
        with at_most(ANSWER_SECONDS, late, context.cancelAllJobs):
            numbers = context.parallelize(range(asked), asked)
            told = numbers.map(lambda _: ask(name, NEEDED)).collect()
    except Py4JError as error:
        if late.is_set():
            raise EngineError(
                f"--master {session.master}: no executor came within {ANSWER_SECONDS} s. Are "
                "workers registered, with cores and memory free? (An executor asks for "
                f"spark.executor.memory = {context.getConf().get('spark.executor.memory', '1g')}.)"
                f" Spark's messages are in {session.log}."
            ) from None
        raise EngineError(
            f"--master {session.master}: executors cannot run Python: {_other_python(error)} Set "
            f"PYSPARK_PYTHON to a Python {_here()} that the executors have. Spark's messages are "
            f"in {session.log}."
        ) from None
    return sorted({Seen(*one) for one in told}, key=lambda one: (one.host, one.python))


def _here() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _other_python(error: BaseException) -> str:
    """Give what an error says; of a Python of another version, which one it is."""
    found = re.search(r"worker has different version: (\d+\.\d+)", full_text(error))
    if found is None:
        return first_line(error)
    return f"their Python is {found.group(1)}, this machine's {_here()}."


def _asker() -> Callable[[str, tuple[str, ...]], tuple[str, str, str, tuple[str, ...], str, bool]]:
    # A function inside a function travels by value: an executor without covermap can run it.
    def ask(
        probe: str, needed: tuple[str, ...]
    ) -> tuple[str, str, str, tuple[str, ...], str, bool]:
        import hashlib
        import importlib.util
        import os
        import platform
        import socket
        import sys

        lacks = tuple(name for name in needed if importlib.util.find_spec(name) is None)
        found = importlib.util.find_spec("covermap")
        code = ""
        if found is not None and found.origin is not None:
            digest = hashlib.sha256()
            top = os.path.dirname(found.origin)
            for here, folders, files in os.walk(top):
                folders.sort()
                for name in sorted(files):
                    if name.endswith(".py") and "_resources" not in here:
                        path = os.path.join(here, name)
                        with open(path, "rb") as stream:
                            digest.update(os.path.relpath(path, top).encode() + stream.read())
            code = digest.hexdigest()
        return (
            socket.gethostname(), sys.executable, platform.python_version(), lacks, code,
            os.path.isfile(probe),
        )  # fmt: skip

    return ask


def _ship(context: SparkContext) -> None:
    """Send this code to every executor, before any that it may have installed."""
    package = Path(covermap.__file__).parent
    folder = Path(tempfile.mkdtemp(prefix="covermap-code-", dir=context._temp_dir))
    archive = folder / "covermap.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(package.rglob("*")):
            inside = path.relative_to(package)
            left_out = {"_resources", "service", "__pycache__"} & set(inside.parts)
            if path.is_file() and not left_out:
                out.write(path, Path("covermap") / inside)
        for kind, top in (("data", resource("data")), ("tiles", resource("tiles"))):
            for path in sorted(p for p in top.rglob("*") if p.is_file()):
                out.write(path, Path("covermap/_resources") / kind / path.relative_to(top))
    context.addArchive(f"{archive}#{SHIPPED}")
