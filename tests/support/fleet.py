"""A made-up fleet: 40 organizations in two nights, with the access that a large company has."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from sso_batch.config import Review
from sso_batch.coverage import NotExamined
from sso_batch.model import Gap, GapKind, PermissionSet, Snapshot
from sso_batch.report.report_input import ReportInput
from sso_batch.review import comparison
from sso_batch.review.finding import Finding, FindingCounts, Waiver
from sso_batch.review.reviewer import Reviewer
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import SnapshotIndex
from sso_batch.review.waivers import WaiverRule
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import Calls, OrganizationOutcome
from sso_batch.run_files.run import RunFacts
from tests.support.fleet_names import ORGANIZATIONS, TEAMS
from tests.support.fleet_organization import Organization
from tests.support.overviews import overview
from tests.support.records import STARTED, gap

CONTRACTOR = "mateo.quiroga@globant.example"
"""The address of a person who has users in many organizations."""

FAILED = "umbra-biotech"
"""The organization that an incomplete run cannot read."""

_FACTS = RunFacts(
    FileNames("20260304-050607", "20260304_050607"),
    hashlib.sha256(b"fleet").hexdigest(),
    "complete",
    (),
)
_WAIVERS = (
    WaiverRule(
        *("admin-access", "*", "sandbox-*", "cloud-admins"),
        Waiver("the platform team rebuilds sandboxes every week", date(2026, 6, 30)),
    ),
    WaiverRule(
        *("*", "*", "*", "break-glass@*"),
        Waiver("emergency access, tested every quarter", date(2026, 12, 31)),
    ),
)


def fleet(organizations: int = len(ORGANIZATIONS), *, incomplete: bool = False) -> ReportInput:
    """Return the second night, reviewed and compared with the first one.

    If it is incomplete, the second organization has many gaps, and one more organization was not read.
    """
    nights = [Organization(number).nights() for number in range(organizations)]
    if incomplete:
        nights[1] = nights[1][0], _with_gaps(nights[1][1])
    failed = [FAILED] if incomplete else []
    rules = Rules.from_config(Review(), today=STARTED.date())
    reviewer = Reviewer(replace(rules, waivers=_WAIVERS), lambda: None)
    reasons = {pair[1].organization: comparison.incomparable_reason(*pair) for pair in nights}
    for before, after in nights:
        reason = reasons[after.organization]
        previous = None if reason else SnapshotIndex(before)
        reviewer.examine(SnapshotIndex(after, previous=previous, not_compared=reason))
    reviewed = reviewer.finish(failed)
    compared = [pair for pair in nights if not reasons[pair[1].organization]]
    not_compared = {name: reason for name, reason in reasons.items() if reason}
    not_compared |= dict.fromkeys(failed, "failed in this run")
    report = overview(
        *(after for _, after in nights),
        failed=failed,
        findings=reviewed.findings,
        changes=[change for pair in compared for change in comparison.changes(*pair)],
        earlier=[before for before, _ in compared],
        not_compared=list(not_compared.items()),
    )
    found = {each.name: list[Finding]() for each in report.outcome.organizations}
    for finding in reviewed.findings:
        found[finding.organization].append(finding)
    read = {after.organization: after for _, after in nights}
    outcomes = [
        _finished(
            each,
            read.get(each.name),
            FindingCounts.of(found[each.name]),
            reviewed.not_examined.get(each.name, ()),
        )
        for each in report.outcome.organizations
    ]
    return replace(report, facts=_FACTS, outcome=replace(report.outcome, organizations=tuple(outcomes)))


def _finished(
    outcome: OrganizationOutcome,
    read: Snapshot | None,
    findings: FindingCounts,
    not_examined: Iterable[NotExamined],
) -> OrganizationOutcome:
    """Return the outcome with what the review found, and with calls."""
    if read is None:
        return replace(outcome, gaps=(_UNREACHABLE,))
    calls = {"ListAccountAssignments": 310, "ListGroupMemberships": len(TEAMS), "ListUsers": 2}
    return replace(
        outcome,
        instance=read.instance,
        region=read.instance.region,
        findings=findings,
        not_examined=(*outcome.not_examined, *not_examined),
        calls=Calls(sum(calls.values()), 3, 3, calls),
        files=tuple(
            replace(
                file,
                rows=outcome.counts.rows,
                bytes=270 * outcome.counts.rows,
                sha256=hashlib.sha256(file.name.encode()).hexdigest(),
            )
            for file in outcome.files
        ),
    )


_UNREACHABLE = Gap(
    GapKind.ORGANIZATION,
    operation="AssumeRole",
    resource=FAILED,
    code="AccessDenied",
    message="User: arn:aws:sts::120000000000:assumed-role/Scheduler/nightly is not authorized to perform: "
    "sts:AssumeRole on resource: arn:aws:iam::124100000000:role/SsoBatchAudit",
    hint="check the role's name and account in `role_arn` first: AWS gives the same answer for a role that "
    "does not exist; if it exists, its trust policy must allow the caller in the message above",
)


def _with_gaps(read: Snapshot) -> Snapshot:
    """Return the snapshot as if the assignments of most accounts, two groups and a policy were not read."""
    unread = {account.id for account in read.accounts[20:]}
    groups = [group.id for group in read.groups if group.name in {"sre", "support"}]
    throttled = {
        "code": "ThrottlingException",
        "message": "Rate exceeded",
        "hint": "reduce `max_rate`, or run at another time: AWS still throttled the call after 12 attempts",
    }
    return replace(
        read,
        grants=tuple(grant for grant in read.grants if grant.account_id not in unread),
        memberships=tuple(each for each in read.memberships if each.group_id not in groups),
        permission_sets=(
            *read.permission_sets[:-1],
            PermissionSet(read.permission_sets[-1].arn, read.permission_sets[-1].name),
        ),
        gaps=(
            *(
                gap(group, kind=GapKind.MEMBERS, operation="ListGroupMemberships", hint=_ALLOW_MEMBERSHIPS)
                for group in groups
            ),
            gap(
                read.permission_sets[-1].arn,
                kind=GapKind.PERMISSION_SET_DETAILS,
                operation="GetInlinePolicyForPermissionSet",
                permission_set_arn=read.permission_sets[-1].arn,
                hint="allow the role the IAM action sso:GetInlinePolicyForPermissionSet",
            ),
            *(
                gap(f"{account} {each.arn}", permission_set_arn=each.arn, **throttled)
                for account in sorted(unread)
                for each in read.permission_sets
            ),
        ),
    )


_ALLOW_MEMBERSHIPS = "allow the role the IAM action identitystore:ListGroupMemberships"
