"""The result of each organization and of the run."""

import signal

import pytest

from sso_batch.model import GROUP, USER, EndpointOverride, Principal
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Counts, Status
from tests.support.records import entitlement, gap, grant, outcome, run_outcome, small_organization, snapshot

C, I, F, X = Status.COMPLETE, Status.INCOMPLETE, Status.FAILED, Status.INTERRUPTED  # noqa: E741 - a table's letters

# The statuses of the organizations, then the run's status and exit code: with its files written, and not.
COMBINATIONS = (
    ((), (C, 0), (F, 5)),
    ((F,), (F, 5), (F, 5)),
    ((X,), (F, 5), (F, 5)),
    ((I,), (I, 4), (I, 4)),
    ((C,), (C, 0), (I, 4)),
    ((F, X), (F, 5), (F, 5)),
    ((I, F), (I, 4), (I, 4)),
    ((I, X), (I, 4), (I, 4)),
    ((C, F), (I, 4), (I, 4)),
    ((C, X), (I, 4), (I, 4)),
    ((C, I), (I, 4), (I, 4)),
    ((I, F, X), (I, 4), (I, 4)),
    ((C, F, X), (I, 4), (I, 4)),
    ((C, I, X), (I, 4), (I, 4)),
    ((C, I, F), (I, 4), (I, 4)),
    ((C, I, F, X), (I, 4), (I, 4)),
)
STATUSES = [statuses for statuses, _, _ in COMBINATIONS]


@pytest.mark.parametrize(("statuses", "written", "unwritten"), COMBINATIONS)
def test_status(
    statuses: tuple[Status, ...], written: tuple[Status, int], unwritten: tuple[Status, int]
) -> None:
    """A run is complete only if everything was read and written, and failed only if nothing was read."""
    organizations = [outcome(status.value, status) for status in statuses] * 2

    complete = run_outcome(*organizations)
    with_gap = run_outcome(*organizations, gaps=(gap(),))

    assert (complete.status, complete.exit_code) == written
    assert (with_gap.status, with_gap.exit_code) == unwritten


@pytest.mark.parametrize("statuses", STATUSES)
@pytest.mark.parametrize("status", [F, C])
def test_bug(statuses: tuple[Status, ...], status: Status) -> None:
    """A bug in one organization gives exit code 1, whatever the status of the others."""
    organizations = [outcome(each.value, each) for each in statuses]

    run = run_outcome(*organizations, outcome("globex", status, bug=True))

    assert run.exit_code == 1


@pytest.mark.parametrize("statuses", STATUSES)
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("bug", [False, True])
def test_signal(statuses: tuple[Status, ...], number: signal.Signals, exit_code: int, *, bug: bool) -> None:
    """A run that a signal ended has the exit code of the signal, and is never complete."""
    run = run_outcome(*(outcome(status.value, status, bug=bug) for status in statuses), signal=int(number))

    assert (run.status, run.exit_code) == (Status.INTERRUPTED, exit_code)


def test_endpoint_overrides() -> None:
    """Each endpoint override is listed once, sorted."""
    run = run_outcome(
        outcome(
            "b",
            endpoint_overrides=(
                EndpointOverride("sts", "http://b"),
                EndpointOverride("organizations", "http://b"),
            ),
        ),
        outcome(
            "a", endpoint_overrides=(EndpointOverride("sts", "http://b"), EndpointOverride("sts", "http://a"))
        ),
        outcome("c"),
    )

    assert run.endpoint_overrides == (
        EndpointOverride("organizations", "http://b"),
        EndpointOverride("sts", "http://a"),
        EndpointOverride("sts", "http://b"),
    )


def test_counts() -> None:
    """Every record is counted; orphaned are grants to missing principals, not missing members."""
    assert Counts.of(small_organization(), rows=8) == Counts(
        users=2,
        groups=2,
        accounts=2,
        permission_sets=2,
        assignments=4,
        entitlements=1,
        rows=8,
        orphaned=1,
    )


def test_orphaned_counts_by_type_and_for_roles() -> None:
    """Principals differ by type and id, and an entitlement can be orphaned, too."""
    gone, namesake = Principal(USER, "x"), Principal(GROUP, "x")
    records = snapshot(missing=(gone,), grants=(grant(gone), entitlement(gone), grant(namesake)))

    assert Counts.of(records, rows=0) == Counts(0, 0, 0, 0, assignments=2, entitlements=1, rows=0, orphaned=2)


@pytest.mark.parametrize(
    ("counts", "fail_on", "exit_code"),
    [
        ((), "low", 0),
        ((None,), "low", 0),
        ((FindingCounts(),), "low", 0),
        ((FindingCounts(low=1),), "low", 3),
        ((FindingCounts(low=1),), "medium", 0),
        ((FindingCounts(low=1), FindingCounts(medium=1)), "medium", 3),
        ((FindingCounts(high=1),), "medium", 3),
        ((FindingCounts(high=1),), "off", 0),
    ],
)
def test_findings(counts: tuple[FindingCounts | None, ...], fail_on: str, exit_code: int) -> None:
    """Findings of a severity or higher give a complete run exit code 3, and no other run."""
    organizations = [outcome("first"), *(outcome(findings=count) for count in counts)]

    complete = run_outcome(*organizations, fail_on=fail_on)
    incomplete = run_outcome(*organizations, outcome("incomplete", I), fail_on=fail_on)
    failed = run_outcome(outcome("failed", F, findings=FindingCounts(high=9)), fail_on=fail_on)
    bug = run_outcome(*organizations, outcome("bug", bug=True), fail_on=fail_on)

    assert (complete.exit_code, incomplete.exit_code, failed.exit_code, bug.exit_code) == (exit_code, 4, 5, 1)
