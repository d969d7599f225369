"""The names of a run's files."""

import pytest

from sso_batch.run_files.file_names import FileNames

NAMES = FileNames("nightly-7", "20260304_050607")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAMES.shard_manifest(3), "manifest.shard-3.json"),
        (NAMES.access(complete=True), "aws_sso_access_report_20260304_050607.csv"),
        (NAMES.access(complete=False), "aws_sso_access_report_20260304_050607_INCOMPLETE.csv"),
        (NAMES.findings(complete=False), "aws_sso_access_report_20260304_050607_findings_INCOMPLETE.csv"),
        (NAMES.changes(complete=True), "aws_sso_access_report_20260304_050607_changes.csv"),
        (NAMES.page(complete=True), "aws_sso_access_report_20260304_050607.html"),
        (NAMES.page(complete=False), "aws_sso_access_report_20260304_050607_INCOMPLETE.html"),
        (NAMES.workbook(complete=True), "aws_sso_access_report_20260304_050607.xlsx"),
        (NAMES.workbook(complete=False), "aws_sso_access_report_20260304_050607_INCOMPLETE.xlsx"),
        (
            NAMES.organization_access("acme", complete=True),
            "organizations/acme/aws_sso_access_report_acme_20260304_050607.csv",
        ),
        (
            NAMES.organization_access("acme", complete=False),
            "organizations/acme/aws_sso_access_report_acme_20260304_050607_INCOMPLETE.csv",
        ),
        (NAMES.organization_snapshot("acme", complete=True), "organizations/acme/snapshot.jsonl"),
        (NAMES.organization_snapshot("acme", complete=False), "organizations/acme/snapshot_INCOMPLETE.jsonl"),
    ],
)
def test_names(name: str, expected: str) -> None:
    """The names are as documented, with `_INCOMPLETE` before the extension of files with gaps."""
    assert name == expected


def test_merged() -> None:
    """A run can have twelve merged files, complete or not, and no organization's file is one of them."""
    assert len(NAMES.merged) == 14
    assert {NAMES.access(complete=False), NAMES.workbook(complete=True)} < NAMES.merged
    assert not NAMES.merged & set(NAMES.of_organization("20260304"))
