"""`sso-batch campaign status`: what is decided, what is open, and what is wrong in the sheets."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sso_batch import __version__
from sso_batch.campaign import file_names
from sso_batch.campaign.decisions import KEEP, REVOKE, UNSURE
from sso_batch.campaign.record import CampaignRecord
from sso_batch.campaign.returned import Returned, load_campaign, read_population, read_returned
from sso_batch.commands.campaign_folder import open_campaign_folder
from sso_batch.commands.run_location import unreadable
from sso_batch.console.terminal import Terminal
from sso_batch.dates import format_date
from sso_batch.exit_codes import ExitCode
from sso_batch.sanitize import escape_terminal

if TYPE_CHECKING:
    from sso_batch.console.rows import Rows

SCHEMA = 1

_HEADINGS = ("Reviewer", "Items", "Keep", "Revoke", "Unsure", "Open", "Problems", "Returned")


@dataclass(frozen=True, slots=True)
class _Progress:
    """What one reviewer has decided; `open` counts every item that is neither kept nor revoked."""

    returned: Returned
    keep: int
    revoke: int
    unsure: int

    @classmethod
    def of(cls, returned: Returned) -> "_Progress":
        counts = Counter(decided.decision for decided in returned.decisions.values())
        return cls(returned, counts[KEEP], counts[REVOKE], counts[UNSURE])

    @property
    def items(self) -> int:
        return self.returned.reviewer.items

    @property
    def open(self) -> int:
        return self.items - self.keep - self.revoke

    @property
    def modified(self) -> datetime | None:
        """When the last changed sheet was saved; None if none came back."""
        return max((file.modified for file in self.returned.files if file.changed), default=None)


@dataclass(frozen=True, slots=True)
class _Status:
    """The state of a campaign at a time."""

    record: CampaignRecord
    reviewers: Sequence[_Progress]
    is_closed: bool
    is_late: bool

    @property
    def keep(self) -> int:
        return sum(each.keep for each in self.reviewers)

    @property
    def revoke(self) -> int:
        return sum(each.revoke for each in self.reviewers)

    @property
    def unsure(self) -> int:
        return sum(each.unsure for each in self.reviewers)

    @property
    def open(self) -> int:
        return sum(each.open for each in self.reviewers)

    @property
    def has_problems(self) -> bool:
        return any(each.returned.problems for each in self.reviewers)

    @property
    def state(self) -> str:
        if self.is_closed:
            return "closed"
        return "open" if self.open else "decided"

    @property
    def exit_code(self) -> ExitCode:
        if self.has_problems:
            return ExitCode.USAGE
        return ExitCode.UNDECIDED if self.open else ExitCode.OK


def campaign_status_command(terminal: Terminal, folder: str, *, format_: str, now: datetime) -> int:
    """Print the status of the campaign in a folder and return the exit code; raise UsageError."""
    store = open_campaign_folder(folder)
    try:
        record = load_campaign(store)
        items = read_population(store, record)
        status = _Status(
            record=record,
            reviewers=[_Progress.of(returned) for returned in read_returned(store, record, items)],
            is_closed=any(file.name == file_names.SIGNOFF for file in store.stored()),
            is_late=now.astimezone(UTC).date() > record.due,
        )
    except OSError as error:
        raise unreadable(store.name, error) from error
    if format_ == "json":
        click.echo(json.dumps(_document(status), indent=2))
    else:
        terminal.print([_table(status)])
        terminal.say(_closing_lines(status))
        terminal.say(_problem_lines(status), wrapped=False)
    return status.exit_code


def _document(status: _Status) -> dict[str, Any]:
    record = status.record
    return {
        "schema": SCHEMA,
        "version": __version__,
        "campaign": {
            "run_id": record.run.run_id,
            "opened_at": format_date(record.opened_at),
            "due": record.due.isoformat(),
            "scope": record.scope,
        },
        "status": status.state,
        "items": record.items,
        "keep": status.keep,
        "revoke": status.revoke,
        "unsure": status.unsure,
        "open": status.open,
        "overdue": bool(status.is_late and status.open),
        "reviewers": [
            {
                "reviewer": each.returned.reviewer.address,
                "items": each.items,
                "keep": each.keep,
                "revoke": each.revoke,
                "unsure": each.unsure,
                "open": each.open,
                "changed": each.modified is not None,
                "modified": format_date(each.modified) if each.modified else None,
                "problems": [asdict(problem) for problem in each.returned.problems],
            }
            for each in status.reviewers
        ],
    }


def _table(status: _Status) -> "Rows":
    from sso_batch.console.rows import Rows  # noqa: PLC0415 - rich, for tables only

    rows = [
        (
            escape_terminal(each.returned.reviewer.address),
            f"{each.items:,}",
            *(f"{number:,}" if number else "" for number in (each.keep, each.revoke, each.unsure)),
            f"{each.open:,}",
            f"{len(each.returned.problems):,}" if each.returned.problems else "",
            _returned(status, each),
        )
        for each in status.reviewers
    ]
    return Rows(_HEADINGS, rows, titles=1)


def _returned(status: _Status, progress: _Progress) -> str:
    """Return when a sheet came back, or that decisions are overdue."""
    if progress.open and status.is_late:
        return "overdue"
    return f"{progress.modified:%Y-%m-%d}" if progress.modified else "not yet"


def _closing_lines(status: _Status) -> Iterator[str]:
    record = status.record
    unsure = f" (unsure: {status.unsure:,})" if status.unsure else ""
    yield f"Campaign on run {record.run.run_id}: {status.state}, due {record.due.isoformat()}"
    yield (
        f"{record.items:,} items: {status.keep:,} keep, {status.revoke:,} revoke, "
        f"{status.open:,} open{unsure}"
    )
    if status.has_problems:
        yield "Problems (the items of these rows count as open):"


def _problem_lines(status: _Status) -> Iterator[str]:
    for each in status.reviewers:
        for problem in each.returned.problems:
            yield f"  {escape_terminal(str(problem))}"
