"""Assignments: each call is made once, with the cheaper strategy, and none is lost if AWS refuses one."""

from collections import Counter
from typing import Any

import pytest

from sso_batch.collect.accounts import Accounts
from sso_batch.collect.grants import Grants
from sso_batch.collect.identity_store import IdentityStore
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.strategy import ListingStrategy, Workload
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GROUP, USER, Account, Gap, GapKind, Principal, Subject, User
from tests.collect.conftest import Instance, assigned, by, collect, refused


class Collected:
    """What was collected of an instance with one strategy, or with the cheaper one if it is None."""

    def __init__(
        self,
        instance: Any,  # noqa: ANN401 - a substitute for the API
        gaps: list[Gap],
        strategy: ListingStrategy | None,
        *,
        width: int = 3,
    ) -> None:
        self.reported: list[tuple[ListingStrategy, Workload]] = []

        def start(queue: WorkQueue) -> Any:  # noqa: ANN401 - a function
            self.accounts = Accounts(instance, queue, self._advance, paths=None)
            self.permission_sets = PermissionSets(
                instance, queue, details=False, describe_all=strategy is not None
            )
            self.identity_store = IdentityStore(instance, queue, self._advance)
            self.grants = Grants(
                instance,
                queue,
                self.accounts,
                self.permission_sets,
                self.identity_store,
                strategy=strategy,
                on_strategy=lambda strategy, workload: self.reported.append((strategy, workload)),
            )
            self.permission_sets.start("instance", self._advance)
            self.accounts.start("organization")
            self.identity_store.start("store")
            return [
                self._verify_listings,
                self.grants.verify_pairs,
                lambda: self.accounts.verify({grant.account_id for grant in self.grants.found}),
                self._finish,
            ]

        collect(start, gaps, width=width)

    def _verify_listings(self) -> None:
        self.permission_sets.deletions.verify(Subject(GapKind.PERMISSION_SETS, "instance"))
        self.identity_store.verify()

    def _finish(self) -> None:
        self.grants.forget_accounts(self.accounts.deletions.deleted)
        self.identity_store.finish()
        self.accounts.finish()

    def _advance(self) -> None:
        self.grants.advance()


STRATEGIES = pytest.mark.parametrize("strategy", [ListingStrategy.BY_PAIR, None])


@STRATEGIES
@pytest.mark.parametrize("accounts", [1, 3])
def test_each_call_once(
    instance: Instance, gaps: list[Gap], strategy: ListingStrategy | None, accounts: int
) -> None:
    """No call is made twice, whichever listing is shorter, and every assignment is found."""
    instance.account_records = instance.account_records[:accounts]
    instance.grants = [grant for grant in instance.grants if int(grant.account_id) <= accounts]
    instance.bare = [("1", "bare")]
    instance.sets.append("bare")

    found = Collected(instance, gaps, strategy)

    assert found.grants.found == set(instance.grants)
    assert set(instance.asked.values()) == {1}
    assert gaps == []


def test_by_pair(instance: Instance, gaps: list[Gap]) -> None:
    """`complete` lists every provisioned pair, and reports what each strategy costs."""
    found = Collected(instance, gaps, ListingStrategy.BY_PAIR)

    asked = Counter(operation for operation, *_ in instance.asked.elements())
    assert asked["ListAccountAssignments"] == len(instance.pairs) == 4
    assert asked["ListAccountAssignmentsForPrincipal"] == 0
    ((strategy, workload),) = found.reported
    assert (strategy, workload.by_pair, workload.principals) == (ListingStrategy.BY_PAIR, 4, 5)


def test_by_principal(instance: Instance, gaps: list[Gap]) -> None:
    """With fewer principals than pairs, principals are listed; a group's assignment is never a user's."""
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ] + [assigned("1", "view", USER, "cid")]

    found = Collected(instance, gaps, None)

    assert [strategy for strategy, _ in found.reported] == [ListingStrategy.BY_PRINCIPAL]
    assert found.grants.found == set(instance.grants)
    assert {grant.principal for grant in found.grants.found} == {
        Principal(GROUP, "dev"),
        Principal(USER, "cid"),
    }


def test_by_principal_refused(instance: Instance, gaps: list[Gap]) -> None:
    """If AWS refuses the call by principal, pairs are listed: nothing is lost, without any gap."""
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ]
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(instance, gaps, None)

    assert (found.grants.strategy, found.grants.found, gaps) == (
        ListingStrategy.BY_PAIR,
        set(instance.grants),
        [],
    )


