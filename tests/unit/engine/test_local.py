"""Worker processes: started only where it pays, and used once they are there."""

import os
import subprocess
import sys
import threading

from covermap.engine.local import Workers, copies


def process_of(_item: int) -> int:
    return os.getpid()


def test_small_work_stays_in_this_process_until_workers_are_there_anyway() -> None:
    here = os.getpid()
    with Workers(2) as workers:
        assert {pid for _, pid in workers.run(process_of, range(4), small=True)} == {here}
        assert here not in {pid for _, pid in workers.run(process_of, range(4))}
        assert here not in {pid for _, pid in workers.run(process_of, range(4), small=True)}


COPIED = """
import os, sys
from covermap.engine.local import Workers, copies

marks = []

def seen(_item):
    return os.getpid(), list(marks), "colorsys" in sys.modules

import colorsys
marks.append("loaded")
with copies(2) as pool:
    marks.append("later")
    with Workers(2, pool=pool) as workers:
        here = {one[0] for _, one in workers.run(seen, range(4), small=True)}
        found = [one for _, one in workers.run(seen, range(8))]
assert here == {os.getpid()}
assert os.getpid() not in {one[0] for one in found}, found
assert all(one[1:] == (["loaded"], True) for one in found), found
print("copied")
"""


def test_copies_of_a_process_have_what_it_had_loaded() -> None:
    command = [sys.executable, "-c", COPIED]
    done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("copied\n", "", 0)


def test_a_process_with_threads_is_not_copied() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        with copies(2) as pool:
            assert pool is None
    finally:
        end.set()
        thread.join()


def test_one_worker_needs_no_copies() -> None:
    with copies(1) as pool:
        assert pool is None


def test_a_single_piece_and_a_single_core_need_no_other_process() -> None:
    here = os.getpid()
    with Workers(2) as workers:
        assert list(workers.run(process_of, [7])) == [(0, here)]
    with Workers(1) as alone:
        assert {pid for _, pid in alone.run(process_of, range(3))} == {here}
