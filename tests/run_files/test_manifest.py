"""The manifest and the run file, as whole documents."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sso_batch import __version__
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import RunFacts, manifest, run_file
from sso_batch.run_files.results import Calls, Counts, Status
from sso_batch.store import FileEntry, FileKind
from tests.support.records import INSTANCE, gap, outcome, run_outcome

NAMES = FileNames("nightly-7", "20260304_050607")
FACTS = RunFacts(NAMES, config_sha256="c0ffee", strategy="complete", not_selected=("umbrella",))
NO_FIGURES = {
    "users": 0,
    "groups": 0,
    "accounts": 0,
    "permission_sets": 0,
    "assignments": 0,
    "entitlements": 0,
    "rows": 0,
    "orphaned": 0,
    "findings": None,
}


def test_failed_organization() -> None:
    """An organization of which nothing was read is named with its gap; what is not known of it is null."""
    run = run_outcome(
        outcome("globex", Status.FAILED, instance=None, region=None, gaps=(gap("globex", hint=""),))
    )

    document = json.loads(manifest(FACTS, run))

    assert (document["status"], document["exit_code"], document["files"]) == ("failed", 5, [])
    assert document["organizations"] == [
        {
            "name": "globex",
            "status": "failed",
            "resumed": False,
            "instance_arn": None,
            "region": None,
            "organization_id": None,
            "management_account_id": None,
            "caller_arn": None,
            "started_at": "2026-03-04T05:06:07.089Z",
            "finished_at": "2026-03-04T05:07:08.000Z",
            "counts": NO_FIGURES,
            "calls": {"total": 0, "throttled": 0, "retried": 0, "by_operation": {}},
            "not_examined": [],
            "gaps": [
                {
                    "operation": "ListAccountAssignments",
                    "resource": "globex",
                    "code": "AccessDeniedException",
                    "message": "not authorized",
                    "hint": "",
                }
            ],
            "files": [],
        }
    ]


@pytest.mark.parametrize(
    ("instance", "region", "told"),
    [(None, "us-east-1", "us-east-1"), (INSTANCE, None, "eu-west-1"), (INSTANCE, "us-east-1", "eu-west-1")],
)
def test_region(instance: None, region: str | None, told: str) -> None:
    """The Region is the instance's, and until that is known the configuration's."""
    document = json.loads(manifest(FACTS, run_outcome(outcome(instance=instance, region=region))))

    assert document["organizations"][0]["region"] == told


def test_manifest() -> None:
    """The whole document is the contract's, its keys in the contract's order."""
    file = FileEntry("aws_sso_access_report_acme_20260304_050607.csv", FileKind.ACCESS_CSV, "5ha", 8, 1234)
    merged = FileEntry(
        "aws_sso_access_report_20260304_050607.csv", FileKind.MERGED_ACCESS_CSV, "5hb", 8, 1234
    )
    acme = outcome(
        counts=Counts(2, 1, 3, 1, 4, 1, 8, 1),
        calls=Calls(12, 2, 3, {"ListGroups": 5, "ListUsers": 7}),
        not_examined=("account paths",),
        files=(file,),
        endpoint_overrides=("sts=http://127.0.0.1:1",),
    )

    document = json.loads(manifest(FACTS, run_outcome(acme, files=(merged,))))

    assert document == {
        "schema": 2,
        "version": __version__,
        "run_id": "nightly-7",
        "ts": "20260304_050607",
        "started_at": "2026-03-04T05:06:07.089Z",
        "finished_at": "2026-03-04T05:07:08.000Z",
        "status": "complete",
        "exit_code": 0,
        "config_sha256": "c0ffee",
        "strategy": "complete",
        "endpoint_overrides": ["sts=http://127.0.0.1:1"],
        "not_selected": ["umbrella"],
        "shard": None,
        "gaps": [],
        "organizations": [
            {
                "name": "acme",
                "status": "complete",
                "resumed": False,
                "instance_arn": "arn:aws:sso:::instance/ssoins-1",
                "region": "eu-west-1",
                "organization_id": "o-a1b2c3d4e5",
                "management_account_id": "000000000001",
                "caller_arn": "arn:aws:sts::000000000001:assumed-role/Audit/sso-batch",
                "started_at": "2026-03-04T05:06:07.089Z",
                "finished_at": "2026-03-04T05:07:08.000Z",
                "counts": {
                    "users": 2,
                    "groups": 1,
                    "accounts": 3,
                    "permission_sets": 1,
                    "assignments": 4,
                    "entitlements": 1,
                    "rows": 8,
                    "orphaned": 1,
                    "findings": None,
                },
                "calls": {
                    "total": 12,
                    "throttled": 2,
                    "retried": 3,
                    "by_operation": {"ListGroups": 5, "ListUsers": 7},
                },
                "not_examined": ["account paths"],
                "gaps": [],
                "files": [
                    {
                        "name": "aws_sso_access_report_acme_20260304_050607.csv",
                        "kind": "access_csv",
                        "sha256": "5ha",
                        "rows": 8,
                        "bytes": 1234,
                    }
                ],
            }
        ],
        "files": [
            {
                "name": "aws_sso_access_report_20260304_050607.csv",
                "kind": "merged_access_csv",
                "sha256": "5hb",
                "rows": 8,
                "bytes": 1234,
            }
        ],
    }
    assert list(document)[:4] == ["schema", "version", "run_id", "ts"]


def test_run_file() -> None:
    """The run file tells a second process the run's id and start."""
    started_at = datetime(2026, 3, 4, 6, 6, 7, 89999, tzinfo=timezone(timedelta(hours=1)))

    text = run_file(NAMES, started_at)

    assert json.loads(text) == {
        "schema": 2,
        "version": __version__,
        "run_id": "nightly-7",
        "ts": "20260304_050607",
        "started_at": "2026-03-04T05:06:07.089Z",
        "shards": 1,
    }
    assert text.endswith(b"}\n")


def test_hostile_words_stay_json() -> None:
    """Whatever AWS says, the document is ASCII and can be read back."""
    words = 'é\u2028"\\\x00\U0001f600'
    run = run_outcome(outcome(gaps=(gap(words, message=words),)), finished_at=datetime.now(UTC))

    text = manifest(FACTS, run)

    (told,) = json.loads(text.decode("ascii"))["organizations"][0]["gaps"]
    assert (told["resource"], told["message"]) == (words, words)
