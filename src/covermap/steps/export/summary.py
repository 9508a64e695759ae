"""Sums for the front of a spreadsheet, over the rows that are in it."""

from __future__ import annotations

from covermap.formats.export import Summary
from covermap.steps.export.select import Selection

_QUERIES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "weak-spots": (
        "Weak spots by layer, kind and cause 按图层、类型和原因汇总",
        ("Operator 运营商", "Technology 制式", "Kind 类型", "Cause 原因", "Number 个数",
         "Length 长度 (km)", "Area 面积 (km²)"),
        "SELECT operator, technology, kind, cause, count(*), sum(length_m) / 1e3, "
        "sum(area_m2) / 1e6 FROM selected GROUP BY ALL ORDER BY 1, 2, 3 DESC, 4",
    ),
    "lines": (
        "Kilometres by class and layer 按线路类别和图层汇总",
        ("Class 类别", "Operator 运营商", "Technology 制式", "Lines 线路数", "Length 里程 (km)",
         "Covered 已覆盖 (km)", "Weak 弱覆盖 (km)", "No service 无服务 (km)",
         "Not measured 未测量 (km)"),
        "SELECT class, operator, technology, count(*), sum(length_km), sum(covered_km), "
        "sum(weak_km), sum(none_km), sum(unmeasured_km) FROM selected GROUP BY ALL "
        "ORDER BY 1, 2, 3",
    ),
    "sections": (
        "Kilometres by kind and answer 按区段类型和结论汇总",
        ("Kind 类型", "Operator 运营商", "Technology 制式", "Answer 结论", "Sections 区段数",
         "Route 线路里程 (km)", "Covered 已覆盖 (km)"),
        "SELECT kind, operator, technology, answer, count(*), sum(route_length_km), "
        "sum(route_covered_km) FROM selected GROUP BY ALL ORDER BY 1, 2, 3, 4",
    ),
    "segments": (
        "Kilometres by layer and verdict 按图层和判定汇总",
        ("Operator 运营商", "Technology 制式", "Verdict 判定", "Segments 路段数",
         "Length 长度 (km)", "Route 线路里程 (km)"),
        "SELECT operator, technology, verdict, count(*), sum(length_m) / 1e3, "
        "sum(route_length_m) / 1e3 FROM selected GROUP BY ALL ORDER BY 1, 2, 3",
    ),
    "profile": (
        "Kilometres by layer and verdict 按图层和判定汇总",
        ("Operator 运营商", "Technology 制式", "Verdict 判定", "Segments 路段数",
         "Length 长度 (km)", "In tunnels 隧道内 (km)"),
        "SELECT operator, technology, verdict, count(*), sum(length_m) / 1e3, "
        "coalesce(sum(length_m) FILTER (tunnel), 0) / 1e3 FROM selected GROUP BY ALL "
        "ORDER BY 1, 2, 3",
    ),
    "network": (
        "Continuously covered by class 按类别汇总连续覆盖",
        ("Class 类别", "Operator 运营商", "Technology 制式", "Expected 预期 (km)",
         "Low 下端 (km)", "High 上端 (km)"),
        "SELECT class, operator, technology, sum(continuous_km), sum(continuous_low_km), "
        "sum(continuous_high_km) FROM selected WHERE scope = 'class' GROUP BY ALL "
        "ORDER BY 1, 2, 3",
    ),
    "people": (
        "People and area by layer and level 按图层和行政级别汇总",
        ("Operator 运营商", "Technology 制式", "Scope 汇总范围", "Level 行政级别", "People 人口",
         "Covered 已覆盖人口", "Weak 弱覆盖人口", "No service 无服务人口",
         "Not measured 未测量人口", "Area 面积 (km²)", "Covered area 已覆盖面积 (km²)"),
        "SELECT operator, technology, scope, level, sum(people), sum(covered_people), "
        "sum(weak_people), sum(none_people), sum(unmeasured_people), sum(area_km2), "
        "sum(covered_km2) FROM selected GROUP BY ALL ORDER BY 1, 2, 3, 4 NULLS FIRST",
    ),
    "sites": (
        "Sites and cells by operator and technology 按运营商和制式汇总",
        ("Operator 运营商", "Technology 制式", "Sites 站点数", "Cells 小区数",
         "Located from measurements 由测量定位", "Doubtful 存疑"),
        "SELECT operator, technology, count(DISTINCT site_id), count(*), "
        "count(*) FILTER (located), count(doubts) FROM selected GROUP BY ALL ORDER BY 1, 2",
    ),
    "cells": (
        "Area by layer and verdict 按图层和判定汇总",
        ("Operator 运营商", "Technology 制式", "Verdict 判定", "Cells 网格数", "Area 面积 (km²)",
         "Samples 采样数"),
        "SELECT operator, technology, verdict, count(*), sum(area_m2) / 1e6, sum(n)::BIGINT "
        "FROM selected GROUP BY ALL ORDER BY 1, 2, 3",
    ),
    "samples": (
        "Samples by source, operator and technology 按来源、运营商和制式汇总",
        ("Source 来源", "Operator 运营商", "Technology 制式", "Samples 采样数",
         "Without service 无服务", "Position lost 无定位"),
        "SELECT source, operator, technology, count(*), count(*) FILTER (NOT service), "
        "count(*) FILTER (lon IS NULL) FROM selected GROUP BY ALL ORDER BY 1, 2, 3",
    ),
}  # fmt: skip


def summarise(selection: Selection) -> Summary:
    """Sum the selected rows.

    Sums of lengths and areas are taken over rows in their order; they are shown to a metre, far
    above what the order of addition could change.
    """
    title, headers, query = _QUERIES[selection.kind]
    rows = tuple(
        tuple(round(v, 6) if isinstance(v, float) else v for v in row)
        for row in selection.sums(query)
    )
    return Summary(title, headers, rows)
