"""Tests of proofs: what a later snapshot says about access that was to be revoked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.campaign.item import Item
from sso_batch.campaign.population import Population
from sso_batch.campaign.proof import ProvedItem, Prover, Result, incomparable_reason, not_read
from sso_batch.campaign.record import ReviewedOrganization
from sso_batch.campaign.reviewers import Reviewers
from sso_batch.config import Campaign
from sso_batch.coverage import NotExamined, Omission
from sso_batch.model import GROUP, USER, Grant, Group, Principal, Snapshot
from tests.review.reviews import ANN, EVERYTHING, OPS, allowing, organization, permission_set
from tests.support.records import entitlement, gap, grant, membership_of, user

PROD, MANAGEMENT = "111111111111", "000000000001"
READER = "arn:aws:sso:::permissionSet/ssoins-1/ps-reader"
BOB, DEVELOPERS = Principal(USER, "u-2"), Principal(GROUP, "g-2")


def world(*grants: Grant, ops: Sequence[str] = ("u-1",), developers: Sequence[str] = ()) -> Snapshot:
    """Return an organization with two users, two groups, an administrator's permission set and a reader's."""
    return organization(
        users=(user(), user("u-2", "Bob Ray")),
        groups=(Group("g-1", "Ops"), Group("g-2", "Developers")),
        memberships=(membership_of("g-1", ops), membership_of("g-2", developers)),
        permission_sets=(
            permission_set(inline_policy=EVERYTHING),
            permission_set(arn=READER, name="Reader", inline_policy=allowing("s3:GetObject")),
        ),
        grants=grants,
    )


def items_of(snapshot: Snapshot) -> list[Item]:
    """Return the population of a snapshot."""
    population = Population(Reviewers(Campaign(fallback=("security@example.com",))))
    population.add(snapshot, ())
    return list(population.finish(()))


def reviewed(snapshot: Snapshot) -> ReviewedOrganization:
    """Return the organization of a snapshot, as a campaign records it."""
    return ReviewedOrganization(
        name=snapshot.organization,
        instance_arn=snapshot.instance.arn,
        identity_store_id=snapshot.instance.identity_store_id,
        region="eu-west-1",
        organization_id=None,
        management_account_id=None,
        caller_account_id=snapshot.instance.caller_account_id,
        started_at=snapshot.started_at,
        items=0,
        snapshot_sha256="0" * 64,
        not_examined=tuple(each.text for each in snapshot.not_examined),
    )


def proved(before: Snapshot, after: Snapshot, who: str, kind: str = "assignment") -> ProvedItem:
    """Return the result for the only item of this kind about somebody."""
    items = items_of(before)
    (item,) = [each for each in items if (each.who, each.kind) == (who, kind)]
    return Prover(after, reviewed(before), items).prove(item)


def test_still_there() -> None:
    """The same assignment exists."""
    same = world(grant(ANN, PROD))

    assert proved(same, same, "Ann Lee").result is Result.STILL_THERE


def test_gone() -> None:
    """The assignment does not exist, and the user has no other access to the account."""
    found = proved(world(grant(ANN, PROD)), world(grant(ANN, MANAGEMENT), grant(BOB, PROD)), "Ann Lee")

    assert (found.result, found.detail) == (Result.GONE, "")


def test_another_path_of_a_user() -> None:
    """The user reaches the account with the same level through a group, which is named."""
    found = proved(world(grant(ANN, PROD)), world(grant(OPS, PROD)), "Ann Lee")

    assert found.result is Result.REACHABLE_OTHERWISE
    assert found.detail == "Ann Lee has Admin in Prod (ADMINISTRATOR) through group Ops"


def test_a_lower_level() -> None:
    """Access that allows less is not the same access."""
    found = proved(world(grant(ANN, PROD)), world(grant(ANN, PROD, READER)), "Ann Lee")

    assert found.result is Result.GONE


def test_a_higher_level() -> None:
    """Access that allows more includes what was to be revoked."""
    found = proved(world(grant(ANN, PROD, READER)), world(grant(ANN, PROD)), "Ann Lee")

    assert found.result is Result.REACHABLE_OTHERWISE


def test_members_of_a_group_now_and_then() -> None:
    """A group's assignment is gone; everyone who was or is a member may have another path."""
    before = world(grant(OPS, PROD), ops=("u-1",))
    former = world(grant(ANN, PROD), ops=("u-2",))
    new = world(grant(BOB, PROD), ops=("u-2",))

    assert proved(before, former, "Ops").detail == "Ann Lee has Admin in Prod (ADMINISTRATOR) directly"
    assert proved(before, new, "Ops").detail == "Bob Ray has Admin in Prod (ADMINISTRATOR) directly"


