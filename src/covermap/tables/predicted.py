"""What measurements and sites foretell together: levels, probabilities, and how good they are."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, B, C, S, Table

_LAYER = (C("operator", S, "PLMN or declared name"), C("technology", S, "technology"))
CELL_LEVELS = Table(
    "cell_levels",
    "One level a cell, layer and run: what predictions are learnt from. Made where `[predict]` is "
    "declared.",
    (
        C("cell", I64, "H3 index as int64"),
        *_LAYER,
        C("run_id", S, "as in samples"),
        C("device_id", S, "device of most of its samples", "not given"),
        C("cell_id", S, "serving cell of most of its samples", "not given"),
        C("antenna", S, "as in samples; app: phones of the public, indoors too"),
        C("level_dbm", F64, "robust mean of its samples; below the floor where they are cut off"),
        C("variance_db2", F64, "of the level, by its samples alone"),
        C("sample_sd_db", F64, "spread of samples of a run in a cell, as its log shows it"),
    ),
    ("cell", "operator", "technology", "run_id"),
)
_SAID = (
    C("rsrp_dbm", F64, "level that lasts, mean of its distribution, dBm"),
    C("sd_db", F64, "its standard deviation, dB"),
    C("drive_sd_db", F64, "standard deviation of what one more drive would measure, dB"),
    C("probability", F64, "that the level that lasts meets the pack's standard, 0-1"),
)
_BASED = (
    C("distance_m", F64, "to the nearest measurement of the layer, m", "the layer has none near"),
    C("basis", S, "predicted; both: measured here as well"),
)
CELL_PREDICTION = Table(
    "cell_prediction",
    "What is foretold of a cell in a layer, from measurements around and sites; beside verdicts, "
    "which stay what was measured. Cells of which nothing but the layer's mean could be said have "
    "no row. One file a shard (H3 ancestor of resolution 3), `<shard>.parquet`.",
    (
        C("cell", I64, "H3 index as int64"),
        *_LAYER,
        *_SAID,
        C("model_dbm", F64, "level by the formulae of path loss alone, dBm", "no site in reach"),
        *_BASED,
    ),
    ("operator", "technology", "cell"),
)
SEGMENT_PREDICTION = Table(
    "segment_prediction",
    "The same at the middle of a segment, less the loss into the vehicle that its class declares.",
    (
        C("line_id", S, "as in lines"),
        C("segment", I32, "as in segments"),
        *_LAYER,
        *_SAID,
        C("carriage_db", F64, "loss into the vehicle that was taken off, dB"),
        *_BASED,
    ),
    ("operator", "technology", "line_id", "segment"),
)
PREDICTION_LAYERS = Table(
    "prediction_layers",
    "What was learnt of each layer and region: calibration of the model, spread, how far it goes.",
    (
        *_LAYER,
        C("region", S, "all, or the H3 index of the ancestor whose cells it holds for"),
        C("places", I64, "measured cells that it was learnt from"),
        C("basis", S, "fitted; few: under 30 measured cells; borrowed: no measurement, calibrated "
          "by other operators of the technology; selected: measured only where devices had nothing "
          "better, and calibrated by other layers where there are sites; prior: by nothing, full "
          "spread"),
        C("offset_db", F64, "added to the model at its middle level, dB", "no site of the layer"),
        C("offset_sd_db", F64, "its standard deviation, dB", "no site of the layer"),
        C("slope", F64, "dB of level for a dB of the model", "no site of the layer"),
        C("antenna", S, "whose levels are told: that of most in the open, or all there is"),
        C("level_dbm", F64, "level where nothing is near, at the model's middle level, dBm"),
        C("short_sd_db", F64, "of the field that changes within short_m, dB"),
        C("short_m", F64, "its correlation length, m"),
        C("slow_sd_db", F64, "of the field that changes within slow_m, dB"),
        C("slow_m", F64, "its correlation length, m"),
        C("run_sd_db", F64, "of what one run has of its own, dB"),
        C("sample_sd_db", F64, "of samples of a run around its level in a cell, dB"),
        C("degrees", F64, "of freedom of the t distribution of levels; 200: normal"),
        C("needed_dbm", F64, "level at which a cell just meets the pack's standard, dBm"),
    ),
    ("operator", "technology", "region"),
)  # fmt: skip
_SCORED = (
    *_LAYER,
    C("held", S, "what was held out: blocks (squares of the map) or runs"),
    C("block_m", F64, "side of the blocks, m", "runs were held out"),
    C(
        "learnt",
        S,
        "anew: wholly without what was held out; once: calibrated without it, with the "
        "covariance and spread of all measurements",
    ),
)
PREDICTION_SCORES = Table(
    "prediction_scores",
    "How well measurements that were held out are foretold from the others, by layer and by "
    "distance to the nearest of them. Operator and technology `any`: all layers together.",
    (
        *_SCORED,
        C("from_m", F64, "distance to the nearest measurement: from, m"),
        C("to_m", F64, "up to, m", "no bound"),
        C("n", I64, "places held out"),
        C("threshold_dbm", F64, "level that covered means here, dBm", "several"),
        C("rmse_db", F64, "root mean square error of the level, dB", "no places"),
        C("bias_db", F64, "foretold less measured, dB", "no places"),
        C("inside_90", F64, "share of places inside their 90 % interval", "no places"),
        C("width_90_db", F64, "mean width of that interval, dB", "no places"),
        C("brier", F64, "mean square error of the probability", "no places"),
        C("weak", I64, "places measured below the threshold"),
        C("weak_recall", F64, "share of weak places that were given less than 0.5", "none is weak"),
        C("weak_precision", F64, "share of places given less than 0.5 that are weak", "none"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "held", "from_m", "to_m"),
)  # fmt: skip
PREDICTION_RELIABILITY = Table(
    "prediction_reliability",
    "Of the places that were given so much: how many were covered, by tenth of probability.",
    (
        *_SCORED,
        C("tenth", I32, "0: below 0.1, ... 9: from 0.9"),
        C("n", I64, "places held out"),
        C("said", F64, "mean probability", "no places"),
        C("seen", F64, "share measured at or above the threshold", "no places"),
    ),
    ("operator", "technology", "held", "tenth"),
)
