"""Findings in the Open Cybersecurity Schema Framework (OCSF), for a security lake or a SIEM.

Each finding is an event of the class Detection Finding: https://schema.ocsf.io/1.5.0/classes/detection_finding.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sso_batch import __version__
from sso_batch.access import NOT_READ
from sso_batch.review.checks import CHECKS
from sso_batch.review.finding import Finding
from sso_batch.run_files.results import OrganizationOutcome

VERSION = "1.5.0"
"""The version of OCSF."""

_CATEGORY = {"category_uid": 2, "category_name": "Findings"}
_CLASS = {"class_uid": 2004, "class_name": "Detection Finding"}
# Every event reports the state of one run, and not a change, so that no event needs an earlier one.
_ACTIVITY = {
    "activity_id": 1,
    "activity_name": "Create",
    "type_uid": 200401,
    "type_name": "Detection Finding: Create",
}
_SEVERITIES = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
_NEW = {"status_id": 1, "status": "New"}
_SUPPRESSED = {"status_id": 3, "status": "Suppressed"}
_RULE = {"type_id": 1, "type": "Rule"}
_AWS_ACCOUNT = {"type_id": 10, "type": "AWS Account"}
_EMAIL_ADDRESS = {"type_id": 5, "type": "Email Address"}
_CHECKS = {check.id: check for check in CHECKS}


def lines(
    findings: Iterable[Finding], run_id: str, organizations: Iterable[OrganizationOutcome]
) -> Iterator[tuple[str, int]]:
    """Yield the text of a JSON array with one event on each line, each text with its number of events."""
    by_name = {organization.name: organization for organization in organizations}
    before = "[\n"
    for finding in findings:
        document = event(finding, run_id, by_name[finding.organization])
        yield before + json.dumps(document, ensure_ascii=False, separators=(",", ":")), 1
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n", 0


def event(finding: Finding, run_id: str, organization: OrganizationOutcome) -> dict[str, Any]:
    """Return the event of a finding in one of the run's organizations.

    What AWS does not have is left out. What was not read is left out as well, and named in
    `unmapped.not_read`.
    """
    check = _CHECKS[finding.check]
    severity_id, severity = _SEVERITIES[finding.severity]
    resources = list(_resources(finding))
    return {
        **_CATEGORY,
        **_CLASS,
        **_ACTIVITY,
        "time": round(organization.finished_at.timestamp() * 1000),
        "severity_id": severity_id,
        "severity": severity,
        **_status(finding),
        "message": finding.message,
        "finding_info": {
            "uid": finding.uid,
            "title": finding.message,
            "desc": check.why,
            "types": [check.id],
            "analytic": {"uid": check.id, "name": check.id, **_RULE},
            "data_sources": ["AWS IAM Identity Center"],
        },
        "remediation": {"desc": check.remedy},
        "resources": resources,
        "observables": [
            {"name": f"resources[{number}].data.email", "value": resource["data"]["email"], **_EMAIL_ADDRESS}
            for number, resource in enumerate(resources)
            if "data" in resource
        ],
        "cloud": _cloud(finding, organization),
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": "sso-batch", "vendor_name": "sso-batch", "version": __version__},
            "uid": f"{run_id}/{finding.uid}",
            "correlation_uid": finding.cause,
            "event_code": check.id,
        },
        "unmapped": {
            "run_id": run_id,
            "organization": organization.name,
            "organization_status": organization.status.value,
            "not_examined": _not_examined(finding, organization),
            "not_read": [name for name, value in _read(finding).items() if value == NOT_READ],
            "endpoint_overrides": [str(override) for override in organization.endpoint_overrides],
        },
    }


def _status(finding: Finding) -> Mapping[str, Any]:
    waiver = finding.waiver
    if waiver is None:
        return _NEW
    return {
        **_SUPPRESSED,
        "status_detail": f"waived until {waiver.until.isoformat()}",
        "comment": waiver.reason,
    }


def _resources(finding: Finding) -> Iterator[dict[str, Any]]:
    """Yield what a finding is about: principal, account, permission set, role and application."""
    user = "AWS::IdentityStore::User", finding.user_id, finding.user_name
    group = "AWS::IdentityStore::Group", "" if finding.user_id else finding.principal_id, finding.group_name
    account = "AWS::Organizations::Account", finding.account_id, finding.account_name
    permission_set = "AWS::SSO::PermissionSet", finding.permission_set_arn, finding.permission_set
    role = "AWS::IAM::Role", finding.role_arn, ""
    application = "AWS::SSO::Application", finding.application_arn, ""
    for type_, uid, name in (user, group, account, permission_set, role, application):
        if uid:
            resource: dict[str, Any] = {"type": type_, "uid": uid}
            if name not in {"", NOT_READ}:
                resource["name"] = name
            if uid == finding.user_id and finding.user_email not in {"", NOT_READ}:
                resource["data"] = {"email": finding.user_email}
            yield resource


def _cloud(finding: Finding, organization: OrganizationOutcome) -> dict[str, Any]:
    """Return the account of a finding, else the management account, with its organization."""
    instance = organization.instance
    cloud: dict[str, Any] = {"provider": "AWS", "org": {"name": organization.name}}
    if instance is not None:
        cloud["region"] = instance.region
        if instance.organization_id:
            cloud["org"]["uid"] = instance.organization_id
    uid = finding.account_id or (instance.management_account_id if instance else None)
    if uid:
        is_named = bool(finding.account_id) and finding.account_name not in {"", NOT_READ}
        cloud["account"] = {"uid": uid, "name": finding.account_name if is_named else uid, **_AWS_ACCOUNT}
    return cloud


def _not_examined(finding: Finding, organization: OrganizationOutcome) -> str:
    """Return what the check of a finding could not look at in the organization; usually nothing."""
    return "".join(str(item.what) for item in organization.not_examined if item.check == finding.check)


def _read(finding: Finding) -> dict[str, str]:
    """Return the values of a finding that AWS may not have given, by name."""
    return {
        "user_email": finding.user_email,
        "user_name": finding.user_name,
        "group_name": finding.group_name,
        "account_name": finding.account_name,
        "permission_set": finding.permission_set,
    }
