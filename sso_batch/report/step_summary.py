"""A run's summary in markdown, for the page of a job that ran it: never the name of a person. Pure."""

import re
from collections.abc import Iterator

from sso_batch.review.finding import SEVERITIES
from sso_batch.run_files.results import OrganizationOutcome, RunOutcome, Status
from sso_batch.sanitize.html import visible

_GAPS = 20

_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+!|~&@:]")

_STATUS = {
    Status.COMPLETE: "**Complete**: every organization was read whole.",
    Status.INCOMPLETE: "**INCOMPLETE**: not all was read. Somebody may have access that is not reported.",
    Status.FAILED: "**FAILED**: nothing was read.",
    Status.INTERRUPTED: "**INTERRUPTED**: the run ended early. Somebody may have access that is not shown.",
}


def step_summary(outcome: RunOutcome, run_id: str) -> str:
    """The status, a table of the organizations, the findings' counts and the gaps."""
    return "\n".join(_lines(outcome, run_id)) + "\n"


def _lines(outcome: RunOutcome, run_id: str) -> Iterator[str]:
    yield f"## Access audit {escaped(run_id)}"
    yield ""
    yield _STATUS[outcome.status]
    if outcome.signal is not None:
        yield f"It was ended early, by signal {outcome.signal}."
    if outcome.endpoint_overrides:
        urls = sorted({one.partition("=")[2] for one in outcome.endpoint_overrides})
        yield f"\n**Answered not by AWS**, but by {', '.join(map(escaped, urls))}."
    yield ""
    yield "| Organization | Status | Users | Accounts | Permission sets | Rows | Gaps | High | Medium | Low |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for one in outcome.organizations:
        yield f"| {' | '.join(_cells(one))} |"
    gaps = [("the run itself", gap) for gap in outcome.gaps]
    gaps += [(one.name, gap) for one in outcome.organizations for gap in one.gaps]
    if gaps:
        yield "\n### What was not read\n"
        for name, gap in gaps[:_GAPS]:
            hint = f"; {escaped(gap.hint)}" if gap.hint else ""
            yield f"- {escaped(name)}: {escaped(gap.operation)}, {escaped(gap.code)}{hint}"
        if len(gaps) > _GAPS:
            yield f"- and {len(gaps) - _GAPS:,} more, all of them in the manifest"


def _cells(one: OrganizationOutcome) -> Iterator[str]:
    """The figures; "?" where nothing was read or looked for, "≥" where checks lacked something."""
    read = one.status.was_read
    yield escaped(one.name)
    yield one.status.value if one.status is Status.COMPLETE else f"**{one.status.value}**"
    for count in (one.counts.users, one.counts.accounts, one.counts.permission_sets, one.counts.rows):
        yield f"{count:,}" if read else "?"
    yield f"{len(one.gaps):,}"
    for severity in SEVERITIES:
        at_least = "≥ " if one.unchecked or one.gaps else ""
        yield f"{at_least}{getattr(one.findings, severity):,}" if one.findings else "?"


def escaped(text: str) -> str:
    """Text that markdown and HTML take for nothing but text."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", visible(text))
