"""A running Spark: started with settings that a build needs, ended without a trace."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from covermap.engine.spark.needs import is_local, worker_mb
from covermap.errors import EngineError

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

STANDALONE_SECONDS = 30
"""Longest wait for a standalone master that takes connections but does not answer as one."""
START_SECONDS = 300
"""The same for others: YARN accepts an application when its queue has room."""
END_SECONDS = 15
SHIPPED = "covermap-code"
"""Folder, on an executor, in which the code lies when it had to be shipped."""
ARROW_ROWS = 250_000
"""Rows of a batch between Spark and Python."""


class Session:
    """Spark's driver, in a process of its own, while a block runs.

    Parameters
    ----------
    master
        Address, checked by `needs.check`.
    log
        Gets what Spark prints; overwritten.
    """

    def __init__(self, master: str, log: Path) -> None:
        self.master, self.log = master, log
        self._kept = ExitStack()
        self.context: SparkContext
        self.interrupted = threading.Event()
        """The user wishes to stop: an interrupt that fell into a callback of py4j's is lost there,
        so whoever waits looks here as well."""

    def __enter__(self) -> Self:
        """Start Spark and register with the master.

        Raises
        ------
        EngineError
            It does not start, or the master does not accept the application.
        """
        with ExitStack() as kept:
            kept.enter_context(_left_as_it_was())
            with self.log.open("wb") as log, self._environment(kept):
                self._start(kept, log)
            self._hear_interrupts()
            self._kept = kept.pop_all()
        return self

    def _hear_interrupts(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def hear(number: int, frame: FrameType | None) -> None:
            self.interrupted.set()
            signal.default_int_handler(number, frame)

        signal.signal(signal.SIGINT, hear)  # in place of Spark's own, which is not heard later

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End Spark, its executors and all that it kept on this machine."""
        self._kept.close()

    def _start(self, kept: ExitStack, log: BinaryIO) -> None:
        from py4j.protocol import Py4JError
        from pyspark import SparkContext
        from pyspark.errors import PySparkRuntimeError
        from pyspark.java_gateway import launch_gateway

        late = threading.Event()
        try:
            gateway = launch_gateway(  # type: ignore[no-untyped-call]
                _Pairs(settings(self.master)), {"stderr": log, "stdout": log}
            )
            kept.callback(_end, gateway)
            kept.callback(_stop)
            with at_most(self._patience(), late, gateway.proc.kill):
                self.context = SparkContext(gateway=gateway)
        except (PySparkRuntimeError, Py4JError, OSError) as error:
            why = first_line(error)
            if late.is_set():
                why = (
                    f"the master takes connections but did not accept covermap within "
                    f"{self._patience()} s (another version of Spark, or no master at all?)."
                )
            raise EngineError(
                f"--master {self.master}: Spark did not start: {why} Its messages are in "
                f"{self.log}."
            ) from None
        self.context.setLogLevel("WARN")

    def _patience(self) -> int:
        return STANDALONE_SECONDS if self.master.startswith("spark://") else START_SECONDS

    def sql(self) -> SparkSession:
        """Give the session for tables."""
        from pyspark.sql import SparkSession

        return SparkSession(self.context)

    @contextmanager
    def _environment(self, kept: ExitStack) -> Iterator[None]:
        """Set what Spark reads from the environment, for as long as it starts."""
        before = dict(os.environ)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        if is_local(self.master):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            home = _home_of_links()
            kept.callback(shutil.rmtree, home, ignore_errors=True)
            os.environ["SPARK_HOME"] = str(home)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def at_most(seconds: float, late: threading.Event, give_up: Callable[[], object]) -> Iterator[None]:
    """Set `late` and call `give_up`, which makes the block fail, when it takes longer."""

    def end() -> None:
        late.set()
        give_up()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _left_as_it_was() -> Iterator[None]:
    """Give back what Spark changes in this process: the handler of interrupts and `sys.path`.

    Remarks of PySpark on libraries that are not used here, and of py4j on connections that end
    (they are told by errors of ours), are kept back meanwhile.
    """
    handler, paths = signal.getsignal(signal.SIGINT), list(sys.path)
    log = logging.getLogger("py4j")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*pandas", category=FutureWarning)
            yield
    finally:
        log.setLevel(level)
        sys.path[:] = paths
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _stop() -> None:
    """End the application, so that the cluster has its executors back."""
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        with suppress(Exception):
            context.stop()
    SparkContext._active_spark_context = None


def _end(gateway: Any) -> None:
    """End Spark's process: it ends by itself when its input is closed."""
    from pyspark import SparkContext

    with suppress(Exception):
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None
    with suppress(OSError):
        gateway.proc.stdin.close()
    try:
        gateway.proc.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


class _Pairs:
    """Settings in the form that the launcher reads.

    They are given to the launcher alone, not to the context, so that a user's own
    PYSPARK_SUBMIT_ARGS come after them and win.
    """

    def __init__(self, pairs: dict[str, str]) -> None:
        self._pairs = pairs

    def getAll(self) -> list[tuple[str, str]]:  # noqa: N802 - the launcher calls it so
        return list(self._pairs.items())


def settings(master: str) -> dict[str, str]:
    """Give the settings that a build needs, but those that the user's own defaults file has."""
    wanted = {
        "spark.master": master,
        "spark.app.name": "covermap",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_ROWS),
        "spark.ui.showConsoleProgress": "false",
        # an executor that is lost takes its share of the sums with it: they are made again
        "spark.task.maxFailures": "6",
        "spark.stage.maxConsecutiveAttempts": "8",
        "spark.executorEnv.PYTHONPATH": SHIPPED,
    }
    if is_local(master):
        wanted |= {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": tempfile.gettempdir(),
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(
                filter(None, (SHIPPED, os.environ.get("PYTHONPATH")))
            ),
        }
    megabytes = worker_mb(master)
    if megabytes is not None:
        # beside the executor's own memory there are its Python processes
        wanted["spark.executor.memory"] = f"{megabytes // 2}m"
    own = _defaults_file()
    return {name: value for name, value in wanted.items() if name not in own or "master" in name}


def _defaults_file() -> set[str]:
    """Names that the user's `spark-defaults.conf` sets."""
    folder = os.environ.get("SPARK_CONF_DIR") or os.path.join(
        os.environ.get("SPARK_HOME", ""), "conf"
    )
    try:
        text = Path(folder, "spark-defaults.conf").read_text(encoding="utf-8")
    except OSError:
        return set()
    lines = (line.strip() for line in text.splitlines())
    return {line.replace("=", " ").split()[0] for line in lines if line and line[0] != "#"}


def _home_of_links() -> Path:
    """Make a home of links to Spark's: workers on this machine write beside `bin` and `jars`.

    Without it their logs would pile up in the folder where PySpark is installed, which may also
    be read-only.
    """
    from pyspark.find_spark_home import _find_spark_home

    home = Path(tempfile.mkdtemp(prefix="covermap-spark-"))
    for inside in Path(_find_spark_home()).resolve().iterdir():
        if inside.name != "work":
            (home / inside.name).symlink_to(inside)
    return home


def full_text(error: BaseException) -> str:
    """Give all that an error of Spark's says."""
    java = getattr(error, "java_exception", None)
    if java is not None:
        with suppress(Exception):
            return str(java.getMessage() or java.toString())
    return str(error)


def first_line(error: BaseException) -> str:
    """Give what an error of Spark's says in one line, without the Java behind it."""
    lines = [line.strip() for line in full_text(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    return said if said.endswith((".", "!", "?")) else said + "."
