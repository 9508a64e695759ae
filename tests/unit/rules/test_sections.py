"""Sections that a pack may have beside those of cells and lines."""

import pytest

from covermap.errors import RulePackError
from covermap.rules import Target, load_pack, pack_text
from covermap.rules.targets import PlacesTarget

VILLAGE = """
[village]
radius_m = 500
technologies = ["lte", "nr"]
min_samples = 3
predicted_lit = 0.9
predicted_dark = 0.1
site_near_m = 2000
confidence = 0.95
source = "project default"
"""
PLACE = """
[place]
technologies = ["lte", "nr"]
min_samples = 3
confidence = 0.95
source = "project default"

[scenes.hospital]
title = "Hospitals"
title_zh = "医院"
source = "project default"

[scenes.hospital.grades.tertiary]
title = "Tertiary"
title_zh = "三级"
quota = "all"
source = "project default"
"""
SERVICE = """
[service]
mean_downlink_mbps = 220
min_tests = 30
min_runs = 3
confidence = 0.95
source = "project default"

[service.rates.nr]
downlink_mbps = 100
source = "project default"
"""
STARS = """
[stars]
title = "own"
title_zh = "自有"
cut_offs = [0.2, 0.4, 0.6, 0.8]
min_weight = 0.5
min_samples = 10
min_tests = 10
source = "project default"

[stars.components.coverage]
weight = 0.75
zero = 0.5
full = 1
source = "project default"

[stars.components.latency]
weight = 0.25
zero = 100
full = 20
source = "project default"
"""
AREA = """
[area]
area_share = 0.95
confidence = 0.95
source = "project default"
"""
IOT = """
[iot]
reference_power_dbm = 32.2
source = "project default"

[iot.classes.ce0]
mcl_db = 144
source = "project default"

[iot.classes.ce1]
mcl_db = 154
source = "project default"
"""
TARGET = """
[targets.key-places]
kind = "places"
year = 2025
value = 120000
source = "project default"
"""
ALL = VILLAGE + PLACE + SERVICE + STARS + AREA + IOT + TARGET


def pack_of(folder, text, name="mine.toml"):
    (folder / name).write_text(pack_text("trai") + text, encoding="utf-8")
    return load_pack(name, folder)


def test_a_pack_without_a_section_does_not_judge_that(tmp_path):
    pack = pack_of(tmp_path, "")
    assert (pack.village, pack.place, pack.service, pack.stars, pack.area, pack.iot) == (None,) * 6
    assert (pack.scenes, pack.grouping) == ({}, None)


def test_every_section_can_stand_in_one_pack(tmp_path):
    pack = pack_of(tmp_path, ALL)
    assert pack.village.key_points_met == "all"
    assert pack.scenes["hospital"].grades["tertiary"].value is None
    assert pack.service.rates["nr"].uplink_mbps is None
    assert pack.iot.level_dbm("ce1") == pytest.approx(-121.8)


def test_targets_are_told_apart_by_their_kind(tmp_path):
    pack = pack_of(tmp_path, ALL)
    assert list(pack.targets_of(PlacesTarget)) == ["key-places"]
    assert sorted(pack.line_targets) == ["hsr", "metro", "national", "provincial", "roads"]
    assert all(isinstance(one, Target) for one in pack.line_targets.values())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("predicted_dark = 0.1", "predicted_dark = 0.9",
         "village: predicted_dark = 0.9 must be below predicted_lit = 0.9"),
        ("radius_m = 500", "radius = 500", "village.radius: unknown key; did you mean 'radius_m'?"),
        ('technologies = ["lte", "nr"]\nmin_samples = 3\npredicted',
         'technologies = ["5g"]\nmin_samples = 3\npredicted',
         "village.technologies.0 = '5g': Input should be 'gsm', 'umts', 'lte', 'nr', 'nbiot'"),
        ("[service.rates.nr]", '[service.rates."5g"]', "service.rates.5g: unknown name"),
        ('[service.rates.nr]\ndownlink_mbps = 100\nsource = "project default"',
         "[service.rates.nr]\ndownlink_mbps = 100",
         "service.rates.nr.source: is missing (document and article, or 'project default')"),
        ("downlink_mbps = 100", "", "service.rates.nr: needs downlink_mbps"),
        ("weight = 0.75", "weight = 0.7",
         "stars: the weights of components sum to 0.95, not to 1"),
        ("[0.2, 0.4, 0.6, 0.8]", "[0.2, 0.6, 0.4, 0.8]",
         "stars: cut_offs = [0.2, 0.6, 0.4, 0.8] must rise"),
        ("full = 20", "full = 200", "components.latency: full = 200 must be below zero = 100"),
        ("zero = 0.5", "zero = 1", "components.coverage: full = 1 must be above zero = 1"),
        ("mcl_db = 154", "mcl_db = 144", "iot: mcl_db of classes must rise"),
        ("area_share = 0.95\n", "", "area: needs area_share"),
        ('quota = "all"', 'quota = "all"\nvalue = 3', "value = ... goes with quota = 'count'"),
        ('quota = "all"', 'quota = "share"\nvalue = 3', "needs a value from 0 to 1"),
        ('quota = "all"', 'quota = "count"\nvalue = 3.5', "needs a whole number"),
        ('kind = "places"', 'kind = "shops"', "targets.key-places.kind = 'shops': must be one of"),
        ("value = 120000", "value = 0", "targets.key-places.value = 0: "),
        ("value = 120000", 'value = 9\nscenes = ["mall"]', "there is no [scenes.mall]"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_file_key_value_and_rule(tmp_path, old, new, said):
    assert old in ALL
    with pytest.raises(RulePackError) as error:
        pack_of(tmp_path, ALL.replace(old, new, 1))
    told = [line for line in str(error.value).splitlines() if said in line]
    assert len(told) == 1
    assert told[0].startswith("rule pack mine.toml: ")


def test_a_fault_that_only_follows_from_another_is_not_told(tmp_path):
    text = VILLAGE.replace('technologies = ["lte", "nr"]', 'technologies = ["5g"]')
    with pytest.raises(RulePackError) as error:
        pack_of(tmp_path, text)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TARGET, "targets.key-places: kind = 'places' needs [place]"),
        (PLACE.replace("[place]", "[not]").split("[scenes")[0], "not: unknown key"),
        ('[targets.lit]\nkind = "villages"\nyear = 2025\nsource = "project default"',
         "targets.lit: kind = 'villages' needs [village]"),
        (SERVICE + '[targets.up]\nkind = "service"\nfigure = "mean_uplink_mbps"\nyear = 2025\n'
         'source = "project default"', "targets.up: needs service.mean_uplink_mbps"),
    ],
)  # fmt: skip
def test_sections_that_lean_on_a_missing_one_are_refused(tmp_path, text, said):
    with pytest.raises(RulePackError) as error:
        pack_of(tmp_path, text)
    assert said in str(error.value)


def test_a_village_may_only_be_lit_by_technologies_that_have_a_standard(tmp_path):
    text = pack_text("trai")
    lte = text[text.index("[standards.lte]") : text.index("[standards.nr]")]
    (tmp_path / "mine.toml").write_text(text.replace(lte, "") + VILLAGE, encoding="utf-8")
    with pytest.raises(RulePackError, match=r"village\.technologies: no \[standards\.lte\]"):
        load_pack("mine.toml", tmp_path)
