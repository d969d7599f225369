"""The strategy `fastest` lists by pair or by principal, whichever is cheaper, and says what it misses."""

from typing import Any

import pytest

from sso_batch.emulator import Behaviour, generate
from tests.support.audits import Audit
from tests.support.expected_reports import FASTEST, assert_exact, truth
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


def test_by_principal_if_principals_are_fewer(audit: Audit) -> None:
    """With fewer principals than pairs no call is made by pair, and one for each listed principal."""
    world = generate(5, organizations=1, **FEW_PRINCIPALS)

    reports = audit(world, settings=FASTEST)

    assert ("org-0", "ListAccountAssignments") not in reports.calls
    assert reports.calls["org-0", "ListAccountAssignmentsForPrincipal"] >= 11
    assert MISSED_BY_PRINCIPAL.issubset(reports.organization("org-0")["not_examined"])


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


def test_falls_back_if_the_call_by_principal_is_refused(audit: Audit) -> None:
    """If AWS refuses the call by principal, no row is lost."""
    world = generate(8, organizations=1, **(FEW_PRINCIPALS | UNLISTED))

    reports = audit(world, settings=FASTEST, behaviour=Behaviour(principal_assignments="nobody"))

    assert reports.ended.code == 0
    assert MISSED_BY_PRINCIPAL.isdisjoint(reports.organization("org-0")["not_examined"])
    assert_exact(reports, world, "org-0")
