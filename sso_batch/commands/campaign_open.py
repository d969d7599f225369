"""`sso-batch campaign open`: the sheets of a new access review."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from rich.console import RenderableType
from rich.text import Text

from sso_batch.campaign.closed import load_closed
from sso_batch.campaign.opening import Opening, open_campaign
from sso_batch.campaign.previous import ClosedCampaign
from sso_batch.campaign.record import CampaignError, CampaignRecord, CampaignScope
from sso_batch.commands.campaign_folder import campaign_errors, open_campaign_folder
from sso_batch.commands.config_source import read_source
from sso_batch.commands.roster_file import roster_of
from sso_batch.commands.run_location import RunFinder
from sso_batch.config import parse
from sso_batch.console.rows import Rows
from sso_batch.console.terminal import Terminal
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.sanitize import escape_terminal
from sso_batch.store import to_output_error

_SHOWN = 20  # reviewers


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """The options of the command line."""

    run: str
    output: str
    scope: CampaignScope = "all"
    since: str | None = None
    organizations: Sequence[str] = ()


def campaign_open_command(
    terminal: Terminal, environ: Mapping[str, str], location: str, options: OpenOptions
) -> int:
    """Open a campaign, print its reviewers, and return the exit code; raise UsageError."""
    opened_at = datetime.now(UTC)
    source = read_source(location, environ)
    config = parse(source, environ)
    if options.scope == "changed" and options.since is None:
        raise UsageError(
            "--scope changed needs a closed campaign to compare with", hint="pass its folder with --since"
        )
    opening = Opening(
        config=config,
        run=RunFinder(environ, config, None).named(options.run),
        roster=roster_of(config, source),
        scope=options.scope,
        since=_closed(options.since, opened_at.date()) if options.since else None,
        organizations=options.organizations,
        opened_at=opened_at,
    )
    store = open_campaign_folder(options.output, create=True)
    try:
        record = open_campaign(store, opening)
    except FileExistsError as error:
        raise CampaignError(
            f"{options.output} already contains a campaign, or files of one",
            hint="nothing was changed: choose a new folder with --output",
        ) from error
    except OSError as error:
        raise to_output_error(store.name, error) from error
    terminal.print(_report(record, options.output))
    return ExitCode.OK


def _closed(location: str, today: date) -> ClosedCampaign:
    """Return the closed campaign at a location."""
    store = open_campaign_folder(location)
    with campaign_errors(store):
        return load_closed(store).compared(today)


def _report(record: CampaignRecord, output: str) -> Iterator[RenderableType]:
    rows = [(escape_terminal(each.address), f"{each.items:,}") for each in record.reviewers[:_SHOWN]]
    if rows:
        yield Rows(("Reviewer", "Items"), rows)
    if len(record.reviewers) > _SHOWN:
        yield Text(f"and {len(record.reviewers) - _SHOWN:,} more reviewers")
    for line in _lines(record, output):
        yield Text(escape_terminal(line))


def _lines(record: CampaignRecord, output: str) -> Iterator[str]:
    yield (
        f"{record.items:,} items of run {record.run.run_id} ({record.assignments:,} assignments, "
        f"{record.memberships:,} memberships) for {len(record.reviewers):,} reviewers, "
        f"due {record.due.isoformat()}"
    )
    if record.out_of_scope:
        yield f"Left out by --scope {record.scope}: {record.out_of_scope:,}"
    if record.fallback.no_rule:
        yield f"No rule matches, so the fallback reviews: {record.fallback.no_rule:,}"
    if record.fallback.own_access:
        yield f"Own access of a reviewer, so the fallback reviews: {record.fallback.own_access:,}"
    if record.unread_groups:
        yield f"Assignments to groups whose members were not read: {record.unread_groups:,}"
    for left_out in record.left_out:
        yield f"Not in the population: {left_out.name} ({left_out.reason})"
    if not any(file.name.endswith(".xlsx") for each in record.reviewers for file in each.files):
        yield "CSV files only: workbooks need xlsxwriter, which is not installed"
    yield f"Give each reviewer the sheet in {output}. Then: sso-batch campaign status {shlex.quote(output)}"
