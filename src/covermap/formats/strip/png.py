"""Strip charts as PNG, painted by Pillow with a font of this machine that has Chinese."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path as FilePath

from PIL import Image, ImageDraw, ImageFont

from covermap.formats.strip.drawing import draw
from covermap.formats.strip.profile import Profile
from covermap.formats.strip.shapes import Drawing, Path, Rect, Text

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
    """Paint strip charts as one PNG."""
    return painted(draw(profiles))


def painted(drawing: Drawing) -> bytes:
    """Paint a drawing as PNG."""
    image = Image.new("RGB", (drawing.width * SCALE, drawing.height * SCALE), "#ffffff")
    _paint(ImageDraw.Draw(image), drawing)
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _paint(canvas: ImageDraw.ImageDraw, drawing: Drawing) -> None:
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            box = [v * SCALE for v in (shape.x, shape.y, shape.x + shape.width,
                                       shape.y + shape.height)]  # fmt: skip
            canvas.rectangle(box, fill=shape.fill)
        elif isinstance(shape, Path):
            _paint_path(canvas, shape)
        else:
            _paint_text(canvas, shape)


def _paint_path(canvas: ImageDraw.ImageDraw, shape: Path) -> None:
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


def _paint_text(canvas: ImageDraw.ImageDraw, shape: Text) -> None:
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
    font = _font(shape.size * SCALE)
    place = (shape.x * SCALE, shape.y * SCALE)
    canvas.text(
        place, shape.text, fill=shape.fill, font=font, anchor=anchor,
        stroke_width=1 if shape.bold else 0, stroke_fill=shape.fill,
    )  # fmt: skip


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in FONT_FILES:
        if FilePath(name).is_file():
            index = 2 if name.endswith("NotoSansCJK-Regular.ttc") else 0  # its simplified Chinese
            return ImageFont.truetype(name, size, index=index)
    return ImageFont.load_default(size)
