"""Stars of places, lines and areas by the pack's formula, from verdicts; no sample is read."""

from covermap.steps.stars.rating import OF_STARS, READS, run

__all__ = ["OF_STARS", "READS", "run"]
