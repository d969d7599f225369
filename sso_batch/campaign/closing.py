"""Closes a campaign: the decisions, what follows from them, and the sign-off."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sso_batch.campaign import file_names
from sso_batch.campaign.closed import load_closed, read_file, sha256
from sso_batch.campaign.csv_files import ItemLines, decision_line, decisions_header
from sso_batch.campaign.decisions import OPEN, Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.pages.signoff_page import render_signoff
from sso_batch.campaign.publishing import publish_once
from sso_batch.campaign.record import CampaignError, CampaignRecord
from sso_batch.campaign.returned import Returned, load_campaign, read_population, read_returned
from sso_batch.campaign.revocation_script import script
from sso_batch.campaign.revocations import csv_lines, revocations
from sso_batch.campaign.signoff import ReturnedFile, Signoff, encode_signoff, sign_off
from sso_batch.campaign.waivers import render_waivers, waivers
from sso_batch.errors import SsoBatchError
from sso_batch.exit_codes import ExitCode
from sso_batch.store import Store

_SHOWN = 20  # problems in an error


class UndecidedError(SsoBatchError):
    """A campaign that cannot be closed because items are open."""

    exit_code = ExitCode.UNDECIDED


@dataclass(frozen=True, slots=True)
class Closing:
    """A campaign with everything that came back, to be closed."""

    store: Store
    record: CampaignRecord
    items: Sequence[Item]
    returned: Sequence[Returned]

    @classmethod
    def load(cls, store: Store) -> "Closing":
        """Return a campaign with its decisions; raise CampaignError for a problem of a sheet, or OSError."""
        record = load_campaign(store)
        items = read_population(store, record)
        returned = tuple(read_returned(store, record, items))
        problems = [str(problem) for each in returned for problem in each.problems]
        if problems:
            more = f"\nand {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
            raise CampaignError(
                "the sheets have problems:\n" + "\n".join(problems[:_SHOWN]) + more,
                hint="correct the sheets, and repeat the command",
            )
        return cls(store, record, tuple(items.values()), returned)

    @property
    def decided(self) -> Iterator[tuple[Item, Decided]]:
        """Every item with its decision."""
        decisions = {item_id: made for each in self.returned for item_id, made in each.decisions.items()}
        for item in self.items:
            yield item, decisions.get(item.id, OPEN)

    def close(self, *, partial: bool, closed_at: datetime) -> Signoff:
        """Write the files of a closed campaign and return its sign-off.

        A campaign that is closed already stays as it is; only a missing page is written again. Raises
        UndecidedError if items are open, unless `partial`; CampaignError if sheets have changed since it was
        closed; or OSError.
        """
        signoff = self._existing()
        if signoff is None:
            signoff = self._close(partial=partial, closed_at=closed_at)
        publish_once(self.store, [(file_names.SIGNOFF_PAGE, [render_signoff(signoff)], 0)])
        return signoff

    def _existing(self) -> Signoff | None:
        """Return the sign-off of a campaign that is closed already."""
        if not any(file.name == file_names.SIGNOFF for file in self.store.stored()):
            return None
        signoff = load_closed(self.store).signoff
        signed = {file.name: file.sha256 for each in signoff.reviewers for file in each.files}
        now = {file.name: file.sha256 for each in self.returned for file in each.files}
        if changed := sorted(
            name for name in signed.keys() | now.keys() if signed.get(name) != now.get(name)
        ):
            raise CampaignError(
                f"the campaign was closed on {signoff.closed_at:%Y-%m-%d}, and sheets have changed since: "
                f"{', '.join(changed[:_SHOWN])}",
                hint="restore them, or open a new campaign: what was signed off does not change",
            )
        return signoff

    def _close(self, *, partial: bool, closed_at: datetime) -> Signoff:
        decided = list(self.decided)
        undecided = sum(not made.is_final for _, made in decided)
        if undecided and not partial:
            raise UndecidedError(
                f"{undecided:,} of {len(decided):,} items are not decided",
                hint="see `sso-batch campaign status`, or close it with --partial: the sign-off then says so",
            )
        record, people = self.record, self.record.people
        lines = ItemLines(people, escape=record.escape_formulas)
        to_revoke = list(revocations(record, decided))
        found = waivers(record, decided)
        decision_lines = (decision_line(lines, people, item, made) for item, made in decided)
        files = publish_once(
            self.store,
            [
                (file_names.DECISIONS, _with(decisions_header(lines, people), decision_lines), len(decided)),
                (file_names.WAIVERS, [render_waivers(record, found)], len(found.accepted)),
                (file_names.REVOCATIONS, csv_lines(record, to_revoke), len(to_revoke)),
                (file_names.REVOCATIONS_SCRIPT, script(record, to_revoke), 0),
            ],
        )
        sheets = {
            each.reviewer.address: [ReturnedFile(**asdict(file)) for file in each.files]
            for each in self.returned
        }
        signoff = sign_off(
            record,
            decided,
            closed_at=closed_at,
            campaign_sha256=sha256(read_file(self.store, file_names.CAMPAIGN)),
            sheets=sheets,
            waivers=len(found.accepted),
            files=files,
        )
        publish_once(self.store, [(file_names.SIGNOFF, [encode_signoff(signoff).decode()], 0)])
        return signoff


def _with(header: str, lines: Iterator[str]) -> Iterator[str]:
    yield header
    yield from lines