def test_a_membership() -> None:
    """A membership is gone, but another group gives the same in one of the accounts."""
    before = world(grant(OPS, PROD), grant(OPS, MANAGEMENT, READER))
    left = world(*before.grants, ops=())
    other = world(*before.grants, grant(DEVELOPERS, MANAGEMENT, READER), ops=(), developers=("u-1",))

    assert proved(before, before, "Ann Lee", "membership").result is Result.STILL_THERE
    assert proved(before, left, "Ann Lee", "membership").result is Result.GONE
    found = proved(before, other, "Ann Lee", "membership")
    assert found.result is Result.REACHABLE_OTHERWISE
    assert found.detail == "Ann Lee has Reader in Management (READ) through group Developers"


def test_a_membership_of_a_group_that_has_lost_its_access() -> None:
    """What the group gave when the campaign was opened counts, although it gives nothing now."""
    before = world(grant(OPS, PROD))
    after = world(grant(ANN, PROD), ops=())

    assert proved(before, after, "Ann Lee", "membership").result is Result.REACHABLE_OTHERWISE


def test_unread_level() -> None:
    """Other access to the account may allow as much, because the policies of its role are not read."""
    found = proved(world(grant(ANN, PROD)), world(entitlement(ANN, PROD)), "Ann Lee")

    assert found.result is Result.NOT_READ
    assert "Ann Lee has Audit in Prod (not read: policies of the IAM role) directly" in found.detail


def test_item_whose_level_was_not_read() -> None:
    """Any other access to the account may be the same."""
    found = proved(world(entitlement(ANN, PROD)), world(grant(ANN, PROD, READER)), "Ann Lee")

    assert found.result is Result.REACHABLE_OTHERWISE


def test_what_the_run_left_out() -> None:
    """An entitlement is not gone if entitlements were not read, nor an orphan if these cannot be seen."""
    empty = world()
    without = replace(empty, not_examined=(NotExamined.by_collection(Omission.ENTITLEMENTS),))
    assert proved(world(entitlement(ANN, PROD)), without, "Ann Lee").result is Result.NOT_READ
    assert proved(world(entitlement(ANN, PROD)), empty, "Ann Lee").result is Result.GONE

    gone = Principal(USER, "u-9")
    orphan = replace(world(grant(gone, PROD)), missing=(gone,))
    unseen = replace(empty, not_examined=(NotExamined.by_collection(Omission.UNLISTED_PRINCIPALS),))
    assert proved(orphan, unseen, "deleted user u-9").result is Result.NOT_READ
    assert proved(orphan, empty, "deleted user u-9").result is Result.GONE


def test_membership_that_a_provider_manages() -> None:
    """The detail says where to remove it."""
    before = world(grant(OPS, PROD))
    (item,) = [each for each in items_of(before) if each.kind == "membership"]
    managed = replace(item, managed_by="https://scim.example.com")

    detail = Prover(before, reviewed(before), [managed]).prove(managed).detail

    assert (
        detail == "to be removed in the identity provider, which manages the group: https://scim.example.com"
    )


def test_incomparable() -> None:
    """A snapshot that is incomplete, older or of another instance proves nothing."""
    same = world(grant(ANN, PROD))
    organization = reviewed(same)

    assert incomparable_reason(same, organization) == ""
    other = replace(same, instance=replace(same.instance, arn="arn:aws:sso:::instance/ssoins-2"))
    assert incomparable_reason(other, organization).startswith("this run read another instance")
    partial = replace(same, gaps=(gap(),))
    assert incomparable_reason(partial, organization).startswith("the organization is incomplete")
    older = replace(same, started_at=same.started_at - timedelta(days=1))
    assert incomparable_reason(older, organization).startswith("this run read the organization before")
    (found,) = not_read(items_of(same)[:1], "why")
    assert (found.result, found.detail) == (Result.NOT_READ, "why")


def test_members_that_were_not_listed() -> None:
    """A run lists the members of groups that have access: of others, it says nothing."""
    before = world(grant(OPS, PROD))
    unlisted = replace(world(), memberships=())
    unread = replace(before, memberships=())
    deleted = replace(unlisted, groups=())

    found = proved(before, unlisted, "Ann Lee", "membership")
    assert found.result is Result.NOT_READ
    assert "its members were not read: it gives no access now" in found.detail
    assert proved(before, unread, "Ann Lee", "membership").detail == "the members of the group were not read"
    assert proved(before, deleted, "Ann Lee", "membership").result is Result.GONE
    (item,) = [each for each in items_of(before) if each.kind == "membership"]
    assert not Prover(unlisted, reviewed(before), ()).lacks(item)


