"""Places along a line where positions alone do not tell: between marks, in tunnels, in gaps."""
