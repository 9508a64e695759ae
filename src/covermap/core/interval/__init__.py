"""How sure a share of a line is: a model of signal along lines, its posterior, its estimands."""
