"""The access CSV: a header, and one line for each access path of each user."""

from collections.abc import Iterable, Iterator

from sso_batch.access import Access, Holder
from sso_batch.model import Principal
from sso_batch.run_files import columns
from sso_batch.run_files.columns import COLUMNS, csv_renderer

HEADER = ",".join(COLUMNS) + "\r\n"


def lines(accesses: Iterable[Access], *, escape: bool) -> Iterator[tuple[str, int]]:
    """Yield the rows without their header, one grant at a time, as text and its number of rows.

    With `escape`, formulas are escaped in every column that is not an id. Cells about a user are rendered
    once for each user and group, cells about a grant once for each grant.
    """
    render = csv_renderer(escape=escape)
    rendered: dict[Principal, list[tuple[str, str, str]]] = {}
    users: dict[Holder, tuple[str, str, str]] = {}

    def render_holder(holder: Holder) -> tuple[str, str, str]:
        if holder not in users:
            users[holder] = (
                render(columns.person(holder)),
                render(columns.identity(holder)),
                render(columns.state(holder)),
            )
        return users[holder]

    for access in accesses:
        target = f",{render(columns.target(access))},"
        group = f",{render(columns.group(access))},"
        details = f",{render(columns.details(access))}\r\n"
        principal = access.grant.principal
        if principal not in rendered:
            rendered[principal] = [render_holder(holder) for holder in access.holders]
        holders = rendered[principal]
        yield (
            "".join(
                [f"{person}{target}{identity}{group}{state}{details}" for person, identity, state in holders]
            ),
            len(holders),
        )
