"""Text of a source in pieces of whole lines, so that a large log is never held whole."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from covermap.formats.problem import Problem
from covermap.formats.source import Source
from covermap.formats.text import (
    HEAD,
    Decoded,
    Mixture,
    damaged_text,
    marked,
    mixed_text,
    nothing_in,
    refuse_binary,
    utf16_without_mark,
)


@dataclass(frozen=True)
class _Plan:
    """How all of a large text is decoded; found by reading it through once."""

    encoding: str
    newline: str
    skip: int = 0
    """Bytes of a mark that the text does not keep to."""
    mixed: Problem | None = None
    """Lines in several encodings are decoded one by one."""


def text_pieces(source: Source, size: int | None = None) -> Iterator[Decoded]:
    r"""Yield a text piece by piece, about `size` bytes each; None: in one piece.

    The pieces joined by line feeds are the text that ``Source.read_text`` gives, decoded alike;
    what was mended is counted with the last piece. A text larger than a piece is read through once
    before, to find its encoding.

    Raises
    ------
    InputError
        Empty file.
    FormatError
        Binary where text is expected, or damaged.
    """
    if size is None or len(source.head(size + 1)) <= size:
        yield source.read_text()
        return
    plan = _plan(source, size)
    problems = (plan.mixed,) if plan.mixed else ()
    texts = _mixed(source, plan, size) if plan.mixed else _plain(source, plan, size)
    held = next(texts)
    for text in texts:
        yield Decoded(held, plan.encoding)
        held = text
    yield Decoded(held, plan.encoding, problems)


def _blocks(source: Source, size: int, skip: int = 0) -> Iterator[bytes]:
    """Content in blocks of `size` bytes, the last one shorter."""
    held = bytearray()
    for chunk in source.chunks():
        held += chunk[skip:]
        skip = max(0, skip - len(chunk))
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def _plan(source: Source, size: int) -> _Plan:
    head = source.head(HEAD)
    named = marked(head) or utf16_without_mark(head)
    skip = 0
    if named:
        try:
            return _Plan(named, _newline(source, size, named))
        except UnicodeDecodeError as error:
            if named != "utf-8-sig":
                raise damaged_text(source.shown, named, error) from None
            skip = 3
    refuse_binary(head[skip:], source.shown)
    try:
        return _Plan("utf-8", _newline(source, size, "utf-8", skip), skip)
    except UnicodeDecodeError:
        return _other(source, size, skip)


def _newline(source: Source, size: int, encoding: str, skip: int = 0) -> str:
    """Decode everything once; give what ends the lines."""
    decoder = codecs.getincrementaldecoder(encoding)()
    ended = written = False
    read = 0
    for block in _blocks(source, size, skip):
        text = decoder.decode(block)
        read += len(block)
        ended, written = ended or "\n" in text, written or bool(block.strip())
    decoder.decode(b"", final=True)
    if not written:
        raise nothing_in(source.shown, read)
    return "\n" if ended else "\r"


def _other(source: Source, size: int, skip: int) -> _Plan:
    mixture = Mixture()
    for lines in _lines(source, size, skip):
        mixture.see(lines)
    if mixture.wide:
        return _Plan(f"utf-8 and {mixture.encoding}", "\n", skip, mixture.problem)
    return _Plan(mixture.encoding, _newline(source, size, mixture.encoding, skip), skip)


def _lines(source: Source, size: int, skip: int = 0) -> Iterator[list[bytes]]:
    """Lines of bytes without their ends, some at a time; what follows the last end is a line."""
    held = b""
    for block in _blocks(source, size, skip):
        held += block
        cut = held.rfind(b"\n")
        if cut >= 0:
            yield held[: cut + 1].replace(b"\r\n", b"\n")[:-1].split(b"\n")
            held = held[cut + 1 :]
    yield held.split(b"\n")


def _mixed(source: Source, plan: _Plan, size: int) -> Iterator[str]:
    return (mixed_text(lines) for lines in _lines(source, size, plan.skip))


def _plain(source: Source, plan: _Plan, size: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(plan.encoding)()
    held = ""
    for block in _blocks(source, size, plan.skip):
        held += decoder.decode(block)
        cut = held.rfind(plan.newline)
        if cut >= 0:
            yield _ended(held[: cut + 1], plan)[:-1]
            held = held[cut + 1 :]
    yield _ended(held + decoder.decode(b"", final=True), plan)


def _ended(text: str, plan: _Plan) -> str:
    return text.replace("\r\n", "\n") if plan.newline == "\n" else text.replace("\r", "\n")
