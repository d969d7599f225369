"""`sso-batch demo --campaign`: an access review of made-up organizations, from sheets to proof."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sso_batch.campaign.closed import load_closed
from sso_batch.campaign.csv_files import BOM
from sso_batch.campaign.decisions import KEEP, REVOKE
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import CampaignRecord, Reviewer
from sso_batch.campaign.returned import load_campaign
from sso_batch.campaign.revocations import AWS, revocations
from sso_batch.commands.campaign_close import campaign_close_command
from sso_batch.commands.campaign_open import OpenOptions, campaign_open_command
from sso_batch.commands.campaign_prove import campaign_prove_command
from sso_batch.commands.campaign_status import campaign_status_command
from sso_batch.commands.storage import folder_named
from sso_batch.console.terminal import Terminal
from sso_batch.emulator.world import Organization, World
from sso_batch.store import Folder

FOLDER = "campaign"

SETTINGS = """
campaign:
  require_comment: [revoke]
  fallback: security@example.com
  reviewers:
    - {privilege: ADMINISTRATOR, reviewer: ciso@example.com}
    - {reviewer: manager}
    - {account: "*prod*", reviewer: cloud-owner@example.com}
"""
"""The reviewers of the demo."""


class DemoCampaign:
    """A campaign on the demo's first run; `audit` makes another run and returns its folder."""

    def __init__(
        self,
        terminal: Terminal,
        environ: Mapping[str, str],
        config_file: Path,
        output: str,
        audit: Callable[[World], str],
    ) -> None:
        self._terminal = terminal
        self._environ = environ
        self._config_file = config_file
        self._folder = f"{output.rstrip('/')}/{FOLDER}"
        self._audit = audit

    def review(self, world: World, run: str) -> int:
        """Open, decide, close, remove the access, audit again and prove it; return the exit code."""
        folder = self._folder
        self._step("1. Open the campaign: one sheet for each reviewer", f"open --run {run} -o {folder}")
        campaign_open_command(self._terminal, self._environ, self._config_file, OpenOptions(run, folder))
        store = Folder(folder_named(folder))
        record = load_campaign(store)
        self._step("2. The reviewers fill in their sheets; who has not?", f"status {folder}")
        for reviewer in record.reviewers[1:]:
            _fill_in(folder_named(folder), record, reviewer)
        campaign_status_command(self._terminal, folder, format_="table")
        self._step("3. The last reviewer returns a sheet: close the campaign", f"close {folder}")
        for reviewer in record.reviewers[:1]:
            _fill_in(folder_named(folder), record, reviewer)
        campaign_close_command(self._terminal, folder, partial=False)
        self._step("4. Remove what the commands in revocations.sh remove, and audit again", "")
        closed = load_closed(store)
        carried_out = [
            revocation.item
            for revocation in revocations(closed.record, closed.decided)
            if revocation.how == AWS
        ]
        later = self._audit(_without(world, carried_out))
        self._terminal.say(
            [
                f"Removed {len(carried_out)} in the emulator, and nothing that the identity provider manages.",
                f"The new run is in {later}",
            ]
        )
        self._step("5. Prove with the new run that the access is gone", f"prove {folder} --run {later}")
        return campaign_prove_command(self._terminal, self._environ, folder, later)

    def _step(self, title: str, command: str) -> None:
        lines = ["", title]
        if command:
            lines.append(f"$ sso-batch campaign {command}")
        self._terminal.say([*lines, ""])


def _fill_in(folder: Path, record: CampaignRecord, reviewer: Reviewer) -> None:
    """Write decisions into the CSV file of a reviewer, as a spreadsheet would save it."""
    path = folder / next(file.name for file in reviewer.files if file.name.endswith(".csv"))
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    until = f"{record.due.replace(year=record.due.year + 1).isoformat()}"
    for row in rows:
        decision, comment = _decide(row)
        is_exception = decision == KEEP and row["Findings"].startswith("high")
        row |= {"Decision": decision, "Comment": comment, "Until": until if is_exception else ""}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(BOM + text.getvalue(), "utf-8", newline="")


def _decide(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the decision and the comment of a reviewer of the demo."""
    if "orphaned-grant" in row["Findings"]:
        return REVOKE, "The user or group was deleted."
    if row["UserStatus"] == "DISABLED":
        return REVOKE, "Has left the team."
    if "direct-grant" in row["Findings"] and row["Privilege"] == "CAN_ESCALATE":
        return REVOKE, "The group is enough."
    return KEEP, "Needed for operations." if row["Findings"].startswith("high") else ""


def _without(world: World, removed: Iterable[Item]) -> World:
    """Return the world without what these items stand for."""
    by_organization: dict[str, list[Item]] = {}
    for item in removed:
        by_organization.setdefault(item.organization, []).append(item)
    return replace(
        world,
        organizations=tuple(
            _organization_without(organization, by_organization.get(organization.name, ()))
            for organization in world.organizations
        ),
    )


def _organization_without(organization: Organization, removed: Iterable[Item]) -> Organization:
    gone = set(_keys(removed))
    return replace(
        organization,
        assignments=tuple(
            each
            for each in organization.assignments
            if (each.account_id, each.permission_set_arn, each.principal_id) not in gone
        ),
        memberships=tuple(
            each for each in organization.memberships if (each.group_id, each.user_id) not in gone
        ),
        applications=tuple(
            replace(
                application,
                entitlements=tuple(
                    each
                    for each in application.entitlements
                    if (each.account_id, each.role_arn, each.principal_id) not in gone
                ),
            )
            for application in organization.applications
        ),
    )


def _keys(items: Iterable[Item]) -> Iterator[tuple[str, ...]]:
    for item in items:
        if item.group_id:
            yield item.group_id, item.principal_id
        else:
            yield item.account_id, item.permission_set_arn or item.role_arn, item.principal_id
