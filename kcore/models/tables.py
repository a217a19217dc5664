"""Tables of text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple


class Column(NamedTuple):
    """A column: its title, its share of the width, and whether it is aligned to the right."""

    title: str
    share: float
    right: bool = False


def table(columns: Sequence[Column], widths: list[int], rows: list[list[str]], ruled: bool = True) -> list[str]:
    """The lines of a table.

    Args:
        columns: its columns.
        widths: how many characters each is wide.
        rows: the texts of the cells; one that is too long goes on in the next line.
        ruled: whether there is a line between rows.
    """

    def ruler(left: str, middle: str, right: str, dash: str) -> str:
        return left + middle.join(dash * width for width in widths) + right

    lines = [
        ruler("┏", "┳", "┓", "━"),
        *_row([c.title for c in columns], columns, widths, "┃"),
        ruler("┡", "╇", "┩", "━"),
    ]
    for i, row in enumerate(rows):
        lines += [ruler("├", "┼", "┤", "─")] if i and ruled else []
        lines += _row(row, columns, widths, "│")
    return [*lines, ruler("└", "┴", "┘", "─")]


def _row(cells: list[str], columns: Sequence[Column], widths: list[int], bar: str) -> list[str]:
    """The lines of a row; a cell that is too long goes on in the next line."""
    wrapped = [
        textwrap.wrap(cell, width - 2, break_on_hyphens=False) or [""]
        for cell, width in zip(cells, widths, strict=True)
    ]
    lines = []
    for i in range(max(map(len, wrapped))):
        texts = [cell[i] if i < len(cell) else "" for cell in wrapped]
        padded = [
            text.rjust(width - 2) if column.right else text.ljust(width - 2)
            for text, column, width in zip(texts, columns, widths, strict=True)
        ]
        lines.append(f"{bar} " + f" {bar} ".join(padded) + f" {bar}")
    return lines
