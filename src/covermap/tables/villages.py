"""Villages: their key points and regions, their verdicts, and sums of them."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, WKB, B, C, S, Table

VILLAGE_VERDICT_WORDS = ("lit", "weak", "dark", "unmeasured")
VILLAGE_BASES = ("measured", "both", "predicted", "site")
"""What a village's verdict rests on, the surest first."""
VILLAGE_EVIDENCE = ("key points", "village", "prediction", "site")
"""Orders of evidence; a verdict names the last one that it needed."""
VILLAGE_LEVELS = ("province", "city", "county", "township")
"""Levels that villages are summed over, from coarse to fine."""

VILLAGE_POINTS = Table(
    "village_points",
    "Key points of villages: committee, square, school, clinic.",
    (
        C("village_id", S, "as in villages"),
        C("key_point", S, "name of the key point; its kind where it has no name"),
        C("kind", S, "committee, square, school, clinic, or as written", "not given"),
        C("geometry", WKB, "point, WGS-84"),
        C("outside", B, "true: outside its village's polygon, or far from its point"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("village_id", "key_point"),
)
_JUDGED = (
    C("operator", S, "PLMN, or any / all"),
    C("technology", S, "technology of the pack's rule; any: at least one of them"),
)
VILLAGE_VERDICTS = Table(
    "village_verdicts",
    "Verdict per village and layer. Every village has its row in every layer that the pack's rule "
    "asks for, also where nothing is known of it.",
    (
        C("village_id", S, "as in villages"),
        *_JUDGED,
        C("verdict", S, "lit, weak (measured or foretold below the rule), dark (no service), "
          "unmeasured"),
        C("probability", F64, "that the village is lit, 0-1", "nothing is known of it"),
        C("basis", S, "measured, both, predicted, site", "nothing is known of it"),
        C("evidence", S, "last order of evidence needed: key points, village, prediction, site",
          "nothing is known of it"),
        C("key_points", I32, "key points that count under the rule"),
        C("key_points_measured", I32, "of them, measured"),
        C("best_key_point", S, "the one most likely to be covered", "none measured"),
        C("worst_key_point", S, "the one least likely to be covered", "none measured"),
        C("cells", I64, "measured cells in the village"),
        C("cells_covered", I64, "of them covered"),
        C("n", I64, "samples in the village, or at its key points if there are more there"),
        C("last_period", S, "latest period with a sample", "not measured"),
        C("settles", F64, "variance of the number of lit villages, of all, that measuring this "
          "village takes away; 0: it is settled"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "village_id"),
)  # fmt: skip
VILLAGE_REGIONS = Table(
    "village_regions",
    "Where each village belongs: by its statistical code (2 + 2 + 2 + 3 + 3 digits), else by the "
    "region that its middle lies in.",
    (
        C("village_id", S, "as in villages"),
        *(C(level, S, f"code or region_id of its {level}", "not known")
          for level in VILLAGE_LEVELS),
        C("lon", F64, "longitude of its middle, degrees WGS-84", "without coordinates"),
        C("lat", F64, "latitude of its middle, degrees WGS-84", "without coordinates"),
    ),
    ("village_id",),
)  # fmt: skip
VILLAGE_SUMS = Table(
    "village_sums",
    "Villages by verdict, per region and layer: lit + weak + dark + unmeasured = villages. The "
    "interval takes villages of one township, county, province as alike, by the correlations of "
    "the pack.",
    (
        C("scope", S, "all, region, or outside: in no region of that level"),
        C("level", S, "level of the region", "all"),
        C("region_id", S, "leading digits of the statistical code, or as in regions",
          "not a region"),
        C("name", S, "name of the region", "no name, or not a region"),
        *_JUDGED,
        C("villages", I64, "villages"),
        C("lit", I64, "of them lit"),
        C("weak", I64, "of them weak"),
        C("dark", I64, "of them dark"),
        C("unmeasured", I64, "of them unmeasured"),
        C("assessed", I64, "villages of which a probability is known"),
        C("expected_lit", F64, "lit villages expected among the assessed", "none assessed"),
        C("expected_low", F64, "lower end of its interval, villages", "none assessed"),
        C("expected_high", F64, "upper end of its interval, villages", "none assessed"),
        C("lit_low", F64, "the same of all: what is not assessed taken as not lit"),
        C("lit_high", F64, "the same of all: what is not assessed taken as lit"),
        C("last_period", S, "latest period with a sample", "not measured"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("scope", "level", "region_id", "operator", "technology"),
)  # fmt: skip
