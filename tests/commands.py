"""The `covermap` command run in this process: its exit code and what it says."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from covermap.cli.app import _gather, _run, app


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """Lines on stderr that are errors."""
        return [line for line in self.err.splitlines() if line.startswith("Error: ")]

    @property
    def data(self) -> dict[str, Any]:
        """Give the JSON on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def covermap(*arguments: str | Path) -> Said:
    """Run one command; no traceback and no fault of the program is ever allowed."""
    words = [str(a) for a in arguments]
    known = [c.name for c in app.registered_commands]
    if words[0] not in [*known, *(g.name for g in app.registered_groups)]:
        _gather(words[0])
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["covermap", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = _run()
    said = Said(code, out.getvalue(), err.getvalue())
    assert code != 70, said.err
    assert "Traceback" not in said.out + said.err
    return said
