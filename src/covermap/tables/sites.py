"""Sites summed up: the model of each cell, counts by H3 cell, density by region."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, B, C, S, Table

NOT_GIVEN = "not given in the table"

SITE_CELLS = Table(
    "site_cells",
    "Each cell of `sites` as prediction takes it: what its table says, and defaults of its power "
    "class and technology where it says nothing, named in `filled`.",
    (
        C("site_id", S, "identity of the site"),
        C("cell_id", S, "identity of the cell"),
        C("operator", S, "PLMN or declared name", NOT_GIVEN),
        C("technology", S, "gsm, umts, lte, nr, nbiot, redcap", NOT_GIVEN),
        C("band", S, "3GPP band", NOT_GIVEN),
        C("lon", F64, "longitude, degrees WGS-84"),
        C("lat", F64, "latitude, degrees WGS-84"),
        C("ghz", F64, "carrier frequency, GHz"),
        C("power_class", S, "macro, micro, pico or femto"),
        C("height_m", F64, "antenna height above ground, m"),
        C("azimuth_deg", F64, "degrees clockwise from north", "taken as the same all round"),
        C("tilt_deg", F64, "downtilt, degrees"),
        C("beamwidth_deg", F64, "horizontal beamwidth at -3 dB, degrees"),
        C("eirp_dbm", F64, "power of the carrier radiated in the main direction, dBm"),
        C("reference_dbm", F64, "of it, what terminals measure: per resource element, CPICH, BCCH"),
        C("indoor", B, "true: indoor distribution"),
        C("redcap", B, "true: the cell serves RedCap devices", NOT_GIVEN),
        C("nbiot", B, "true: the cell serves NB-IoT devices", NOT_GIVEN),
        C("opened", S, "opening date, YYYY-MM-DD", NOT_GIVEN),
        C("shared_with", S, "other operators of the same cell, by commas", "of one operator"),
        C("filled", S, "what is a default, by commas: ghz, power_class, height_m, azimuth_deg, "
          "tilt_deg, wide_deg, power; empty: nothing"),
        C("located", B, "true: located from measurements", "from a site table"),
        C("uncertainty_m", F64, "radius that holds the mast with probability 0.9, m", "surveyed"),
        C("doubts", S, "what is doubtful, by commas", "nothing was found"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "site_id", "cell_id"),
)  # fmt: skip
CELL_SITES = Table(
    "cell_sites",
    "Sites and cells of the network in each H3 cell, and how far the nearest is from its middle. "
    "Of the grid's resolution the cells with a site of that operator and technology; of coarser "
    "ones (to 3) every cell with any site, or with people or in a region.",
    (
        C("resolution", I32, "H3 resolution"),
        C("cell", I64, "H3 index as int64"),
        C("operator", S, "as in sites; all: any operator", NOT_GIVEN),
        C("technology", S, "as in sites; all: any technology"),
        C("sites", I64, "sites; a mast of two operators is two"),
        C("cells", I64, "cells of the network"),
        C("nearest_m", F64, "from the middle of the H3 cell to the nearest site, m"),
    ),
    ("resolution", "cell", "operator", "technology"),
)
REGION_SITES = Table(
    "region_sites",
    "Sites and cells of the network by region, and for its people.",
    (
        C("scope", S, "all, region, or outside: in no region of that level"),
        C("level", S, "level of the region", "all"),
        C("region_id", S, "as in regions", "not a region"),
        C("name", S, "name of the region", "no name, or not a region"),
        C("operator", S, "as in sites; all: any operator", NOT_GIVEN),
        C("technology", S, "as in sites; all: any; nr counts RedCap's cells, too"),
        C("sites", I64, "base stations: sites of an operator with a cell of the technology"),
        C("cells", I64, "cells of the network"),
        C("people", F64, "people there: of [population], else as the region's file says",
          "not known"),
        C("per_10000", F64, "base stations for 10,000 people", "people are not known, or none"),
        C("target_per_10000", F64, "5G base stations for 10,000 people by the end of 2027: MIIT "
          "and others, document 2024 no. 227", "of other technologies, or one operator"),
        C("simulated", B, "true: sites or people are made by the simulator"),
    ),
    ("scope", "level", "region_id", "operator", "technology"),
)  # fmt: skip
