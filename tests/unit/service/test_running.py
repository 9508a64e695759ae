"""`covermap serve` as it is run: a process, a port, a signal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from covermap.errors import ServeError
from covermap.service.running import address, check_built, check_host, listen

COMMAND = [sys.executable, "-c", "from covermap.cli import main; main()", "serve"]


@pytest.fixture
def server(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, str(workspace), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_when_it_listens_and_stops_well(
    server: subprocess.Popen[str], stop: signal.Signals
) -> None:
    assert server.stdout is not None
    said = server.stdout.readline()
    assert said.startswith("Serving on http://127.0.0.1:"), server.stderr
    url = said.split()[2]
    with httpx.Client(trust_env=False) as http:
        assert http.get(f"{url}api/build").json()["id"] == "b1"
    began = time.monotonic()
    server.send_signal(stop)
    out, err = server.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert "Traceback" not in err
    if stop == signal.SIGINT:
        assert server.returncode == 0
        assert "Stopped." in out


@pytest.mark.slow
def test_a_taken_port_is_one_clear_line_and_exit_code_2(workspace: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, str(workspace), "--port", str(port)], capture_output=True, text=True
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: port {port} on 127.0.0.1 is taken by another program. "
        f"Choose another: --port {port + 1}.\n"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_addresses_of_this_machine_are_allowed(host: str) -> None:
    check_host(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_addresses_that_others_reach_are_refused(host: str) -> None:
    with pytest.raises(ServeError, match="this machine only"):
        check_host(host)


def test_nothing_built_is_a_clear_message(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="nothing is built yet"):
        check_built(tmp_path)
    with pytest.raises(ServeError, match="there is no such folder"):
        check_built(tmp_path / "none")


def test_a_build_that_is_gone_is_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("b7\n", "utf-8")
    with pytest.raises(ServeError, match="names build 'b7', which is not there"):
        check_built(tmp_path)


def test_a_damaged_build_is_refused_before_serving(tmp_path: Path) -> None:
    folder = tmp_path / "builds" / "b1"
    folder.mkdir(parents=True)
    (folder / "build.json").write_text("{", "utf-8")
    (tmp_path / "current").write_text("b1\n", "utf-8")
    with pytest.raises(ServeError, match="damaged"):
        check_built(tmp_path)


def test_an_address_that_cannot_be_is_a_clear_message() -> None:
    with pytest.raises(ServeError, match=r"cannot listen on 203\.0\.113\.7 port 0"):
        listen("203.0.113.7", 0)


def test_the_address_is_written_as_a_browser_takes_it() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"
    if socket.has_ipv6:
        try:
            listener = listen("::1", 0)
        except ServeError:
            pytest.skip("this machine has no IPv6 loopback")
        with listener:
            assert address(listener) == f"http://[::1]:{listener.getsockname()[1]}/"
