"""The names of a run's files."""

import pytest

from sso_batch.run_files.file_names import FileNames

NAMES = FileNames("nightly-7", "20260304_050607")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAMES.run, "aws_sso_access_report_nightly-7_run.json"),
        (NAMES.manifest, "aws_sso_access_report_20260304_050607_manifest.json"),
        (NAMES.access(complete=True), "aws_sso_access_report_20260304_050607.csv"),
        (NAMES.access(complete=False), "aws_sso_access_report_20260304_050607_INCOMPLETE.csv"),
        (NAMES.page(complete=True), "aws_sso_access_report_20260304_050607.html"),
        (NAMES.page(complete=False), "aws_sso_access_report_20260304_050607_INCOMPLETE.html"),
        (NAMES.workbook(complete=True), "aws_sso_access_report_20260304_050607.xlsx"),
        (NAMES.workbook(complete=False), "aws_sso_access_report_20260304_050607_INCOMPLETE.xlsx"),
        (
            NAMES.organization_access("acme", complete=True),
            "aws_sso_access_report_acme_20260304_050607.csv",
        ),
        (
            NAMES.organization_access("acme", complete=False),
            "aws_sso_access_report_acme_20260304_050607_INCOMPLETE.csv",
        ),
        (
            NAMES.organization_snapshot("acme", complete=True),
            "aws_sso_access_report_acme_20260304_050607_snapshot.jsonl",
        ),
        (
            NAMES.organization_snapshot("acme", complete=False),
            "aws_sso_access_report_acme_20260304_050607_snapshot_INCOMPLETE.jsonl",
        ),
    ],
)
def test_names(name: str, expected: str) -> None:
    """The names are as documented, with `_INCOMPLETE` before the extension of files with gaps."""
    assert name == expected


@pytest.mark.parametrize(
    ("name", "organization"),
    [
        *((name, "acme") for name in NAMES.of_organization("acme")),
        *((name, "20260304") for name in NAMES.of_organization("20260304")),
        ("aws_sso_access_report_acme_20260304_050608.csv", None),
        ("aws_sso_access_report_acme_20260304_050607.csv.bak", None),
        (NAMES.run, None),
        (NAMES.manifest, None),
        (NAMES.shard_manifest(0), None),
        (NAMES.access(complete=True), None),
        (NAMES.findings(complete=False), None),
        ("notes_20260304_050607.txt", None),
    ],
)
def test_organization_of(name: str, organization: str | None) -> None:
    """A name gives the organization of its file, and None for files of the run."""
    assert NAMES.organization_of(name) == organization


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("aws_sso_access_report_20260304_050607_manifest.json", True),
        ("aws_sso_access_report_acme_20260304_050607.csv", True),
        ("aws_sso_access_report_acme_20260304_050607_snapshot_INCOMPLETE.jsonl", True),
        ("aws_sso_access_report_20260304_050608.csv", False),
        ("aws_sso_access_report_nightly-7_run.json", False),
        ("notes_20260304_050607.txt", False),
        (".aws_sso_access_report_20260304_050607.csv.0a1b2c3d.part", False),
    ],
)
def test_taken(name: str, *, taken: bool) -> None:
    """A file belongs to a run with this start if its name contains it."""
    assert NAMES.taken(name) == taken
