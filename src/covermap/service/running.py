"""Running the service on this machine: what it may listen on, and saying where it is."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import multiprocessing
import signal
import socket
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import uvicorn

from covermap.errors import BuildError, ServeError
from covermap.service.app import create_app
from covermap.service.settings import Settings
from covermap.service.wire import tile_protocol
from covermap.store import Workspace

GRACE_S = 3
"""How long running requests may go on after Ctrl-C."""


def run(
    settings: Settings, host: str, port: int, say: Callable[[str], object], workers: int = 1
) -> None:
    """Serve until Ctrl-C; `say` is told the address once the service really listens.

    Raises
    ------
    ServeError
        The address is not of this machine alone, the port is taken, or nothing is built; or a
        worker has ended by itself.
    """
    check_host(host)
    check_built(settings.workspace)
    listener = listen(host, port)
    told = f"Serving on {address(listener)} (Ctrl-C stops)"
    try:
        if workers == 1:
            _serve(settings, listener, lambda: say(told))
        else:
            _share(settings, listener, workers, lambda: say(told))
    except KeyboardInterrupt:
        pass  # uvicorn has ended well and passes the signal on
    finally:
        listener.close()


def _serve(
    settings: Settings, listener: socket.socket, announce: Callable[[], object] = lambda: None
) -> None:
    app = create_app(settings)
    _ = app.state.builds.current().layers  # opened now: the first to ask need not wait for it
    # what is there now stays: looking through all of it for garbage would stop every request
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        app,
        http=tile_protocol(app.state.short, app.state.basemap),
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    _Announcing(config, announce).run(sockets=[listener])


def _share(
    settings: Settings, listener: socket.socket, workers: int, announce: Callable[[], object]
) -> None:
    """Serve with processes that take connections of one socket in turns."""
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_work, args=(settings, listener), daemon=True) for _ in range(workers)
    ]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for process in processes:
            process.start()
        announce()
        ended = wait([process.sentinel for process in processes])
        code = next(p.exitcode for p in processes if p.sentinel in ended)
        raise ServeError(f"a worker has ended by itself (exit code {code}). Start again.")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(GRACE_S + 1)


def _work(settings: Settings, listener: socket.socket) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        _serve(settings, listener)


def check_host(host: str) -> None:
    """Refuse addresses that other machines can reach: this version has no log-in.

    Raises
    ------
    ServeError
        The address is not of the loopback.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ServeError(
            f"--host {host}: this version serves this machine only, as it has no log-in. "
            "Use 127.0.0.1, ::1 or localhost, and a tunnel or proxy of your own beyond."
        )


def check_built(folder: Path) -> None:
    """Refuse a workspace without a build.

    Raises
    ------
    ServeError
        The folder is none, nothing is built in it, or the build is damaged.
    """
    if not folder.is_dir():
        raise ServeError(f"{folder}: there is no such folder. Name a workspace.")
    try:
        _ = Workspace(folder).current().manifest  # read, so that damage shows before serving
    except BuildError as error:
        raise ServeError(str(error)) from None


def listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises
    ------
    ServeError
        It is taken, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ServeError(_why(error, host, port)) from None
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    if isinstance(error, PermissionError):
        return f"port {port} on {host} is not allowed for this user. Choose one above 1023: --port."
    if "in use" in str(error):
        return (
            f"port {port} on {host} is taken by another program. "
            f"Choose another: --port {port + 1 if port < 65535 else 8000}."
        )
    return f"cannot listen on {host} port {port}: {error.strerror or error}."


def address(listener: socket.socket) -> str:
    """Web address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Announcing(uvicorn.Server):
    """A server that says where it is once it really listens."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> Any:
        """Start, then print the address."""
        await super().startup(sockets)
        if self.started:
            self.announce()
