"""Plain tables, in columns that also fit Hangul."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import click


def show_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a heading; without colours or lines, for people and for `awk`."""
    table = [tuple(heading), *(tuple(row) for row in rows)]
    widths = [max(_width(row[index]) for row in table) for index in range(len(heading))]
    for row in table:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Return how many columns a terminal takes (Unicode Standard Annex 11)."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)
