"""The six numbers at the top of the page, each with what it hides or how it changed. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sso_batch.report.page.change_causes import ChangeSummary
from sso_batch.report.page.issues import Issue, next_expiry
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its name and a note; `tone` colors the note, `link` leads to what was counted."""

    value: str
    label: str
    note: str
    tone: str
    link: str


def six_numbers(
    report: ReportInput,
    statistics: Sequence[Statistics],
    issues: Sequence[Issue],
    changes: ChangeSummary | None,
) -> tuple[Number, ...]:
    """Return the numbers in their order."""
    return tuple(_numbers(report, statistics, issues, changes))


def _numbers(
    report: ReportInput,
    statistics: Sequence[Statistics],
    issues: Sequence[Issue],
    changes: ChangeSummary | None,
) -> Iterator[Number]:
    counts = [each.counts for each in report.outcome.organizations]
    least = "" if all(each.administrators_certain for each in statistics) and statistics else "≥ "
    administrators = sum(each.administrators_total for each in statistics)
    gained = changes.administrators if changes else 0
    yield Number(
        f"{least}{administrators:,}",
        "administrators",
        f"▲ {gained:,} gained it" if gained else "none gained since" if changes else "not compared",
        "bad" if gained else "",
        "#access?level=ADMINISTRATOR&by=person",
    )
    accounts, administered = sum(each.accounts for each in counts), sum(e.administered for e in statistics)
    yield Number(
        f"{accounts:,}",
        "accounts",
        f"{least}{administered:,} with an administrator",
        "",
        "#access?by=account",
    )
    disabled = sum(each.disabled for each in statistics)
    yield Number(
        f"{sum(each.people for each in statistics):,}",
        "users with access",
        f"{disabled:,} of them disabled" if disabled else "none of them disabled",
        "bad" if disabled else "",
        "#access?state=disabled&by=person" if disabled else "#access?by=person",
    )
    high = [issue for issue in issues if issue.severity == "high" and issue.total]
    inside = sum(issue.total for issue in high)
    findings = f"{inside:,} {'finding' if inside == 1 else 'findings'} inside"
    yield Number(
        f"{len(high):,}" if report.checked else "none",
        "high issues to decide",
        findings if report.checked else "no checks were run",
        "bad" if high else "",
        "#findings",
    )
    orphaned = [each.orphaned for each in counts if each.orphaned]
    where = f"in {len(orphaned):,} {'organization' if len(orphaned) == 1 else 'organizations'}"
    yield Number(
        f"{sum(orphaned):,}",
        "orphaned assignments",
        where if orphaned else "none",
        "caution" if orphaned else "",
        "#access?state=deleted" if orphaned else "#access",
    )
    waivers, until = next_expiry(report.findings)
    yield Number(
        f"{waivers:,}",
        "waivers in force",
        f"next ends {until:%-d %b %Y}" if until else "none",
        "",
        "#findings",
    )