def test_person_with_a_new_user() -> None:
    """A user who was deleted and created again is the same person if the email address is the same."""
    before = world(grant(ANN, PROD))
    again = replace(user("u-77"), email=" U-1@example.com", name="Ann Lee")
    after = replace(world(grant(Principal(USER, "u-77"), PROD)), users=(again,))

    found = proved(before, after, "Ann Lee")

    assert found.result is Result.REACHABLE_OTHERWISE
    assert found.detail == "Ann Lee has Admin in Prod (ADMINISTRATOR) directly"


def test_group_that_gives_more_now() -> None:
    """The level that was to be revoked counts, and not what the group gives now."""
    before = world(grant(OPS, PROD, READER))
    after = world(grant(OPS, PROD), grant(ANN, PROD, READER), ops=())

    assert proved(before, after, "Ann Lee", "membership").result is Result.REACHABLE_OTHERWISE


def test_items_that_nobody_decided_say_what_a_group_gave() -> None:
    """After the group itself is gone, only the population says what it gave."""
    before = world(grant(OPS, PROD))
    items = items_of(before)
    (membership,) = [each for each in items if each.kind == "membership"]
    later = world(grant(DEVELOPERS, PROD), ops=(), developers=("u-1",))
    after = replace(later, groups=(Group("g-2", "Developers"),))

    found = Prover(after, reviewed(before), items).prove(membership)

    assert found.result is Result.REACHABLE_OTHERWISE


def test_other_access_that_the_run_cannot_see() -> None:
    """Entitlements that only the reviewed run could see may be another path."""
    before = world(grant(ANN, PROD))
    without = replace(world(), not_examined=(NotExamined.by_collection(Omission.ENTITLEMENTS),))
    elsewhere = replace(
        world(), instance=replace(before.instance, caller_arn="arn:aws:sts::222222222222:assumed-role/A/b")
    )
    unknown = replace(world(), not_examined=(NotExamined.of_unknown_kind(3, "entitlements", "x"),))

    for after in (without, elsewhere, unknown):
        found = proved(before, after, "Ann Lee")
        assert found.result is Result.NOT_READ
        assert found.detail.startswith("other access may be hidden: ")
    assert (
        proved(replace(before, not_examined=without.not_examined), without, "Ann Lee").result is Result.GONE
    )
    assert (
        proved(replace(before, not_examined=unknown.not_examined), unknown, "Ann Lee").result is Result.GONE
    )


def test_user_who_was_deleted_since() -> None:
    """Listing by principal does not show the assignment of a user who does not exist any more."""
    before = world(grant(ANN, PROD))
    unlisted = NotExamined.by_collection(Omission.UNLISTED_PRINCIPALS)
    after = replace(world(), users=(user("u-2"),), missing=(ANN,), not_examined=(unlisted,))

    assert proved(before, after, "Ann Lee").result is Result.NOT_READ
    assert proved(before, replace(world(), not_examined=(unlisted,)), "Ann Lee").result is Result.GONE


_principals = st.sampled_from([ANN, BOB, OPS, DEVELOPERS])
_grants = st.lists(
    st.builds(grant, _principals, st.sampled_from([PROD, MANAGEMENT]), st.sampled_from([READER])), unique=True
)
_members = st.sets(st.sampled_from(["u-1", "u-2"])).map(sorted)


@settings(max_examples=80, deadline=None)
@given(grants=_grants, ops=_members, developers=_members, data=st.data())
def test_each_item_for_itself(
    grants: list[Grant], ops: list[str], developers: list[str], data: st.DataObject
) -> None:
    """Everything is there in the same snapshot; without one grant, only that item is not there any more."""
    before = world(*grants, ops=ops, developers=developers)
    items = items_of(before)
    same = Prover(before, reviewed(before), items)
    assert {same.prove(item).result for item in items} <= {Result.STILL_THERE}
    if not grants:
        return
    removed = data.draw(st.sampled_from(grants))
    after = world(*(each for each in grants if each != removed), ops=ops, developers=developers)
    later = Prover(after, reviewed(before), items)

    absent = [item for item in items if later.prove(item).result is not Result.STILL_THERE]

    (item,) = absent
    assert (item.account_id, item.principal_id, item.permission_set_arn) == (
        removed.account_id,
        removed.principal.id,
        removed.permission_set_arn,
    )
