"""Every error of the product: one base, one line each. It knows no HTTP and no terminal.

The message names file, line or position, the value, the rule it breaks and what to do.
"""


class CovermapError(Exception):
    """Base of every error that a user can cause and can mend."""


class ConfigError(CovermapError):
    """`covermap.toml` is missing, unreadable, or says something that is not allowed."""


class InputError(CovermapError):
    """An input file cannot be read at all; nothing of it was used."""


class FormatError(InputError):
    """A file is not what its declared format says."""


class ArchiveError(InputError):
    """A compressed file is truncated, too large when unpacked, or unsafe."""


class DatumError(CovermapError):
    """A datum or CRS is unknown, missing, or contradicted by the coordinates."""


class RulePackError(CovermapError):
    """A rule pack is missing, or a value in it is not allowed."""


class TableError(CovermapError):
    """A table does not have the columns, types or bounds that `tables.py` states."""


class BuildError(CovermapError):
    """A build cannot be made, found or published."""


class BusyError(BuildError):
    """Another process is building in this workspace."""


class EngineError(CovermapError):
    """An engine cannot run as asked: memory, Spark master, Java, PySpark."""


class ExportError(CovermapError):
    """An export was asked for in a form that cannot be made."""


class NotKnownError(CovermapError):
    """A name (layer, line, format, build, column) is not in the list of what exists."""


class QueryError(CovermapError):
    """A value in a query (page, bounding box, order) is not one that is allowed."""


class ServeError(CovermapError):
    """The service cannot start as asked: port taken, nothing built, or not allowed."""


class PublishError(CovermapError):
    """A folder cannot be published as asked: it holds something else, or the map is not built."""


class Interrupted(CovermapError):  # noqa: N818 - it is a wish of the user, not a fault
    """The user stopped a running command; what was there before is untouched."""
