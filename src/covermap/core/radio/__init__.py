"""Radio: path loss, terrain, antennas, entry into buildings and carriages, and who serves where.

Published formulae as numba kernels of numbers, and the same over arrays. `pathloss` and `pattern`
are 3GPP TR 38.901, `diffraction` is ITU-R P.526, `entry` is ITU-R P.2109; `terrain` takes a profile
from a grid of heights as it goes, `server` puts them together for the cells of a layer.
"""
