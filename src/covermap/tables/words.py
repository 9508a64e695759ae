"""Lists of values that tables share: one spelling of each."""

from __future__ import annotations

TECHNOLOGIES = ("gsm", "umts", "lte", "nr", "nbiot", "redcap")
"""What a sample or a site cell can be. ``none`` stands for 'device alive, no service'."""

NO_TECHNOLOGY = "none"
ANY = "any"
"""As a technology: whichever served. As an operator: at least one of them."""
ALL = "all"
"""As an operator: every one of them."""

SOURCES = ("drive", "probe", "app")
VERDICTS = ("covered", "weak", "none", "unmeasured")
BASES = ("measured", "predicted", "both")
ANTENNAS = ("roof", "in-car", "in-train", "handheld", "fixed", "unknown")
LINE_CLASSES = (
    "hsr", "rail", "metro", "tram", "motorway", "trunk", "primary", "secondary", "national",
    "provincial", "road", "waterway",
)  # fmt: skip

LINK_KINDS = {
    "connecting": "leads from line to line, or back: connecting, flying-junction, turn-back tracks",
    "access": "leads to a depot, or to a works",
    "crossover": "leads from track to track",
    "siding": "beside the running tracks, where trains wait",
    "yard": "of a yard or depot",
    "spur": "to a place beside the line",
    "other": "short, nameless, and hanging on a line; or marked in a way that is not known",
    "slip_road": "leads from road to road: written as motorway_link and the like",
}  # fmt: skip
"""Kinds of tracks and roads that no line is made of, and what each is."""

POSITION_BASES = ("fix", "held", "between_fixes", "mark", "lost")
"""How a sample's position is known: a new GPS fix; the last fix while standing still; interpolated
by time between two fixes; from station marks; or not known well enough to be placed."""

REJECT_REASONS = {
    "malformed_row": "the row cannot be split into the header's fields",
    "neighbour_cell": "the row is of a neighbour cell, not of the serving one",
    "no_position": "longitude or latitude is missing, NaN or not a number",
    "position_out_of_range": "longitude or latitude is outside the datum's range",
    "position_zero": "the position is exactly 0, 0: a receiver without a fix",
    "position_swapped": "longitude and latitude look exchanged",
    "bad_time": "the time cannot be read",
    "no_time": "the time is missing",
    "time_in_future": "the time is later than the build's clock allows",
    "time_too_old": "the time is before 1990: a clock that was never set",
    "unknown_technology": "the technology is not one that this product knows",
    "no_operator": "no operator in the row, the run or the declaration",
    "impossible_signal": "the level is outside what the technology can report",
    "sentinel": "the level is a placeholder that means 'no value'",
    "no_measurement": "no level, rate, latency, test outcome or statement of service in the row",
    "no_geometry": "the geometry is missing, empty, or not of a kind that can be used here",
    "zero_length": "every vertex of the line is at one place",
    "no_area": "the polygon encloses nothing, even when mended",
    "no_identity": "the field that must tell one feature from another is missing",
    "bad_chainage": "the official chainage, or the place on the line, cannot be read",
    "off_the_lines": "no line is near enough, or none is of that name",
    "post_does_not_fit": "the figure agrees with neither neighbour along the line",
    "bad_value": "the figure is not a number",
    "no_source": "a declared figure does not name who declares it",
    "contradicts": "another row says something else of the same",
    "duplicate": "equal in every field to an earlier row of the file",
    "duplicate_file": "the whole file is byte-equal to another input file",
}  # fmt: skip
"""Every reason a row can be rejected for, and what it means."""
