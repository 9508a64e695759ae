"""Key places made up around real towns: where their key points are, and how deep inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from covermap.simulate import facts
from covermap.simulate.frame import to_lonlat, to_plane
from covermap.simulate.noise import rng
from covermap.simulate.world import World

OPEN, INDOORS, BASEMENT = 0.0, 16.0, 32.0
"""Loss from the open to a key point, dB: made up, of the size that buildings have."""
_HALL, _UPPER, _PARKING = ("1F", INDOORS), ("3F", INDOORS), ("B1", BASEMENT)
_OUTSIDE = ("", OPEN)

SCENES = (
    ("政务中心", ("县级及以上",), "政务服务中心",
     (("办事大厅", *_HALL), ("停车场", *_PARKING), ("正门", *_OUTSIDE))),
    ("医疗机构", ("三级医院", "二级医院"), "人民医院",
     (("门诊大厅", *_HALL), ("住院部", *_UPPER), ("急诊", *_HALL))),
    ("高等学校", ("双一流高校", "地方高校"), "大学",
     (("图书馆", *_HALL), ("体育馆", *_HALL), ("宿舍区", *_UPPER), ("教学楼", *_UPPER))),
    ("文旅景区", ("5A级景区", "4A级景区"), "古镇景区",
     (("游客中心", *_HALL), ("正门", *_OUTSIDE), ("观景台", *_OUTSIDE))),
    ("交通枢纽", ("火车站", "二级及以上客运站"), "客运站",
     (("候车厅", *_HALL), ("站前广场", *_OUTSIDE), ("出站口", *_OUTSIDE))),
    ("重点商超", ("重点商超",), "购物中心",
     (("中庭", *_HALL), ("地下车库", *_PARKING), ("正门", *_OUTSIDE))),
    ("住宅小区", ("住宅小区",), "花园小区",
     (("北门", *_OUTSIDE), ("中心绿地", *_OUTSIDE), ("地下车库", *_PARKING))),
    ("商务楼宇", ("办公楼宇", "酒店"), "商务中心",
     (("大堂", *_HALL), ("会议层", *_UPPER), ("地下车库", *_PARKING))),
)  # fmt: skip
"""Scene, its grades, what its name ends with, and its key points: name, floor, loss in dB."""


@dataclass(frozen=True)
class KeyPoint:
    """One key point of a made-up place."""

    code: str
    place: str
    scene: str
    grade: str
    name: str
    floor: str
    """Empty in the open."""
    loss_db: float
    lon: float
    lat: float


def key_points(world: World) -> list[KeyPoint]:
    """Give every key point, place by place."""
    source = rng(world.recipe.seed, "key places")
    a = world.recipe.area
    towns = [t for t in facts.towns() if a.west < t.lon < a.east and a.south < t.lat < a.north]
    made: list[KeyPoint] = []
    for number in range(world.recipe.places.key_places if towns else 0):
        town = towns[number % len(towns)]
        scene, grades, ending, points = SCENES[number % len(SCENES)]
        x, y = to_plane([town.lon], [town.lat])
        middle = np.array([x[0], y[0]]) + 0.5 * town.radius_m * source.standard_normal(2)
        grade = grades[number // len(SCENES) % len(grades)]
        for name, floor, loss in points:
            lon, lat = to_lonlat(*(middle + 120 * source.standard_normal(2)))
            made.append(
                KeyPoint(
                    f"SIMP{number + 1:05d}", f"{town.name_zh}模拟{ending}", scene, grade, name,
                    floor, loss, round(float(lon), 6), round(float(lat), 6),
                )
            )  # fmt: skip
    return made
