"""`sso-batch campaign close`: the decisions of a campaign, and the sign-off."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sso_batch.campaign import file_names
from sso_batch.campaign.closing import Closing
from sso_batch.campaign.signoff import Signoff
from sso_batch.commands.campaign_folder import campaign_errors, open_campaign_folder
from sso_batch.console.terminal import Terminal
from sso_batch.exit_codes import ExitCode

_FILES = {
    file_names.DECISIONS: "every item with its decision",
    file_names.WAIVERS: "accepted findings, to copy into the configuration",
    file_names.REVOCATIONS: "what is to be removed, where, and how",
    file_names.REVOCATIONS_SCRIPT: "the same as AWS CLI commands, to read before you run them",
    file_names.SIGNOFF: "the sign-off for programs, with the SHA-256 of every file",
    file_names.SIGNOFF_PAGE: "the sign-off to print",
}


def campaign_close_command(terminal: Terminal, location: str, *, partial: bool) -> int:
    """Close a campaign, print what follows from it, and return the exit code; raise SsoBatchError."""
    store = open_campaign_folder(location)
    with campaign_errors(store):
        signoff = Closing.load(store).close(partial=partial, closed_at=datetime.now(UTC))
    terminal.say(_summary(signoff, location))
    return ExitCode.OK


def _summary(signoff: Signoff, location: str) -> Iterator[str]:
    totals = signoff.totals
    decided = f"{totals.keep:,} kept, {totals.revoke:,} to revoke"
    undecided = totals.unsure + totals.open
    rest = f", {undecided:,} not decided" if undecided else ""
    yield f"Campaign on run {signoff.campaign.run_id} closed: {decided}{rest}"
    yield f"Files in {location}:"
    width = max(map(len, _FILES))
    for name, content in _FILES.items():
        yield f"  {name:<{width}}  {content}"
    if totals.revoke:
        yield (
            "Next: remove the access, run the audit again, and prove it with "
            f"`sso-batch campaign prove {location} --run RUN`"
        )
