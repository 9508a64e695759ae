import doctest

from hypothesis import given
from hypothesis import strategies as st

from covermap.rules import compare, differences, load_pack, pack_names


def test_the_example_gives_what_it_shows():
    assert doctest.testmod(compare).failed == 0


@given(st.sampled_from(pack_names()), st.sampled_from(pack_names()))
def test_a_comparison_the_other_way_round_is_the_same_list_turned(first, second):
    there = differences(load_pack(first), load_pack(second), sources=True)
    back = differences(load_pack(second), load_pack(first), sources=True)
    assert {(c.key, str(c.first), str(c.second)) for c in there} == {
        (c.key, str(c.second), str(c.first)) for c in back
    }
    assert bool(there) == (first != second)


def test_a_pack_that_is_named_otherwise_alone_does_not_differ():
    pack = load_pack("korea")
    other = pack.model_copy(update={"id": "mine", "title": "mine", "version": "9"})
    assert differences(pack, other, sources=True) == []
