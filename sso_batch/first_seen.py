"""Since when runs have seen each grant and membership: dates that complete snapshots hand on. Pure.

What an earlier run could not see says nothing: listing by principal shows fewer assignments, and entitlements
can be left out. So the dates come from the newest complete snapshot of each kind.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sso_batch.coverage import NotExamined, Omission
from sso_batch.dates import format_date
from sso_batch.model import Grant, Membership, Snapshot

K = TypeVar("K")

_HIDING = frozenset({Omission.UNLISTED_PRINCIPALS, Omission.ENTITLEMENTS})


def blind_spots(not_examined: Iterable[NotExamined]) -> frozenset[Omission | str]:
    """Return which grants a run could not see, by what it did not examine."""
    return frozenset(item.what for item in not_examined if item.what in _HIDING)


def carry_first_seen(snapshot: Snapshot, earlier: Sequence[Snapshot], *, run_started: datetime) -> Snapshot:
    """Return the snapshot with the date of each grant and membership.

    A grant that no earlier snapshot has was first seen by this run, or by no complete run yet if this one is
    incomplete.
    """
    new = format_date(run_started) if snapshot.complete else ""
    grants = _earliest({grant: _date(grant.first_seen, each) for grant in each.grants} for each in earlier)
    members = _earliest(
        {
            (membership.group_id, member.user_id): _date(member.first_seen, each)
            for membership in each.memberships
            for member in membership.members
        }
        for each in earlier
    )
    return _dated(
        snapshot,
        lambda grant: grants.get(grant, new),
        lambda group_id, user_id: members.get((group_id, user_id), new),
    )


def without_first_seen(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot of a run that could not find out about earlier runs: every date is unknown."""
    return _dated(snapshot, lambda _grant: None, lambda _group_id, _user_id: None)


def is_known(snapshot: Snapshot) -> bool:
    """Return whether a snapshot has dates to hand on, and not only its own."""
    return all(grant.first_seen is not None for grant in snapshot.grants)


def _dated(
    snapshot: Snapshot,
    of_grant: Callable[[Grant], str | None],
    of_member: Callable[[str, str], str | None],
) -> Snapshot:
    """Return the snapshot with these dates of its grants, and of its members by group and user."""
    return replace(
        snapshot,
        grants=tuple(replace(grant, first_seen=of_grant(grant)) for grant in snapshot.grants),
        memberships=tuple(
            Membership(
                group.group_id,
                tuple(
                    replace(member, first_seen=of_member(group.group_id, member.user_id))
                    for member in group.members
                ),
            )
            for group in snapshot.memberships
        ),
    )


def _date(first_seen: str | None, snapshot: Snapshot) -> str:
    """Return a date; if it is unknown, the snapshot itself is the first known one that had the grant."""
    return first_seen or format_date(snapshot.started_at)


def _earliest(dates: Iterable[Mapping[K, str]]) -> dict[K, str]:
    found: dict[K, str] = {}
    for each in dates:
        for key, date in each.items():
            if key not in found or date < found[key]:
                found[key] = date
    return found
