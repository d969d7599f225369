"""A table that becomes a list of paragraphs where it does not fit: no value is cut or wrapped in a cell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 10_000


def _plain(_row: Sequence[str]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of texts under their headings; columns without any text are left out.

    Where they do not fit, the first columns of a row are its title and each other one a line below it.
    `style` returns the style of a row.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    style: Callable[[Sequence[str]], str] = _plain
    titles: int = 3

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self._table()
        wide = console.measure(table, options=options.update_width(_ANY_WIDTH))
        if wide.maximum <= options.max_width:
            yield table
            return
        for row in self.rows:
            yield Text("  ".join(filter(None, row[: self.titles])), style=self.style(row))
            width = max(map(len, self.headings))
            for heading, cell in list(zip(self.headings, row, strict=True))[self.titles :]:
                if cell:
                    yield Padding(Text(f"{heading:<{width}}  {cell}"), (0, 0, 0, 2), expand=False)

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        used = [number for number, _ in enumerate(self.headings) if any(row[number] for row in self.rows)]
        for number in used:
            table.add_column(self.headings[number], no_wrap=True)
        for row in self.rows:
            style = self.style(row)
            table.add_row(*(Text(row[number], style=style) for number in used))
        return table
