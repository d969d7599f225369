"""The summary of a run in Markdown, for the page of the CI job that ran it; without names of people. Pure."""

import re
from collections.abc import Iterator

from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.sanitize import show_hidden

_MAX_GAPS = 20

_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+!|~&@:]")

_STATUS = {
    Status.COMPLETE: "**Complete**: every organization was read completely.",
    Status.INCOMPLETE: "**INCOMPLETE**: some data was not read. Users may have access that is not reported.",
    Status.FAILED: "**FAILED**: no data was read.",
    Status.INTERRUPTED: "**INTERRUPTED**: the run ended early. Users may have access that is not reported.",
}


def render_step_summary(outcome: RunOutcome, run_id: str) -> str:
    """Return the status, a table of the organizations with findings by severity, and the gaps."""
    return "\n".join(_lines(outcome, run_id)) + "\n"


def _lines(outcome: RunOutcome, run_id: str) -> Iterator[str]:
    yield f"## Access audit {escaped(run_id)}"
    yield ""
    yield _STATUS[outcome.status]
    if outcome.signal is not None:
        yield f"The run was stopped by signal {outcome.signal}."
    if outcome.endpoint_overrides:
        urls = sorted({override.url for override in outcome.endpoint_overrides})
        places = ", ".join(map(escaped, urls))
        yield f"\n**Endpoint override**: {places} (these answers did not come from AWS)."
    yield ""
    severities = " | ".join(severity.capitalize() for severity in SEVERITIES)
    yield f"| Organization | Status | Users | Accounts | Permission sets | Rows | Gaps | {severities} |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for organization in outcome.organizations:
        yield f"| {' | '.join(_cells(organization))} |"
    yield from _gaps(outcome)


def _gaps(outcome: RunOutcome) -> Iterator[str]:
    gaps = [("the run itself", gap) for gap in outcome.gaps]
    gaps += [(organization.name, gap) for organization in outcome.organizations for gap in organization.gaps]
    if gaps:
        yield "\n### What was not read\n"
        for name, gap in gaps[:_MAX_GAPS]:
            hint = f"; {escaped(gap.hint)}" if gap.hint else ""
            cause = ", ".join(escaped(part) for part in (gap.operation, gap.code) if part)
            yield f"- {escaped(name)}: {cause}{hint}"
        if len(gaps) > _MAX_GAPS:
            yield f"- and {len(gaps) - _MAX_GAPS:,} more; the manifest lists all gaps"


def _cells(organization: OrganizationOutcome) -> Iterator[str]:
    """Yield the figures: "?" if nothing was read or examined, "≥" if the checks have blind spots."""
    read = organization.status.was_read
    counts = organization.counts
    status = organization.status.value
    yield escaped(organization.name)
    yield status if organization.status is Status.COMPLETE else f"**{status}**"
    for count in (counts.users, counts.accounts, counts.permission_sets, counts.rows):
        yield f"{count:,}" if read else "?"
    yield f"{len(organization.gaps):,}"
    for severity in SEVERITIES:
        at_least = "≥ " if organization.unchecked or organization.gaps else ""
        yield f"{at_least}{getattr(organization.findings, severity):,}" if organization.findings else "?"


def escaped(text: str) -> str:
    """Return text in which Markdown and HTML find no markup."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", show_hidden(text))
