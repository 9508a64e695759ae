"""What a command and all processes below it hold while it runs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

COVERMAP = [sys.executable, "-c", "from covermap.cli import main; main()"]
LOOK_S = 0.05


def peak_bytes(command: list[str], log: Path) -> int:
    """Run a command that must end well; give its peak of proportional set sizes, all added up.

    A page that several processes share counts once, parted among them.
    """
    peak = 0
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        while process.poll() is None:
            peak = max(peak, _held(process.pid))
            time.sleep(LOOK_S)
    assert process.returncode == 0, log.read_text(errors="replace")
    return peak


def _held(pid: int) -> int:
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += sum(int(x.split()[1]) for x in lines if x.startswith("Pss:")) * 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it ended meanwhile
    return total
