"""Findings from end to end: their file, their counts, and what they make of the exit code."""

import csv
import io
from dataclasses import replace

import pytest

from sso_batch.config import CHECK_IDS
from sso_batch.emulator import Fault, World, generate
from sso_batch.report.findings_csv import COLUMNS
from tests.end_to_end.conftest import Audit
from tests.end_to_end.reports import Reports
from tests.end_to_end.test_exit_codes import locked
from tests.end_to_end.worlds import ODDITIES, SMALL, denying, small, three_ways_in
from tests.support.oracle import expected_rows

OFF = """
review:
  checks: {{{}}}
"""
OUTDATED = """
review:
  checks: {outdated-provisioning: high}
"""


def findings(reports: Reports) -> list[dict[str, str]]:
    """The rows of the findings' file, as the manifest names it."""
    (name,) = [one["name"] for one in reports.manifest["files"] if "_findings" in one["name"]]
    text = (reports.folder / name).read_bytes().decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(header) == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def outdated(world: World) -> World:
    """The world, in whose first organization every second role is of an earlier version."""
    first, *others = world.organizations
    provisioned = tuple(replace(one, latest=number % 2 == 0) for number, one in enumerate(first.provisioned))
    return World((replace(first, provisioned=provisioned), *others), world.access_keys, world.roles)


# Trouble


def test_an_organization_that_failed(audit: Audit) -> None:
    """Where nothing was read nothing was found, and nobody is told that there is nothing to find."""
    reports = audit(locked(small(), "org-1"))

    assert reports.ended.code == 4
    assert reports.organization("org-1")["counts"]["findings"] is None
    told = [one for one in reports.organization("org-0")["not_examined"] if "cross-organization" in one]
    assert len(told) == 1
    assert told[0].endswith("organizations that were not read: org-1")
    assert {one["Organization"] for one in findings(reports)} == {"org-0"}
    assert any(name.endswith("_findings_INCOMPLETE.csv") for name in reports.names)


def test_a_check_whose_data_was_not_read(audit: Audit) -> None:
    """What could not be looked at is named in the manifest, for its organization alone."""
    reports = audit(denying(small(), "identitystore:ListGroupMemberships"))

    def without_members(name: str) -> set[str]:
        told = reports.organization(name)["not_examined"]
        return {one.partition(":")[0] for one in told if "members of groups that were not read" in one}

    assert without_members("org-0") >= {
        "check empty-group-grant",
        "check disabled-user-access",
        "check stale-membership",
    }
    assert without_members("org-1") == set()


@pytest.mark.parametrize("severity", ["low", "high"])
def test_an_incomplete_audit_outranks_findings(audit: Audit, severity: str) -> None:
    """An incomplete audit ends with 4, whatever was found in it."""
    reports = audit(denying(three_ways_in(), "sso:DescribePermissionSet"), "--fail-on", severity)

    assert reports.ended.code == 4


def test_versions_that_could_not_be_read(audit: Audit) -> None:
    """A version that was not read is a gap, and no grant suffers from it."""
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
    assert all(one["resource"].endswith(" LATEST_PERMISSION_SET_NOT_PROVISIONED") for one in gaps)
    told = [one for one in reports.organization("org-0")["not_examined"] if one.startswith("check ")]
    assert f"check outdated-provisioning: versions that were not read (gaps: {len(gaps)})" in told
    assert not any("grants that were not read" in one for one in told)


# Found


def test_orphaned_grants_are_those_of_the_rows(audit: Audit) -> None:
    """The findings' file has a row for each grant to somebody who is gone, with the cells of the report."""
    world = three_ways_in()

    reports = audit(world)

    gone = sorted(
        (name, row["AccountId"], row["PermissionSet"], row["PrincipalType"], row["PrincipalId"])
        for name in ("org-0", "org-1", "org-2")
        for row in expected_rows(world, name, details=False, entitlements=False, account_paths=False)
        if row["PrincipalState"] == "NOT_FOUND"
    )
    told = [one for one in findings(reports) if one["Check"] == "orphaned-grant"]
    cells = ("Organization", "AccountId", "PermissionSet", "PrincipalType", "PrincipalId")
    assert gone
    assert [tuple(one[cell] for cell in cells) for one in told] == gone
    reports.assert_sums()


def test_counts(audit: Audit) -> None:
    """The manifest, the log and the file count alike."""
    reports = audit(three_ways_in())

    rows = findings(reports)
    assert rows
    for name in ("org-0", "org-1", "org-2"):
        counts = {
            severity: sum((one["Organization"], one["Severity"]) == (name, severity) for one in rows)
            for severity in ("high", "medium", "low")
        }
        assert reports.organization(name)["counts"]["findings"] == counts
        (event,) = [one for one in reports.ended.named("org.reviewed") if one["org"] == name]
        assert {one: event[one] for one in counts} == counts
        assert event["waived"] == 0
    (completed,) = reports.ended.named("run.completed")
    assert sum(completed["findings"].values()) == len(rows)


def test_every_check_off(audit: Audit) -> None:
    """Where no check is to be made there is no file that could look as if nothing had been found."""
    checks = ", ".join(f"{one}: off" for one in CHECK_IDS)

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
    """Findings from a severity on make the exit code 3 and no other, unless they are waived."""
    reports = audit(generate(9, **ODDITIES), *options, settings=settings, environ=environ)

    assert (reports.ended.code, reports.manifest["exit_code"]) == (code, code)
    assert reports.manifest["status"] == "complete"


def test_waived_findings_are_in_the_file(audit: Audit) -> None:
    """What is waived is said to be, until when and why, and is not counted."""
    waiver = "\nreview: {waivers: [{check: orphaned-*, reason: 'known; =1', until: 9999-12-31}]}\n"

    reports = audit(generate(9, **ODDITIES), settings=waiver)

    cells = {
        (one["Waived"], one["WaivedUntil"], one["WaiverReason"])
        for one in findings(reports)
        if one["Check"] == "orphaned-grant"
    }
    assert cells == {("yes", "9999-12-31", "known; =1")}
    counted = sum(reports.organization("org-0")["counts"]["findings"].values())
    assert counted == sum(one["Waived"] == "no" for one in findings(reports))


@pytest.mark.parametrize("sizes", [{}, {"permission_sets": 9, "accounts": 3}])
def test_outdated_provisioning(audit: Audit, sizes: dict[str, int]) -> None:
    """Roles of earlier versions are found with a call for each permission set or account, the fewer ones."""
    world = outdated(generate(4, **(SMALL | sizes)))
    organization = world.organizations[0]

    reports = audit(world, settings=OUTDATED)

    old = sorted(one.account_id for one in organization.provisioned if not one.latest)
    told = [one for one in findings(reports) if one["Check"] == "outdated-provisioning"]
    assert old
    assert sorted(one["AccountId"] for one in told) == old
    fewer = min(len(organization.permission_sets), len(organization.accounts))
    listings = ("ListAccountsForProvisionedPermissionSet", "ListPermissionSetsProvisionedToAccount")
    assert sum(reports.calls["org-0", one] for one in listings) == 2 * fewer
    (planned,) = reports.ended.named("collect.planned")
    asked = ("DescribePermissionSet", *listings, "ListAccountAssignments")
    assert planned["by_pair_calls"] == sum(reports.calls["org-0", one] for one in asked)
