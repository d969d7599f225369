"""The six numbers: what they count, what they hide, and how they changed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso_batch.coverage import BlindSpot, NotExamined, Omission, Setting
from sso_batch.model import GROUP, USER, GapKind, Principal, Snapshot
from sso_batch.report.page.numbers import Baseline, Number, six_numbers
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Statistics, compute_statistics
from sso_batch.review.snapshot_index import SnapshotIndex
from tests.support.overviews import ADMINISTRATOR_ACCESS, findings, overview
from tests.support.records import STARTED, gap, grant, permission_set, snapshot, user

SETS = (permission_set("arn:admin", "Admin", "PT1H", (ADMINISTRATOR_ACCESS,), (), "", ""),)


def organization(administrators: int, **fields: object) -> Snapshot:
    """Return an organization with so many administrators, each by a direct assignment."""
    people = tuple(user(f"u-{number}", f"Person {number}") for number in range(administrators))
    known: dict[str, object] = {
        "users": people,
        "permission_sets": SETS,
        "grants": tuple(grant(Principal(USER, each.id), "1" * 12, "arn:admin") for each in people),
    }
    return snapshot(**known | fields)


def statistics(report: ReportInput, records: Snapshot) -> Statistics:
    """Return an organization's statistics."""
    return compute_statistics(SnapshotIndex(records), report.accesses(records))


def numbers(report: ReportInput, *before: Snapshot) -> dict[str, Number]:
    """Return the numbers of a run by label, compared with these earlier organizations."""
    baseline = Baseline({})
    for records in before:
        baseline = baseline.including(records, statistics(report, records))
    now = [statistics(report, records) for records in report.snapshots]
    return {number.label: number for number in six_numbers(report, now, baseline, ())}


@pytest.mark.parametrize(
    ("before", "change", "tone"), [(1, "▲ 2", "bad"), (4, "▼ 1", "good"), (3, "", "good")]
)
def test_change_of_administrators(before: int, change: str, tone: str) -> None:
    """More administrators are bad news, and fewer are good news."""
    number = numbers(overview(organization(3)), organization(before))["administrators"]

    assert (number.value, number.change, number.change_tone) == ("3", change, tone)


def test_only_compared_organizations_change() -> None:
    """An organization that was not compared counts, and does not count as a change."""
    report = overview(organization(3), organization(5, organization="globex"))

    number = numbers(report, organization(2))["administrators"]

    assert (number.value, number.change) == ("8", "▲ 1")


def test_unknown_administrators_have_no_change() -> None:
    """Where policies were not read, there is no difference to tell, and the number is a lower bound."""
    unread = (*SETS, permission_set("arn:new", "New", "PT1H", None, (), "", ""))
    records = organization(3)
    more = replace(
        records,
        permission_sets=unread,
        grants=(*records.grants, grant(Principal(USER, "u-0"), "2" * 12, "arn:new")),
    )

    number = numbers(overview(more), organization(1))["administrators"]

    assert (number.value, number.change) == ("≥ 3", "")


def test_incomplete_run_has_lower_bounds() -> None:
    """What an organization that was not read could add is marked at each number."""
    found = numbers(overview(organization(3), failed=["globex"]))

    assert [found[label].value for label in ("administrators", "accounts", "users with access")] == [
        "≥ 3",
        "≥ 0",
        "≥ 3",
    ]
    assert found["orphaned assignments"].value == "≥ 0"


def test_incomplete_organization_has_lower_bounds() -> None:
    """The same is true of one that was partly read."""
    partly = organization(3, gaps=(gap("g-1", kind=GapKind.MEMBERS, operation="ListGroupMemberships"),))

    assert numbers(overview(partly))["users with access"].value == "≥ 3"


def test_orphaned_assignments() -> None:
    """Assignments to deleted principals are counted with their change."""
    gone = Principal(GROUP, "g-gone")
    records = organization(1)
    orphaned = replace(
        records, missing=(gone,), grants=tuple(sorted((*records.grants, grant(gone, "2" * 12, "arn:admin"))))
    )

    number = numbers(overview(orphaned), records)["orphaned assignments"]

    assert (number.value, number.note, number.change) == ("1", "in 1 organization", "▲ 1")


def test_no_checks() -> None:
    """Without checks there is no number of issues: none were looked for."""
    number = numbers(overview(organization(1)))["high issues to decide"]

    assert (number.value, number.note) == ("none", "no checks were run")


def test_waivers() -> None:
    """Waivers in force are counted with the first day on which one ends."""
    number = numbers(overview(organization(1), findings=findings()))["waiver in force"]

    assert (number.value, number.note) == ("1", "next ends 31 Dec 2026")


def test_time_of_the_baseline() -> None:
    """It covers the first and the last organization that was compared."""
    report = overview(organization(1))
    late = organization(1, organization="globex", started_at=STARTED + timedelta(days=2))
    baseline = Baseline({})
    for records in (late, organization(1)):
        baseline = baseline.including(records, statistics(report, records))

    assert (baseline.first, baseline.last) == (STARTED, STARTED + timedelta(days=2))


def test_other_parts_have_no_difference() -> None:
    """What only one of two runs left out is not a change of access."""
    left_out = (NotExamined.by_collection(Omission.ENTITLEMENTS),)
    before = organization(5)

    number = numbers(overview(organization(3, not_examined=left_out)), before)["users with access"]

    assert (number.value, number.change) == ("3", "")


def test_orphaned_assignments_that_were_not_looked_for() -> None:
    """If assignments of deleted principals cannot be seen, their number is not 0."""
    left_out = (NotExamined.by_collection(Omission.ORPHANED_ASSIGNMENTS),)

    number = numbers(overview(organization(1, not_examined=left_out)))["orphaned assignments"]

    assert (number.value, number.note) == ("?", "not examined")


@pytest.mark.parametrize(
    ("blind_spot", "value"), [(BlindSpot("users", 1), "≥ 0"), (BlindSpot(Setting.ROSTER), "0")]
)
def test_issues_that_a_check_could_not_see(blind_spot: BlindSpot, value: str) -> None:
    """A check that lacked data could have found more; one whose setting is off was not asked."""
    records = organization(1, not_examined=(NotExamined.by_check("leaver-access", blind_spot),))

    number = numbers(overview(records, findings=findings()))["high issues to decide"]

    assert number.value == value
