"""Tile arithmetic: Mercator lattice, clipping, the pyramid of cells."""
