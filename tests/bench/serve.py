"""Serving tiles: covermap beside nginx with the same archive's tiles as files; wrk on loopback.

SIZE (200 000) cells along simulated roads, one layer. Cold: the server has just started, the pages
of its files are dropped from memory, and every tile is asked for once, in an order of chance. Warm:
the same tiles again and again for SECONDS. One worker each, 16 connections, one thread of wrk, all
on this machine; gzip is accepted, as browsers do. nginx sends the packed tiles as they lie on disk.
Every figure is the median of REPEATS rounds that take turns. `ratio_to_nginx` is warm requests/s of
covermap by those of nginx, `p99_ms` the warm 99th percentile of covermap.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import handmade
from covermap.core.cells import areas_m2, cells_at
from covermap.formats.archive import TileArchive
from covermap.store import Workspace, write_text

CONNECTIONS = 16
SECONDS = 4
REPEATS = 3
SPAN_DEG = 3.0

WRK = """
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long us; } moment; int gettimeofday(moment *t, void *zone);")
local clock = ffi.new("moment")
local function now()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.s) + tonumber(clock.us) / 1e6
end
local paths, at, got, threads = {}, 0, 0, {}
for line in io.lines("%(paths)s") do paths[#paths + 1] = line end
function setup(thread) threads[#threads + 1] = thread end
function request()
  at = at + 1
  if at == 1 then first = now() end
  return wrk.format("GET", paths[(at - 1) %% #paths + 1])
end
function response()
  got, last = got + 1, now()
  answered = got
  if %(once)s and got == #paths then wrk.thread:stop() end
end
function done(summary, latency)
  local e, t = summary.errors, threads[1]
  io.write(string.format(
    'FOUND {"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "errors": %%d}\\n',
    t:get("answered"), t:get("last") - t:get("first"), latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""
"""Asks for each path in its turn and tells the time from the first question to the last answer: the
time that wrk tells is the one it was given."""

NGINX = """
%(user)s daemon off; pid %(folder)s/nginx.pid; worker_processes 1; error_log %(folder)s/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=20000;
  keepalive_requests 1000000; client_body_temp_path %(folder)s/t1;
  proxy_temp_path %(folder)s/t2; fastcgi_temp_path %(folder)s/t3;
  uwsgi_temp_path %(folder)s/t4;
  scgi_temp_path %(folder)s/t5;
  server {
    listen 127.0.0.1:%(port)d;
    location / {
      root %(root)s; default_type application/vnd.mapbox-vector-tile;
      add_header Content-Encoding gzip;
      add_header Cache-Control "public, max-age=31536000, immutable";
    }
  }
}
"""


def roads(size: int) -> np.ndarray:
    """Cells along straight roads of chance, ascending: about `size`."""
    random_ = np.random.default_rng(7)
    found = np.empty(0, np.int64)
    while len(found) < size:
        ends = handmade.CENTRE + random_.uniform(-SPAN_DEG / 2, SPAN_DEG / 2, (2, 2))
        share = np.linspace(0, 1, 6000)[:, None]
        lon, lat = (ends[0] * (1 - share) + ends[1] * share).T
        found = np.union1d(found, cells_at(lon, lat, handmade.RESOLUTION))
    return found


def write_workspace(root: Path, size: int) -> Path:
    """Write a workspace with one build and one layer of cells; give its archive."""
    folder = root / "builds" / "bench"
    folder.mkdir(parents=True)
    cells = roads(size)
    n = len(cells)
    columns = {
        "cell": cells, "area_m2": areas_m2(cells), "operator": np.full(n, "any"),
        "technology": np.full(n, "any"), **handmade.judged(np.random.default_rng(1), n),
        "last_period": pa.nulls(n, pa.string()),
    }  # fmt: skip
    handmade.write(folder, "cell_verdicts", pa.table(columns))
    handmade.run_tiles(folder)
    write_text(folder / "build.json", json.dumps({"id": "bench", "config": {}}))
    Workspace(root).publish("bench")
    return folder / "tiles" / "cells.any.any.pmtiles"


def unpack(archive: TileArchive, folder: Path) -> list[tuple[int, int, int]]:
    """Write every tile of an archive as a packed file `z/x/y.mvt`; give their addresses."""
    from pmtiles.reader import MmapSource, all_tiles

    addresses = []
    with archive.path.open("rb") as stream:
        for (z, x, y), data in all_tiles(MmapSource(stream)):
            path = folder / str(z) / str(x) / f"{y}.mvt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            addresses.append((z, x, y))
    random.Random(1).shuffle(addresses)
    return addresses


def forget(folder: Path) -> None:
    """Drop the pages of files from memory, so that the next reading goes to the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


@contextmanager
def covermap(root: Path, port: int) -> Iterator[None]:
    """Run `covermap serve`."""
    code = "from covermap.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", str(root), "--port", str(port)]
    with running(command, f"http://127.0.0.1:{port}/healthz"):
        yield


@contextmanager
def nginx(folder: Path, files: Path, port: int) -> Iterator[None]:
    """Run nginx with one worker on a folder of packed tiles."""
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # or it could not read the folder
    config.write_text(
        NGINX % {"folder": folder, "port": port, "root": files, "user": user}, "utf-8"
    )
    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config), "-e", "stderr"]
    with running(command, f"http://127.0.0.1:{port}/"):
        yield


@contextmanager
def running(command: list[str], address: str) -> Iterator[None]:
    """Run a server until the block ends, from when it answers."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(200):
            try:
                urlopen(address, timeout=5).close()
                break
            except OSError as error:
                if hasattr(error, "code"):  # it answers, be it 403
                    break
                time.sleep(0.05)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def wrk(folder: Path, base: str, paths: list[str], *, once: bool) -> dict[str, float]:
    """Ask for paths with wrk, each once or for SECONDS; give requests/s and percentiles, ms."""
    listed, script = folder / "paths.txt", folder / "ask.lua"
    listed.write_text("\n".join(paths) + "\n", "utf-8")
    script.write_text(WRK % {"paths": listed, "once": "true" if once else "false"}, "utf-8")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script),
               "-H", "Accept-Encoding: gzip", base]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(said.split("FOUND", 1)[1].splitlines()[0])
    if found["errors"]:
        raise SystemExit(f"{base}: {found['errors']} answers of wrk were errors\n{said}")
    return {"rps": found["requests"] / found["seconds"], "p50_ms": found["p50"] / 1e3,
            "p99_ms": found["p99"] / 1e3}  # fmt: skip


def round_of(folder: Path, cold_pages: Path, base: str, paths: list[str], server) -> dict:  # type: ignore[no-untyped-def,type-arg]
    """One round of a server: cold, then warm."""
    forget(cold_pages)
    with server():
        cold = wrk(folder, base, paths, once=True)
        return {"cold": cold, "warm": wrk(folder, base, paths, once=False)}


def main(size: int) -> dict[str, float]:
    """Measure both servers in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write_workspace(folder / "workspace", size)
        addresses = unpack(TileArchive(path), folder / "files")
        total = path.stat().st_size
        print(f"{len(addresses)} tiles of {size} cells, {total / len(addresses):.0f} bytes each")
        ours = [f"/tiles/cells/any/any/{z}/{x}/{y}.mvt?build=bench" for z, x, y in addresses]
        theirs = [f"/{z}/{x}/{y}.mvt" for z, x, y in addresses]
        rounds: dict[str, list[dict[str, dict[str, float]]]] = {"covermap": [], "nginx": []}
        for turn in range(REPEATS):
            here, there = 18300 + 2 * turn, 18301 + 2 * turn
            rounds["covermap"].append(
                round_of(folder, path.parent, f"http://127.0.0.1:{here}", ours,
                         lambda p=here: covermap(folder / "workspace", p))
            )  # fmt: skip
            rounds["nginx"].append(
                round_of(folder, folder / "files", f"http://127.0.0.1:{there}", theirs,
                         lambda p=there: nginx(folder, folder / "files", p))
            )  # fmt: skip
    return summed(rounds)


def summed(rounds: dict[str, list[dict[str, dict[str, float]]]]) -> dict[str, float]:
    """Medians of the rounds, told and as one flat object."""
    figures = {}
    for server, made in rounds.items():
        for state in ("cold", "warm"):
            middle = {k: statistics.median(r[state][k] for r in made) for k in made[0][state]}
            print(f"{server:<9}{state:<6}{middle['rps']:>9.0f} requests/s   "
                  f"p50 {middle['p50_ms']:.2f} ms   p99 {middle['p99_ms']:.2f} ms")  # fmt: skip
            figures |= {f"{server}_{state}_{k}": round(v, 3) for k, v in middle.items()}
    return {
        "ratio_to_nginx": round(figures["covermap_warm_rps"] / figures["nginx_warm_rps"], 3),
        "ratio_to_nginx_cold": round(figures["covermap_cold_rps"] / figures["nginx_cold_rps"], 3),
        "p99_ms": figures["covermap_warm_p99_ms"],
        **figures,
    }


if __name__ == "__main__":
    for program in ("wrk", "nginx"):
        if not (shutil.which(program) or Path(f"/usr/sbin/{program}").is_file()):
            raise SystemExit(f"{program} is missing: this benchmark needs wrk and nginx installed.")
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)))