@pytest.mark.parametrize("width", [1, 3, 8])
@pytest.mark.parametrize("accounts", [3, 12, 30], ids=["by account", "as many of each", "by permission set"])
def test_by_principal_refused_while_listings_wait(
    instance: Instance, gaps: list[Gap], accounts: int, width: int
) -> None:
    """If AWS refuses the calls by principal, the skipped listings are made: nothing is lost."""
    instance.sets = [f"set {number:02}" for number in range(12)]
    instance.account_records = [Account(f"{number}", "", "ACTIVE") for number in range(accounts)]
    instance.grants = [
        assigned(f"{number % accounts}", f"set {number % 12:02}", GROUP, "dev") for number in range(60)
    ]
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(instance, gaps, None, width=width)

    assert [strategy for strategy, _ in found.reported] == [ListingStrategy.BY_PRINCIPAL]
    assert (found.grants.strategy, found.grants.found, gaps) == (
        ListingStrategy.BY_PAIR,
        set(instance.grants),
        [],
    )


@STRATEGIES
def test_accounts_not_listed(instance: Instance, gaps: list[Gap], strategy: ListingStrategy | None) -> None:
    """If accounts cannot be listed, pairs are listed by permission set: no assignment is lost."""
    instance.sets = [f"set {number}" for number in range(5)]
    instance.grants = [assigned("7", arn, USER, "ann") for arn in instance.sets]
    instance.refusals["ListAccounts"] = refused("ListAccounts")

    found = Collected(instance, gaps, strategy)

    assert found.grants.found == set(instance.grants)
    assert by(gaps) == {"ListAccounts": ["organization"]}


@STRATEGIES
def test_permission_sets_not_listed(
    instance: Instance, gaps: list[Gap], strategy: ListingStrategy | None
) -> None:
    """If permission sets cannot be listed, pairs are listed by account, and each set is described."""
    instance.refusals["ListPermissionSets"] = refused("ListPermissionSets")

    found = Collected(instance, gaps, strategy)

    assert found.grants.found == set(instance.grants)
    assert {permission_set.name for permission_set in found.permission_sets.found.values()} == {
        "name of admin",
        "name of view",
    }
    assert by(gaps) == {"ListPermissionSets": ["instance"]}


def test_principals_not_listed(instance: Instance, gaps: list[Gap]) -> None:
    """If principals cannot be listed, `fastest` lists by pair, which does not need them."""
    instance.refusals["ListUsers"] = refused("ListUsers")

    found = Collected(instance, gaps, None)

    assert (found.grants.strategy, found.grants.found) == (ListingStrategy.BY_PAIR, set(instance.grants))
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

    Collected(instance, gaps, ListingStrategy.BY_PAIR)

    assert {key: set(value) for key, value in by(gaps).items()} == {operation: resources}


@pytest.mark.parametrize("refused_set", ["admin", "view"])
def test_a_listing_that_fails_last(instance: Instance, gaps: list[Gap], refused_set: str) -> None:
    """If one listing of pairs fails, the pairs of the others are still listed."""
    instance.refusals[f"ListAccountsForProvisionedPermissionSet {refused_set}"] = refused(
        "ListAccountsForProvisionedPermissionSet"
    )

    found = Collected(instance, gaps, None)

    assert found.grants.strategy is ListingStrategy.BY_PAIR
    assert found.grants.found == {
        grant for grant in instance.grants if grant.permission_set_arn != refused_set
    }
    assert by(gaps) == {"ListAccountsForProvisionedPermissionSet": [refused_set]}


def test_unlisted_and_missing(instance: Instance, gaps: list[Gap]) -> None:
    """A principal that has access and is not listed is read once before it counts as missing."""
    instance.unlisted = {"dan": User("dan", "dan", "Dan", "", "ENABLED")}
    instance.members["dev"] += ["dan", "eve"]
    instance.grants += [assigned("2", "view", USER, "dan"), assigned("2", "view", GROUP, "gone")]

    found = Collected(instance, gaps, ListingStrategy.BY_PAIR)

    assert found.identity_store.users["dan"].name == "Dan"
    assert found.identity_store.missing == {Principal(USER, "eve"), Principal(GROUP, "gone")}
    assert set(instance.asked.values()) == {1}
    assert gaps == []


def test_members_of_a_group_that_is_there(instance: Instance, gaps: list[Gap]) -> None:
    """A group that exists and whose members AWS does not find is a gap, not an empty group."""
    del instance.members["dev"]
    instance.unlisted = {"dev": instance.group_records[0]}

    found = Collected(instance, gaps, ListingStrategy.BY_PAIR)

    assert "dev" not in found.identity_store.memberships
    assert by(gaps) == {"ListGroupMemberships": ["dev"]}


def test_a_principal_of_an_unknown_type(instance: Instance, gaps: list[Gap]) -> None:
    """A principal of an unknown type is a gap, and its assignment is kept."""
    instance.grants.append(assigned("1", "view", "ROBOT", "r2"))

    found = Collected(instance, gaps, ListingStrategy.BY_PAIR)

    assert found.grants.found == set(instance.grants)
    assert ("ListAccountAssignments", "UnknownPrincipalType") in {(gap.operation, gap.code) for gap in gaps}
