"""All that the page shows, apart from the explorer's records, worked out from a run's overview. Pure."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from markupsafe import Markup

from sso_batch import __version__
from sso_batch.report.page import charts
from sso_batch.report.page.caveats import doubts, unexamined
from sso_batch.report.page.charts import Plot
from sso_batch.report.page.explorer import Extent
from sso_batch.report.report_input import Overview
from sso_batch.report.statistics import Administrator, Digest
from sso_batch.review.change import Change
from sso_batch.review.finding import SEVERITIES, Finding
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.store import FileKind

SHOWN = 100
"""Gaps of an organization, administrators, findings of a check and changes that are listed at most."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One organization: what became of it, and its figures where it was read."""

    outcome: OrganizationOutcome
    digest: Digest | None
    folded: tuple[str, ...]
    in_explorer: bool


@dataclass(frozen=True, slots=True)
class CheckFindings:
    """The findings of one check, at most SHOWN of them, and how many there are."""

    check: str
    severity: str
    shown: tuple[Finding, ...]
    total: int
    waived: int


@dataclass(frozen=True, slots=True)
class Changes:
    """The first changes, how many there are of each kind, and what was not compared.

    `rows` is how many rows they have in the CSV file: a change of a group's access has one for each member.
    """

    shown: tuple[Change, ...]
    counts: Counter[str]
    rows: int
    not_compared: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the template shows."""

    facts: RunFacts
    outcome: RunOutcome
    version: str
    tiles: tuple[Tile, ...]
    plots: tuple[Plot, ...]
    administrators: tuple[Administrator, ...]
    administrators_total: int
    administrators_unread: tuple[tuple[str, str], ...]
    """What could make more administrators: for each organization what was not read of it."""
    findings: tuple[CheckFindings, ...] | None
    changes: Changes | None
    unexamined: list[tuple[str, list[str]]]
    doubts: Markup
    whole: bool

    @property
    def troubled(self) -> list[Tile]:
        """The organizations that are not complete."""
        return [tile for tile in self.tiles if tile.outcome.status is not Status.COMPLETE]

    @property
    def endpoints(self) -> list[str]:
        """Where answers came from that did not come from AWS."""
        return sorted({one.partition("=")[2] for one in self.outcome.endpoint_overrides})

    def file(self, kind: str) -> str:
        """Return the name of the run's file of a `FileKind`; empty where there is none."""
        file = self.outcome.file(FileKind(kind))
        return file.name if file else ""


def contents(overview: Overview, digests: Sequence[Digest], held: Extent) -> Contents:
    """Work out what the page shows; goes through the changes once."""
    outcome, by_name = overview.outcome, {one.organization: one for one in digests}
    found = _findings(overview)
    changes = _changes(overview)
    administrators = sorted(
        chain.from_iterable(one.administrators for one in digests),
        key=lambda one: (-one.accounts, one.holder.name.casefold(), one.organization, one.holder.user_id),
    )
    return Contents(
        facts=overview.facts,
        outcome=outcome,
        version=__version__,
        tiles=tuple(_tile(one, by_name.get(one.name), held) for one in outcome.organizations),
        plots=(
            charts.administrators(digests),
            charts.ways(digests),
            charts.by_access(digests),
            _findings_plot(overview.findings, made=found is not None),
            charts.changes(None if changes is None else changes.counts),
        ),
        administrators=tuple(administrators[:SHOWN]),
        administrators_total=sum(one.administrators_total for one in digests),
        administrators_unread=tuple(_administrators_unread(outcome.organizations, by_name)),
        findings=found,
        changes=changes,
        unexamined=unexamined(outcome.organizations),
        doubts=Markup(doubts(outcome.organizations, by_name, held)),  # noqa: S704 - inert JSON
        whole=held.whole,
    )


def _administrators_unread(
    organizations: Sequence[OrganizationOutcome], digests: Mapping[str, Digest]
) -> Iterator[tuple[str, str]]:
    for one in organizations:
        digest = digests.get(one.name)
        unread = ("everything",) if digest is None else digest.administrators_unread
        if unread:
            yield one.name, "; ".join(unread)


def _tile(outcome: OrganizationOutcome, digest: Digest | None, held: Extent) -> Tile:
    folded = tuple(
        f"{group.name or group.principal.id} ({group.members:,} members, {group.grants:,} grants)"
        for group in held.folded.get(outcome.name, ())
    )
    return Tile(outcome, digest, folded, in_explorer=digest is not None and outcome.name not in held.left_out)


def _findings(overview: Overview) -> tuple[CheckFindings, ...] | None:
    """The findings by check, the gravest first; None where none were looked for."""
    if not overview.findings and all(one.findings is None for one in overview.outcome.organizations):
        return None
    by_check: defaultdict[tuple[int, str], list[Finding]] = defaultdict(list)
    for one in overview.findings:
        by_check[SEVERITIES.index(one.severity), one.check].append(one)
    return tuple(
        CheckFindings(
            check=check,
            severity=SEVERITIES[severity],
            shown=tuple(heapq.nsmallest(SHOWN, found, key=lambda one: one.waiver is not None)),
            total=len(found),
            waived=sum(one.waiver is not None for one in found),
        )
        for (severity, check), found in sorted(by_check.items())
    )


def _findings_plot(findings: Sequence[Finding], *, made: bool) -> Plot:
    counts = Counter(one.severity for one in findings if one.waiver is None)
    waived = Counter(one.severity for one in findings if one.waiver is not None)
    return charts.findings(counts, waived, made=made)


def _changes(overview: Overview) -> Changes | None:
    if overview.changes is None:
        return None
    shown: list[Change] = []
    counts: Counter[str] = Counter()
    rows = 0
    for one in overview.changes:
        counts[one.kind] += 1
        rows += len(one.access.holders)
        if len(shown) < SHOWN:
            shown.append(one)
    return Changes(
        shown=tuple(shown),
        counts=counts,
        rows=rows,
        not_compared=tuple(overview.not_compared),
    )
