from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from covermap.engine.step import in_pieces


@dataclass(frozen=True)
class Work:
    number: int
    rows: int


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_neighbours_are_grouped_up_to_a_size_and_nothing_is_lost_or_moved(sizes, most):
    work = [Work(k, rows) for k, rows in enumerate(sizes)]
    pieces = in_pieces(work, most, lambda one: one.rows)
    assert [one for piece in pieces for one in piece] == work
    assert all(piece for piece in pieces)
    assert all(sum(w.rows for w in piece) <= most or len(piece) == 1 for piece in pieces)
    joined = [sum(w.rows for w in a) + b[0].rows for a, b in pairwise(pieces)]
    assert all(size > most for size in joined), "no piece could have taken one more"
