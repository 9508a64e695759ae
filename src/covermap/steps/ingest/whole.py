"""A log that is read whole."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from covermap.formats.logs import LogRead
from covermap.formats.source import Source
from covermap.steps.ingest.origin import Origin, read_as
from covermap.steps.ingest.rows import judge_rows, problems_table, runs_table
from covermap.tables import REJECTED, in_order
from covermap.workspace import Config, Measurements


@dataclass(frozen=True)
class Ingested:
    """The four tables of one source, in the form and order that `tables.py` states."""

    samples: pa.Table
    rejected: pa.Table
    problems: pa.Table
    runs: pa.Table


def ingest_source(
    source: Source, declaration: Measurements, config: Config, now_ms: int
) -> Ingested:
    """Read one source and sort out its rows.

    Parameters
    ----------
    source : Source
        A log.
    declaration : Measurements
        What `covermap.toml` says about it.
    config : Config
        For `[positions]` and `[workspace]`.
    now_ms : int
        The build's clock, ms since 1970 UTC: later times are rejected.

    Raises
    ------
    NotKnownError
        The declared format is not one of `FORMATS`.
    DatumError
        The datum is not declared and the format does not settle it, or it is unknown.
    InputError
        The file cannot be read at all.
    """
    known, options = read_as(declaration)
    log = known.read(source, options)
    return ingest_log(log, Origin(source.shown, declaration, config, now_ms))


def ingest_log(log: LogRead, origin: Origin) -> Ingested:
    """Sort out the rows that a reader delivered; law: accepted + rejected = read."""
    made = judge_rows(log, origin)
    rejected = pa.concat_tables([made.rejected, origin.named(log.malformed, REJECTED)])
    return Ingested(
        made.samples,
        in_order(rejected, REJECTED),
        problems_table(log.problems, made.found, log.readings.num_rows, origin),
        runs_table([made.runs], log.malformed.num_rows),
    )
