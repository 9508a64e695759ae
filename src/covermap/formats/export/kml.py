"""KML 2.2, streamed: one placemark a row, all columns as ExtendedData, colour by verdict or cause.

KML is WGS-84 by its specification. A file in another datum of degrees is written as asked, with
the datum in the document's description and in every placemark: for map programs that use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely

from covermap.errors import ExportError
from covermap.formats.export.content import Batch, Content, Field, Tell
from covermap.formats.export.plain import plain_rows
from covermap.formats.palette import COLOURS

STYLED_BY = ("verdict", "cause", "answer")


def write(path: Path, content: Content, tell: Tell) -> int:
    """Write the file; give the number of rows.

    Raises
    ------
    ExportError
        The datum's coordinates are not degrees.
    """
    if not content.target.degrees:
        raise ExportError(
            f"KML holds degrees only, and {content.target.name} is in metres; use --format gpkg, "
            "or another --datum."
        )
    rows = 0
    styled = next((f.name for f in content.fields if f.name in STYLED_BY), None)
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        sink.write(_head(content))
        for batch in content.batches():
            sink.writelines(_placemarks(batch, content, styled))
            rows += batch.data.num_rows
            tell(rows)
        sink.write("</Document>\n</kml>\n")
    return rows


def _head(content: Content) -> str:
    note = "\n".join(f"{title}: {value}" for _, title, value in content.about)
    styles = "\n".join(_style(name, colour) for name, colour in sorted(COLOURS.items()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
        f"<name>{_text(content.title)} {_text(content.title_zh)}</name>\n"
        f"<description>{_text(note)}</description>\n{styles}\n"
    )


def _style(name: str, colour: str) -> str:
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    line = f"<LineStyle><color>ff{blue}{green}{red}</color><width>4</width></LineStyle>"
    fill = f"<PolyStyle><color>80{blue}{green}{red}</color></PolyStyle>"
    icon = f"<IconStyle><color>ff{blue}{green}{red}</color><scale>0.6</scale></IconStyle>"
    return f'<Style id="{name}">{icon}{line}{fill}</Style>'


def _placemarks(batch: Batch, content: Content, styled: str | None) -> Iterator[str]:
    names = [f.name for f in content.fields]
    for row, shape in zip(plain_rows(batch.data, names), batch.geometry, strict=True):
        style = row.get(styled) if styled else None
        url = f"<styleUrl>#{style}</styleUrl>" if style in COLOURS else ""
        data = "".join(_datum(field, row[field.name]) for field in content.fields)
        yield (
            f"<Placemark><name>{_text(_title(row))}</name>{url}"
            f"<ExtendedData>{data}</ExtendedData>{geometry_text(shape)}</Placemark>\n"
        )


def _title(row: dict[str, Any]) -> str:
    place = row.get("line_name") or row.get("name") or row.get("h3") or row.get("spot_id") or ""
    stretch = f" {row['from']}-{row['to']}" if row.get("from") else ""
    return f"{place}{stretch}"


def _datum(field: Field, value: Any) -> str:
    if value is None:
        return ""
    title = f"{field.title} {field.title_zh}" + (f" ({field.unit})" if field.unit else "")
    return (
        f"<Data name={quoteattr(field.name)}><displayName>{_text(title)}</displayName>"
        f"<value>{_text(value)}</value></Data>"
    )


def _text(value: Any) -> str:
    text = "".join(c for c in str(value) if c >= " " or c in "\t\n")
    return escape(text)


def geometry_text(shape: Any) -> str:
    """Write a geometry as KML; nothing for none.

    Examples
    --------
    >>> geometry_text(shapely.Point(121.5, 31.25))
    '<Point><coordinates>121.5,31.25</coordinates></Point>'
    """
    if shape is None or shape.is_empty:
        return ""
    if shape.geom_type == "Point":
        return f"<Point>{_coordinates(shape)}</Point>"
    if shape.geom_type == "LineString":
        return f"<LineString><tessellate>1</tessellate>{_coordinates(shape)}</LineString>"
    if shape.geom_type == "Polygon":
        rings = [_ring("outerBoundaryIs", shape.exterior)]
        rings += [_ring("innerBoundaryIs", hole) for hole in shape.interiors]
        return f"<Polygon><tessellate>1</tessellate>{''.join(rings)}</Polygon>"
    parts = "".join(geometry_text(part) for part in shapely.get_parts(shape))
    return f"<MultiGeometry>{parts}</MultiGeometry>"


def _ring(where: str, ring: Any) -> str:
    return f"<{where}><LinearRing>{_coordinates(ring)}</LinearRing></{where}>"


def _coordinates(shape: Any) -> str:
    points: Any = np.asarray(shapely.get_coordinates(shape))
    text = " ".join(f"{float(x)!r},{float(y)!r}" for x, y in points)
    return f"<coordinates>{text}</coordinates>"
