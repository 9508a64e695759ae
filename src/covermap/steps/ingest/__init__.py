"""Ingest one source: what a log reader delivers becomes samples, rejected rows, problems, runs.

Every row that was read is accepted or rejected, with one reason; what was mended, or kept in spite
of a fault, is counted. A log too large for the memory is read in pieces and sorted out some runs at
a time, with the same result (``large``).
"""

from covermap.steps.ingest.large import Room, ingest_into, reject_into
from covermap.steps.ingest.origin import Origin
from covermap.steps.ingest.whole import Ingested, ingest_log, ingest_source

__all__ = [
    "Ingested",
    "Origin",
    "Room",
    "ingest_into",
    "ingest_log",
    "ingest_source",
    "reject_into",
]
