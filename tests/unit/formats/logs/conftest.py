"""One way to put text into a file and read it by a format."""

from collections.abc import Callable
from pathlib import Path

import pytest

from covermap.formats.logs import FORMATS, LogRead, ReadOptions
from covermap.formats.source import Source, expand

Reader = Callable[..., LogRead]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Source]:
    def write(content: str | bytes, name: str = "log.csv") -> Source:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        (source,) = expand(path, name)
        return source

    return write


@pytest.fixture
def read(put: Callable[..., Source]) -> Reader:
    def make(
        content: str | bytes,
        format_name: str,
        columns: dict[str, str] | None = None,
        units: dict[str, str] | None = None,
        name: str = "log.csv",
        sheet: str | None = None,
    ) -> LogRead:
        options = ReadOptions(columns or {}, units or {}, sheet)
        return FORMATS[format_name].read(put(content, name), options)

    return make
