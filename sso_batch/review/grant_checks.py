"""The checks that look at one grant after the other; what each finds is one grant. Pure.

Each gives what it found, and beside it what it could not look at.
"""

from collections.abc import Iterator, Sequence

from sso_batch.coverage import Omission
from sso_batch.model import GROUP, IAM_ROLE, USER, Principal
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import Facts, Hit, Hole

_CLOSED = {"CLOSED": "closed", "PENDING_CLOSURE": "about to be closed", "SUSPENDED": "suspended"}
"""States in which an account is of no use; SUSPENDED was AWS's word for a closed one until 2026."""


def admin_access(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A grant of a permission set that makes administrators, as `admin` has it; to anybody, anywhere."""
    for grant in facts.admin_grants:
        yield Hit.of(grant, f"is administrator by {facts.verdicts[grant.permission_set_arn].reason}")
    yield from facts.unread_policies()
    yield from facts.unread_grants()


def management_account_access(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A grant, of a permission set or a role, on the account that manages the organization."""
    management = facts.snapshot.instance.management_account_id
    if management is None:
        yield Hole("which account is the management account")
    for grant in facts.grants:
        if grant.account_id == management:
            yield Hit.of(grant, "has access to the management account")
    yield from facts.unread_grants()


def direct_grant(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A grant to a user and not to a group; one to a user who no longer exists is an orphaned grant alone."""
    for grant in facts.grants:
        if grant.principal.type == USER and grant.principal not in facts.missing:
            yield Hit.of(grant, "holds a grant as a user and not through a group")
    yield from facts.unread_grants()


def orphaned_grant(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A grant to a user or group of whom AWS says that there is none."""
    for grant in facts.grants:
        if grant.principal in facts.missing:
            yield Hit.of(grant, "no longer exists and still has a grant")
    if unread := sum(facts.is_unread(principal) for principal in facts.by_principal):
        yield Hole(f"users and groups that were not read: {unread}")
    if facts.snapshot.omits(Omission.ORPHANED_ASSIGNMENTS):
        yield Hole(Omission.ORPHANED_ASSIGNMENTS)
    yield from facts.unread_grants()


def empty_group_grant(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A grant to a group that exists and has no members; one with members who are gone is not empty."""
    for grant in facts.grants:
        if grant.principal.type == GROUP and facts.members.get(grant.principal.id) == ():
            yield Hit.of(grant, "has a grant and no members")
    yield from facts.unread_members()
    yield from facts.unread_grants()


def closed_account_grant(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """A grant on an account that is closed, about to be, suspended, or no longer in the organization."""
    unknown = set()
    for grant in facts.grants:
        account = facts.accounts.get(grant.account_id)
        if account is not None and account.state in _CLOSED:
            yield Hit.of(grant, f"has a grant on an account that is {_CLOSED[account.state]}")
        elif account is None and facts.snapshot.accounts_complete:
            yield Hit.of(grant, "has a grant on an account that is not in the organization")
        elif account is None:
            unknown.add(grant.account_id)
    if unknown:
        yield Hole(f"accounts that were not read: {len(unknown)}")
    yield from facts.unread_grants()


def entitlement_bypass(facts: Facts, _: Rules) -> Iterator[Hit | Hole]:
    """An entitlement to an IAM role in an account in which permission sets are assigned, to anybody.

    Whoever reviews such an account by its permission sets thinks they see all of its access. Where an
    account has entitlements alone they are its way in and go past nothing. What the same user or group
    holds there as a permission set is named.
    """
    assigned: dict[str, dict[Principal, list[str]]] = {}
    for grant in facts.grants:
        if grant.access_type != IAM_ROLE:
            held = assigned.setdefault(grant.account_id, {}).setdefault(grant.principal, [])
            held.append(facts.permission_set(grant.permission_set_arn).name or grant.permission_set_arn)
    for grant in facts.grants:
        if grant.access_type == IAM_ROLE and grant.account_id in assigned:
            yield Hit.of(grant, _beside(assigned[grant.account_id].get(grant.principal, ())))
    if facts.snapshot.omits(Omission.ENTITLEMENTS):
        yield Hole(Omission.ENTITLEMENTS)
    yield from (hole for hole in facts.unread_grants() if hole.what != Omission.ENTITLEMENTS)


def _beside(held: Sequence[str]) -> str:
    told = f", which are {', '.join(sorted(held))} for the same principal" if held else ""
    return f"may assume an IAM role beside the account's permission sets{told}"
