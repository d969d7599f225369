"""Runs of made-up organizations in a folder, and campaigns that are opened on them in this process."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sso_batch.campaign.opening import Opening, open_campaign
from sso_batch.campaign.previous import ClosedCampaign
from sso_batch.campaign.record import CampaignRecord, CampaignScope
from sso_batch.config import Campaign, Config, Output, Review
from sso_batch.model import Snapshot
from sso_batch.review.roster import Roster
from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.results import Status
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.stored_runs import StoredRun, load_manifest
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.store import Folder
from sso_batch.store.private_folders import make_private
from tests.support.campaign_files import Row, read_rows
from tests.support.records import FINISHED, STARTED, outcome, run_outcome

FALLBACK = "security@example.com"
_NAMES = FileNames("nightly-7", "20260304_050607")


def write_run(
    folder: Path, *snapshots: Snapshot, partial: Iterable[str] = (), failed: Iterable[str] = ()
) -> StoredRun:
    """Write a run into a new folder: `partial` organizations are incomplete, and `failed` ones not read."""
    make_private(folder)
    store = Folder(folder)
    write_document(store, RUN_FILE, encode_run_file(_NAMES, STARTED))
    outcomes = [outcome(name, Status.FAILED, instance=None) for name in failed]
    for each in snapshots:
        written = write_organization(store, _NAMES, each, csv=False, escape=True, stop=threading.Event())
        status = Status.INCOMPLETE if each.organization in partial else Status.COMPLETE
        outcomes.append(outcome(each.organization, status, files=written.files))
    facts = RunFacts(_NAMES, "0" * 64, "complete", ("elsewhere",))
    write_document(store, MANIFEST, encode_manifest(facts, run_outcome(*outcomes)))
    return StoredRun(store, load_manifest(store))


@dataclass(frozen=True, slots=True)
class OpenedCampaign:
    """A campaign in a folder."""

    folder: Path
    record: CampaignRecord

    @property
    def population(self) -> list[Row]:
        """The rows of the population."""
        return read_rows(self.folder / self.record.population.name)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The contents of all files by their names, hidden ones too."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


def open_on(
    run: StoredRun,
    folder: Path,
    *rules: Mapping[str, str],
    scope: CampaignScope = "all",
    since: ClosedCampaign | None = None,
    roster: Roster | None = None,
    organizations: Iterable[str] = (),
    opened_at: datetime = FINISHED + timedelta(hours=1),
    **campaign: Any,  # noqa: ANN401 - any key of the section
) -> OpenedCampaign:
    """Open a campaign with these rules for reviewers into a new folder."""
    section = Campaign.model_validate({"fallback": FALLBACK, "reviewers": rules} | campaign)
    config = Config.model_construct(organizations=(), output=Output(), review=Review(), campaign=section)
    opening = Opening(config, run, roster, scope, since, tuple(organizations), opened_at)
    make_private(folder)
    return OpenedCampaign(folder, open_campaign(Folder(folder), opening))


def named(snapshot: Snapshot, name: str) -> Snapshot:
    """Return the same organization with another name and instance."""
    instance = replace(
        snapshot.instance,
        arn=f"arn:aws:sso:::instance/ssoins-{name}",
        identity_store_id=f"d-{name}",
        organization_id=f"o-{name}",
    )
    return replace(snapshot, organization=name, instance=instance)
