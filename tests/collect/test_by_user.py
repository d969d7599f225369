"""By principal, groups that answers for users cover are not asked: nothing is lost, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from sso_batch.aws.response_parsing import Unexamined
from sso_batch.model import GROUP, IAM_ROLE, USER, Gap, Grant, Group, ListingStrategy, Member, Principal, User
from tests.collect.conftest import RECORD, Collected, Instance, assigned, by, refused

LATER = "2026-11-27T06:10:00Z"
"""A date during the audit."""


@pytest.fixture
def large(instance: Instance) -> Instance:
    """Return an instance with more pairs than users; `cid` is asked first, `eve` last.

    `qa` has no access.
    """
    names = ("cid", "ann", "bob", "dan", "eve")
    instance.user_records = [User(id_, id_, id_, "", "ENABLED") for id_ in names]
    instance.group_records.append(Group("qa", "QA"))
    instance.member_ids = {"dev": ["ann", "bob"], "ops": ["cid"], "qa": ["ann"]}
    instance.grants += [assigned(account, "admin", GROUP, "ops") for account in ("2", "3")]
    return instance


def asked(instance: Instance) -> list[str]:
    """Return the principals whose assignments were asked for, in order."""
    return [
        id_
        for operation, *ids in instance.asked.elements()
        if operation.endswith("ForPrincipal")
        for id_ in ids
    ]


def groups_asked(instance: Instance) -> set[str]:
    """Return the groups whose assignments were asked for."""
    return {id_ for id_ in asked(instance) if id_ in {group.id for group in instance.group_records}}


def test_covered_groups_are_not_asked(large: Instance, gaps: list[Gap]) -> None:
    """Only users are asked if their answers hold everything; the snapshot has the same members as ever."""
    found = Collected(large, gaps, "fastest")

    assert asked(large) == ["cid", "ann", "bob", "dan", "eve"]
    assert found.strategy is ListingStrategy.BY_USER
    assert found.grants == set(large.grants)
    assert found.memberships.keys() == {"dev", "ops"}
    assert set(large.asked.values()) == {1}
    assert gaps == []


def test_without_assignments_of_groups_all_are_asked(large: Instance, gaps: list[Gap]) -> None:
    """If no answer for a user names a group, each group is asked; only those with access are listed."""
    large.alone = {user.id for user in large.user_records}

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"dev", "ops", "qa"}
    assert found.strategy is ListingStrategy.BY_PRINCIPAL
    assert found.grants == set(large.grants)
    assert found.memberships.keys() == {"dev", "ops"}
    assert large.asked["ListGroupMemberships", "qa"] == 0
    assert set(large.asked.values()) == {1}
    assert gaps == []


def no_members(instance: Instance) -> None:
    instance.member_ids["qa"] = []


def unlisted_members(instance: Instance) -> None:
    instance.member_ids["qa"] = ["zoe"]
    instance.unlisted = {"zoe": User("zoe", "zoe", "Zoe", "", "ENABLED")}


def unknown_members(instance: Instance) -> None:
    instance.member_ids["qa"] = []
    instance.robots = {"qa"}


@pytest.mark.parametrize("change", [no_members, unlisted_members, unknown_members])
@pytest.mark.parametrize("access", [True, False])
def test_groups_without_listed_members_are_asked(
    large: Instance, gaps: list[Gap], change: Callable[[Instance], None], *, access: bool
) -> None:
    """A group is asked if it is empty, or all members are unlisted users or of unknown kinds."""
    change(large)
    if access:
        large.grants.append(assigned("3", "admin", GROUP, "qa"))

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"qa"}
    assert found.strategy is ListingStrategy.BY_USER
    assert found.grants == set(large.grants)
    assert ("qa" in found.memberships) == (access and change is not unknown_members)
    assert ("zoe" in found.users) == (access and change is unlisted_members)
    assert bool(found.unexamined) == (access and change is unknown_members)
    assert set(large.asked.values()) == {1}
    assert gaps == []


@pytest.mark.parametrize("access", [True, False])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_group_whose_members_cannot_be_listed(
    large: Instance, gaps: list[Gap], code: str, *, access: bool
) -> None:
    """Such a group is asked, and that its members were not listed is a gap only if it has access."""
    large.refusals["ListGroupMemberships qa"] = refused("ListGroupMemberships", code)
    large.unlisted = {"qa": large.group_records[-1]}
    if access:
        large.grants.append(assigned("3", "admin", GROUP, "qa"))

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"qa"}
    assert found.grants == set(large.grants)
    assert by(gaps) == ({"ListGroupMemberships": ["qa"]} if access else {})
    assert set(large.asked.values()) == {1}


def test_no_members_can_be_listed(large: Instance, gaps: list[Gap]) -> None:
    """If the call is denied altogether, each group is asked, and each with access is a gap."""
    large.refusals["ListGroupMemberships"] = refused("ListGroupMemberships")

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"dev", "ops", "qa"}
    assert found.grants == set(large.grants)
    assert {key: sorted(value) for key, value in by(gaps).items()} == {"ListGroupMemberships": ["dev", "ops"]}


def test_a_member_whose_answer_failed(large: Instance, gaps: list[Gap]) -> None:
    """A group is asked if the only answer that could hold its assignments has failed."""
    large.refusals["ListAccountAssignmentsForPrincipal cid"] = refused(
        "ListAccountAssignmentsForPrincipal", "InternalServerException"
    )

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"ops"}
    assert found.grants == set(large.grants)
    assert by(gaps) == {"ListAccountAssignmentsForPrincipal": ["cid"]}


def test_an_answer_that_fails_after_its_first_page(large: Instance, gaps: list[Gap]) -> None:
    """What an answer held before it failed is kept, but it covers no group."""

    class Failing(Instance):
        async def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
            async for page in super().assignments_of(principal):
                yield page
                if principal.id == "cid":
                    raise refused("ListAccountAssignmentsForPrincipal", "InternalServerException")

    large.__class__ = Failing

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"ops"}
    assert found.grants == set(large.grants)


def test_a_member_who_was_deleted(large: Instance, gaps: list[Gap]) -> None:
    """A group is asked if its only member was deleted during the run; that causes no gap."""

    class Leaving(Instance):
        async def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
            if principal.id == "cid":
                self._ask("ListAccountAssignmentsForPrincipal", "cid")
                self.user_records = [user for user in self.user_records if user.id != "cid"]
                self.member_ids["ops"] = []
                raise refused("ListAccountAssignmentsForPrincipal", "ResourceNotFoundException")
            async for page in super().assignments_of(principal):
                yield page

    large.__class__ = Leaving

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"ops"}
    assert found.grants == set(large.grants)
    assert found.missing == {Principal(USER, "cid")}
    assert gaps == []


def test_a_member_who_joined_during_the_run(large: Instance, gaps: list[Gap]) -> None:
    """A user who joined a group after the answer does not cover it."""

    class Joining(Instance):
        async def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
            async for page in super().assignments_of(principal):
                yield page
            if principal.id == "dan":
                self.member_ids["ops"], self.member_since["ops", "dan"] = ["dan"], LATER

    large.__class__ = Joining
    large.member_ids["ops"] = []

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"ops"}
    assert found.grants == set(large.grants)
    assert gaps == []


@pytest.mark.parametrize("during", [True, False], ids=["while", "after"])
def test_a_member_who_left_during_the_run(large: Instance, gaps: list[Gap], *, during: bool) -> None:
    """A user who left a group and was asked while or after its members were listed does not cover it."""
    listed, answered = asyncio.Event(), asyncio.Event()

    class Leaving(Instance):
        async def assignments_of(self, principal: Principal) -> AsyncIterator[list[Grant]]:
            if principal.id == "eve":
                await listed.wait()
                self.member_ids["ops"] = []
            async for page in super().assignments_of(principal):
                yield page
            if principal.id == "eve":
                answered.set()

        async def members(self, group_id: str) -> AsyncIterator[list[Member | Unexamined]]:
            async for page in super().members(group_id):
                yield page
                if group_id == "ops":
                    listed.set()
                    if during:
                        await answered.wait()
                        await asyncio.sleep(0)

    large.__class__ = Leaving
    large.member_ids["ops"] = ["eve"]

    found = Collected(large, gaps, "fastest")

    assert "ops" in groups_asked(large)
    assert found.grants == set(large.grants)
    assert gaps == []


def test_members_are_listed_late(large: Instance, gaps: list[Gap]) -> None:
    """Members are listed when about as many users as groups are left: before, few groups would be covered."""
    large.user_records[1:1] = [User(f"user {n}", "", "", "", "ENABLED") for n in range(30)]
    large.member_ids["qa"] = ["user 22"]
    large.grants += [assigned(f"{n}", "view", USER, "bob") for n in range(4, 40)]

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == set()
    assert found.strategy is ListingStrategy.BY_USER
    assert found.grants == set(large.grants)


def test_groups_that_entitlements_name_first(large: Instance, gaps: list[Gap]) -> None:
    """The members of a group that an entitlement names before users have been asked are listed late, too."""
    entitled = Grant("1", IAM_ROLE, "", "role", Principal(GROUP, "qa"))
    named = asyncio.Event()

    class WithEntitlement(Instance):
        async def application_arns(self) -> AsyncIterator[list[str]]:
            yield ["application"]

        async def instance_of(self, _arn: str) -> str:
            return RECORD.arn

        async def entitlements(self, _arn: str, _account_id: str | None) -> AsyncIterator[list[Grant]]:
            yield [entitled]
            named.set()

        async def users(self) -> AsyncIterator[list[User]]:
            await named.wait()
            for _ in range(20):  # until the members of the group could have been listed
                await asyncio.sleep(0)
            async for page in super().users():
                yield page

    large.__class__ = WithEntitlement

    found = Collected(large, gaps, "fastest", entitlements=True)

    assert groups_asked(large) == set()
    assert found.strategy is ListingStrategy.BY_USER
    assert found.grants == {*large.grants, entitled}
    assert found.memberships.keys() == {"dev", "ops", "qa"}


def test_members_of_named_groups_are_listed_first(large: Instance, gaps: list[Gap]) -> None:
    """With as many groups as users, a group is not asked because its members were listed too early."""
    users, groups = [f"user {n:02}" for n in range(30)], [f"group {n:02}" for n in range(30)]
    large.user_records = [User(id_, id_, id_, "", "ENABLED") for id_ in users]
    large.group_records = [Group(id_, id_) for id_ in groups]
    large.member_ids = {group: [user] for group, user in zip(groups, reversed(users), strict=True)}
    large.grants = [assigned(f"{n}", "view", GROUP, group) for n, group in enumerate(groups)]
    large.grants += [assigned(f"{n}", "view", USER, "user 00") for n in range(30, 40)]

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == set()
    assert found.grants == set(large.grants)


def test_no_answer_at_all(large: Instance, gaps: list[Gap]) -> None:
    """If no answer for a user can be read, each is a gap, and all groups are asked."""
    for user in large.user_records:
        large.refusals[f"ListAccountAssignmentsForPrincipal {user.id}"] = refused(
            "ListAccountAssignmentsForPrincipal", "InternalServerException"
        )

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"dev", "ops", "qa"}
    assert found.grants == {grant for grant in large.grants if grant.principal.type == GROUP}
    assert len(gaps) == len(large.user_records)


def test_answers_that_contradict_each_other(large: Instance, gaps: list[Gap]) -> None:
    """If some answers for users lack what comes through groups, all groups are asked."""
    large.alone = {"bob", "cid"}

    found = Collected(large, gaps, "fastest")

    assert groups_asked(large) == {"dev", "ops", "qa"}
    assert found.strategy is ListingStrategy.BY_PRINCIPAL
    assert found.grants == set(large.grants)
    assert set(large.asked.values()) == {1}
    assert gaps == []


def test_a_refusal_after_answers_for_users(large: Instance, gaps: list[Gap]) -> None:
    """If AWS refuses the call after answers to it, pairs are listed, and members of groups with access."""
    large.refusals["ListAccountAssignmentsForPrincipal eve"] = refused("ListAccountAssignmentsForPrincipal")

    found = Collected(large, gaps, "fastest")

    assert found.strategy is ListingStrategy.BY_PAIR
    assert found.grants == set(large.grants)
    assert found.memberships.keys() == {"dev", "ops"}
    assert max(large.asked.values()) == 1
    assert gaps == []


def test_a_directory_without_groups(large: Instance, gaps: list[Gap]) -> None:
    """Without groups only users are asked, and no answer shows how it reads groups."""
    large.group_records, large.member_ids = [], {}
    large.grants = [
        assigned(account, arn, USER, "ann") for account in ("1", "2", "3") for arn in ("admin", "view")
    ]

    found = Collected(large, gaps, "fastest")

    assert found.strategy is ListingStrategy.BY_PRINCIPAL
    assert found.grants == set(large.grants)
    assert gaps == []
