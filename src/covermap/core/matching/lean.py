"""How kernels are compiled that only read and write arrays they are given.

Numba counts the references to every array, by an atomic operation each time one changes hands. In
the loops of the matcher that took nearly half of the time. Kernels that make no array of their own
need no such count; one that did would not compile. Nor do they check divisors: zero gives inf or
NaN, as in numpy.
"""

from __future__ import annotations

from numba import njit

lean = njit(cache=True, error_model="numpy", _nrt=False)  # type: ignore[call-overload]
