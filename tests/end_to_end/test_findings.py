"""Findings from end to end: their file, their counts, and their effect on the exit code."""

from dataclasses import replace

import pytest

from sso_batch.config import CHECK_IDS
from sso_batch.emulator import Fault, World, generate
from tests.support.audits import Audit
from tests.support.expected_reports import truth
from tests.support.sample_worlds import (
    ODDITIES,
    SMALL,
    denying,
    locked,
    small,
    three_access_paths,
    with_first,
)

OFF = """
review:
  checks: {{{}}}
"""
OUTDATED = """
review:
  checks: {outdated-provisioning: high}
"""


def outdated(world: World) -> World:
    """Return the world with every second role of the first organization provisioned in an earlier version."""
    first = world.organizations[0]
    provisioned = tuple(
        replace(role, latest=number % 2 == 0) for number, role in enumerate(first.provisioned)
    )
    return with_first(world, replace(first, provisioned=provisioned))


# Failures


def test_an_organization_that_failed(audit: Audit) -> None:
    """A failed organization has no findings count, and cross-organization checks say that it was not read."""
    reports = audit(locked(small(), "org-1"))

    assert reports.ended.code == 4
    assert reports.organization("org-1")["counts"]["findings"] is None
    not_examined = reports.organization("org-0")["not_examined"]
    (reason,) = [reason for reason in not_examined if "cross-organization" in reason]
    assert reason.endswith("organizations that were not read: org-1")
    assert {finding["Organization"] for finding in reports.findings()} == {"org-0"}
    assert any(name.endswith("_findings_INCOMPLETE.csv") for name in reports.names)


def test_a_check_whose_data_was_not_read(audit: Audit) -> None:
    """Checks whose data was not read are named in the manifest, for the organization concerned only."""
    reports = audit(denying(small(), "identitystore:ListGroupMemberships"))

    def without_members(name: str) -> set[str]:
        not_examined = reports.organization(name)["not_examined"]
        reason = "members of groups that were not read"
        return {line.partition(":")[0] for line in not_examined if reason in line}

    assert without_members("org-0") >= {
        "check empty-group-grant",
        "check disabled-user-access",
        "check stale-membership",
    }
    assert without_members("org-1") == set()


@pytest.mark.parametrize("severity", ["low", "high"])
def test_an_incomplete_audit_outranks_findings(audit: Audit, severity: str) -> None:
    """An incomplete audit ends with 4, whatever its findings."""
    reports = audit(denying(three_access_paths(), "sso:DescribePermissionSet"), "--fail-on", severity)

    assert reports.ended.code == 4


def test_provisioned_versions_that_could_not_be_read(audit: Audit) -> None:
    """Provisioned versions that were not read are gaps that do not affect assignments."""
    world = generate(4, **SMALL)
    fault = Fault(
        "access_denied",
        operation="ListAccountsForProvisionedPermissionSet",
        resource="LATEST_PERMISSION_SET_NOT_PROVISIONED",
    )

    reports = audit(world, faults=[fault], settings=OUTDATED)

    assert reports.ended.code == 4
    gaps = reports.gaps("org-0")
    assert len(gaps) == SMALL["permission_sets"]
    assert all(gap["resource"].endswith(" LATEST_PERMISSION_SET_NOT_PROVISIONED") for gap in gaps)
    not_examined = reports.organization("org-0")["not_examined"]
    assert f"check outdated-provisioning: versions that were not read (gaps: {len(gaps)})" in not_examined
    assert not any("grants that were not read" in line for line in not_examined)


# Results


def test_orphaned_assignments_are_those_of_the_report(audit: Audit) -> None:
    """The findings CSV has one row for each assignment to a deleted principal, with the report's cells."""
    world = three_access_paths()

    reports = audit(world)

    orphaned = sorted(
        (name, row["AccountId"], row["PermissionSet"], row["PrincipalType"], row["PrincipalId"])
        for name in ("org-0", "org-1", "org-2")
        for row in truth(world, name)
        if row["PrincipalState"] == "NOT_FOUND"
    )
    reported = [finding for finding in reports.findings() if finding["Check"] == "orphaned-grant"]
    cells = ("Organization", "AccountId", "PermissionSet", "PrincipalType", "PrincipalId")
    assert orphaned
    assert [tuple(finding[cell] for cell in cells) for finding in reported] == orphaned
    reports.assert_sums()


