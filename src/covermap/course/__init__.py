"""One line as people look at it: read from a build's tables.

Chainage is written officially (K12+300 as on the posts) where the build has posts of the line, else
in metres from the line's start.
"""

from covermap.course.count import Count, Counts, read_count
from covermap.course.finding import find_courses, rows_of, title_of
from covermap.course.profile import middles, read_profile, threshold_dbm

__all__ = [
    "Count", "Counts", "find_courses", "middles", "read_count", "read_profile", "rows_of",
    "threshold_dbm", "title_of",
]  # fmt: skip
