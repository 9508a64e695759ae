"""The words of a scorecard, in English and Chinese."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

WORDS: dict[str, tuple[str, str]] = {
    "scorecard": ("Scorecard", "达标评分表"),
    "target": ("target", "指标"),
    "value": ("value", "现值"),
    "interval": ("interval", "区间"),
    "target_value": ("to reach", "目标值"),
    "reached": ("reached", "达成率"),
    "total": ("of", "总量"),
    "open": ("not settled", "未定"),
    "answer": ("answer", "结论"),
    "basis": ("basis", "依据"),
    "last": ("data to", "数据截至"),
    "year": ("by", "期限"),
    "trend": ("change", "变化"),
    "layer": ("layer", "图层"),
    "region": ("region", "区域"),
    "rank": ("rank", "排名"),
    "source": ("source", "出处"),
    "rules": ("Rule pack", "规则包"),
    "build": ("build", "构建"),
    "made": ("made", "生成于"),
    "regions": ("Regions, best first", "区域排名"),
    "settle": ("What would settle what is open", "如何落实未定部分"),
    "sources": ("Where each figure to reach is from", "各目标值的出处"),
    "simulated": (
        "Simulated: made by the simulator, not measured.", "仿真数据：由仿真器生成，非实测。",
    ),
    "against": ("Change: against build", "变化：相对于构建"),
    "legend": (
        "Bar: the expected value; line: its interval, from what is surely reached to what may be; "
        "mark: the figure to reach.",
        "色条：期望值；细线：区间，从确定达到到可能达到；竖标：目标值。",
    ),
    "not_known": ("not known", "未知"),
    "no_figure": ("no figure", "无数值"),
    "pass": ("pass", "达标"),
    "fail": ("fail", "未达标"),
    "undetermined": ("undetermined", "未定"),
    "part": ("part of it", "仅为局部"),
    "untold": ("no figure", "无目标值"),
    "measured": ("measured", "实测"),
    "predicted": ("predicted", "预测"),
    "both": ("measured, predicted", "实测与预测"),
    "inventory": ("table of sites", "站址表"),
    "declared": ("declared", "申报"),
    "unmeasured": ("not measured", "未测"),
    "all": ("all", "全部"),
    "any": ("any", "任一"),
    "lines": ("lines", "条"),
    "places": ("places", "个"),
    "quotas": ("quotas", "项"),
    "villages": ("villages", "个"),
    "people": ("people", "人"),
    "areas": ("areas", "个"),
    "stations": ("stations", "个"),
    "continuous": ("continuously covered", "连续覆盖"),
    "answers": (
        "pass, fail: the whole interval lies on one side of the figure; undetermined: it does not; "
        "part of it: all that is here is less than the figure, which is a larger area's.",
        "达标/未达标：整个区间在目标值一侧；未定：区间跨越目标值；仅为局部：此处总量小于目标值，目标属于更大范围。",
    ),
}  # fmt: skip

CLASSES: dict[str, tuple[str, str]] = {
    "hsr": ("High-speed railway", "高速铁路"),
    "rail": ("Railway", "铁路"),
    "metro": ("Metro", "地铁"),
    "tram": ("Tram", "有轨电车"),
    "motorway": ("Motorway", "高速公路"),
    "trunk": ("Trunk road", "干线公路"),
    "primary": ("Primary road", "主要公路"),
    "secondary": ("Secondary road", "次要公路"),
    "national": ("National road", "国道"),
    "provincial": ("Provincial road", "省道"),
    "road": ("Road", "公路"),
    "waterway": ("Waterway", "水路"),
}


def say(word: str, language: Language) -> str:
    """Give a word in a language; one that is not known stays as it is.

    Examples
    --------
    >>> say("pass", "zh"), say("26201", "en")
    ('达标', '26201')
    """
    found = WORDS.get(word) or CLASSES.get(word)
    return found[LANGUAGES.index(language)] if found else word
