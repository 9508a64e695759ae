"""Strip charts as SVG 1.1: no scripts, nothing loaded from elsewhere; fonts of the reader."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from covermap.formats.strip.drawing import draw
from covermap.formats.strip.profile import Profile
from covermap.formats.strip.shapes import FONTS, Path, Rect, Shape


def to_svg(profiles: list[Profile]) -> str:
    """Write strip charts as one SVG document, one panel below the other.

    Examples
    --------
    >>> to_svg([]).startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    True
    """
    drawing = draw(profiles)
    size = f'width="{drawing.width}" height="{drawing.height}"'
    box = f'viewBox="0 0 {drawing.width} {drawing.height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" font-family="{FONTS}">'
    ground = f'<rect width="{drawing.width}" height="{drawing.height}" fill="#ffffff"/>'
    body = [_element(shape) for shape in drawing.shapes]
    title = f"<title>{_text(drawing.title)}</title>"
    return "\n".join([head, title, ground, *body, "</svg>", ""])


def _element(shape: Shape) -> str:
    if isinstance(shape, Rect):
        about = f"<title>{_text(shape.about)}</title>" if shape.about else ""
        numbers = "".join(
            f' {name}="{_number(value)}"'
            for name, value in (("x", shape.x), ("y", shape.y), ("width", shape.width),
                                ("height", shape.height))
        )  # fmt: skip
        return f'<rect{numbers} fill="{shape.fill}">{about}</rect>'
    if isinstance(shape, Path):
        return _path(shape)
    weight = ' font-weight="600"' if shape.bold else ""
    return (
        f'<text x="{_number(shape.x)}" y="{_number(shape.y)}" font-size="{shape.size}" '
        f"text-anchor={quoteattr(shape.anchor)} "
        f'fill="{shape.fill}"{weight}>{_text(shape.text)}</text>'
    )


def _path(shape: Path) -> str:
    course = "L".join(f"{_number(x)} {_number(y)}" for x, y in shape.points)
    close = "Z" if shape.fill else ""
    stroke = f' stroke="{shape.stroke}" stroke-width="{shape.width:g}"' if shape.stroke else ""
    dash = f' stroke-dasharray="{shape.dash[0]} {shape.dash[1]}"' if shape.dash else ""
    return f'<path d="M{course}{close}" fill="{shape.fill or "none"}"{stroke}{dash}/>'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    """Escape a text, without the characters that XML cannot hold."""
    return escape("".join(c for c in text if c >= " " and c not in "\ufffe\uffff"))
