"""`sso-batch campaign open`: the sheets of a new access review."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sso_batch.campaign import file_names
from sso_batch.campaign.closed import load_closed
from sso_batch.campaign.opening import Opening, open_campaign
from sso_batch.campaign.previous import ClosedCampaign
from sso_batch.campaign.record import CampaignError, CampaignRecord, CampaignScope
from sso_batch.commands.campaign_folder import campaign_errors, open_campaign_folder
from sso_batch.commands.roster_file import roster_of
from sso_batch.commands.run_location import RunFinder
from sso_batch.config import load
from sso_batch.console.terminal import Terminal
from sso_batch.errors import UsageError
from sso_batch.exit_codes import ExitCode
from sso_batch.store import to_output_error


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """The options of the command line."""

    run: str
    output: str
    scope: CampaignScope = "all"
    since: str | None = None
    organizations: Sequence[str] = ()


def campaign_open_command(
    terminal: Terminal, environ: Mapping[str, str], config_file: Path, options: OpenOptions
) -> int:
    """Open a campaign, print its reviewers, and return the exit code; raise UsageError."""
    config = load(config_file, environ)
    if options.scope == "changed" and options.since is None:
        raise UsageError(
            "--scope changed needs a closed campaign to compare with", hint="pass its folder with --since"
        )
    opening = Opening(
        config=config,
        run=RunFinder(environ, config_file, None).named(options.run),
        roster=roster_of(config, config_file),
        scope=options.scope,
        since=_closed(options.since) if options.since else None,
        organizations=options.organizations,
        opened_at=datetime.now(UTC),
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
    terminal.say(_summary(record, options.output))
    return ExitCode.OK


def _closed(location: str) -> ClosedCampaign:
    """Return the closed campaign at a location."""
    store = open_campaign_folder(location)
    with campaign_errors(store):
        return load_closed(store).compared()


def _summary(record: CampaignRecord, output: str) -> Iterator[str]:
    yield (
        f"Campaign on run {record.run.run_id}: {record.items:,} items for "
        f"{len(record.reviewers):,} reviewers, due {record.due.isoformat()}"
    )
    for reviewer in record.reviewers:
        yield f"  {reviewer.items:>7,}  {reviewer.address}"
    yield f"Files in {output}: {file_names.POPULATION} and a sheet for each reviewer"
