"""What Spark needs before it is started: PySpark, Java, and a master that answers."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator

from covermap.errors import EngineError

OLDEST_JAVA = 17
"""Spark 4 runs on Java 17 and newer."""
CONNECT_SECONDS = 10
JAVA_SECONDS = 30

_LOCAL = re.compile(r"local(\[[^\]]+\])?")
_LOCAL_CLUSTER = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]")
_KINDS = "spark://HOST:7077, yarn, k8s://HOST:PORT, local-cluster[WORKERS,CORES,MB] or local[CORES]"


def check(master: str | None) -> str:
    """Check all that can be checked before Spark is started; give the master's address.

    Raises
    ------
    EngineError
        PySpark or Java is missing or too old, the address is none, or nobody answers there.
    """
    check_pyspark()
    address = check_address(master)
    check_java()
    check_answers(address)
    return address


def check_pyspark() -> None:
    """Raise when PySpark is not installed."""
    if importlib.util.find_spec("pyspark") is None:
        raise EngineError(
            "--engine spark: PySpark is not installed. Run `pip install 'covermap[spark]'`."
        )


def check_address(master: str | None) -> str:
    """Give the address if it is one that Spark can have."""
    if not master:
        raise EngineError(f"--engine spark: say where Spark is with --master: {_KINDS}.")
    known = master == "yarn" or master.startswith(("spark://", "k8s://"))
    if not (known or _LOCAL.fullmatch(master) or _LOCAL_CLUSTER.fullmatch(master)):
        raise EngineError(f"--master {master}: not a Spark master. Write {_KINDS}.")
    return master


def is_local(master: str) -> bool:
    """Whether the executors are on this machine."""
    return master.startswith("local")


def worker_mb(master: str) -> int | None:
    """Give the memory of each worker of a `local-cluster` master, MB."""
    found = _LOCAL_CLUSTER.fullmatch(master)
    return int(found.group(3)) if found else None


def check_java() -> None:
    """Raise when there is no Java, or one that is too old for Spark."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(os.path.join(home, "bin", "java")) if home else shutil.which("java")
    mend = (
        f"Install Java {OLDEST_JAVA} or newer (Debian, Ubuntu: `apt install "
        "openjdk-17-jre-headless`), or set JAVA_HOME to one."
    )
    if java is None:
        where = f"JAVA_HOME is {home}, without bin/java" if home else "no `java` on the PATH"
        raise EngineError(f"--engine spark: Java is missing ({where}). {mend}")
    try:
        said = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=JAVA_SECONDS, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"--engine spark: {java} does not run ({error}). {mend}") from None
    version = _java_version(said)
    if version is None:
        raise EngineError(f"--engine spark: {java} does not tell its version. {mend}")
    if version < OLDEST_JAVA:
        raise EngineError(f"--engine spark: {java} is Java {version}, too old for Spark. {mend}")


def _java_version(said: str) -> int | None:
    # `version "17.0.15"`; up to Java 8 it began with 1: `version "1.8.0_392"`
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else None


def check_answers(master: str) -> None:
    """Raise when none of the hosts that the address names takes a connection.

    Spark itself would try for a minute and then end in a page of messages.
    """
    hosts = list(_hosts(master))
    failures = []
    for host, port in hosts:
        try:
            socket.create_connection((host, port), timeout=CONNECT_SECONDS / len(hosts)).close()
            return
        except OSError as error:
            failures.append(f"{host}:{port}: {error.strerror or error}")
    if failures:
        raise EngineError(
            f"--master {master}: nobody answers there ({'; '.join(failures)}). Is the master "
            "running, and can this machine reach it?"
        )


def _hosts(master: str) -> Iterator[tuple[str, int]]:
    kind, _, rest = master.partition("://")
    if kind not in ("spark", "k8s"):
        return
    secure = not rest.startswith("http://")
    for one in rest.removeprefix("https://").removeprefix("http://").rstrip("/").split(","):
        host, _, port = one.rpartition(":")
        if port.isdigit() and host:
            yield host.strip("[]"), int(port)
        elif kind == "k8s":
            yield one, 443 if secure else 80
        else:
            raise EngineError(
                f"--master {master}: a port is missing. Write spark://HOST:7077, or several "
                "HOST:PORT with commas."
            )
