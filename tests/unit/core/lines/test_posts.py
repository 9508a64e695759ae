"""Official chainage: reading figures, breaks in the count, wrong posts, and the way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.core.lines.figures import parse_official, parse_post
from covermap.core.lines.posts import chainages_of, official_m, post_table
from covermap.core.lines.stretches import count_stretches


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("K12+300", ("K", 12300.0)),
        ("DK105+020.5", ("DK", 105020.5)),
        ("YK3+000", ("YK", 3000.0)),
        ("k0+000", ("K", 0.0)),
        ("Ｋ１２＋３００", ("K", 12300.0)),
        (" K 12 + 300 ", ("K", 12300.0)),
        ("12+300", ("", 12300.0)),
        ("K12", ("K", 12000.0)),
        ("12.3", ("", 12300.0)),
        ("K1234.567公里", ("K", 1234567.0)),
        ("K10+1350", ("K", 11350.0)),
        ("0", ("", 0.0)),
        ("", None),
        ("-", None),
        ("北京南", None),
        ("K12+30+5", None),
        ("K12+-3", None),
        ("K12-300", None),
        ("nan", None),
    ],
)
def test_a_figure_is_read_as_people_write_it(text, figure):
    assert parse_official(text) == figure


def test_an_equation_is_two_figures_and_the_one_ahead_may_leave_out_its_letters():
    assert parse_post("DK10+000=10+350") == [("DK", 10000.0), ("DK", 10350.0)]
    assert parse_post("K10+000＝DK0+000") == [("K", 10000.0), ("DK", 0.0)]
    assert parse_post("K1=K2=K3") is None
    assert parse_post("K1") == [("K", 1000.0)]


def counted(chainage, official, part=None, line=None, prefix=None):
    n = len(chainage)
    return count_stretches(
        np.zeros(n, np.int64) if line is None else np.array(line),
        np.array(chainage, float),
        np.array(official, float),
        np.zeros(n, np.int64) if prefix is None else np.array(prefix),
        np.zeros(n, np.int64) if part is None else np.array(part),
    )


def test_an_unbroken_count_is_one_stretch_whatever_the_order_of_the_posts():
    made = counted([2010, 0, 990, 3001], [7000, 5000, 6000, 8000])
    assert made.row.tolist() == [1, 2, 0, 3]
    assert made.stretch.tolist() == [0, 0, 0, 0]
    assert (made.breaks, made.against, made.backwards) == (0, 0, 0)
    assert len(made.odd) == 0


def test_a_count_may_run_against_the_chainage():
    made = counted([0, 1000, 2000, 3000], [9000, 8000, 7000, 6000])
    assert made.stretch.tolist() == [0, 0, 0, 0]
    assert (made.against, made.backwards) == (1, 0)


@pytest.mark.parametrize("way", [1, -1])
def test_an_equation_breaks_the_count_where_it_stands(way):
    # K9, K10 = K10+350, K11: a short chain; the posts of the other way stand mirrored.
    place = np.array([1000.0, 2000.0, 2000.0, 2650.0, 3650.0])
    place = place if way > 0 else 5000 - place
    made = counted(place, [9000, 10000, 10350, 11000, 12000], part=[0, 1, 2, 0, 0])
    along = [0, 1, 2, 3, 4] if way > 0 else [4, 3, 2, 1, 0]
    assert made.row.tolist() == along
    assert made.stretch.tolist() == ([0, 0, 1, 1, 1] if way > 0 else [0, 0, 0, 1, 1])
    assert made.breaks == 1


def test_a_count_that_jumps_without_a_word_is_broken_at_the_first_post_beyond():
    made = counted([0, 1000, 2000, 3000], [0, 1000, 2600, 3600])
    assert made.stretch.tolist() == [0, 0, 1, 1]
    assert made.breaks == 1


def test_a_wrong_post_between_right_ones_is_left_out():
    made = counted([0, 1000, 2000, 3000, 4000], [0, 1000, 5000, 3000, 4000])
    assert made.odd.tolist() == [2]
    assert made.stretch.tolist() == [0, 0, 0, 0]


def test_a_wrong_post_at_an_end_is_left_out():
    assert counted([0, 1000, 2000], [50_000, 1000, 2000]).odd.tolist() == [0]


def test_a_figure_that_stands_twice_is_left_out_where_it_does_not_fit():
    made = counted([1000, 2000, 2400, 3000], [1000, 2000, 2000, 3000])
    assert made.odd.tolist() == [2]


def test_two_posts_at_one_place_count_once():
    made = counted([0, 1000, 1000.2, 2000], [0, 1000, 1000, 2000])
    assert made.doubled.tolist() == [2]
    assert made.stretch.tolist() == [0, 0, 0]


def test_posts_that_run_backwards_on_a_part_of_a_line_are_a_stretch_of_their_own_and_told():
    made = counted(range(0, 9000, 1000), [0, 1000, 2000, 3000, 4000, 12000, 11000, 10000, 9000])
    assert made.stretch.tolist() == [0] * 5 + [1] * 4
    assert made.backwards == 1


def test_other_letters_are_another_count():
    made = counted([0, 1000, 2000, 3000], [0, 1000, 2000, 3000], prefix=[0, 0, 1, 1])
    assert made.stretch.tolist() == [0, 0, 1, 1]


def test_every_line_counts_for_itself():
    made = counted([0, 1000, 0, 1000], [0, 1000, 5000, 4000], line=[1, 1, 3, 3])
    assert made.stretch.tolist() == [0, 0, 0, 0]
    assert made.against == 1


def test_no_posts_make_no_stretches():
    made = counted([], [])
    assert len(made.row) == made.breaks == 0


BROKEN = post_table(
    line=np.array([0, 0, 0, 0]),
    length_m=np.array([4000.0, 1000.0]),
    chainage_m=np.array([1000.0, 2000.0, 2000.0, 3000.0]),
    official_m=np.array([9000.0, 10000.0, 10350.0, 11350.0]),
    stretch=np.array([0, 0, 1, 1]),
    prefix=np.array([0, 0, 0, 0]),
)


def asked(figures, posts=BROKEN, prefix=-1):
    n = len(figures)
    query, place = chainages_of(
        posts, np.zeros(n, np.int64), np.array(figures, float), np.full(n, prefix)
    )
    return [place[query == i].tolist() for i in range(n)]


def test_figures_are_linear_between_posts_and_go_on_beyond_them():
    made, prefix = official_m(
        BROKEN, np.array([0, 0, 0, 0, 0, 1, -1]), np.array([0, 1500, 2000, 2500, 4000, 5, 5.0])
    )
    np.testing.assert_allclose(made, [8000, 9500, 10350, 10850, 12350, np.nan, np.nan])
    assert prefix.tolist() == [0, 0, 0, 0, 0, -1, -1]


def test_a_figure_that_a_short_chain_leaves_out_is_nowhere():
    assert asked([9500, 10200, 10350, 7999, 12350]) == [[1500], [], [2000], [], [4000]]


def test_a_figure_that_a_long_chain_repeats_is_at_two_places():
    long = BROKEN._replace(official_m=np.array([9000.0, 10000.0, 9800.0, 10800.0]))
    assert asked([9900, 9000], long) == [[1900, 2100], [1000]]


def test_letters_tell_counts_apart():
    two = BROKEN._replace(prefix=np.array([0, 0, 1, 1]))
    assert asked([10_350], two, prefix=0) == [[]]
    assert asked([10_350], two, prefix=1) == [[2000]]


@st.composite
def lines_with_posts(draw):
    """Several lines with posts of several stretches, in both ways; no two at one place."""
    line, chainage, figure, stretch, prefix, length = [], [], [], [], [], []
    for number in range(draw(st.integers(1, 4))):
        place = draw(st.floats(0, 500))
        for s in range(draw(st.integers(0, 3))):
            way = draw(st.sampled_from([1.0, -1.0]))
            count = draw(st.floats(0, 300_000))
            letters = draw(st.integers(0, 2))
            for _ in range(draw(st.integers(1, 4))):
                line.append(number)
                chainage.append(place)
                figure.append(count)
                stretch.append(s)
                prefix.append(letters)
                step = draw(st.floats(1.0, 2000.0))
                place += step
                count += way * step * draw(st.floats(0.95, 1.05))
        length.append(place + draw(st.floats(0, 1000)))
    kinds = (np.int64, float, float, np.int64, np.int64)
    columns = (line, chainage, figure, stretch, prefix)
    line, chainage, figure, stretch, prefix = (
        np.array(c, k) for c, k in zip(columns, kinds, strict=True)
    )
    return post_table(line, np.array(length), chainage, figure, stretch, prefix)


@given(lines_with_posts(), st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 99))
def test_the_inverse_of_an_official_figure_holds_the_place_it_was_taken_at(posts, shares, seed):
    line = np.random.default_rng(seed).integers(0, len(posts.length_m), len(shares))
    place = np.array(shares) * posts.length_m[line]
    figure, prefix = official_m(posts, line, place)
    query, found = chainages_of(posts, line, figure, prefix)
    for i in np.flatnonzero(~np.isnan(figure)):
        near = np.abs(found[query == i] - place[i]).min(initial=np.inf)
        # A place within rounding of a break may count on either side of it.
        beside = np.abs(posts.chainage_m - place[i]).min() < 1e-5
        assert near < 1e-5 or beside
    again, _ = official_m(posts, line[query], found)
    np.testing.assert_allclose(again, figure[query], atol=1e-4)


@given(lines_with_posts(), st.integers(0, 99))
def test_official_figures_equal_the_plain_rule(posts, seed):
    rng = np.random.default_rng(seed)
    line = rng.integers(0, len(posts.length_m), 20)
    place = rng.uniform(0, posts.length_m[line])
    made, _ = official_m(posts, line, place)
    for i in range(20):
        own = slice(posts.first[line[i]], posts.first[line[i] + 1])
        chain, figure, stretch, way = (
            c[own] for c in (posts.chainage_m, posts.official_m, posts.stretch, posts.way)
        )
        if len(chain) == 0:
            assert np.isnan(made[i])
            continue
        here = [k for k in range(len(chain)) if chain[k] <= place[i]]
        k = here[-1] if here else 0
        mine = stretch == stretch[k]
        if chain[mine][0] <= place[i] <= chain[mine][-1]:
            expected = np.interp(place[i], chain[mine], figure[mine])
        else:
            end = np.argmin(np.abs(chain[mine] - place[i]))
            expected = figure[mine][end] + way[k] * (place[i] - chain[mine][end])
        assert made[i] == pytest.approx(expected, abs=1e-6)
