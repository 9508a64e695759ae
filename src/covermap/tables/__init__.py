"""Every table's columns: name, type, unit, and what null means.

A table is a named list of columns; :func:`schema` gives its Arrow schema, and :func:`conform`
brings a table into it (order, types) or says what is wrong. Shared value lists (technologies,
verdicts, reasons) are here too, so that there is one spelling of each.

Horizontal positions are WGS-84 longitude and latitude in degrees unless a column says otherwise.
Signal columns: ``rsrp_dbm`` is the received level of the reference signal as the technology names
it: RSRP (LTE, NR, NB-IoT; 3GPP TS 36.214, 38.215), RSCP (UMTS; TS 25.215), RxLev (GSM; TS 45.008).
``sinr_db`` is SINR of the same signal. Sums of levels are kept as integers of 0.01 dB, so that they
do not depend on the order of addition.
"""

from __future__ import annotations

from covermap.tables.areas import AREA_VERDICTS, PLACES, REGIONS, VILLAGES
from covermap.tables.evidence import CELL_EVIDENCE, CELL_TESTS, MATCHED, SEGMENT_EVIDENCE
from covermap.tables.indicators import DECLARED_INDICATORS
from covermap.tables.inputs import PROBLEMS, READINGS, REJECTED, RUNS, SAMPLES, SITES
from covermap.tables.lines import (
    KNOWN_LINES,
    LINES,
    LINKS,
    POSTS,
    SECTIONS,
    SEGMENTS,
    STATIONS,
    STRUCTURES,
)
from covermap.tables.people import (
    CELL_PEOPLE,
    COUNTING_CELLS,
    LEVELS,
    PEOPLE_VERDICTS,
    POPULATION,
)
from covermap.tables.places import (
    DEEP,
    KEY_POINT_VERDICTS,
    NAMED_POINTS,
    PLACE_EVIDENCE,
    PLACE_VERDICTS,
    SCENE_SUMS,
)
from covermap.tables.predicted import (
    CELL_LEVELS,
    CELL_PREDICTION,
    PREDICTION_LAYERS,
    PREDICTION_RELIABILITY,
    PREDICTION_SCORES,
    SEGMENT_PREDICTION,
)
from covermap.tables.prediction import CELL_MODEL, TERRAIN
from covermap.tables.quality import (
    FIGURES,
    LOG_TESTS,
    MIXED,
    PROBE_ALARMS,
    PROBE_SERIES,
    QUALITY_VERDICTS,
    TEST_EVIDENCE,
    TEST_KINDS,
)
from covermap.tables.score import SCORECARD
from covermap.tables.sites import CELL_SITES, REGION_SITES, SITE_CELLS
from covermap.tables.stars import COMPONENTS, STAR_KINDS, STAR_RATINGS
from covermap.tables.table import TS, Column, Table, conform, empty, in_order, nan_as_null
from covermap.tables.verdicts import (
    CELL_VERDICTS,
    LINE_VERDICTS,
    NETWORK_VERDICTS,
    SECTION_VERDICTS,
    SEGMENT_VERDICTS,
    SETTLING,
    WEAK_SPOTS,
)
from covermap.tables.villages import (
    VILLAGE_BASES,
    VILLAGE_EVIDENCE,
    VILLAGE_LEVELS,
    VILLAGE_POINTS,
    VILLAGE_REGIONS,
    VILLAGE_SUMS,
    VILLAGE_VERDICT_WORDS,
    VILLAGE_VERDICTS,
)
from covermap.tables.words import (
    ALL,
    ANTENNAS,
    ANY,
    BASES,
    LINE_CLASSES,
    LINK_KINDS,
    NO_TECHNOLOGY,
    POSITION_BASES,
    REJECT_REASONS,
    SOURCES,
    TECHNOLOGIES,
    VERDICTS,
)

