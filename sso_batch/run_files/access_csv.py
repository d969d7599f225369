"""The access CSV: a header, and one line for each access path of each user."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat

from sso_batch.access import Access, Holder
from sso_batch.model import Principal
from sso_batch.run_files import columns
from sso_batch.run_files.columns import Cells, columns_with, csv_renderer


def header(people: Iterable[str] = ()) -> str:
    """Return the first line of a report with the attributes that `people` names."""
    return ",".join(columns_with(people)) + "\r\n"


def lines(
    accesses: Iterable[Access], *, escape: bool, people: Sequence[str] = ()
) -> Iterator[tuple[str, int]]:
    """Yield the rows without their header, one grant at a time, as text and its number of rows.

    With `escape`, formulas are escaped in every column that is not an id. Cells about a user are rendered
    once for each user, those about a membership once for each group, those about a grant once for each grant.
    """
    rendering = _Rendering(csv_renderer(escape=escape), people)
    for access in accesses:
        rows = rendering.rows(access)
        yield "".join(rows), len(rows)


_RenderedHolder = tuple[str, str, str, str, str]
"""A holder's person, identity, state, membership and further details: the same for all grants of a group."""


class _Rendering:
    """Renders rows, and keeps the parts that many rows share."""

    def __init__(self, render: Callable[[Cells], str], people: Sequence[str]) -> None:
        self._render = render
        self._people = people
        self._users: dict[Holder, tuple[str, str, str, str]] = {}
        self._principals: dict[Principal, tuple[list[_RenderedHolder], str | None]] = {}

    def rows(self, access: Access) -> list[str]:
        """Return the lines of one grant."""
        render = self._render
        target = f",{render(columns.target(access))},"
        group = f",{render(columns.group(access))},"
        details = f",{render(columns.details(access))},"
        holders, newest = self._of_principal(access)
        return [
            f"{person}{target}{identity}{group}{state}{details}{membership},{first_seen},{further}\r\n"
            for (person, identity, state, membership, further), first_seen in zip(
                holders, _first_seen(access, newest), strict=False
            )
        ]

    def _of_principal(self, access: Access) -> tuple[list[_RenderedHolder], str | None]:
        """Return the holders of a grant, and when their newest membership was first seen, rendered."""
        known = self._principals.get(access.grant.principal)
        if known is None:
            rendered = [self._holder(access, holder) for holder in access.holders]
            known = self._principals[access.grant.principal] = rendered, _newest_membership(access)
        return known

    def _holder(self, access: Access, holder: Holder) -> _RenderedHolder:
        render = self._render
        if holder not in self._users:
            self._users[holder] = (
                render(columns.person(holder)),
                render(columns.identity(holder)),
                render(columns.state(holder)),
                render(columns.user_details(holder, self._people)),
            )
        person, identity, state, details = self._users[holder]
        return person, identity, state, render(columns.membership(access, holder)), details


def _first_seen(access: Access, newest: str | None) -> Iterable[str]:
    """Return the cell FirstSeen of each holder; usually the grant is newer than the `newest` membership."""
    seen = access.assignment.first_seen
    if newest is not None and seen >= newest:
        return repeat(seen)
    return map(access.first_seen, access.holders)


def _newest_membership(access: Access) -> str | None:
    """Return when the newest membership was first seen; None if no complete run has seen one of them."""
    seen = [membership.first_seen for membership in access.memberships.values()]
    return max(seen, default="") if all(seen) else None
