import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.arrays import ranges


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), max_size=20))
def test_ranges_run_on_one_after_the_other(pairs):
    first, count = np.array(pairs, np.int64).reshape(-1, 2).T
    want = [k for a, n in pairs for k in range(a, a + n)]
    assert ranges(first, count).tolist() == want
