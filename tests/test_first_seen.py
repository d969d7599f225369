"""The dates that complete snapshots hand on."""

from dataclasses import replace

from sso_batch.access import resolve
from sso_batch.first_seen import carry_first_seen, is_known, without_first_seen
from sso_batch.model import GROUP, Group, Membership, Principal, Snapshot
from sso_batch.model import Member as MemberRecord
from tests.support.records import FINISHED, STARTED, gap, grant, membership_of, snapshot, user

ANN, OPS = Principal("USER", "u-1"), Principal(GROUP, "g-1")
JANUARY, FEBRUARY = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
NOW = "2026-03-04T05:06:07Z"


def with_dates(records: Snapshot, date: str | None) -> Snapshot:
    """Return a snapshot whose grants and memberships were first seen at a date."""
    return replace(
        records,
        grants=tuple(replace(each, first_seen=date) for each in records.grants),
        memberships=tuple(
            Membership(each.group_id, tuple(replace(member, first_seen=date) for member in each.members))
            for each in records.memberships
        ),
    )


def dates(records: Snapshot) -> list[str | None]:
    """Return the dates of grants, then of memberships."""
    members = [member.first_seen for each in records.memberships for member in each.members]
    return [*(each.first_seen for each in records.grants), *members]


def test_new_and_known() -> None:
    """What an earlier snapshot has keeps its date; the rest was first seen by this run."""
    old = with_dates(snapshot(grants=(grant(OPS),), memberships=(membership_of("g-1", ["u-1"]),)), JANUARY)
    new = snapshot(grants=(grant(OPS), grant(ANN)), memberships=(membership_of("g-1", ["u-1", "u-2"]),))

    carried = carry_first_seen(new, [old], run_started=STARTED)

    assert dates(carried) == [JANUARY, NOW, JANUARY, NOW]


def test_incomplete() -> None:
    """No complete run has had what only an incomplete run has."""
    new = snapshot(grants=(grant(OPS), grant(ANN)), gaps=(gap(),))
    old = with_dates(snapshot(grants=(grant(ANN),)), JANUARY)

    assert dates(carry_first_seen(new, [old], run_started=STARTED)) == ["", JANUARY]


def test_the_earliest_date_counts() -> None:
    """Of several earlier snapshots, such as one of each strategy, the earliest date counts."""
    new = snapshot(grants=(grant(ANN),))
    earlier = [with_dates(new, FEBRUARY), with_dates(new, JANUARY)]

    assert dates(carry_first_seen(new, earlier, run_started=FINISHED)) == [JANUARY]
    assert dates(carry_first_seen(new, earlier[::-1], run_started=FINISHED)) == [JANUARY]


def test_unknown_dates() -> None:
    """A snapshot whose run could not find out about earlier ones counts from its own start."""
    old = without_first_seen(snapshot(grants=(grant(ANN),), memberships=(membership_of("g-1", ["u-1"]),)))

    assert dates(old) == [None, None]
    assert not is_known(old)
    assert dates(carry_first_seen(old, [old], run_started=FINISHED)) == [NOW, NOW]


def test_a_row_needs_the_grant_and_the_membership() -> None:
    """A row through a group was first seen when both were there; if one date is unknown, so is the row's."""
    seen = {
        (a, b): first_seen_of_row(a, b)
        for a in (JANUARY, FEBRUARY, None, "")
        for b in (JANUARY, FEBRUARY, None, "")
    }

    assert seen[JANUARY, FEBRUARY] == seen[FEBRUARY, JANUARY] == seen[FEBRUARY, FEBRUARY] == FEBRUARY
    assert seen[JANUARY, JANUARY] == JANUARY
    assert {seen[JANUARY, None], seen[None, JANUARY], seen[None, None]} == {"NOT_READ"}
    assert {date for pair, date in seen.items() if "" in pair} == {""}


def first_seen_of_row(of_grant: str | None, of_member: str | None) -> str:
    """Return FirstSeen of a row through a group."""
    records = snapshot(
        users=(user(),),
        groups=(Group("g-1", "Ops"),),
        memberships=(Membership("g-1", (MemberRecord("u-1", first_seen=of_member),)),),
        grants=(replace(grant(OPS), first_seen=of_grant),),
    )
    (access,) = resolve(records)
    return access.first_seen(access.holders[0])
