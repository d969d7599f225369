"""Charts with logarithmic axes as SVG: lines with a label at their end, in a light and a dark palette."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Scheme = Literal["light", "dark"]
Color = Literal["teal", "amber", "grey"]
Point = tuple[float, float]

_INK = {"light": "#1a1e21", "dark": "#e7eaec"}
_SOFT = {"light": "#59626a", "dark": "#a3adb5"}
_RULE = {"light": "#e4e4df", "dark": "#31373c"}
_CARD = {"light": "#ffffff", "dark": "#1b1f22"}
_COLORS: dict[Scheme, dict[Color, str]] = {
    "light": {"teal": "#0b6a63", "amber": "#a86500", "grey": "#6b747c"},
    "dark": {"teal": "#63d2c4", "amber": "#f3c679", "grey": "#98a2aa"},
}
_FONT = "Inter, 'Segoe UI', -apple-system, BlinkMacSystemFont, Roboto, 'Helvetica Neue', Arial, sans-serif"
_WIDTH = 740  # pixels, as for all others
_LEFT, _RIGHT = 72, 550  # of the axes
_HEAD, _FOOT, _ABOVE, _BELOW = 44, 34, 36, 44  # heights: of the title, the note, and around the axes
_APART = 17  # pixels between two labels at least
_DECADE = (1, 10)
_FINE = (1, 2, 5, 10)
_FEW_TICKS = 2  # decades: with fewer, an axis has more ticks for each


@dataclass(frozen=True, slots=True)
class Line:
    """A measured line, with a label at its end; `hollow` are points in addition to it."""

    label: str
    points: tuple[Point, ...]
    color: Color
    hollow: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """A dashed line for comparison: between two points, labeled above the first one."""

    label: str
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Panel:
    """A pair of logarithmic axes; `y_unit` follows the numbers of its ticks and labels."""

    title: str
    lines: tuple[Line, ...]
    guides: tuple[Guide, ...] = ()
    y_unit: str = ""
    x_label: str = ""
    height: int = 380

    @property
    def points(self) -> list[Point]:
        """All points, of lines and guides."""
        measured = [point for line in self.lines for point in (*line.points, *line.hollow)]
        return measured + [point for guide in self.guides for point in (guide.start, guide.end)]


def draw(title: str, note: str, panels: Sequence[Panel], scheme: Scheme) -> str:
    """Return a chart of panels below each other, with a title above and a note below them."""
    height = _HEAD + sum(panel.height for panel in panels) + _FOOT
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{escape(_FONT)}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="{_CARD[scheme]}"/>',
        _text(20, 30, escape(title), _INK[scheme], size=16, weight=650),
        _text(20, height - 16, escape(note), _SOFT[scheme], size=12),
    ]
    top = _HEAD
    for panel in panels:
        text += _Drawing(panel, top, scheme).parts()
        top += panel.height
    return "\n".join((*text, "</svg>\n"))


class _Drawing:
    """One panel, from `top` on."""

    def __init__(self, panel: Panel, top: int, scheme: Scheme) -> None:
        self._panel = panel
        self._scheme: Scheme = scheme
        self._title = top + 14
        self._top, self._bottom = top + _ABOVE, top + panel.height - _BELOW
        xs, ys = zip(*panel.points, strict=True)
        self._xs = (min(xs), max(xs))
        self._ys = (min(ys) / 1.25, max(ys) * 1.25)

    def parts(self) -> Iterator[str]:
        """Yield the elements, from the back to the front."""
        panel, soft = self._panel, _SOFT[self._scheme]
        yield _text(20, self._title, escape(panel.title), _INK[self._scheme], weight=600)
        for value in _ticks(*self._ys):
            y = self._y(value)
            yield _rule(_LEFT, y, _RIGHT, y, _RULE[self._scheme])
            label = f"{_number(value)}{panel.y_unit}"
            yield _text(_LEFT - 8, y + 4, label, soft, size=12, anchor="end")
        for value in sorted({x for line in panel.lines for x, _ in line.points}):
            x = self._x(value)
            yield _rule(x, self._bottom, x, self._bottom + 5, soft)
            yield _text(x, self._bottom + 19, _number(value), soft, size=12, anchor="middle")
        middle = (_LEFT + _RIGHT) / 2
        yield _text(middle, self._bottom + 37, escape(panel.x_label), soft, size=12, anchor="middle")
        for guide in panel.guides:
            yield from self._guide(guide)
        for line in panel.lines:
            yield from self._line(line)
        yield from self._labels()

    def _guide(self, guide: Guide) -> Iterator[str]:
        (x, y), (end_x, end_y) = self._place(guide.start), self._place(guide.end)
        soft = _SOFT[self._scheme]
        yield _rule(x, y, end_x, end_y, soft, 'stroke-dasharray="2 4"')
        angle = math.degrees(math.atan2(end_y - y, end_x - x))
        turned = f' transform="rotate({angle:.1f} {x:.1f} {y:.1f})"'
        yield _text(x + 6, y - 6, escape(guide.label), soft, size=12, more=turned)

    def _line(self, line: Line) -> Iterator[str]:
        color = _COLORS[self._scheme][line.color]
        placed = [self._place(point) for point in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        for x, y in placed:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>'
        for x, y in map(self._place, line.hollow):
            hollow = f'fill="{_CARD[self._scheme]}" stroke="{color}" stroke-width="2"'
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {hollow}/>'

    def _labels(self) -> Iterator[str]:
        """Yield the labels at the ends of the lines, moved apart where they would overlap."""
        ends = sorted(
            ((*self._place(line.points[-1]), line) for line in self._panel.lines), key=lambda end: end[1]
        )
        heights = _apart([y for _, y, _ in ends])
        for (x, y, line), height in zip(ends, heights, strict=True):
            color = _COLORS[self._scheme][line.color]
            yield _rule(x + 6, y, x + 16, height, color, 'stroke-opacity="0.5"')
            value = f"{_number(line.points[-1][1])}{self._panel.y_unit}"
            label = f'{escape(line.label)}<tspan dx="7" font-weight="400">{value}</tspan>'
            yield _text(x + 20, height + 4, label, color, weight=600)

    def _place(self, point: Point) -> Point:
        return self._x(point[0]), self._y(point[1])

    def _x(self, value: float) -> float:
        return _LEFT + _share(value, *self._xs) * (_RIGHT - _LEFT)

    def _y(self, value: float) -> float:
        return self._bottom - _share(value, *self._ys) * (self._bottom - self._top)


def _share(value: float, low: float, high: float) -> float:
    """Return where a value is on a logarithmic axis: 0 at `low`, 1 at `high`."""
    return math.log(value / low) / math.log(high / low)


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers within a range: powers of ten, or also two and five times as many."""
    steps = _DECADE if math.log10(high / low) >= _FEW_TICKS else _FINE
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [value for decade in decades for step in steps[:-1] if low <= (value := step * 10**decade) <= high]


def _apart(heights: Sequence[float]) -> list[float]:
    """Return ascending heights that are far enough apart, and on average not far from the given ones."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _top(groups[-1]) - _top(groups[-2]) < _APART * len(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    return [_top(group) + _APART * number for group in groups for number in range(len(group))]


def _top(group: Sequence[float]) -> float:
    return sum(group) / len(group) - _APART * (len(group) - 1) / 2


def _number(value: float) -> str:
    """Return a number with two or three significant digits."""
    if value >= 10:
        digits = max(0, len(str(round(value))) - 3)
        return f"{round(value / 10**digits) * 10**digits:,}"
    return f"{value:.2g}"


def _rule(x: float, y: float, end_x: float, end_y: float, color: str, more: str = "") -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{end_x:.1f}" y2="{end_y:.1f}" stroke="{color}" {more}/>'


def _text(
    x: float,
    y: float,
    text: str,
    color: str,
    *,
    size: int = 13,
    weight: int = 400,
    anchor: str = "start",
    more: str = "",
) -> str:
    """Return an element whose content is `text`, in which names are escaped."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}"{more}>{text}</text>'
    )
