"""Charts drawn on the server as SVG: no script, the colours of the style sheet, and a table beside each says the same.

To a screen reader a chart is one picture with a name; the figures are in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

#: The units are pixels of a small phone, so that the words can be read there.
_WIDTH: Final = 360
_ROW: Final = 42
_VALUE_WIDTH: Final = 40
_LONGEST_LABEL: Final = 48
_HEIGHT: Final = 200
_FOOT: Final = 42
_HEAD: Final = 22
_WIDEST_COLUMN: Final = 40

Figures = Sequence[tuple[str, int]]


def draw_bars(name: str, figures: Figures) -> Markup:
    """Horizontal bars, each below its label, with its count. Empty for no figures."""
    if not figures:
        return Markup("")
    most = max(value for _, value in figures) or 1
    room = _WIDTH - _VALUE_WIDTH
    parts = []
    for at, (label, value) in enumerate(figures):
        top = at * _ROW
        width = round(room * value / most, 1)
        short = label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1].rstrip() + "…"
        parts.append(
            Markup('<text x="0" y="{}">{}</text>').format(top + 14, short)
            + Markup('<rect class="bar" x="0" y="{}" width="{}" height="14" rx="3"/>').format(top + 20, width)
            + Markup('<text class="value" x="{}" y="{}">{}</text>').format(width + 6, top + 32, value)
        )
    return _picture(name, len(figures) * _ROW, parts)


def draw_columns(name: str, figures: Figures) -> Markup:
    """Columns from left to right, as months go by, each with its count above and its label below."""
    if not figures:
        return Markup("")
    most = max(value for _, value in figures) or 1
    step = _WIDTH / len(figures)
    width = min(_WIDEST_COLUMN, step * 0.7)
    room = _HEIGHT - _FOOT - _HEAD
    parts = [Markup('<line class="axis" x1="0" x2="{0}" y1="{1}" y2="{1}"/>').format(_WIDTH, _HEIGHT - _FOOT)]
    for at, (label, value) in enumerate(figures):
        middle = round(step * (at + 0.5), 1)
        height = round(room * value / most, 1)
        top = _HEIGHT - _FOOT - height
        parts.append(
            Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="3"/>').format(
                round(middle - width / 2, 1), round(top, 1), round(width, 1), height
            )
            + Markup('<text class="value" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                middle, round(top - 6, 1), value
            )
        )
        for line, word in enumerate(label.split("\n")[:2]):
            parts.append(
                Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
                    middle, _HEIGHT - _FOOT + 18 + 16 * line, word
                )
            )
    return _picture(name, _HEIGHT, parts)


def _picture(name: str, height: int, parts: Sequence[Markup]) -> Markup:
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        _WIDTH, height, escape(name)
    )
    return head + Markup("").join(parts) + Markup("</svg>")
