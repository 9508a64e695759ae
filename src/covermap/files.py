"""What is done with files whatever they hold: their hashes, and disks that are full."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from pathlib import Path

STORES = ("s3", "s3a", "s3n", "gs", "oss", "obs", "cosn?", "hdfs", "webhdfs", "abfss?", "wasbs?",
          "https?", "ftp", "sftp", "file")  # fmt: skip
"""Schemes of addresses that users of clusters write."""


def file_key(path: Path) -> str:
    """Hash a file's bytes: SHA-256, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def not_a_path(text: str) -> str | None:
    """Say what to do with the address of an object store or server; None when it is a path.

    Examples
    --------
    >>> not_a_path("raw/a.csv") is None, "s3a://" in not_a_path("s3a:/logs/*.csv")
    (True, True)
    """
    found = re.match(rf"({'|'.join(STORES)}):/", text, re.IGNORECASE)
    if found is None:
        return None
    return (
        f"{found[1].lower()}:// is no path, and covermap reads and writes files under paths. Mount "
        "the store (s3fs, JuiceFS, ossfs, the FUSE client of HDFS) here, and on every executor "
        "under the same path, and name that path; see Object stores in README.md."
    )


def holding(path: Path) -> list[Path]:
    """Give the results and builds of a workspace that hold a file; none outside a workspace.

    A build's files are links to those of `.cache`: one that is damaged is damaged in all of them,
    and a result or build that stays would be taken as it is.
    """
    root = next((f for f in path.parents if f.name in (".cache", "builds")), None)
    if root is None:
        return []
    here = path.stat()
    found = {root / path.relative_to(root).parts[0]}
    for kind in (root.with_name(".cache"), root.with_name("builds")):
        for other in kind.glob(f"*/**/*{path.suffix}"):
            if os.path.samestat(other.stat(), here):
                found.add(kind / other.relative_to(kind).parts[0])
    return sorted(found)


def disk_is_full(error: BaseException) -> bool:
    """Whether an error says that a file system has no room, or a quota is used up.

    Examples
    --------
    >>> disk_is_full(OSError(errno.ENOSPC, "")), disk_is_full(OSError(errno.EIO, ""))
    (True, False)
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    # as Arrow, DuckDB, rasterio and worker processes pass it on
    return any(os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT))


def shown_free(folder: Path) -> str:
    """Write how much room the file system of a folder has; of a folder to be, that above it."""
    there = next(f for f in (folder, *folder.parents) if f.is_dir())
    return f"{shutil.disk_usage(there).free / 1e6:,.0f} MB"
