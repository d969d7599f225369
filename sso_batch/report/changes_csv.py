"""The changes CSV: what changed, and the row of the report that it concerns."""

from collections.abc import Iterable, Iterator

from sso_batch.review.change import Change
from sso_batch.run_files import columns
from sso_batch.run_files.columns import csv_renderer

COLUMNS = ("Change", "What", *columns.COLUMNS)

HEADER = ",".join(COLUMNS) + "\r\n"


def lines(changes: Iterable[Change], *, escape: bool) -> Iterator[tuple[str, int]]:
    """The rows without their header, one change at a time: its text and how many rows that is.

    With `escape`, formulas are made inert in every column that is not an id.
    """
    render = csv_renderer(escape=escape)
    for change in changes:
        before = f"{change.kind},{change.what},"
        texts = [render(columns.row(change.access, holder)) for holder in change.access.holders]
        yield "".join(f"{before}{text}\r\n" for text in texts), len(texts)
