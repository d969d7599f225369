"""The page's content, except for the explorer's records, as the template shows it. Pure."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from markupsafe import Markup

from sso_batch import __version__
from sso_batch.access import NOT_READ
from sso_batch.coverage import NotExamined, checks_without_settings
from sso_batch.dates import format_date
from sso_batch.privileges.paths import Privilege
from sso_batch.report.application_statistics import ApplicationSummary
from sso_batch.report.application_statistics import order as application_order
from sso_batch.report.page import charts
from sso_batch.report.page.caveats import serialize_caveats, unexamined
from sso_batch.report.page.change_causes import ChangeSummary, summarize_changes
from sso_batch.report.page.charts import Chart
from sso_batch.report.page.evidence import Evidence, build_evidence
from sso_batch.report.page.explorer import Extent
from sso_batch.report.page.issues import Issue, group_findings
from sso_batch.report.page.numbers import Baseline, Number, six_numbers
from sso_batch.report.report_input import ReportInput
from sso_batch.report.statistics import Administrator, Statistics, order
from sso_batch.review.finding import Finding
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.store import FileKind

MAX_LISTED = 100
"""The maximum number of administrators and applications that are listed."""

MAX_ISSUES = 300
"""The maximum number of issues, and of causes of changes, that are listed."""

MAX_TILES = 8
"""The maximum number of organizations that are shown as tiles; more are a table."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One organization: its outcome, and its statistics if it was read."""

    outcome: OrganizationOutcome
    statistics: Statistics | None
    folded: tuple[str, ...]
    in_explorer: bool
    changes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Applications:
    """The first applications, how many there are, and the organizations in which some were not read."""

    listed: tuple[ApplicationSummary, ...]
    total: int
    open_to_all: int
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewModel:
    """What the template shows."""

    facts: RunFacts
    outcome: RunOutcome
    version: str
    tiles: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    administrators: tuple[Administrator, ...]
    administrators_total: int
    administrators_unread: tuple[tuple[str, str], ...]
    """By organization, what was not read and could add administrators."""
    close: tuple[Administrator, ...]
    """Other users who can become administrator, or decide who has access."""
    can_become: int
    manage_access: int
    numbers: tuple[Number, ...]
    issues: tuple[Issue, ...] | None
    """Findings that count; None if no checks were run."""
    waived: tuple[Issue, ...]
    changes: ChangeSummary | None
    baseline: Baseline
    not_compared: tuple[tuple[str, str], ...]
    evidence: Evidence
    applications: Applications | None
    """None if applications were not examined."""
    unexamined: list[tuple[NotExamined, list[str]]]
    checks_without_settings: str
    caveats: Markup
    whole: bool
    """Whether the explorer has every row."""
    levels: tuple[tuple[str, str], ...] = (
        *((privilege.name, privilege.words) for privilege in reversed(Privilege)),
        (NOT_READ, "not read"),
    )
    """The levels that the explorer can show, the highest first, each in words."""

    @property
    def rows(self) -> int:
        """The number of access paths that were read."""
        return sum(tile.statistics.rows for tile in self.tiles if tile.statistics)

    @property
    def finding_total(self) -> int:
        """The number of findings that count."""
        return sum(issue.total for issue in self.issues or ())

    @property
    def ordered(self) -> list[Tile]:
        """The organizations, incomplete ones first."""
        return sorted(self.tiles, key=lambda tile: tile.outcome.status is Status.COMPLETE)

    @property
    def troubled(self) -> list[Tile]:
        """The organizations that are not complete."""
        return [tile for tile in self.tiles if tile.outcome.status is not Status.COMPLETE]

    @property
    def endpoints(self) -> list[str]:
        """The URLs of endpoint overrides."""
        return sorted({override.url for override in self.outcome.endpoint_overrides})

    def file(self, kind: str) -> str:
        """Return the name of the run's file of a `FileKind`, or an empty text."""
        file = self.outcome.file(FileKind(kind))
        return file.name if file else ""


