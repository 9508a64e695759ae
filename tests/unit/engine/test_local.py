"""Worker processes: started only where it pays, and used once they are there."""

import os

from covermap.engine.local import Workers


def process_of(_item: int) -> int:
    return os.getpid()


def test_small_work_stays_in_this_process_until_workers_are_there_anyway() -> None:
    here = os.getpid()
    with Workers(2) as workers:
        assert {pid for _, pid in workers.run(process_of, range(4), small=True)} == {here}
        assert here not in {pid for _, pid in workers.run(process_of, range(4))}
        assert here not in {pid for _, pid in workers.run(process_of, range(4), small=True)}


def test_a_single_piece_and_a_single_core_need_no_other_process() -> None:
    here = os.getpid()
    with Workers(2) as workers:
        assert list(workers.run(process_of, [7])) == [(0, here)]
    with Workers(1) as alone:
        assert {pid for _, pid in alone.run(process_of, range(3))} == {here}
