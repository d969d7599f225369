"""The six numbers at the top of the page, each with its change and with what it hides. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sso_batch.model import Snapshot
from sso_batch.report.page.issues import Issue, next_expiry
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Statistics
from sso_batch.run_files.results import Counts, Status


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
    """What the numbers count in an organization in one run; `administrators` is None if not all are known."""

    administrators: int | None
    accounts: int
    people: int
    orphaned: int

    @classmethod
    def of(cls, statistics: Statistics, counts: Counts) -> "Standing":
        """Return the standing of an organization that was read."""
        certain = statistics.administrators_certain
        administrators = statistics.administrators_total if certain else None
        return cls(administrators, counts.accounts, statistics.people, counts.orphaned)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The organizations of earlier runs that this run was compared with, and when those were read."""

    standings: Mapping[str, Standing]
    first: datetime | None = None
    last: datetime | None = None

    def including(self, snapshot: Snapshot, statistics: Statistics) -> "Baseline":
        """Return it with one more organization."""
        standing = Standing.of(statistics, Counts.of(snapshot, rows=statistics.rows))
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
    counts = {each.name: each.counts for each in organizations}
    now = {each.organization: Standing.of(each, counts[each.organization]) for each in statistics}
    changes = _changes(now, baseline.standings)
    return (
        *_people_numbers(statistics, sum(each.accounts for each in counts.values()), least, changes),
        _issue_number(issues, checked=report.checked),
        _orphaned_number([each.orphaned for each in counts.values()], least, changes),
        _waiver_number(report),
    )


def _changes(now: Mapping[str, Standing], before: Mapping[str, Standing]) -> dict[str, int]:
    """Return the differences in the organizations that were compared; none of what is not known in both."""
    pairs = [(now[name], standing) for name, standing in before.items() if name in now]
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


def _issue_number(issues: Sequence[Issue], *, checked: bool) -> Number:
    if not checked:
        return Number("none", "high issues to decide", "no checks were run", "#findings")
    high = [issue for issue in issues if issue.severity == "high" and issue.total]
    inside, new = sum(issue.total for issue in high), sum(issue.new for issue in high)
    return Number(
        f"{len(high):,}",
        "high issue to decide" if len(high) == 1 else "high issues to decide",
        f"{inside:,} {'finding' if inside == 1 else 'findings'} inside",
        "#findings",
        change=f"{new:,} new" if new else "",
        change_tone="bad",
    )


def _orphaned_number(orphaned: Sequence[int], least: str, changes: Mapping[str, int]) -> Number:
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
