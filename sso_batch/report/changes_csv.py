"""The changes CSV: what changed, and the row of the access report."""

from collections.abc import Iterable, Iterator, Sequence

from sso_batch.review.comparison import Change
from sso_batch.run_files import columns
from sso_batch.run_files.columns import columns_with, csv_renderer


def columns_of_changes(people: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the columns, with the attributes that `people` names."""
    return ("Change", "What", *columns_with(people))


def header(people: Iterable[str] = ()) -> str:
    """Return the first line, with the attributes that `people` names."""
    return ",".join(columns_of_changes(people)) + "\r\n"


def lines(
    changes: Iterable[Change], *, escape: bool, people: Sequence[str] = ()
) -> Iterator[tuple[str, int]]:
    """Yield the text of each change, without the header, and how many rows it has.

    With `escape`, formulas are escaped in every column that is not an id.
    """
    render = csv_renderer(escape=escape)
    for change in changes:
        prefix = f"{change.kind},{change.what},"
        rows = [render(columns.row(change.access, holder, people)) for holder in change.access.holders]
        yield "".join(f"{prefix}{row}\r\n" for row in rows), len(rows)
