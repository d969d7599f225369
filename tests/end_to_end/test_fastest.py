"""The strategy `fastest` lists by pair or by principal, whichever is cheaper, and says what it misses."""

from typing import Any

import pytest

from sso_batch.emulator import Behaviour, Emulator, World, generate
from tests.support.audits import Audit
from tests.support.expected_reports import FASTEST, assert_exact, truth
from tests.support.nightly import Nightly, asked, resumed
from tests.support.sample_worlds import listed_principals

FEW_PAIRS: dict[str, Any] = {"users": 150, "groups": 12, "permission_sets": 4, "accounts": 9, "pairs": 20}
FEW_PRINCIPALS: dict[str, Any] = {
    "users": 8,
    "groups": 3,
    "permission_sets": 6,
    "accounts": 40,
    "pairs": 90,
}
UNLISTED: dict[str, Any] = {"orphans": 4, "unlisted_users": 3, "unlisted_groups": 2}

MISSED_BY_PRINCIPAL = {
    "orphaned assignments",
    "grants to principals that are not listed",
    "permission sets without assignments",
}


@pytest.mark.parametrize("sizes", [FEW_PAIRS, FEW_PRINCIPALS], ids=["few pairs", "few principals"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows_are_exact_if_every_principal_is_listed(audit: Audit, sizes: dict[str, Any], seed: int) -> None:
    """By pair and by principal alike every row is read, if every principal exists and is listed."""
    world = generate(seed, organizations=1, **sizes)

    reports = audit(world, settings=FASTEST)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")


def test_by_pair_if_pairs_are_fewer(audit: Audit) -> None:
    """With fewer pairs than principals no call is made by principal, and orphaned assignments are found."""
    world = generate(4, organizations=1, **(FEW_PAIRS | UNLISTED))

    reports = audit(world, settings=FASTEST)

    assert ("org-0", "ListAccountAssignmentsForPrincipal") not in reports.calls
    assert MISSED_BY_PRINCIPAL.isdisjoint(reports.organization("org-0")["not_examined"])
    assert_exact(reports, world, "org-0")


def test_by_user_if_users_are_fewer(audit: Audit) -> None:
    """With fewer users than pairs no call is made by pair, and one for each listed user."""
    world = generate(5, organizations=1, **FEW_PRINCIPALS)

    reports = audit(world, settings=FASTEST)

    assert ("org-0", "ListAccountAssignments") not in reports.calls
    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] == 8
    assert reports.organization("org-0")["listing"] == "by_user"
    assert MISSED_BY_PRINCIPAL.issubset(reports.organization("org-0")["not_examined"])


def test_by_principal_if_answers_for_users_lack_their_groups(audit: Audit) -> None:
    """If answers for users do not hold the assignments of groups, each group is asked, too."""
    world = generate(5, organizations=1, **FEW_PRINCIPALS)

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(group_rows=False))

    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] == 8 + 3
    assert reports.organization("org-0")["listing"] == "by_principal"
    assert MISSED_BY_PRINCIPAL.issubset(reports.organization("org-0")["not_examined"])
    assert_exact(reports, world, "org-0")


@pytest.mark.parametrize("seed", range(4))
def test_some_answers_for_users_lack_their_groups(audit: Audit, seed: int) -> None:
    """If answers for members of a group contradict each other, all groups are asked: no row is lost."""
    world = generate(seed, organizations=1, **FEW_PRINCIPALS | {"groups": 5, "members": 4})
    (organization,) = world.organizations
    members = [membership.user_id for membership in organization.memberships]
    without = frozenset(user.id for user in organization.users[::2])
    assert not without.isdisjoint(members), "some members' answers lack their groups"

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(without_group_rows=without))

    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] == 8 + 5
    assert reports.organization("org-0")["listing"] == "by_principal"
    assert_exact(reports, world, "org-0")


