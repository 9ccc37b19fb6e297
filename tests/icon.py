"""`python -m tests.icon`: draws the application's icon, docs/market/icon.svg and icon.png, from the same numbers.

A visitor's way over three pages that ends where it was meant to. No program for pictures is needed: a pixel is the
average of the points within it, and PNG is zlib with a head.
"""

from __future__ import annotations

import math
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "market"
SIZE = 512
# Points in each direction of a pixel.
FINE = 3
GROUND, INK, GOAL = (11, 102, 195), (255, 255, 255), (255, 196, 61)
WAY = ((104.0, 372.0), (208.0, 244.0), (292.0, 320.0), (404.0, 140.0))
WIDTH, PAGE, END, HEART = 26.0, 36.0, 62.0, 30.0

Colour = tuple[int, int, int]
Point = tuple[float, float]


def colour_at(point: Point) -> Colour:
    """The colour of the drawing at a point."""
    if math.dist(point, WAY[-1]) <= HEART:
        return GOAL
    if math.dist(point, WAY[-1]) <= END or any(math.dist(point, page) <= PAGE for page in WAY[:-1]):
        return INK
    on_the_way = any(_distance(point, *leg) <= WIDTH / 2 for leg in zip(WAY, WAY[1:], strict=False))
    return INK if on_the_way else GROUND


def _distance(point: Point, start: Point, end: Point) -> float:
    """How far a point is from the line between two."""
    (x, y), (left, top), (right, bottom) = point, start, end
    across, down = right - left, bottom - top
    share = ((x - left) * across + (y - top) * down) / (across**2 + down**2)
    share = min(1.0, max(0.0, share))
    return math.dist(point, (left + share * across, top + share * down))


def pixel(column: int, row: int) -> bytes:
    """The average colour of a pixel; one far from every edge is asked for once."""
    middle = colour_at((column + 0.5, row + 0.5))
    corners = {colour_at((column + x, row + y)) for x in (0, 1) for y in (0, 1)}
    if corners == {middle}:
        return bytes(middle)
    steps = [(2 * step + 1) / (2 * FINE) for step in range(FINE)]
    points = [colour_at((column + x, row + y)) for x in steps for y in steps]
    return bytes(round(sum(part) / len(points)) for part in zip(*points, strict=True))


def png() -> bytes:
    """The icon as PNG, without transparency."""
    rows = (b"\0" + b"".join(pixel(column, row) for column in range(SIZE)) for row in range(SIZE))
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def svg() -> str:
    """The icon as SVG."""
    way = " ".join(f"{x:g},{y:g}" for x, y in WAY)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">',
            f'<rect width="{SIZE}" height="{SIZE}" fill="{_hex(GROUND)}"/>',
            f'<polyline points="{way}" fill="none" stroke="{_hex(INK)}" stroke-width="{WIDTH:g}" '
            'stroke-linecap="round" stroke-linejoin="round"/>',
            *_circles(),
            "</svg>\n",
        ]
    )


def _circles() -> Iterator[str]:
    *pages, end = WAY
    discs = [*((page, PAGE, INK) for page in pages), (end, END, INK), (end, HEART, GOAL)]
    for (x, y), radius, colour in discs:
        yield f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{_hex(colour)}"/>'


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


def main() -> int:
    (FOLDER / "icon.svg").write_text(svg(), encoding="utf-8")
    (FOLDER / "icon.png").write_bytes(png())
    return 0


if __name__ == "__main__":
    sys.exit(main())
