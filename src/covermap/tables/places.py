"""Key places: what was measured at their key points, and what is said of them."""

from __future__ import annotations

from covermap.tables.evidence import COUNTS
from covermap.tables.table import F64, I32, I64, B, C, S, Table

DEEP = ("yes", "no", "undetermined")
"""Whether a place is deeply covered, or a quota reached."""

_POINT = (
    C("place_id", S, "as in places"),
    C("key_point_id", S, "as in places"),
)
PLACE_EVIDENCE = Table(
    "place_evidence",
    "Counts in 1 dB bins per key point, run and day: of samples that name the key point, by "
    "identity, name or floor, wherever their positions are. No rule is in it.",
    (
        *_POINT,
        C("run_id", S, "as in samples"),
        C("campaign", S, "as in samples"),
        C("day", S, "YYYY-MM-DD of the samples, UTC", "no time"),
        *COUNTS,
    ),
    ("place_id", "key_point_id", "operator", "technology", "run_id", "day", "source", "period",
     "rsrp_bin", "sinr_bin"),
)  # fmt: skip
NAMED_POINTS = Table(
    "named_points",
    "What samples are attached by: each way in which they name a key point that is known.",
    (
        C("place", S, "place as samples have it", "not named"),
        C("key_point", S, "key point as samples have it", "not named"),
        C("floor", S, "floor as samples have it", "not named"),
        *_POINT,
    ),
    ("place_id", "key_point_id", "place", "key_point", "floor"),
)
_LAYER = (
    C("operator", S, "PLMN, or any / all"),
    C("technology", S, "technology of the pack's [place], or any of them"),
)
_SEEN = (
    C("basis", S, "measured", "unmeasured"),
    C("n", I64, "samples, no-service ones included"),
    C("n_none", I64, "of them without service"),
)
_WHEN = (
    C("runs", I32, "runs behind it; of several operators together, their sum"),
    C("last_day", S, "day of the latest sample, YYYY-MM-DD", "no sample with a time"),
)
KEY_POINT_VERDICTS = Table(
    "key_point_verdicts",
    "Verdict per key point and layer; key points without samples have their row too. Empty where "
    "the pack has no [place].",
    (
        *_POINT,
        C("key_point", S, "name of the key point", "the place itself"),
        C("floor", S, "floor of the key point", "not given"),
        *_LAYER,
        C("verdict", S, "covered, weak, none, unmeasured"),
        C("probability", F64, "that it meets the standard, 0-1", "unmeasured"),
        *_SEEN,
        C("rsrp_mean_dbm", F64, "mean of the levels in dB, no service at the pack's floor",
          "no level"),
        C("rsrp_p5_dbm", F64, "5th percentile of the levels (lower edge of its 1 dB bin)",
          "no level"),
        C("sinr_mean_db", F64, "mean SINR, dB", "no SINR"),
        C("share", F64, "share of samples that meet the standard, 0-1", "unmeasured"),
        *_WHEN,
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "place_id", "key_point_id"),
)  # fmt: skip
PLACE_VERDICTS = Table(
    "place_verdicts",
    "Whether a place is deeply covered (all its key points meet the standard), per layer. Places "
    "without samples have their row too. Empty where the pack has no [place].",
    (
        C("place_id", S, "as in places"),
        C("name", S, "name of the place", "not given"),
        C("scene", S, "scene of the pack, else as declared", "not given"),
        C("grade", S, "grade of the scene in the pack, else as declared", "not given"),
        *_LAYER,
        C("deep", S, "yes, no, undetermined"),
        C("probability", F64, "that all its key points meet the standard, 0-1",
          "a key point has no samples"),
        C("probability_low", F64, "the same; 0 where a key point has no samples"),
        C("probability_high", F64, "the same, were the key points without samples to meet it"),
        C("key_points", I32, "key points of the place"),
        C("met", I32, "of them covered"),
        C("missed", I32, "of them weak or without service"),
        C("unmeasured", I32, "of them without samples, or with fewer than the pack's minimum"),
        C("worst_key_point_id", S, "the measured one least likely to meet it", "none measured"),
        C("worst_key_point", S, "its name", "none measured; or the place itself"),
        C("worst_probability", F64, "its probability", "none measured"),
        *_SEEN,
        *_WHEN,
        C("lon", F64, "longitude of a point in it, degrees WGS-84"),
        C("lat", F64, "latitude of that point"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "place_id"),
)  # fmt: skip
SCENE_SUMS = Table(
    "scene_sums",
    "Places by scene and grade, in all regions and in each, beside the pack's quota.",
    (
        C("scene", S, "as in place_verdicts", "no scene given"),
        C("grade", S, "as in place_verdicts", "no grade given"),
        C("level", S, "level of the region", "all regions together"),
        C("region_id", S, "as in regions", "all regions together"),
        *_LAYER,
        C("places", I32, "places that are declared"),
        C("deep", I32, "of them deeply covered"),
        C("not_deep", I32, "of them not"),
        C("undetermined", I32, "of them neither"),
        C("expected", F64, "expected number deeply covered among those of which all key points "
          "are measured"),
        C("low", F64, "lower end of its interval, all others taken as not deeply covered"),
        C("high", F64, "upper end, all others taken as far as they may be"),
        C("quota_kind", S, "all, count or share", "the pack has no quota for them"),
        C("quota", F64, "places that must be deeply covered", "no quota, or none of this region"),
        C("reached", S, "yes, no, undetermined", "no quota, or none of this region"),
        C("p_reached_low", F64, "probability that the quota is reached, at the least", "no quota"),
        C("p_reached_high", F64, "the same, at the most", "no quota"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "scene", "grade", "level", "region_id"),
)  # fmt: skip
