"""The collectors: each call is made once, with the cheaper strategy, and a refused call loses nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from sso_batch.collect import collectors as module
from sso_batch.model import GROUP, USER, Account, Gap, Grant, ListingStrategy, Outdated, Principal, User
from tests.collect.conftest import Collected, Instance, Strategy, assigned, by, refused

STRATEGIES = pytest.mark.parametrize("strategy", ["complete", "fastest"])


@STRATEGIES
@pytest.mark.parametrize("accounts", [1, 3])
def test_each_call_once(instance: Instance, gaps: list[Gap], strategy: Strategy, accounts: int) -> None:
    """No call is made twice, whichever listing is shorter, and every assignment is found."""
    instance.account_records = instance.account_records[:accounts]
    instance.grants = [grant for grant in instance.grants if int(grant.account_id) <= accounts]
    instance.bare = [("1", "bare")]
    instance.sets.append("bare")

    found = Collected(instance, gaps, strategy)

    assert found.grants == set(instance.grants)
    assert set(instance.asked.values()) == {1}
    assert gaps == []


def test_by_pair(instance: Instance, gaps: list[Gap]) -> None:
    """`complete` lists every provisioned pair, and reports what each strategy costs."""
    found = Collected(instance, gaps, "complete")

    asked = Counter(operation for operation, *_ in instance.asked.elements())
    assert asked["ListAccountAssignments"] == len(instance.pairs) == 4
    assert asked["ListAccountAssignmentsForPrincipal"] == 0
    ((strategy, workload),) = found.reported
    assert (strategy, workload.by_pair, workload.users, workload.groups) == (ListingStrategy.BY_PAIR, 4, 3, 2)


def test_by_principal(instance: Instance, gaps: list[Gap]) -> None:
    """With fewer principals than pairs, principals are listed; a group's assignment is never a user's."""
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ] + [assigned("1", "view", USER, "cid")]

    found = Collected(instance, gaps, "fastest")

    assert [strategy for strategy, _ in found.reported] == [ListingStrategy.BY_PRINCIPAL]
    assert found.grants == set(instance.grants)
    assert {grant.principal for grant in found.grants} == {
        Principal(GROUP, "dev"),
        Principal(USER, "cid"),
    }


def test_by_principal_refused(instance: Instance, gaps: list[Gap]) -> None:
    """If AWS refuses the call by principal, pairs are listed: nothing is lost, without any gap."""
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ]
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(instance, gaps, "fastest")

    assert (found.strategy, found.grants, gaps) == (
        ListingStrategy.BY_PAIR,
        set(instance.grants),
        [],
    )


def test_a_refusal_is_acted_on_at_once(instance: Instance, gaps: list[Gap]) -> None:
    """Pairs are listed as soon as AWS refuses one call by principal, while others are still on their way.

    What those find is kept, and its principals are read.
    """
    started, used = asyncio.Event(), asyncio.Event()

    class SlowForAnn(Instance):
        async def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
            if principal.id != "ann":
                await started.wait()
                raise refused("ListAccountAssignmentsForPrincipal")
            started.set()
            await used.wait()
            for _ in range(20):  # until all other calls have been made
                await asyncio.sleep(0)
            yield [assigned("1", "admin", GROUP, f"group of {principal.id}")]

        async def assignments(self, account_id: str, arn: str) -> AsyncIterator[list[Grant]]:
            used.set()
            async for page in super().assignments(account_id, arn):
                yield page

    instance.__class__ = SlowForAnn
    instance.user_records = instance.user_records[:2]
    instance.member_ids = {"dev": ["ann"]}
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ]

    found = Collected(instance, gaps, "fastest")

    late = Principal(GROUP, "group of ann")
    assert [strategy for strategy, _ in found.reported] == [ListingStrategy.BY_PRINCIPAL]
    assert found.strategy is ListingStrategy.BY_PAIR
    assert found.grants == {*instance.grants, assigned("1", "admin", late.type, late.id)}
    assert found.missing == {late}


@pytest.mark.parametrize("width", [1, 3, 8])
@pytest.mark.parametrize("accounts", [3, 12, 30], ids=["by account", "as many of each", "by permission set"])
def test_by_principal_refused_while_listings_wait(
    monkeypatch: pytest.MonkeyPatch, instance: Instance, gaps: list[Gap], accounts: int, width: int
) -> None:
    """If AWS refuses the calls by principal, the skipped listings are made: nothing is lost."""
    instance.sets = [f"set {number:02}" for number in range(12)]
    instance.account_records = [Account(f"{number}", "", "ACTIVE") for number in range(accounts)]
    instance.grants = [
        assigned(f"{number % accounts}", f"set {number % 12:02}", GROUP, "dev") for number in range(60)
    ]
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    monkeypatch.setattr(module, "_SSO_ADMIN_WIDTH", width)

    found = Collected(instance, gaps, "fastest")

    assert [strategy for strategy, _ in found.reported] == [ListingStrategy.BY_PRINCIPAL]
    assert (found.strategy, found.grants, gaps) == (
        ListingStrategy.BY_PAIR,
        set(instance.grants),
        [],
    )


@STRATEGIES
def test_items_on_two_pages(instance: Instance, gaps: list[Gap], strategy: Strategy) -> None:
    """An item that AWS lists on two pages is read and counted once."""
    instance.repeats = True

    found = Collected(instance, gaps, strategy, outdated=True)

    assert found.grants == set(instance.grants)
    assert found.outdated == tuple(Outdated(*pair) for pair in sorted(instance.pairs))
    assert [member.user_id for member in found.memberships["dev"].members] == ["ann", "bob"]
    assert set(instance.asked.values()) == {1}
    ((_, workload),) = found.reported
    assert (workload.pairs, workload.by_principal) == (4, 5)
    assert gaps == []


def test_a_pair_is_used_before_the_next_page(instance: Instance, gaps: list[Gap]) -> None:
    """The assignments of a pair are listed before the page after it has come."""
    used = asyncio.Event()

    class PageByPage(Instance):
        async def accounts_provisioned_with(
            self, arn: str, *, status: str | None = None
        ) -> AsyncIterator[list[str]]:
            async for page in super().accounts_provisioned_with(arn, status=status):
                yield page
                if arn == "view":
                    await asyncio.wait_for(used.wait(), timeout=5)

        async def assignments(self, account_id: str, arn: str) -> AsyncIterator[list[Grant]]:
            if arn == "view":
                used.set()
            async for page in super().assignments(account_id, arn):
                yield page

    instance.__class__ = PageByPage

    found = Collected(instance, gaps, "complete")

    assert found.grants == set(instance.grants)


def test_no_pair_is_listed_if_principals_are_fewer_from_the_start(
    instance: Instance, gaps: list[Gap]
) -> None:
    """If the listings of pairs alone cost more than all principals, none of them is made."""
    instance.sets = [f"set {number:02}" for number in range(12)]
    instance.account_records = [Account(f"{number}", "", "ACTIVE") for number in range(20)]
    instance.grants = [assigned("1", arn, GROUP, "dev") for arn in instance.sets]

    found = Collected(instance, gaps, "fastest")

    assert found.strategy is ListingStrategy.BY_USER
    assert found.grants == set(instance.grants)
    asked = {operation for operation, *_ in instance.asked}
    assert asked.isdisjoint(
        {"ListAccountsForProvisionedPermissionSet", "ListPermissionSetsProvisionedToAccount"}
    )


def many_listings(instance: Instance, *, accounts_each: int, users: int) -> None:
    """Give an instance 20 permission sets in as many accounts each, and this many users."""
    instance.sets = [f"set {number:02}" for number in range(20)]
    instance.account_records = [Account(f"{number}", "", "ACTIVE") for number in range(30)]
    instance.user_records = [User(f"user {number:02}", "", "", "", "ENABLED") for number in range(users)]
    instance.grants = [
        assigned(f"{number}", arn, USER, "user 00")
        for arn in instance.sets
        for number in range(accounts_each)
    ]


def listed_pairs(instance: Instance) -> list[str]:
    """Return the permission sets whose accounts were listed."""
    operation = "ListAccountsForProvisionedPermissionSet"
    return [ids[0] for called, *ids in instance.asked if called == operation]


def test_a_sample_shows_that_users_are_fewer(instance: Instance, gaps: list[Gap]) -> None:
    """If four listings of pairs, evenly spread, show clearly more pairs than users, no other one is made."""
    many_listings(instance, accounts_each=10, users=60)

    found = Collected(instance, gaps, "fastest")

    assert sorted(listed_pairs(instance)) == ["set 00", "set 05", "set 10", "set 15"]
    assert found.grants == set(instance.grants)


def test_a_sample_does_not_show_that_users_are_fewer(instance: Instance, gaps: list[Gap]) -> None:
    """If the sample does not show it clearly, listings are made until it is certain."""
    many_listings(instance, accounts_each=10, users=160)

    found = Collected(instance, gaps, "fastest")

    assert 15 <= len(listed_pairs(instance)) <= 20
    assert found.strategy is not ListingStrategy.BY_PAIR
    assert found.grants == set(instance.grants)


def test_pairs_are_listed_while_users_still_come(instance: Instance, gaps: list[Gap]) -> None:
    """Listings go on as soon as more users are known than the sample lets expect pairs."""
    many_listings(instance, accounts_each=1, users=100)
    listed = asyncio.Event()

    class SlowUsers(Instance):
        async def users(self) -> AsyncIterator[list[User]]:
            async for page in super().users():
                yield page
            await listed.wait()

        async def accounts_provisioned_with(
            self, arn: str, *, status: str | None = None
        ) -> AsyncIterator[list[str]]:
            async for page in super().accounts_provisioned_with(arn, status=status):
                yield page
            if len(listed_pairs(self)) == len(self.sets):
                listed.set()

    instance.__class__ = SlowUsers

    found = Collected(instance, gaps, "fastest")

    assert found.strategy is ListingStrategy.BY_PAIR
    assert found.grants == set(instance.grants)


def test_a_sample_and_a_refusal(instance: Instance, gaps: list[Gap]) -> None:
    """If AWS refuses the calls by principal, the listings that the sample left out are made."""
    many_listings(instance, accounts_each=10, users=60)
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(instance, gaps, "fastest")

    assert sorted(listed_pairs(instance)) == instance.sets
    assert (found.strategy, found.grants, gaps) == (ListingStrategy.BY_PAIR, set(instance.grants), [])


@STRATEGIES
def test_accounts_not_listed(instance: Instance, gaps: list[Gap], strategy: Strategy) -> None:
    """If accounts cannot be listed, pairs are listed by permission set: no assignment is lost."""
    instance.sets = [f"set {number}" for number in range(5)]
    instance.grants = [assigned("7", arn, USER, "ann") for arn in instance.sets]
    instance.refusals["ListAccounts"] = refused("ListAccounts")

    found = Collected(instance, gaps, strategy)

    assert found.grants == set(instance.grants)
    assert by(gaps) == {"ListAccounts": ["organization"]}


@STRATEGIES
def test_permission_sets_not_listed(instance: Instance, gaps: list[Gap], strategy: Strategy) -> None:
    """If permission sets cannot be listed, pairs are listed by account, and each set is described."""
    instance.refusals["ListPermissionSets"] = refused("ListPermissionSets")

    found = Collected(instance, gaps, strategy)

    assert found.grants == set(instance.grants)
    assert {permission_set.name for permission_set in found.permission_sets.values()} == {
        "name of admin",
        "name of view",
    }
    assert by(gaps) == {"ListPermissionSets": ["instance"]}


def test_principals_not_listed(instance: Instance, gaps: list[Gap]) -> None:
    """If principals cannot be listed, `fastest` lists by pair, which does not need them."""
    instance.refusals["ListUsers"] = refused("ListUsers")

    found = Collected(instance, gaps, "fastest")

    assert (found.strategy, found.grants) == (ListingStrategy.BY_PAIR, set(instance.grants))
    assert by(gaps) == {"ListUsers": ["store"]}


@pytest.mark.parametrize(
    ("operation", "resources"),
    [
        ("ListAccountAssignments", {"1 admin", "1 view", "2 view", "3 view"}),
        ("ListAccountsForProvisionedPermissionSet", {"admin", "view"}),
        ("DescribePermissionSet", {"admin", "view"}),
    ],
)
def test_gaps(instance: Instance, gaps: list[Gap], operation: str, resources: set[str]) -> None:
    """Each failed call is a gap for its own resource."""
    instance.refusals[operation] = refused(operation)

    Collected(instance, gaps, "complete")

    assert {key: set(value) for key, value in by(gaps).items()} == {operation: resources}


@pytest.mark.parametrize("refused_set", ["admin", "view"])
def test_a_listing_that_fails_last(instance: Instance, gaps: list[Gap], refused_set: str) -> None:
    """If one listing of pairs fails, the pairs of the others are still listed."""
    instance.refusals[f"ListAccountsForProvisionedPermissionSet {refused_set}"] = refused(
        "ListAccountsForProvisionedPermissionSet"
    )

    found = Collected(instance, gaps, "fastest")

    assert found.strategy is ListingStrategy.BY_PAIR
    assert found.grants == {grant for grant in instance.grants if grant.permission_set_arn != refused_set}
    assert by(gaps) == {"ListAccountsForProvisionedPermissionSet": [refused_set]}


def test_unlisted_and_missing(instance: Instance, gaps: list[Gap]) -> None:
    """A principal that has access and is not listed is read once before it counts as missing."""
    instance.unlisted = {"dan": User("dan", "dan", "Dan", "", "ENABLED")}
    instance.member_ids["dev"] += ["dan", "eve"]
    instance.grants += [assigned("2", "view", USER, "dan"), assigned("2", "view", GROUP, "gone")]

    found = Collected(instance, gaps, "complete")

    assert found.users["dan"].name == "Dan"
    assert found.missing == {Principal(USER, "eve"), Principal(GROUP, "gone")}
    assert set(instance.asked.values()) == {1}
    assert gaps == []


def test_members_of_a_group_that_is_there(instance: Instance, gaps: list[Gap]) -> None:
    """A group that exists and whose members AWS does not find is a gap, not an empty group."""
    del instance.member_ids["dev"]
    instance.unlisted = {"dev": instance.group_records[0]}

    found = Collected(instance, gaps, "complete")

    assert "dev" not in found.memberships
    assert by(gaps) == {"ListGroupMemberships": ["dev"]}


def test_a_principal_of_an_unknown_type(instance: Instance, gaps: list[Gap]) -> None:
    """A principal of an unknown type is a gap, and its assignment is kept."""
    instance.grants.append(assigned("1", "view", "ROBOT", "r2"))

    found = Collected(instance, gaps, "complete")

    assert found.grants == set(instance.grants)
    assert ("ListAccountAssignments", "UnknownPrincipalType") in {(gap.operation, gap.code) for gap in gaps}
