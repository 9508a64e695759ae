"""Villages: evidence of cells about them, chances that they are lit, verdicts, sums."""
