"""Grants: each question once, by the way that is cheaper, and none lost when one is refused."""

from collections import Counter
from typing import Any

import pytest

from sso_batch.collect.accounts import Accounts
from sso_batch.collect.grants import Grants
from sso_batch.collect.identity_store import Directory
from sso_batch.collect.permission_sets import PermissionSets
from sso_batch.collect.strategy import Known, Way
from sso_batch.collect.work_queue import Lane
from sso_batch.model import GROUP, USER, Account, Gap, GapKind, Principal, Subject, User
from tests.collect.conftest import Instance, assigned, by, collect, refused


class Collected:
    """What was collected of an instance with one way, or with whichever is cheaper."""

    def __init__(self, instance: Any, gaps: list[Gap], way: Way | None, *, width: int = 3) -> None:  # noqa: ANN401 - poses as an API
        self.planned: list[tuple[Way, Known]] = []

        def start(lane: Lane) -> Any:  # noqa: ANN401 - a function
            self.accounts = Accounts(instance, lane, self._moved, paths=None)
            self.permission_sets = PermissionSets(instance, lane, details=False, describe_all=way is not None)
            self.directory = Directory(instance, lane, self._moved)
            self.grants = Grants(
                instance,
                lane,
                self.accounts,
                self.permission_sets,
                self.directory,
                way=way,
                planned=lambda taken, known: self.planned.append((taken, known)),
            )
            self.permission_sets.start("instance", self._moved)
            self.accounts.start("organization")
            self.directory.start("store")
            return [
                self._verify_listings,
                self.grants.verify_pairs,
                lambda: self.accounts.verify({one.account_id for one in self.grants.found}),
                self._finish,
            ]

        collect(start, gaps, width=width)

    def _verify_listings(self) -> None:
        self.permission_sets.deletions.verify(Subject(GapKind.PERMISSION_SETS, "instance"))
        self.directory.verify()

    def _finish(self) -> None:
        self.grants.forget_accounts(self.accounts.deletions.deleted)
        self.directory.finish()
        self.accounts.finish()

    def _moved(self) -> None:
        self.grants.go_on()


WAYS = pytest.mark.parametrize("way", [Way.BY_PAIR, None])


@WAYS
@pytest.mark.parametrize("accounts", [1, 3])
def test_each_question_once(instance: Instance, gaps: list[Gap], way: Way | None, accounts: int) -> None:
    """Nothing is asked twice, whichever listing is shorter, and every grant is found."""
    instance.account_records = instance.account_records[:accounts]
    instance.grants = [one for one in instance.grants if int(one.account_id) <= accounts]
    instance.bare = [("1", "bare")]
    instance.sets.append("bare")

    found = Collected(instance, gaps, way)

    assert found.grants.found == set(instance.grants)
    assert set(instance.asked.values()) == {1}
    assert gaps == []


def test_by_pair(instance: Instance, gaps: list[Gap]) -> None:
    """`complete` asks every provisioned pair, and tells afterwards what either way would have cost."""
    found = Collected(instance, gaps, Way.BY_PAIR)

    asked = Counter(operation for operation, *_ in instance.asked.elements())
    assert asked["ListAccountAssignments"] == len(instance.pairs) == 4
    assert asked["ListAccountAssignmentsForPrincipal"] == 0
    ((way, known),) = found.planned
    assert (way, known.by_pair, known.principals) == (Way.BY_PAIR, 4, 5)


def test_by_principal(instance: Instance, gaps: list[Gap]) -> None:
    """Where there are fewer principals than pairs they are asked, and a group's grant is never a user's."""
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ] + [assigned("1", "view", USER, "cid")]

    found = Collected(instance, gaps, None)

    assert [way for way, _ in found.planned] == [Way.BY_PRINCIPAL]
    assert found.grants.found == set(instance.grants)
    assert {one.principal for one in found.grants.found} == {Principal(GROUP, "dev"), Principal(USER, "cid")}


def test_by_principal_refused(instance: Instance, gaps: list[Gap]) -> None:
    """Where AWS refuses the call by principal, the pairs are asked: nothing is lost, and no gap is left."""
    instance.grants = [
        assigned(account, arn, GROUP, "dev") for account in ("1", "2", "3") for arn in ("admin", "view")
    ]
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(instance, gaps, None)

    assert (found.grants.way, found.grants.found, gaps) == (Way.BY_PAIR, set(instance.grants), [])


