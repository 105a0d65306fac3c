"""A drawing of rectangles and texts that can be written as SVG and as PNG."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

type Anchor = Literal["start", "middle", "end"]

_PIXELS = 2
"""Pixels of the PNG per unit, so that small letters are sharp."""

_FONT = 'font-family="Helvetica, Arial, sans-serif"'
_PIL_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle; lengths in units, from the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text on its baseline."""

    x: float
    y: float
    text: str
    size: float
    fill: str = "#1a202c"
    anchor: Anchor = "start"


@dataclass(slots=True)
class Sketch:
    """A drawing, whose parts are listed from back to front."""

    width: int
    height: int
    title: str
    parts: list[Box | Label] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Draw a rectangle."""
        self.parts.append(Box(x, y, width, height, fill))

    def label(
        self,
        place: tuple[float, float],
        text: str,
        size: float,
        fill: str = "#1a202c",
        anchor: Anchor = "start",
    ) -> None:
        """Write a text."""
        self.parts.append(Label(*place, text, size, fill, anchor))

    def svg(self) -> str:
        """Return the drawing as SVG 1.1."""
        size = f"0 0 {self.width} {self.height}"
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" {_FONT} role="img">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>',
            *(_svg(part) for part in self.parts),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def save_png(self, path: Path) -> None:
        """Write the drawing as PNG."""
        image = Image.new("RGB", (self.width * _PIXELS, self.height * _PIXELS), "#ffffff")
        draw = ImageDraw.Draw(image)
        for part in self.parts:
            _draw(draw, part)
        image.save(path, "PNG", optimize=True)


def _svg(part: Box | Label) -> str:
    if isinstance(part, Box):
        return (
            f'<rect x="{part.x:g}" y="{part.y:g}" width="{part.width:g}" height="{part.height:g}"'
            f' fill="{part.fill}"/>'
        )
    return (
        f'<text x="{part.x:g}" y="{part.y:g}" font-size="{part.size:g}" fill="{part.fill}"'
        f' text-anchor="{part.anchor}">{escape(part.text)}</text>'
    )


def _draw(draw: ImageDraw.ImageDraw, part: Box | Label) -> None:
    at = (part.x * _PIXELS, part.y * _PIXELS)
    if isinstance(part, Box):
        # Pillow includes the last pixel.
        end = (at[0] + part.width * _PIXELS - 1, at[1] + part.height * _PIXELS - 1)
        if end[0] >= at[0] and end[1] >= at[1]:
            draw.rectangle((*at, *end), fill=part.fill)
        return
    font = ImageFont.load_default(part.size * _PIXELS)
    draw.text(at, part.text, fill=part.fill, font=font, anchor=_PIL_ANCHORS[part.anchor])
