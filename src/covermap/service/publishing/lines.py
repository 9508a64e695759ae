"""Lines of a published map: what is known of each, in one archive a layer that is read by range.

A file a line would be 60,000 files a layer for a country. The archive is PMTiles as those of tiles
are, with a packed JSON text in place of a tile: the number of a line is the number of its tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pmtiles.tile import tileid_to_zxy

from covermap.course import read_profile
from covermap.formats.archive import ArchiveWriter, compress
from covermap.service.answers import as_json
from covermap.service.routes.lines import line_detail
from covermap.service.snapshot import Snapshot

Layer = tuple[str, str]
NAME = "lines.pmtiles"
LINES_AT_A_TIME = 250
"""Lines whose rows are laid into memory together: each is then found without reading a file."""
OF_LINES = (
    "lines", "stations", "structures", "posts", "sections", "section_verdicts", "settling",
    "segments", "segment_verdicts", "line_verdicts",
)  # fmt: skip
"""Tables that tell of lines; each has a column `line_id`."""


def write_lines(
    folders: Sequence[Path],
    snapshot: Snapshot,
    layers: Sequence[Layer],
    lines: Sequence[str],
    progress: Callable[[float], None],
) -> None:
    """Write the archive of lines of each layer into its folder; without lines there is none."""
    if not lines:
        return
    with ExitStack() as stack:
        writers = [stack.enter_context(ArchiveWriter(folder / NAME)) for folder in folders]
        for number, (line_id, few) in enumerate(_laid_out(snapshot, lines)):
            for writer, layer in zip(writers, layers, strict=True):
                writer.add(number, compress(as_json(_line(few, line_id, layer, layers))))
            progress((number + 1) / len(lines))
        last = tileid_to_zxy(len(lines) - 1)[0]
        for writer in writers:
            writer.finish({"name": "lines", "format": "json"}, (0, last), None)


def _laid_out(snapshot: Snapshot, lines: Sequence[str]) -> Iterator[tuple[str, Snapshot]]:
    """Give every line with a snapshot that holds few lines, this one among them."""
    for first in range(0, len(lines), LINES_AT_A_TIME):
        some = lines[first : first + LINES_AT_A_TIME]
        with snapshot.of_lines(some, OF_LINES) as few:
            for line_id in some:
                yield line_id, few


def _line(
    snapshot: Snapshot, line_id: str, layer: Layer, published: Sequence[Layer]
) -> dict[str, Any]:
    detail = line_detail(snapshot, line_id, layer)
    verdicts = [verdict for verdict in detail["verdicts"]
                if (verdict["operator"], verdict["technology"]) in published]  # fmt: skip
    profile = read_profile(snapshot.tables, snapshot.manifest, line_id, layer)
    return {"detail": {**detail, "verdicts": verdicts}, "profile": profile.as_data()}
