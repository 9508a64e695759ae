import numpy as np
import pytest
import shapely

from covermap.core.lines.asides import side_kinds_by_name, side_tracks_by_shape

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def way(*places):
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in places])


MAIN = [(0, 0), (20_000, 0)]
TRACKS = {
    "main": MAIN,
    "other main": [(0, 500), (20_000, 500)],
    "spur": [(5000, 0), (5500, 300)],
    "end of the spur": [(5500, 300), (6000, 350)],
    "crossover": [(9000, 0), (9100, 500)],
    "far": [(9000, 9000), (9500, 9000)],
    "branch": [(12_000, 0), (12_000, -4000)],
}


def aside(unnamed, line_class="rail"):
    n = len(TRACKS)
    length = [np.hypot(b[0] - a[0], b[1] - a[1]) for a, b in TRACKS.values()]
    flags = np.array([name in unnamed for name in TRACKS])
    got = side_tracks_by_shape(
        np.array([way(*t) for t in TRACKS.values()], object), np.array(length),
        np.full(n, line_class, object), flags,
    )  # fmt: skip
    return {name for name, flag in zip(TRACKS, got, strict=True) if flag}


def test_short_nameless_tracks_that_hang_on_a_line_are_aside():
    nameless = set(TRACKS) - {"main", "other main"}
    assert aside(nameless) == {"spur", "end of the spur", "crossover"}


def test_what_has_a_name_is_never_aside_by_shape():
    assert aside(set()) == set()
    assert aside({"crossover"}) == {"crossover"}


def test_where_nothing_has_a_name_namelessness_says_nothing():
    assert aside(set(TRACKS)) == set()


def test_roads_have_no_side_tracks():
    assert aside(set(TRACKS) - {"main", "other main"}, "primary") == set()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("济沪联络线", "connecting"), ("沈丹客专疏解线", "connecting"),
        ("南昌东立折线", "connecting"), ("唐山动车走行A线", "access"), ("柳红专用线", "access"),
        ("地铁2号线出入段线", "access"), ("京沪高铁", None), ("铁路西环线", None),
        ("霍白线", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_names_of_connecting_depot_and_works_tracks_are_known(name, kind):
    line_class, names = np.array(["rail", "primary"], object), np.array([name, name], object)
    assert side_kinds_by_name(line_class, names).tolist() == [kind, None]
