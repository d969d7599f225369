"""Tests of the computed minimum, with worlds that can be counted by hand."""

from collections import Counter

import pytest

from sso_batch.emulator import generate
from tests.benchmarks import floor
from tests.benchmarks.figures import Figure, spread, table


@pytest.mark.parametrize(("items", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2)])
def test_pages(items: int, pages: int) -> None:
    """An empty listing has one page, and a full page needs no second."""
    assert floor.pages(items) == pages


@pytest.mark.parametrize(("calls", "seconds"), [(0, 0), (20, 0), (21, 0.05), (1020, 50)])
def test_seconds(calls: int, seconds: float) -> None:
    """After the burst, 20 calls take one second."""
    assert floor.seconds(calls) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("times", "idle"),
    [
        ([], 0.0),
        ([0.0] * 20, 0.0),
        ([0.0, 1.0], 19 / 20),
        ([0.0] * 20 + [1.0, 1.5], 0.3),
        ([0.0] * 20 + [2.0], 0.5),
    ],
)
def test_idle_share(times: list[float], idle: float) -> None:
    """A bucket is idle while it is full, not while it refills."""
    assert floor.idle_share([*times] if len(set(times)) != 1 else [*times, 1e-9]) == pytest.approx(
        idle, abs=1e-3
    )


def test_the_cheaper_strategy() -> None:
    """Few pairs are cheaper by pair, few principals by principal."""
    (few_pairs,) = generate(1, organizations=1, users=100, groups=4, pairs=5).organizations
    (few_people,) = generate(
        1, organizations=1, users=5, groups=2, members=2, accounts=20, pairs=60
    ).organizations

    assert floor.fastest(few_pairs) == floor.complete(few_pairs)
    assert floor.fastest(few_people) == floor.by_principal(few_people)
    assert floor.sso_admin(floor.fastest(few_people)) < floor.sso_admin(floor.complete(few_people))


def test_by_principal() -> None:
    """Groups are asked if users' answers lack them, or if no listed user is a member."""
    (organization,) = generate(
        1, organizations=1, users=10, groups=30, members=2, empty_groups=2, accounts=20, pairs=20, direct=0.0
    ).organizations
    granted = {assignment.principal_id for assignment in organization.assignments}
    assert len(granted) < 30

    with_groups = floor.by_principal(organization)
    without_groups = floor.by_principal(organization, group_rows=False)

    assert with_groups["ListAccountAssignmentsForPrincipal"] == 10 + 2
    assert with_groups["ListGroupMemberships"] == 30
    assert without_groups["ListAccountAssignmentsForPrincipal"] == 10 + 30
    assert without_groups["ListGroupMemberships"] == len(granted)


def test_sso_admin() -> None:
    """Only sso-admin's calls count towards its limit."""
    assert floor.sso_admin(Counter(ListInstances=1, ListUsers=5, ListAccountAssignments=2)) == 3


def test_table() -> None:
    """A figure is shown with median and range in a Markdown table."""
    figure = Figure("time", "typical", (1.2, 1.0, 1.1), "50 s", "1.05")

    assert spread(figure.ratios) == "1.100 (1.000 to 1.200)"
    assert table([figure]).splitlines()[-1] == "| time | typical | 1.100 (1.000 to 1.200) | 1.05 | 50 s |"
