from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covermap.engine import workers_of
from covermap.engine.spark import needs
from covermap.engine.spark.session import settings
from covermap.errors import EngineError


def java_that_says(folder: Path, said: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    java = folder / "bin/java"
    java.write_text(f"#!/bin/sh\n{said}\n")
    java.chmod(0o755)
    return folder


def test_without_a_master_the_kinds_of_masters_are_told() -> None:
    with pytest.raises(EngineError, match=r"say where Spark is with --master: spark://HOST:7077"):
        needs.check_address(None)


@pytest.mark.parametrize("master", ["foo", "http://a:1", "local-cluster[2,1]", "localhost:7077"])
def test_what_is_no_master_is_named(master: str) -> None:
    with pytest.raises(EngineError, match=r"not a Spark master. Write spark://HOST:7077"):
        needs.check_address(master)


@pytest.mark.parametrize(
    "master",
    ["spark://a:7077,b:7077", "yarn", "k8s://https://a:6443", "local", "local[4]",
     "local-cluster[2,1,2048]"],
)  # fmt: skip
def test_the_kinds_of_masters_are_known(master: str) -> None:
    assert needs.check_address(master) == master


def test_a_master_that_is_not_there_is_told_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(EngineError, match=rf"nobody answers there \(127.0.0.1:{port}: .*refused"):
        needs.check_answers(f"spark://127.0.0.1:{port}")
    assert time.monotonic() - began < 2 * needs.CONNECT_SECONDS


def test_one_of_several_masters_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        needs.check_answers(f"spark://127.0.0.1:1,127.0.0.1:{port}")
        needs.check_answers(f"k8s://https://127.0.0.1:{port}")


def test_a_master_without_a_port_is_told_how_to_write_it() -> None:
    with pytest.raises(EngineError, match=r"a port is missing. Write spark://HOST:7077"):
        needs.check_answers("spark://node1")


def test_missing_java_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EngineError, match=r"Java is missing \(no `java`.*openjdk-17-jre-headless"):
        needs.check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(EngineError, match=r"JAVA_HOME is .*gone, without bin/java"):
        needs.check_java()


@pytest.mark.parametrize(
    ("line", "version"),
    [('openjdk version "11.0.2" 2019-01-15', 11), ('java version "1.8.0_392"', 8)],
)
def test_java_that_is_too_old_is_named_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, version: int
) -> None:
    home = java_that_says(tmp_path / "jdk", f"echo '{line}' >&2")
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(
        EngineError, match=rf"is Java {version}, too old for Spark. Install Java 17"
    ):
        needs.check_java()


def test_java_17_and_newer_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in ('openjdk version "17.0.15" 2025-04-15', 'openjdk version "21-ea" 2023-09-19'):
        home = java_that_says(tmp_path / line[17:19], f"echo '{line}' >&2")
        monkeypatch.setenv("JAVA_HOME", str(home))
        needs.check_java()


def test_java_that_tells_nothing_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "jdk", "exit 1")))
    with pytest.raises(EngineError, match="does not tell its version"):
        needs.check_java()


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pyspark" else found(name)
    )
    with pytest.raises(EngineError, match=r"pip install 'covermap\[spark\]'"):
        needs.check("local")


def test_the_engine_itself_loads_without_pyspark() -> None:
    code = (
        "import sys; sys.modules['pyspark'] = None; "
        "from covermap.engine import workers_of; workers_of('spark', 'local')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_local_engine_has_no_master() -> None:
    with pytest.raises(EngineError, match=r"the local engine has none; add --engine spark"):
        workers_of("local", "spark://a:7077")


def test_what_the_users_own_defaults_set_is_left_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    assert settings("spark://a:7077")["spark.task.maxFailures"] == "6"
    (tmp_path / "spark-defaults.conf").write_text(
        "# ours\nspark.task.maxFailures  9\nspark.master=yarn\n"
    )
    own = settings("spark://a:7077")
    assert "spark.task.maxFailures" not in own
    assert own["spark.master"] == "spark://a:7077"


def test_workers_of_a_local_cluster_leave_memory_for_python() -> None:
    assert settings("local-cluster[2,1,2048]")["spark.executor.memory"] == "1024m"
    assert "spark.executor.memory" not in settings("spark://a:7077")


def test_executors_on_this_machine_import_what_the_driver_imports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/some/where")
    name = "spark.executorEnv.PYTHONPATH"
    assert settings("local[2]")[name].split(os.pathsep)[1:] == ["/some/where"]
    assert os.pathsep not in settings("yarn")[name]
