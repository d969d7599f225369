"""The strategy `fastest`: the cheaper way, decided as the run learns, and honest about what it cannot see."""

from typing import Any

import pytest

from sso_batch.emulator import Behaviour, generate
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import COLLECT, assert_exact, truth

FASTEST = COLLECT + "  strategy: fastest\n"

FEW_PAIRS: dict[str, Any] = {"users": 150, "groups": 12, "permission_sets": 4, "accounts": 9, "pairs": 20}
FEW_PRINCIPALS: dict[str, Any] = {
    "users": 8,
    "groups": 3,
    "permission_sets": 6,
    "accounts": 40,
    "pairs": 90,
}
UNSEEN: dict[str, Any] = {"orphans": 4, "unlisted_users": 3, "unlisted_groups": 2}

NOT_SEEN = {
    "orphaned assignments",
    "grants to principals that are not listed",
    "permission sets without assignments",
}


@pytest.mark.parametrize("sizes", [FEW_PAIRS, FEW_PRINCIPALS], ids=["few pairs", "few principals"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows_are_exact_where_everybody_is_listed(audit: Audit, sizes: dict[str, Any], seed: int) -> None:
    """Either way gives every row, where every principal is there and listed."""
    world = generate(seed, organizations=1, **sizes)

    reports = audit(world, settings=FASTEST)

    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")


def test_by_pair_where_pairs_are_fewer(audit: Audit) -> None:
    """With fewer pairs than principals nobody is asked for their assignments, and orphans are seen."""
    world = generate(4, organizations=1, **(FEW_PAIRS | UNSEEN))

    reports = audit(world, settings=FASTEST)

    assert ("org-0", "ListAccountAssignmentsForPrincipal") not in reports.calls
    assert NOT_SEEN.isdisjoint(reports.organization("org-0")["not_examined"])
    assert_exact(reports, world, "org-0")


def test_by_principal_where_principals_are_fewer(audit: Audit) -> None:
    """With fewer principals than pairs no pair is asked, and each listed principal is asked once."""
    world = generate(5, organizations=1, **FEW_PRINCIPALS)

    reports = audit(world, settings=FASTEST)

    assert ("org-0", "ListAccountAssignments") not in reports.calls
    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] >= 11
    assert NOT_SEEN.issubset(reports.organization("org-0")["not_examined"])


def test_by_principal_misses_only_what_it_says(audit: Audit) -> None:
    """By principal no row is wrong, and those that are missing are of principals that are not listed."""
    world = generate(6, organizations=1, **(FEW_PRINCIPALS | UNSEEN))
    listed = {one.id for one in world.organizations[0].users if one.listed}
    listed |= {one.id for one in world.organizations[0].groups if one.listed}

    reports = audit(world, settings=FASTEST)

    expected = [row for row in truth(world, "org-0") if row["PrincipalId"] in listed]
    seen = [row for row in reports.rows("org-0") if row["PrincipalId"] in listed]
    assert seen == expected
    assert [row for row in reports.rows("org-0") if row not in truth(world, "org-0")] == []


@pytest.mark.parametrize(("permission_sets", "accounts"), [(45, 40), (40, 45)])
def test_falls_back_to_listings_that_were_skipped(audit: Audit, permission_sets: int, accounts: int) -> None:
    """Listings of pairs that are still queued when the principals are chosen are made after the refusal."""
    sizes: dict[str, Any] = {"users": 65, "groups": 1, "unlisted_users": 1, "pairs": 400}
    world = generate(9, organizations=1, permission_sets=permission_sets, accounts=accounts, **sizes)
    behaviour = Behaviour(principal_assignments="nobody", page_size=10)

    reports = audit(world, settings=FASTEST, behaviour=behaviour)

    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] > 0
    assert reports.ended.code == 0
    assert_exact(reports, world, "org-0")


@pytest.mark.parametrize("group_rows", [True, False])
def test_a_group_grant_is_never_counted_as_a_users_own(audit: Audit, *, group_rows: bool) -> None:
    """Whether or not a user's answer holds what comes through groups, the rows are the same."""
    world = generate(7, organizations=1, **FEW_PRINCIPALS)

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(group_rows=group_rows))

    assert_exact(reports, world, "org-0")


def test_falls_back_where_the_principal_call_is_refused(audit: Audit) -> None:
    """A refused principal call costs one call for each that was under way, and no row."""
    world = generate(8, organizations=1, **(FEW_PRINCIPALS | UNSEEN))

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(principal_assignments="nobody"))

    assert reports.ended.code == 0
    assert NOT_SEEN.isdisjoint(reports.organization("org-0")["not_examined"])
    assert_exact(reports, world, "org-0")
