"""The six numbers at the top of the page, each with its change and with what it hides. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sso_batch.coverage import NotExamined, Omission, Scope
from sso_batch.model import Snapshot
from sso_batch.report.page.issues import Issue, next_expiry
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Statistics
from sso_batch.run_files.results import Counts, OrganizationOutcome, Status

_COUNTED: frozenset[object] = frozenset(
    {
        Omission.ENTITLEMENTS,
        Omission.ORPHANED_ASSIGNMENTS,
        Omission.PERMISSION_SET_DETAILS,
        Omission.POLICY_DOCUMENTS,
        Omission.UNLISTED_PRINCIPALS,
    }
)
"""What changes the numbers if it is left out."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its name and a note; `link` leads to what was counted.

    `change` is the difference from the compared runs, empty if there is none. Tones color the note and the
    change.
    """

    value: str
    label: str
    note: str
    link: str
    tone: str = ""
    change: str = ""
    change_tone: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the numbers count in an organization in one run; `administrators` is None if not all are known.

    `omitted` is what the collection left out of them: numbers that lack different parts have no difference.
    """

    omitted: frozenset[object]
    administrators: int | None
    accounts: int
    people: int
    orphaned: int

    @classmethod
    def of(cls, statistics: Statistics, counts: Counts, not_examined: Iterable[NotExamined]) -> "Standing":
        """Return the standing of an organization that was read."""
        omitted = frozenset(item.what for item in not_examined) & _COUNTED
        certain = statistics.administrators_certain
        administrators = statistics.administrators_total if certain else None
        return cls(omitted, administrators, counts.accounts, statistics.people, counts.orphaned)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The organizations of earlier runs that this run was compared with, and when those were read."""

    standings: Mapping[str, Standing]
    first: datetime | None = None
    last: datetime | None = None

    def including(self, snapshot: Snapshot, statistics: Statistics) -> "Baseline":
        """Return it with one more organization."""
        standing = Standing.of(statistics, Counts.of(snapshot, rows=statistics.rows), snapshot.not_examined)
        at = snapshot.started_at
        return Baseline(
            {**self.standings, snapshot.organization: standing},
            min(self.first or at, at),
            max(self.last or at, at),
        )


def six_numbers(
    report: ReportInput, statistics: Sequence[Statistics], baseline: Baseline, issues: Sequence[Issue]
) -> tuple[Number, ...]:
    """Return the numbers in their order."""
    organizations = report.outcome.organizations
    least = "" if all(each.status is Status.COMPLETE for each in organizations) else "≥ "
    outcomes = {each.name: each for each in organizations}
    now = {
        each.organization: Standing.of(
            each, outcomes[each.organization].counts, outcomes[each.organization].not_examined
        )
        for each in statistics
    }
    changes = _changes(now, baseline.standings)
    return (
        *_people_numbers(statistics, sum(each.counts.accounts for each in organizations), least, changes),
        _issue_number(issues, organizations) if report.checked else _NO_CHECKS,
        _orphaned_number(organizations, least, changes),
        _waiver_number(report),
    )


def _changes(now: Mapping[str, Standing], before: Mapping[str, Standing]) -> dict[str, int]:
    """Return the differences in the organizations that were compared; none of what is not known in both."""
    pairs = [
        (now[name], old) for name, old in before.items() if name in now and now[name].omitted == old.omitted
    ]
    changes = {
        "accounts": sum(new.accounts - old.accounts for new, old in pairs),
        "people": sum(new.people - old.people for new, old in pairs),
        "orphaned": sum(new.orphaned - old.orphaned for new, old in pairs),
    }
    known = [
        new.administrators - old.administrators
        for new, old in pairs
        if new.administrators is not None and old.administrators is not None
    ]
    return changes | ({"administrators": sum(known)} if len(known) == len(pairs) else {})


def _people_numbers(
    statistics: Sequence[Statistics], accounts: int, least: str, changes: Mapping[str, int]
) -> Iterator[Number]:
    certain = bool(statistics) and all(each.administrators_certain for each in statistics) and not least
    mark = "" if certain else "≥ "
    close = sum(each.can_become for each in statistics)
    yield Number(
        f"{mark}{sum(each.administrators_total for each in statistics):,}",
        "administrators",
        f"{close:,} more can become one" if close else "",
        "#access?level=ADMINISTRATOR&by=person",
        "caution",
        _signed(changes.get("administrators", 0)),
        "bad" if changes.get("administrators", 0) > 0 else "good",
    )
    yield Number(
        f"{least}{accounts:,}",
        "accounts",
        f"{mark}{sum(each.administered for each in statistics):,} with an administrator",
        "#access?by=account",
        change=_signed(changes["accounts"]),
    )
    disabled = sum(each.disabled for each in statistics)
    yield Number(
        f"{least}{sum(each.people for each in statistics):,}",
        "users with access",
        f"{disabled:,} of them disabled" if disabled else "",
        "#access?state=disabled&by=person" if disabled else "#access?by=person",
        "bad",
        _signed(changes["people"]),
    )


_NO_CHECKS = Number("none", "high issues to decide", "no checks were run", "#findings")


def _issue_number(issues: Sequence[Issue], organizations: Sequence[OrganizationOutcome]) -> Number:
    certain = all(
        each.status is Status.COMPLETE
        and not any(item.scope is Scope.CHECK and not item.setting for item in each.not_examined)
        for each in organizations
    )
    high = [issue for issue in issues if issue.severity == "high" and issue.total]
    inside, new = sum(issue.total for issue in high), sum(issue.new for issue in high)
    return Number(
        f"{'' if certain else '≥ '}{len(high):,}",
        "high issue to decide" if len(high) == 1 else "high issues to decide",
        f"{inside:,} {'finding' if inside == 1 else 'findings'} inside",
        "#findings",
        change=f"{new:,} new" if new else "",
        change_tone="bad",
    )


def _orphaned_number(
    organizations: Sequence[OrganizationOutcome], least: str, changes: Mapping[str, int]
) -> Number:
    orphaned = [each.counts.orphaned for each in organizations]
    left_out = NotExamined.by_collection(Omission.ORPHANED_ASSIGNMENTS)
    if any(left_out in each.not_examined for each in organizations):
        if not any(orphaned):
            return Number("?", "orphaned assignments", "not examined", "#evidence")
        least = "≥ "
    where = sum(map(bool, orphaned))
    return Number(
        f"{least}{sum(orphaned):,}",
        "orphaned assignments",
        f"in {where:,} {'organization' if where == 1 else 'organizations'}" if where else "",
        "#access?state=deleted",
        "caution",
        _signed(changes["orphaned"]),
        "bad" if changes["orphaned"] > 0 else "good",
    )


def _waiver_number(report: ReportInput) -> Number:
    waivers, until = next_expiry(report.findings)
    note = f"next ends {until:%-d %b %Y}" if until else ""
    return Number(
        f"{waivers:,}", "waiver in force" if waivers == 1 else "waivers in force", note, "#findings"
    )


def _signed(difference: int) -> str:
    return f"{'▲' if difference > 0 else '▼'} {abs(difference):,}" if difference else ""
