"""The one door to a workspace: named tables in Parquet, builds, and the current one.

Layout of a workspace::

    covermap.toml   raw/   .cache/<step>-<key>/   builds/<id>/   current

A table is one file `<name>.parquet`, or a folder `<name>/` of parts. Everything is written under a
temporary name and renamed when whole, so a process killed at any moment leaves nothing half done.
`current` holds the id of the build that is served and changes in one atomic step.
"""

from __future__ import annotations

from covermap.store.tables import Tables, Within, is_within, read_table, reading, rows_in
from covermap.store.workspace import MADE, MANIFEST, Build, Workspace
from covermap.store.writing import (
    ROWS_PER_GROUP,
    CodedWriter,
    link_file,
    whole_folder,
    write_table,
    write_text,
)

__all__ = [
    "MADE",
    "MANIFEST",
    "ROWS_PER_GROUP",
    "Build",
    "CodedWriter",
    "Tables",
    "Within",
    "Workspace",
    "is_within",
    "link_file",
    "read_table",
    "reading",
    "rows_in",
    "whole_folder",
    "write_table",
    "write_text",
]
