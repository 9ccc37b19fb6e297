"""`make architecture`: which room imports which. Draws docs/layout.svg and prints the numbers.

A room is a first-level package or module of an app. An arrow leads from a room to one that it imports, wherever in its
modules the import stands. A room's floor is the length of the longest chain of arrows below it. An arrow that lies on
a circle leads upward, because its rooms have no order.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DRAWING = ROOT / "docs" / "layout.svg"
APPS = ("traces", "b24app")
# What holds no module that others import, and the house itself, which is no room.
NO_ROOMS = {"migrations", "locale", "static", "__init__", "__pycache__"}

Arrow = tuple[str, str]


@dataclass(frozen=True)
class House:
    """One app: its rooms, and its arrows as (importer, imported), both in the order of their names."""

    name: str
    rooms: tuple[str, ...]
    arrows: tuple[Arrow, ...]

    @cached_property
    def below(self) -> dict[str, set[str]]:
        """For each room all that can be reached by its arrows; itself only where it lies on a circle."""
        reached = {room: {low for high, low in self.arrows if high == room} for room in self.rooms}
        for between in self.rooms:
            for room in self.rooms:
                if between in reached[room]:
                    reached[room] |= reached[between]
        return reached

    @property
    def upward(self) -> list[Arrow]:
        """The arrows that lie on a circle."""
        return [(high, low) for high, low in self.arrows if high in self.below[low]]

    @cached_property
    def floors(self) -> dict[str, int]:
        """The floor of each room, 0 the lowest. Arrows on a circle are left out, or there would be no end."""
        arrows = set(self.arrows) - set(self.upward)
        floors: dict[str, int] = {}
        for room in sorted(self.rooms, key=lambda room: len(self.below[room] - {room})):
            floors[room] = max((floors[low] + 1 for high, low in arrows if high == room), default=0)
        return floors

    @property
    def height(self) -> int:
        """How many floors there are."""
        return max(self.floors.values(), default=-1) + 1

    @property
    def numbers(self) -> str:
        """The house in one line."""
        measured = f"{len(self.rooms)} rooms, {self.height} floors, {len(self.arrows)} arrows"
        return f"{self.name}: {measured}, {len(self.upward)} upward"

    def __str__(self) -> str:
        return "\n".join([self.numbers, *(f"  upward: {high} imports {low}" for high, low in self.upward)])


def measure(folder: Path) -> House:
    """The house of the app in a folder."""
    files = {path: path.relative_to(folder).parts[0].removesuffix(".py") for path in folder.rglob("*.py")}
    files = {path: room for path, room in files.items() if room not in NO_ROOMS}
    rooms = set(files.values())
    arrows = {
        (room, target)
        for path, room in files.items()
        for target in _imported(ast.parse(path.read_text(encoding="utf-8")), folder.name)
        if target in rooms - {room}
    }
    return House(folder.name, tuple(sorted(rooms)), tuple(sorted(arrows)))


def _imported(tree: ast.Module, app: str) -> Iterator[str]:
    """The second part of the name of each thing that a module imports from the app: its room, if it is one."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == app and rest:
                yield rest.partition(".")[0]


# --- The drawing ------------------------------------------------------------------------------

WIDTH, MARGIN, HEADLINE = 1200, 16, 40
BOX_HEIGHT, FLOOR_HEIGHT, GAP, SWEEPS = 34, 92, 14, 8
STYLE = (
    ".room{fill:#e7f1fb;stroke:#0b66c3}.arrow{fill:none;stroke:#52606d;stroke-width:1.3;marker-end:url(#tip)}"
    ".implied{stroke-opacity:.3}.up{stroke:#c4281b;stroke-width:2.5}"
    "text{fill:#1f2933;text-anchor:middle}.title{font-size:17px;font-weight:600;text-anchor:start}"
    ".legend{font-size:13px;text-anchor:end}"
)

LEGEND = "A room stands above those that it imports. A pale arrow follows from others, a red one lies on a circle."


def draw(houses: Iterable[House]) -> str:
    """The houses as one SVG, the first on top; the same text for the same arrows on any machine."""
    height, parts = MARGIN, []
    for house in houses:
        parts += _draw_house(house, height)
        height += HEADLINE + house.height * FLOOR_HEIGHT
    return "\n".join([*_head(height), *parts, "</svg>", ""])


def _head(height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d"'
        ' font-family="system-ui, sans-serif" font-size="14">',
        '<title id="t">Which room imports which</title>',
        f'<desc id="d">{LEGEND}</desc>',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
        ' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="#52606d"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="legend" x="{WIDTH - MARGIN}" y="{MARGIN + 18}">{LEGEND}</text>',
    ]


def _draw_house(house: House, top: int) -> list[str]:
    """The headline, the arrows, and the boxes over them."""
    rows = _rows(house)
    places = {room: (x, top + HEADLINE + (house.height - 1 - house.floors[room]) * FLOOR_HEIGHT) for room, x in rows}
    slot = (WIDTH - 2 * MARGIN) / max(Counter(house.floors.values()).values(), default=1)
    width = min(24 + 8 * max(map(len, house.rooms), default=0), slot - GAP)
    parts = [f'<text class="title" x="{MARGIN}" y="{top + 18}">{house.numbers}</text>']
    parts += [_draw_arrow(house, arrow, places) for arrow in house.arrows]
    for room, (x, y) in places.items():
        parts.append(
            f'<rect class="room" x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{BOX_HEIGHT}" rx="8"/>'
            f'<text x="{x:.1f}" y="{y + 22}">{room}</text>'
        )
    return parts


def _draw_arrow(house: House, arrow: Arrow, places: dict[str, tuple[float, int]]) -> str:
    high, low = arrow
    implied = any(low in house.below[between] for start, between in house.arrows if start == high and between != low)
    kind = " up" if arrow in house.upward else " implied" if implied else ""
    (x1, y1), (x2, y2) = places[high], places[low]
    y1 += BOX_HEIGHT
    bend = FLOOR_HEIGHT // 2
    return f'<path class="arrow{kind}" d="M{x1:.1f} {y1}C{x1:.1f} {y1 + bend} {x2:.1f} {y2 - bend} {x2:.1f} {y2}"/>'


def _rows(house: House) -> list[tuple[str, float]]:
    """Each room and where across its floor it stands: near those that it imports and those that import it."""
    rows: list[list[str]] = [[] for _ in range(house.height)]
    for room in house.rooms:
        rows[house.floors[room]].append(room)
    across = {room: x for row in rows for room, x in _spread(row)}
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 else rows[::-1]:
            across.update(_spread(sorted(row, key=lambda room: (_pull(house, room, across), room))))
    return sorted(across.items())


def _spread(row: list[str]) -> list[tuple[str, float]]:
    slot = (WIDTH - 2 * MARGIN) / max(len(row), 1)
    return [(room, MARGIN + slot * (place + 0.5)) for place, room in enumerate(row)]


def _pull(house: House, room: str, across: dict[str, float]) -> float:
    """The middle of the rooms that an arrow joins with this one."""
    joined = [across[high if low == room else low] for high, low in house.arrows if room in (high, low)]
    return round(sum(joined) / len(joined), 6) if joined else across[room]


def main() -> None:
    houses = [measure(ROOT / app) for app in APPS]
    DRAWING.write_text(draw(houses), encoding="utf-8")
    print("\n".join(map(str, houses)))


if __name__ == "__main__":
    main()
