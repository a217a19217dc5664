"""Tables on a terminal, and as plain text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def show(header: Sequence[str], rows: Rows) -> None:
    """Print a table: with rich on a terminal, as aligned text otherwise."""
    if sys.stdout.isatty():
        _show_rich(header, rows)
    else:
        print("\n".join(_lines(header, rows)))


def _show_rich(header: Sequence[str], rows: Rows) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in header:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def _lines(header: Sequence[str], rows: Rows) -> list[str]:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
