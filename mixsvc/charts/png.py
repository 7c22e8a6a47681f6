"""Makes a PNG of an SVG with resvg. Imported only where PNGs are made: the library takes 30 MB."""

from pathlib import Path
from typing import Final

from resvg_py import svg_to_bytes

from mixsvc.charts.drawing import FONT

__all__ = ["FONTS", "png_of"]

# hatch_build.py puts them there; a build without npm has none, and then those of the system are used.
FONTS: Final = Path(__file__).parent / "fonts"


def png_of(svg: str) -> bytes:
    """Returns the picture in the pixels that the SVG asks for; the same bytes for the same text.

    Takes some 50 ms of one core, most of them to read the fonts. Raises ValueError for what is no SVG.
    """
    files = sorted(str(path) for path in FONTS.glob("*.ttf"))
    return bytes(svg_to_bytes(svg, skip_system_fonts=bool(files), font_files=files, sans_serif_family=FONT))
