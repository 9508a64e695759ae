"""Plain shapes that a strip chart is made of; the SVG and PNG writers paint them."""

from __future__ import annotations

from dataclasses import dataclass

INK, GREY = "#1f2a33", "#6b7680"
FONTS = (
    "system-ui, 'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
)


@dataclass(frozen=True)
class Rect:
    """A filled rectangle; `about` is told when one points at it."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    about: str = ""


@dataclass(frozen=True)
class Path:
    """A line through points, or the area inside them."""

    points: tuple[tuple[float, float], ...]
    stroke: str = ""
    width: float = 1.0
    dash: tuple[int, int] | None = None
    fill: str = ""


@dataclass(frozen=True)
class Text:
    """A text at the left end, middle or right end of which (x, y) is its baseline."""

    x: float
    y: float
    text: str
    size: int = 12
    anchor: str = "start"
    fill: str = INK
    bold: bool = False


Shape = Rect | Path | Text


@dataclass(frozen=True)
class Drawing:
    """Shapes from the back to the front, on white."""

    width: int
    height: int
    title: str
    shapes: tuple[Shape, ...]


def text_width(text: str, size: int) -> float:
    """Roughly how wide a text is, on the wide side: full width for Chinese, 0.6 for the rest."""
    return sum(size * (1.0 if ord(c) > 0x2E80 else 0.6) for c in text)
