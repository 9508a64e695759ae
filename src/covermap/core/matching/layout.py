"""What the columns of the matcher's tables mean: states, columns of states, where a walk stands."""

from __future__ import annotations

MATCHED, NO_POSITION, TOO_FAR, CLASS, NOT_TRAVELLED = range(5)
REASONS = ("matched", "no_position", "too_far", "class", "not_travelled")
"""Why a sample is on no line; its index is the code."""
ARC, ALONG, OFFSET, EMISSION, SCORE, ODDS, BACK, BETA = range(8)
"""Columns of states: the arc; metres on it in its direction; metres left of it; what that costs;
what the best way there costs; the probability; the state before it on the best way; how
likely all later samples are from there."""
STATE_COLUMNS = 8
SAMPLE, LEG, FIRST, FIRST_W, CHOSEN, PIECES, PIECES_END = range(7)
"""Of each column: its sample, the connected leg it is in, where its states begin and where the
steps to it, the state that is chosen, and the pieces of path that lead to it."""
COLUMN_COLUMNS = 7
T, COLUMNS, LEGS, USED, USED_W, MISSED, FIRST_MISSED, ATTACHED = range(8)
"""Where a walk stands: its next sample; how many columns, legs, states and steps there are; how
many samples since the last column lie off every possible route; the first of them that had
candidates (-1: none); whether the next column follows the last."""
MARKS = 8
BEAM = 60.0
"""States that cost so much more than the best of their column are let go (e^-60)."""
