"""Strip charts: signal and verdict along a line, for a terminal, as SVG and as PNG."""

from covermap.formats.strip.profile import Mark, Part, Profile, Span, Tick
from covermap.formats.strip.svg import to_svg
from covermap.formats.strip.terminal import to_text

__all__ = ["Mark", "Part", "Profile", "Span", "Tick", "to_svg", "to_text"]