def test_groups_without_listed_members_are_asked(audit: Audit) -> None:
    """A group without members, or with unlisted members only, is asked for its assignments."""
    world = generate(5, organizations=1, **FEW_PRINCIPALS | {"groups": 6, "empty_groups": 2})
    (organization,) = world.organizations
    grouped = {membership.group_id for membership in organization.memberships}
    empty = [group.id for group in organization.groups if group.id not in grouped]
    assert empty

    reports = audit(world, settings=FASTEST)

    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] == 8 + len(empty)
    assert reports.organization("org-0")["listing"] == "by_user"
    assert_exact(reports, world, "org-0")


def test_by_principal_misses_only_what_it_says(audit: Audit) -> None:
    """By principal no row is wrong, and only rows of unlisted principals are missing."""
    world = generate(6, organizations=1, **(FEW_PRINCIPALS | UNLISTED))
    listed = listed_principals(world.organizations[0])

    reports = audit(world, settings=FASTEST)

    expected = [row for row in truth(world, "org-0") if row["PrincipalId"] in listed]
    found = [row for row in reports.rows("org-0") if row["PrincipalId"] in listed]
    assert found == expected
    assert [row for row in reports.rows("org-0") if row not in truth(world, "org-0")] == []


@pytest.mark.parametrize(("permission_sets", "accounts"), [(45, 40), (40, 45)])
def test_falls_back_to_listings_that_were_skipped(audit: Audit, permission_sets: int, accounts: int) -> None:
    """Listings of pairs that were skipped when `by principal` was chosen are made after AWS refuses it."""
    sizes: dict[str, Any] = {"users": 65, "groups": 1, "unlisted_users": 1, "pairs": 400}
    world = generate(9, organizations=1, permission_sets=permission_sets, accounts=accounts, **sizes)
    behaviour = Behaviour(principal_assignments="nobody", page_size=10)

    reports = audit(world, settings=FASTEST, behaviour=behaviour)

    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] > 0
    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")


@pytest.mark.parametrize("group_rows", [True, False])
def test_group_assignments_are_not_counted_as_a_users_own(audit: Audit, *, group_rows: bool) -> None:
    """The rows are the same whether or not a user's answer includes assignments through groups."""
    world = generate(7, organizations=1, **FEW_PRINCIPALS)

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(group_rows=group_rows))

    assert_exact(reports, world, "org-0")


@pytest.fixture
def world() -> World:
    """Return two organizations with fewer users than pairs."""
    return generate(5, organizations=2, **FEW_PRINCIPALS)


def test_a_resume_keeps_how_assignments_were_listed(nightly: Nightly, emulator: Emulator) -> None:
    """An organization that an earlier attempt has read is reported with the listing of that attempt."""
    nightly.configure(emulator, settings="  strategy: fastest\n")
    nightly.killed("after", "*/org-0/*.jsonl")

    reports = nightly.run("--resume")

    assert resumed(reports) == {"org-0": True, "org-1": False}
    assert [reports.organization(name)["listing"] for name in ("org-0", "org-1")] == ["by_user", "by_user"]


def test_a_merge_keeps_how_assignments_were_listed(nightly: Nightly, emulator: Emulator) -> None:
    """Merged shards are reported with the listings of the shards; a missing one has none."""
    nightly.configure(emulator, settings="  strategy: fastest\n")
    read = asked(nightly.run("--shard", "0/2"))
    missing = {"org-0", "org-1"} - read
    assert read
    assert missing

    reports = nightly.merge()

    listed = {name: reports.organization(name)["listing"] for name in read | missing}
    assert listed == dict.fromkeys(read, "by_user") | dict.fromkeys(missing)


def test_falls_back_if_the_call_by_principal_is_refused(audit: Audit) -> None:
    """If AWS refuses the call by principal, no row is lost."""
    world = generate(8, organizations=1, **(FEW_PRINCIPALS | UNLISTED))

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(principal_assignments="nobody"))

    assert reports.ended.code == 0
    assert reports.organization("org-0")["listing"] == "by_pair"
    assert MISSED_BY_PRINCIPAL.isdisjoint(reports.organization("org-0")["not_examined"])
    assert_exact(reports, world, "org-0")
