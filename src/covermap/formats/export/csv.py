"""CSV, UTF-8 with byte-order mark (spreadsheets need it for Chinese), streamed.

The first column, `datum`, names the datum of every coordinate in the row; there are no comment
lines, which would break readers. Lines and areas have their geometry as WKT in the last column.
"""

from __future__ import annotations

import codecs
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import shapely

from covermap.formats.export.content import Batch, Content, Tell

DANGEROUS = r"^[=+\-@\t\r\n]"


def write(path: Path, content: Content, tell: Tell) -> int:
    """Write the file; give the number of rows."""
    rows = 0
    with_wkt = content.geometry_types != ("Point",) and content.name != "cells"
    schema = _schema(content, with_wkt)
    with path.open("wb") as sink:
        sink.write(codecs.BOM_UTF8)
        with pacsv.CSVWriter(sink, schema) as writer:
            for batch in content.batches():
                writer.write_batch(_rows(batch, schema, with_wkt))
                rows += batch.data.num_rows
                tell(rows)
    return rows


def _schema(content: Content, with_wkt: bool) -> pa.Schema:
    fields = [pa.field(f.name, _plain(f.type)) for f in content.fields]
    return pa.schema([*fields, pa.field("wkt", pa.string())] if with_wkt else fields)


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_timestamp(kind) else kind


def _rows(batch: Batch, schema: pa.Schema, with_wkt: bool) -> pa.RecordBatch:
    columns = [_column(column) for column in batch.data.columns]
    if with_wkt:
        wkt = shapely.to_wkt(batch.geometry, rounding_precision=9)
        columns.append(pa.array(wkt, pa.string()))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    if not pa.types.is_string(column.type):
        return column
    risky = pc.match_substring_regex(column, DANGEROUS)
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
