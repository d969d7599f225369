"""A closed campaign, read back from its files and verified."""

import csv
import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import date

from sso_batch.campaign import file_names
from sso_batch.campaign.csv_files import read_decisions
from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.findings import high_findings
from sso_batch.campaign.item import Item
from sso_batch.campaign.previous import ClosedCampaign, EarlierItem
from sso_batch.campaign.record import CampaignError, CampaignRecord, Earlier, File
from sso_batch.campaign.returned import load_campaign
from sso_batch.campaign.signoff import Signoff, read_signoff
from sso_batch.run_files.file_names import MANIFEST
from sso_batch.run_files.manifest import read_manifest
from sso_batch.run_files.stored_runs import StoredRun
from sso_batch.run_files.verification import FileChangedError, read_verified
from sso_batch.store import Store, decode_lines


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed campaign: its records, and every item with its decision.

    `out_of_scope` has the items that nobody had to decide, each with what the campaign before decided.
    """

    record: CampaignRecord
    signoff: Signoff
    signoff_sha256: str
    decided: tuple[tuple[Item, Decided], ...]
    out_of_scope: tuple[tuple[Item, Decided], ...] = ()

    @property
    def earlier(self) -> Earlier:
        """What a later campaign records of it."""
        return Earlier(
            run_id=self.record.run.run_id,
            closed_at=self.signoff.closed_at,
            signoff_sha256=self.signoff_sha256,
        )

    def compared(self, today: date) -> ClosedCampaign:
        """Return what a campaign that is opened today is compared with."""
        items = {
            item.id: EarlierItem(
                decided,
                item.privilege,
                item.what,
                item.fingerprint,
                item.first_seen,
                high_findings(item.findings),
            )
            for item, decided in (*self.out_of_scope, *self.decided)
        }
        return ClosedCampaign(today, self.earlier, items)


def load_closed(store: Store) -> Closed:
    """Return a closed campaign; raise CampaignError if it is not closed or was changed, or OSError."""
    record = load_campaign(store)
    try:
        content = read_file(store, file_names.SIGNOFF)
    except FileNotFoundError:
        raise CampaignError(
            f"the campaign in {store.name} is not closed",
            hint="close it with `sso-batch campaign close`",
        ) from None
    signoff = read_signoff(content, f"{store.name}/{file_names.SIGNOFF}")
    if sha256(read_file(store, file_names.CAMPAIGN)) != signoff.campaign.campaign_sha256:
        raise _changed(store, file_names.CAMPAIGN)
    files = {file.name: file for file in (record.population, *signoff.files)}
    if record.out_of_scope_file is not None:
        files[record.out_of_scope_file.name] = record.out_of_scope_file
    read = {name: _decisions(store, record, file) for name, file in files.items()}
    decided = read.get(file_names.DECISIONS, ())
    if len(decided) != record.items:
        raise _changed(store, file_names.DECISIONS)
    return Closed(record, signoff, sha256(content), decided, read.get(file_names.OUT_OF_SCOPE, ()))


def _decisions(store: Store, record: CampaignRecord, file: File) -> tuple[tuple[Item, Decided], ...]:
    """Verify a file that was signed off; return the decisions in it, if it has any."""
    lines = decode_lines(read_verified(store, file.entry))
    try:
        if file.name in {file_names.DECISIONS, file_names.OUT_OF_SCOPE}:
            return tuple(read_decisions(lines, people=record.people, escaped=record.escape_formulas))
        deque(lines, maxlen=0)
    except (FileChangedError, ValueError, csv.Error) as error:
        raise _changed(store, file.name) from error
    return ()


def _changed(store: Store, name: str) -> CampaignError:
    return CampaignError(
        f"{store.name}/{name} is not as it was signed off",
        hint="restore the file from a backup: what was signed off must not change",
    )


def read_file(store: Store, name: str) -> bytes:
    """Return the content of a file; raise FileNotFoundError or another OSError."""
    return b"".join(store.read(name))


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content, in hex."""
    return hashlib.sha256(content).hexdigest()


def manifest_sha256(run: StoredRun) -> str:
    """Return the SHA-256 of a run's manifest; raise CampaignError if it is not the one that was read."""
    content = read_file(run.store, MANIFEST)
    if read_manifest(content) != run.manifest:
        raise CampaignError(
            f"the manifest in {run.store.name} has changed since it was read",
            hint="wait until nothing writes to the run any more, and repeat the command",
        )
    return sha256(content)
