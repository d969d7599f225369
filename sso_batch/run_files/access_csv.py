"""The access CSV: a header, and a line for each user's way to each grant."""

from collections.abc import Iterable, Iterator

from sso_batch.access import Access, Holder
from sso_batch.model import Principal
from sso_batch.run_files import columns
from sso_batch.run_files.columns import COLUMNS, csv_renderer

HEADER = ",".join(COLUMNS) + "\r\n"


def lines(accesses: Iterable[Access], *, escape: bool) -> Iterator[tuple[str, int]]:
    """The rows without their header, one grant at a time: its text and how many rows that is.

    With `escape`, formulas are made inert in every column that is not an id. What tells of a user is
    rendered once for each user and group, what tells of a grant once for each grant.
    """
    render = csv_renderer(escape=escape)
    rendered: dict[Principal, list[tuple[str, str, str]]] = {}
    users: dict[Holder, tuple[str, str, str]] = {}

    def of(holder: Holder) -> tuple[str, str, str]:
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
            rendered[principal] = [of(holder) for holder in access.holders]
        holders = rendered[principal]
        yield (
            "".join(
                [f"{person}{target}{identity}{group}{state}{details}" for person, identity, state in holders]
            ),
            len(holders),
        )