def test_counts(audit: Audit) -> None:
    """Manifest, log and findings CSV have the same counts."""
    reports = audit(three_access_paths())

    findings = reports.findings()
    assert findings
    for name in ("org-0", "org-1", "org-2"):
        counts = {
            severity: sum((row["Organization"], row["Severity"]) == (name, severity) for row in findings)
            for severity in ("high", "medium", "low")
        }
        assert reports.organization(name)["counts"]["findings"] == counts
        (event,) = [event for event in reports.ended.named("org.reviewed") if event["org"] == name]
        assert {severity: event[severity] for severity in counts} == counts
        assert event["waived"] == 0
    (completed,) = reports.ended.named("run.completed")
    assert sum(completed["findings"].values()) == len(findings)


def test_every_check_off(audit: Audit) -> None:
    """With every check off there is no findings CSV that could look as if nothing had been found."""
    checks = ", ".join(f"{check_id}: off" for check_id in CHECK_IDS)

    reports = audit(small(), settings=OFF.format(checks))

    assert reports.ended.code == 0
    assert not any("findings" in name for name in reports.names)
    assert reports.organization("org-0")["counts"]["findings"] is None


@pytest.mark.parametrize(
    ("options", "settings", "environ", "code"),
    [
        (("--fail-on", "low"), "", {}, 3),
        ((), "\nreview: {fail_on: low}\n", {}, 3),
        ((), "", {"SSO_BATCH_FAIL_ON": "low"}, 3),
        (("--fail-on", "off"), "\nreview: {fail_on: low}\n", {}, 0),
        (("--fail-on", "high"), "\nreview: {checks: {orphaned-grant: high}}\n", {}, 3),
        (
            ("--fail-on", "low"),
            "\nreview: {waivers: [{check: '*', reason: all, until: 9999-12-31}]}\n",
            {},
            0,
        ),
        (
            ("--fail-on", "low"),
            "\nreview: {waivers: [{check: '*', reason: all, until: 2020-12-31}]}\n",
            {},
            3,
        ),
    ],
)
def test_fail_on(
    audit: Audit, options: tuple[str, ...], settings: str, environ: dict[str, str | None], code: int
) -> None:
    """Findings at or above --fail-on end the run with 3, unless they are waived."""
    reports = audit(generate(9, **ODDITIES), *options, settings=settings, environ=environ)

    assert (reports.ended.code, reports.manifest["exit_code"]) == (code, code)
    assert reports.manifest["status"] == "complete"


def test_waived_findings_are_in_the_file(audit: Audit) -> None:
    """Waived findings stay in the CSV with date and reason, and are not counted."""
    waiver = "\nreview: {waivers: [{check: orphaned-*, reason: 'known; =1', until: 9999-12-31}]}\n"

    reports = audit(generate(9, **ODDITIES), settings=waiver)

    cells = {
        (finding["Waived"], finding["WaivedUntil"], finding["WaiverReason"])
        for finding in reports.findings()
        if finding["Check"] == "orphaned-grant"
    }
    assert cells == {("yes", "9999-12-31", "known; =1")}
    counted = sum(reports.organization("org-0")["counts"]["findings"].values())
    assert counted == sum(finding["Waived"] == "no" for finding in reports.findings())


@pytest.mark.parametrize("sizes", [{}, {"permission_sets": 9, "accounts": 3}])
def test_outdated_provisioning(audit: Audit, sizes: dict[str, int]) -> None:
    """Outdated roles are found with one more call for each permission set or account, whichever are fewer."""
    world = outdated(generate(4, **(SMALL | sizes)))
    organization = world.organizations[0]

    reports = audit(world, settings=OUTDATED)

    outdated_in = sorted(role.account_id for role in organization.provisioned if not role.latest)
    reported = [finding for finding in reports.findings() if finding["Check"] == "outdated-provisioning"]
    assert outdated_in
    assert sorted(finding["AccountId"] for finding in reported) == outdated_in
    fewer = min(len(organization.permission_sets), len(organization.accounts))
    listings = ("ListAccountsForProvisionedPermissionSet", "ListPermissionSetsProvisionedToAccount")
    assert sum(reports.calls["org-0", operation] for operation in listings) == 2 * fewer
    (planned,) = reports.ended.named("collect.planned")
    operations = ("DescribePermissionSet", *listings, "ListAccountAssignments")
    assert planned["by_pair_calls"] == sum(reports.calls["org-0", operation] for operation in operations)
