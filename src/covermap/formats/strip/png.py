"""Strip charts as PNG, painted by Pillow with a font of this machine that has Chinese."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path as FilePath
from typing import Any

from covermap.errors import ExportError
from covermap.formats.strip.drawing import Drawing, Path, Rect, Text, draw
from covermap.formats.strip.profile import Profile

SCALE = 2
"""Pixels of the picture for one of the drawing: sharp on paper and on fine screens."""
FONT_FILES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)
"""Fonts looked for, in this order."""


def to_png(profiles: list[Profile]) -> bytes:
    """Paint strip charts as one PNG.

    Raises
    ------
    ExportError
        Pillow is not installed. SVG needs nothing.
    """
    image_module, draw_module, font_module = _pillow()
    drawing = draw(profiles)
    image = image_module.new("RGB", (drawing.width * SCALE, drawing.height * SCALE), "#ffffff")
    _paint(draw_module.Draw(image), drawing, font_module)
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _pillow() -> tuple[Any, Any, Any]:
    try:
        image, canvas, font = (
            import_module(f"PIL.{n}") for n in ("Image", "ImageDraw", "ImageFont")
        )
    except ImportError:
        raise ExportError(
            "PNG needs Pillow: `pip install pillow`; or write SVG, which needs nothing."
        ) from None
    return image, canvas, font


def _paint(canvas: Any, drawing: Drawing, fonts: Any) -> None:
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            box = [v * SCALE for v in (shape.x, shape.y, shape.x + shape.width,
                                       shape.y + shape.height)]  # fmt: skip
            canvas.rectangle(box, fill=shape.fill)
        elif isinstance(shape, Path):
            _paint_path(canvas, shape)
        else:
            _paint_text(canvas, shape, fonts)


def _paint_path(canvas: Any, shape: Path) -> None:
    points = [(x * SCALE, y * SCALE) for x, y in shape.points]
    if shape.fill:
        canvas.polygon(points, fill=shape.fill)
    if not shape.stroke:
        return
    width = max(1, round(shape.width * SCALE))
    if shape.dash is None:
        canvas.line(points, fill=shape.stroke, width=width, joint="curve")
        return
    (x0, y), (x1, _) = points
    on, off = (v * SCALE for v in shape.dash)
    while x0 < x1:  # dashed lines are level ones: the threshold
        canvas.line([(x0, y), (min(x0 + on, x1), y)], fill=shape.stroke, width=width)
        x0 += on + off


def _paint_text(canvas: Any, shape: Text, fonts: Any) -> None:
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
    font = _font(fonts, shape.size * SCALE)
    stroke = {"stroke_width": 1, "stroke_fill": shape.fill} if shape.bold else {}
    place = (shape.x * SCALE, shape.y * SCALE)
    canvas.text(place, shape.text, fill=shape.fill, font=font, anchor=anchor, **stroke)


@cache
def _font(fonts: Any, size: int) -> Any:
    for name in FONT_FILES:
        if FilePath(name).is_file():
            index = 2 if name.endswith("NotoSansCJK-Regular.ttc") else 0  # its simplified Chinese
            return fonts.truetype(name, size, index=index)
    return fonts.load_default(size)
