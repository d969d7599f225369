"""Reviews of made-up snapshots, by one check or by all."""

import json
from dataclasses import replace
from datetime import date

from sso_batch.config import CHECK_IDS
from sso_batch.model import GROUP, USER, Account, Group, PermissionSet, Principal, Snapshot
from sso_batch.review.finding import Finding
from sso_batch.review.reviewer import Reviewed, Reviewer
from sso_batch.review.roster import Roster
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import SnapshotIndex
from tests.support.records import ADMIN, snapshot, user

TODAY = date(2026, 3, 4)
EVERYTHING = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'

ANN, OPS = Principal(USER, "u-1"), Principal(GROUP, "g-1")


def allowing(*actions: str) -> str:
    """Return an inline policy that allows these actions on every resource."""
    return json.dumps({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}})


def permission_set(**fields: object) -> PermissionSet:
    """Return a harmless permission set that was read, except for these fields."""
    harmless = PermissionSet(ADMIN, "Admin", "", "PT1H", (), (), "", "", ())
    return replace(harmless, **fields)  # type: ignore[arg-type] # by name


def organization(name: str = "acme", **fields: object) -> Snapshot:
    """Return an organization with Ann, an empty group, two accounts and a harmless permission set."""
    defaults = {
        "organization": name,
        "users": (user(),),
        "groups": (Group("g-1", "Ops"),),
        "accounts": (
            Account("000000000001", "Management", "ACTIVE"),
            Account("111111111111", "Prod", "ACTIVE"),
        ),
        "permission_sets": (permission_set(),),
        "delegated_administrators": (),
    }
    return snapshot(**defaults | fields)


def rules(*checks: str, **fields: object) -> Rules:
    """Return rules that enable these checks, or all of them, each with severity low."""
    return Rules(dict.fromkeys(checks or CHECK_IDS, "low"), TODAY, **fields)  # type: ignore[arg-type] # by name


def review(
    *snapshots: Snapshot, by: Rules, previous: Snapshot | None = None, roster: Roster | None = None
) -> Reviewed:
    """Review the snapshots of a run, each compared with the same earlier one."""
    reviewer = Reviewer(by, checkpoint=lambda: None)
    before = SnapshotIndex(previous) if previous else None
    for reviewed in snapshots:
        reviewer.examine(
            SnapshotIndex(reviewed, previous=before, not_compared="there is no earlier run", roster=roster)
        )
    return reviewer.finish()


def subject(finding: Finding) -> tuple[str, ...]:
    """Return what a finding is about: organization, principal, account, permission set, role."""
    return (
        finding.organization,
        finding.principal_id,
        finding.account_id,
        finding.permission_set,
        finding.role_arn,
    )
