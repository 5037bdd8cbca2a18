"""The chart of docs/benchmarks.md: bars as SVG, in the reader's light or dark colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

WIDTH = 920
COLUMNS = 2
BAR = 18
STEP = 26
HEAD = 44
GAP = 24
EDGE = 28
LABEL = 176
VALUE = 64

STYLE = """
.card { fill: #ffffff; stroke: #d5dbe3; }
.title { font: 600 18px system-ui, sans-serif; fill: #1b2733; }
.sub { font: 13px system-ui, sans-serif; fill: #5b6875; }
.panel { font: 600 14px system-ui, sans-serif; fill: #1b2733; }
.name { font: 13px system-ui, sans-serif; fill: #3b4854; }
.value { font: 13px system-ui, sans-serif; fill: #1b2733; }
.rail { fill: #eef2f6; }
.bar { fill: #a9b5c1; }
.ours { fill: #0a6ed1; }
@media (prefers-color-scheme: dark) {
  .card { fill: #161c23; stroke: #313b46; }
  .title, .panel, .value { fill: #eef3f8; }
  .sub { fill: #98a5b2; }
  .name { fill: #c3ccd6; }
  .rail { fill: #222b35; }
  .bar { fill: #65727f; }
  .ours { fill: #4aa3ff; }
}
""".strip()


@dataclass(frozen=True)
class Bar:
    name: str
    value: float | None
    """None where there is nothing to show; *note* says why."""
    note: str = ""
    is_ours: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    bars: list[Bar]


def svg(title: str, subtitle: str, panels: list[Panel]) -> str:
    """Return the drawing; the longest bar of each panel fills its width."""
    rows = -(-len(panels) // COLUMNS)
    most = max((len(panel.bars) for panel in panels), default=0)
    height_of_panel = 26 + most * STEP + GAP
    height = EDGE + HEAD + rows * height_of_panel + EDGE // 2
    width_of_panel = (WIDTH - 2 * EDGE - GAP) // COLUMNS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" '
        f'height="{height - 1}" rx="10"/>',
        _text("title", EDGE, EDGE + 10, title),
        _text("sub", EDGE, EDGE + 32, subtitle),
    ]
    for number, panel in enumerate(panels):
        x = EDGE + number % COLUMNS * (width_of_panel + GAP)
        y = EDGE + HEAD + number // COLUMNS * height_of_panel + 18
        parts += _panel(panel, x, y, width_of_panel)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, x: int, y: int, width: int) -> list[str]:
    parts = [_text("panel", x, y + 6, panel.title)]
    longest = max((bar.value or 0 for bar in panel.bars), default=0) or 1
    room = width - LABEL - VALUE
    for number, bar in enumerate(panel.bars):
        top = y + 20 + number * STEP
        middle = top + BAR - 5
        length = max(2, round((bar.value or 0) / longest * room))
        parts.append(_text("name", x, middle, bar.name))
        parts.append(_rectangle("rail", x + LABEL, top, room))
        if bar.value is not None:
            kind = "ours" if bar.is_ours else "bar"
            parts.append(_rectangle(kind, x + LABEL, top, length))
        said = bar.note if bar.value is None else figure(bar.value) + bar.note
        parts.append(_text("value", x + LABEL + room + 8, middle, said))
    return parts


def figure(value: float) -> str:
    """Return a rate with as many digits as it deserves."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _text(kind: str, x: int, y: int, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'


def _rectangle(kind: str, x: int, y: int, width: int) -> str:
    return (
        f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{BAR}" rx="3"/>'
    )
