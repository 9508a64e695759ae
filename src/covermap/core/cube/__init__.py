"""The evidence cube: counts per cell, layer, period and bin; added up exactly, and by shard."""