__all__ = [
    "ALL",
    "ANTENNAS",
    "ANY",
    "AREA_VERDICTS",
    "BASES",
    "CELL_EVIDENCE",
    "CELL_LEVELS",
    "CELL_MODEL",
    "CELL_PEOPLE",
    "CELL_PREDICTION",
    "CELL_SITES",
    "CELL_TESTS",
    "CELL_VERDICTS",
    "COMPONENTS",
    "COUNTING_CELLS",
    "DECLARED_INDICATORS",
    "DEEP",
    "FIGURES",
    "KEY_POINT_VERDICTS",
    "KNOWN_LINES",
    "LEVELS",
    "LINES",
    "LINE_CLASSES",
    "LINE_VERDICTS",
    "LINKS",
    "LINK_KINDS",
    "LOG_TESTS",
    "MATCHED",
    "MIXED",
    "NAMED_POINTS",
    "NETWORK_VERDICTS",
    "NO_TECHNOLOGY",
    "PEOPLE_VERDICTS",
    "PLACES",
    "PLACE_EVIDENCE",
    "PLACE_VERDICTS",
    "POPULATION",
    "POSITION_BASES",
    "POSTS",
    "PREDICTION_LAYERS",
    "PREDICTION_RELIABILITY",
    "PREDICTION_SCORES",
    "PROBE_ALARMS",
    "PROBE_SERIES",
    "PROBLEMS",
    "QUALITY_VERDICTS",
    "READINGS",
    "REGIONS",
    "REGION_SITES",
    "REJECTED",
    "REJECT_REASONS",
    "RUNS",
    "SAMPLES",
    "SCENE_SUMS",
    "SCORECARD",
    "SECTIONS",
    "SECTION_VERDICTS",
    "SEGMENTS",
    "SEGMENT_EVIDENCE",
    "SEGMENT_PREDICTION",
    "SEGMENT_VERDICTS",
    "SETTLING",
    "SITES",
    "SITE_CELLS",
    "SOURCES",
    "STAR_KINDS",
    "STAR_RATINGS",
    "STATIONS",
    "STRUCTURES",
    "TABLES",
    "TECHNOLOGIES",
    "TERRAIN",
    "TEST_EVIDENCE",
    "TEST_KINDS",
    "TS",
    "VERDICTS",
    "VILLAGES",
    "VILLAGE_BASES",
    "VILLAGE_EVIDENCE",
    "VILLAGE_LEVELS",
    "VILLAGE_POINTS",
    "VILLAGE_REGIONS",
    "VILLAGE_SUMS",
    "VILLAGE_VERDICTS",
    "VILLAGE_VERDICT_WORDS",
    "WEAK_SPOTS",
    "Column",
    "Table",
    "conform",
    "empty",
    "in_order",
    "layer_name",
    "nan_as_null",
]

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        READINGS, SAMPLES, REJECTED, PROBLEMS, RUNS, SITES, LINES, SEGMENTS, STATIONS, STRUCTURES,
        POSTS, LINKS, SECTIONS, PLACES, VILLAGES, REGIONS, DECLARED_INDICATORS,
        CELL_EVIDENCE, CELL_TESTS,
        SEGMENT_EVIDENCE, MATCHED, CELL_VERDICTS, SEGMENT_VERDICTS, LINE_VERDICTS,
        SECTION_VERDICTS, NETWORK_VERDICTS, SETTLING, WEAK_SPOTS, POPULATION, COUNTING_CELLS,
        CELL_PEOPLE, PEOPLE_VERDICTS, TERRAIN, CELL_MODEL, CELL_LEVELS, CELL_PREDICTION,
        SEGMENT_PREDICTION, PREDICTION_LAYERS, PREDICTION_SCORES, PREDICTION_RELIABILITY,
        SITE_CELLS, CELL_SITES, REGION_SITES,
        STAR_RATINGS, NAMED_POINTS, PLACE_EVIDENCE, KEY_POINT_VERDICTS, PLACE_VERDICTS, SCENE_SUMS,
        AREA_VERDICTS, VILLAGE_POINTS, VILLAGE_VERDICTS, VILLAGE_SUMS, VILLAGE_REGIONS, SCORECARD,
        TEST_EVIDENCE, QUALITY_VERDICTS, PROBE_SERIES, PROBE_ALARMS,
    )
}  # fmt: skip


def layer_name(operator: str, technology: str) -> str:
    """Name of a layer: ``46000/nr``.

    Examples
    --------
    >>> layer_name("46000", "nr")
    '46000/nr'
    """
    return f"{operator}/{technology}"
