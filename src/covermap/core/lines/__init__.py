"""Lines from ways, their segments, and where samples lie on them."""