@pytest.mark.parametrize("width", [1, 3, 8])
@pytest.mark.parametrize("accounts", [3, 12, 30], ids=["by account", "as many of each", "by permission set"])
def test_by_principal_refused_while_listings_wait(
    instance: Instance, gaps: list[Gap], accounts: int, width: int
) -> None:
    """Where AWS refuses the principals, the listings that were skipped for them are made: nothing is lost."""
    instance.sets = [f"set {number:02}" for number in range(12)]
    instance.account_records = [Account(f"{number}", "", "ACTIVE") for number in range(accounts)]
    instance.grants = [
        assigned(f"{number % accounts}", f"set {number % 12:02}", GROUP, "dev") for number in range(60)
    ]
    instance.refusals["ListAccountAssignmentsForPrincipal"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(instance, gaps, None, width=width)

    assert [way for way, _ in found.planned] == [Way.BY_PRINCIPAL]
    assert (found.grants.way, found.grants.found, gaps) == (Way.BY_PAIR, set(instance.grants), [])


@WAYS
def test_accounts_not_listed(instance: Instance, gaps: list[Gap], way: Way | None) -> None:
    """Where accounts cannot be listed the pairs are, by permission set: no grant is lost."""
    instance.sets = [f"set {number}" for number in range(5)]
    instance.grants = [assigned("7", arn, USER, "ann") for arn in instance.sets]
    instance.refusals["ListAccounts"] = refused("ListAccounts")

    found = Collected(instance, gaps, way)

    assert found.grants.found == set(instance.grants)
    assert by(gaps) == {"ListAccounts": ["organization"]}


@WAYS
def test_permission_sets_not_listed(instance: Instance, gaps: list[Gap], way: Way | None) -> None:
    """Where permission sets cannot be listed the pairs are, by account, and each set is described."""
    instance.refusals["ListPermissionSets"] = refused("ListPermissionSets")

    found = Collected(instance, gaps, way)

    assert found.grants.found == set(instance.grants)
    assert {one.name for one in found.permission_sets.found.values()} == {"name of admin", "name of view"}
    assert by(gaps) == {"ListPermissionSets": ["instance"]}


def test_principals_not_listed(instance: Instance, gaps: list[Gap]) -> None:
    """Where principals cannot be listed `fastest` goes by pair, which needs no list of them."""
    instance.refusals["ListUsers"] = refused("ListUsers")

    found = Collected(instance, gaps, None)

    assert (found.grants.way, found.grants.found) == (Way.BY_PAIR, set(instance.grants))
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
    """What fails is a gap on its own resource, each."""
    instance.refusals[operation] = refused(operation)

    Collected(instance, gaps, Way.BY_PAIR)

    assert {key: set(value) for key, value in by(gaps).items()} == {operation: resources}


@pytest.mark.parametrize("refused_set", ["admin", "view"])
def test_a_listing_that_fails_last(instance: Instance, gaps: list[Gap], refused_set: str) -> None:
    """Where one listing of pairs fails, the pairs of the others are asked all the same."""
    instance.refusals[f"ListAccountsForProvisionedPermissionSet {refused_set}"] = refused(
        "ListAccountsForProvisionedPermissionSet"
    )

    found = Collected(instance, gaps, None)

    assert found.grants.way is Way.BY_PAIR
    assert found.grants.found == {one for one in instance.grants if one.permission_set_arn != refused_set}
    assert by(gaps) == {"ListAccountsForProvisionedPermissionSet": [refused_set]}


def test_unlisted_and_missing(instance: Instance, gaps: list[Gap]) -> None:
    """Who is granted something and not listed is asked for, once, before counting as missing."""
    instance.unlisted = {"dan": User("dan", "dan", "Dan", "", "ENABLED")}
    instance.members["dev"] += ["dan", "eve"]
    instance.grants += [assigned("2", "view", USER, "dan"), assigned("2", "view", GROUP, "gone")]

    found = Collected(instance, gaps, Way.BY_PAIR)

    assert found.directory.users["dan"].name == "Dan"
    assert found.directory.missing == {Principal(USER, "eve"), Principal(GROUP, "gone")}
    assert set(instance.asked.values()) == {1}
    assert gaps == []


def test_members_of_a_group_that_is_there(instance: Instance, gaps: list[Gap]) -> None:
    """A group that exists and whose members AWS does not find is a gap, and no empty group."""
    del instance.members["dev"]
    instance.unlisted = {"dev": instance.group_records[0]}

    found = Collected(instance, gaps, Way.BY_PAIR)

    assert "dev" not in found.directory.memberships
    assert by(gaps) == {"ListGroupMemberships": ["dev"]}


def test_a_principal_of_another_kind(instance: Instance, gaps: list[Gap]) -> None:
    """A kind of principal that nobody knows yet is a gap, and its grant stays."""
    instance.grants.append(assigned("1", "view", "ROBOT", "r2"))

    found = Collected(instance, gaps, Way.BY_PAIR)

    assert found.grants.found == set(instance.grants)
    assert ("ListAccountAssignments", "UnknownPrincipalType") in {(gap.operation, gap.code) for gap in gaps}
