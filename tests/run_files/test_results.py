"""What became of each organization and of the whole run."""

import signal

import pytest

from sso_batch.model import GROUP, USER, Principal
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.results import Counts, Status
from tests.support.records import entitlement, gap, grant, outcome, run_outcome, small_organization, snapshot

C, I, F, X = Status.COMPLETE, Status.INCOMPLETE, Status.FAILED, Status.INTERRUPTED  # noqa: E741 - a table's letters

# What the run's organizations came to, then the run's status and exit code: with its files written, and not.
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
    """A run is complete only where all was read and written, and failed only where nothing was read."""
    organizations = [outcome(status.value, status) for status in statuses] * 2

    whole = run_outcome(*organizations)
    torn = run_outcome(*organizations, gaps=(gap(),))

    assert (whole.status, whole.exit_code) == written
    assert (torn.status, torn.exit_code) == unwritten


@pytest.mark.parametrize("statuses", STATUSES)
@pytest.mark.parametrize("status", [F, C])
def test_bug(statuses: tuple[Status, ...], status: Status) -> None:
    """A bug in one organization is exit code 1, whatever became of the others."""
    organizations = [outcome(one.value, one) for one in statuses]

    run = run_outcome(*organizations, outcome("globex", status, bug=True))

    assert run.exit_code == 1


@pytest.mark.parametrize("statuses", STATUSES)
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("bug", [False, True])
def test_signal(statuses: tuple[Status, ...], number: signal.Signals, exit_code: int, *, bug: bool) -> None:
    """A run that was told to end says by which signal, before all else, and is never complete."""
    run = run_outcome(*(outcome(one.value, one, bug=bug) for one in statuses), signal=int(number))

    assert (run.status, run.exit_code) == (Status.INTERRUPTED, exit_code)


def test_endpoint_overrides() -> None:
    """Each place that answered instead of AWS is named once, in order."""
    run = run_outcome(
        outcome("b", endpoint_overrides=("sts=http://b", "organizations=http://b")),
        outcome("a", endpoint_overrides=("sts=http://b", "sts=http://a")),
        outcome("c"),
    )

    assert run.endpoint_overrides == ("organizations=http://b", "sts=http://a", "sts=http://b")


def test_counts() -> None:
    """Every record is counted, and as orphaned the grants to principals that are gone, not their members."""
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
    """A principal is told apart by type and id, and an entitlement can be orphaned, too."""
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
    """Findings from a severity on end a complete run with 3, and never one that ends otherwise."""
    organizations = [outcome("first"), *(outcome(findings=one) for one in counts)]

    complete = run_outcome(*organizations, fail_on=fail_on)
    torn = run_outcome(*organizations, outcome("torn", I), fail_on=fail_on)
    lost = run_outcome(outcome("lost", F, findings=FindingCounts(high=9)), fail_on=fail_on)
    bug = run_outcome(*organizations, outcome("bug", bug=True), fail_on=fail_on)

    assert (complete.exit_code, torn.exit_code, lost.exit_code, bug.exit_code) == (exit_code, 4, 5, 1)