def build_view_model(
    report: ReportInput, statistics: Sequence[Statistics], baseline: Baseline, extent: Extent
) -> ViewModel:
    """Return what the page shows; iterates the changes once."""
    outcome, by_name = report.outcome, {each.organization: each for each in statistics}
    changes = _changes(report)
    issues = group_findings(report)
    by_organization = changes.by_organization if changes else {}
    return ViewModel(
        facts=report.facts,
        outcome=outcome,
        version=__version__,
        tiles=tuple(
            _tile(each, by_name.get(each.name), extent, by_organization.get(each.name, {}))
            for each in outcome.organizations
        ),
        charts=(
            charts.chart_administrators(statistics),
            charts.chart_principals(statistics),
            charts.chart_access(statistics),
            _findings_chart(report),
            charts.chart_changes(None if changes is None else changes.counts),
        ),
        administrators=_first(each.administrators for each in statistics),
        administrators_total=sum(each.administrators_total for each in statistics),
        administrators_unread=tuple(_administrators_unread(outcome.organizations, by_name)),
        close=_first(each.close for each in statistics),
        can_become=sum(each.can_become for each in statistics),
        manage_access=sum(each.manage_access for each in statistics),
        numbers=six_numbers(report, statistics, baseline, issues),
        issues=tuple(issue for issue in issues if issue.total) if report.checked else None,
        waived=tuple(issue for issue in issues if not issue.total),
        applications=_applications(outcome.organizations, by_name) if report.applications else None,
        changes=changes,
        baseline=baseline,
        not_compared=tuple(report.not_compared),
        evidence=build_evidence(report, statistics),
        unexamined=unexamined(outcome.organizations),
        checks_without_settings=checks_without_settings(
            item for each in outcome.organizations for item in each.not_examined
        ),
        caveats=Markup(serialize_caveats(outcome.organizations, by_name, extent)),  # noqa: S704 - safe JSON
        whole=extent.whole,
    )


def _first(parts: Iterable[Iterable[Administrator]]) -> tuple[Administrator, ...]:
    """Return the first ones of all organizations, those with the most accounts first."""
    return tuple(heapq.nsmallest(MAX_LISTED, chain.from_iterable(parts), key=order))


def _administrators_unread(
    organizations: Sequence[OrganizationOutcome], statistics: Mapping[str, Statistics]
) -> Iterator[tuple[str, str]]:
    for organization in organizations:
        known = statistics.get(organization.name)
        unread = ("everything",) if known is None else known.administrators_unread
        if unread:
            yield organization.name, "; ".join(unread)


def _applications(
    organizations: Sequence[OrganizationOutcome], statistics: Mapping[str, Statistics]
) -> Applications:
    known = {name: each.applications for name, each in statistics.items() if each.applications is not None}
    listed = chain.from_iterable(each.listed for each in known.values())
    return Applications(
        listed=tuple(heapq.nsmallest(MAX_LISTED, listed, key=application_order)),
        total=sum(each.total for each in known.values()),
        open_to_all=sum(each.open_to_all for each in known.values()),
        unread=tuple(
            each.name for each in organizations if each.name not in known or not known[each.name].complete
        ),
    )


def _tile(
    outcome: OrganizationOutcome, statistics: Statistics | None, extent: Extent, changes: Mapping[str, int]
) -> Tile:
    folded = tuple(
        f"{group.name or group.principal.id} ({group.members:,} members, {group.grants:,} assignments)"
        for group in extent.folded.get(outcome.name, ())
    )
    in_explorer = statistics is not None and outcome.name not in extent.left_out
    return Tile(outcome, statistics, folded, in_explorer=in_explorer, changes=changes)


def _is_waived(finding: Finding) -> bool:
    return finding.waiver is not None


def _findings_chart(report: ReportInput) -> Chart:
    counts = Counter(finding.severity for finding in report.findings if not _is_waived(finding))
    waived = Counter(finding.severity for finding in report.findings if _is_waived(finding))
    return charts.chart_findings(counts, waived, checked=report.checked)


def _changes(report: ReportInput) -> ChangeSummary | None:
    if report.changes is None:
        return None
    return summarize_changes(report.changes, format_date(report.outcome.started_at))
