"""The manifest and the run file: written as documented, and read back as they were or refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sso_batch import __version__
from sso_batch.model import EndpointOverride, GapKind, ListingStrategy
from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import (
    ManifestError,
    encode_manifest,
    encode_run_file,
    read_manifest,
    read_run_file,
)
from sso_batch.run_files.results import Calls, Counts, RunOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.sharding import Shard
from sso_batch.store import FileEntry, FileKind
from tests.support.records import INSTANCE, STARTED, gap, outcome, run_outcome, unexamined

NAMES = FileNames("nightly-7", "20260304_050607")
FACTS = RunFacts(
    NAMES, config_sha256="c0ffee", strategy="complete", not_selected=("umbrella",), checks=("direct-grant",)
)
SHARD_FACTS = replace(FACTS, shard=Shard(1, 3))
FILE = FileEntry(
    "organizations/acme/aws_sso_access_report_acme_20260304_050607.csv",
    FileKind.ACCESS_CSV,
    "0" * 64,
    rows=8,
    bytes=1234,
)
MERGED = replace(FILE, name="aws_sso_access_report_20260304_050607.csv", kind=FileKind.MERGED_ACCESS_CSV)
ACME = outcome(
    counts=Counts(2, 1, 3, 1, 4, 1, 8, 1),
    calls=Calls(12, 2, 3, {"ListGroups": 5, "ListUsers": 7}),
    not_examined=unexamined("account paths"),
    files=(FILE,),
    endpoint_overrides=(EndpointOverride("sts", "http://127.0.0.1:1"),),
    findings=FindingCounts(1, 2, 3),
    resumed=True,
    listing=ListingStrategy.BY_USER,
)
GLOBEX = outcome("globex", Status.FAILED, instance=None, region=None, gaps=(gap("globex"),))
RUN = run_outcome(ACME, GLOBEX, files=(MERGED,))
DOCUMENT: dict[str, Any] = json.loads(encode_manifest(SHARD_FACTS, RUN))

NO_COUNTS = {
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
    """A failed organization is listed with its gap; what is unknown about it is null."""
    run = run_outcome(
        outcome("globex", Status.FAILED, instance=None, region=None, gaps=(gap("globex", hint=""),))
    )

    document = json.loads(encode_manifest(FACTS, run))

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
            "counts": NO_COUNTS,
            "calls": {"total": 0, "throttled": 0, "retried": 0, "by_operation": {}},
            "listing": None,
            "not_examined": [],
            "gaps": [
                {
                    "kind": "assignments",
                    "operation": "ListAccountAssignments",
                    "resource": "globex",
                    "code": "AccessDeniedException",
                    "message": "not authorized",
                    "hint": "",
                    "permission_set_arn": "",
                }
            ],
            "files": [],
        }
    ]


@pytest.mark.parametrize(
    ("instance", "region", "expected"),
    [(None, "us-east-1", "us-east-1"), (INSTANCE, None, "eu-west-1"), (INSTANCE, "us-east-1", "eu-west-1")],
)
def test_region(instance: None, region: str | None, expected: str) -> None:
    """The Region is the instance's, or the configuration's while the instance is unknown."""
    document = json.loads(encode_manifest(FACTS, run_outcome(outcome(instance=instance, region=region))))

    assert document["organizations"][0]["region"] == expected


def test_manifest() -> None:
    """The document has the documented keys, in the documented order."""
    file = FileEntry(
        "organizations/acme/aws_sso_access_report_acme_20260304_050607.csv",
        FileKind.ACCESS_CSV,
        "5ha",
        8,
        1234,
    )
    merged = FileEntry(
        "aws_sso_access_report_20260304_050607.csv", FileKind.MERGED_ACCESS_CSV, "5hb", 8, 1234
    )
    acme = outcome(
        counts=Counts(2, 1, 3, 1, 4, 1, 8, 1),
        calls=Calls(12, 2, 3, {"ListGroups": 5, "ListUsers": 7}),
        not_examined=unexamined("account paths"),
        files=(file,),
        endpoint_overrides=(EndpointOverride("sts", "http://127.0.0.1:1"),),
        listing=ListingStrategy.BY_USER,
    )

    document = json.loads(encode_manifest(FACTS, run_outcome(acme, files=(merged,))))

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
        "checks": ["direct-grant"],
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
                "listing": "by_user",
                "not_examined": ["account paths"],
                "gaps": [],
                "files": [
                    {
                        "name": "organizations/acme/aws_sso_access_report_acme_20260304_050607.csv",
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


def test_text_that_is_not_unicode() -> None:
    """Half a surrogate pair, as in the value of a variable, does not keep a run from its manifest."""
    run = run_outcome(
        outcome(endpoint_overrides=(EndpointOverride("sts", "http://\udcff"),)), gaps=(gap("\udcff"),)
    )

    document = json.loads(encode_manifest(FACTS, run))

    assert document["endpoint_overrides"] == ["sts=http://\udcff"]
    assert document["gaps"][0]["resource"] == "\udcff"


def test_run_file() -> None:
    """The run file holds the run's id, its start in UTC and its number of shards."""
    started_at = datetime(2026, 3, 4, 6, 6, 7, 89999, tzinfo=timezone(timedelta(hours=1)))

    text = encode_run_file(NAMES, started_at)

    assert json.loads(text) == {
        "schema": 1,
        "version": __version__,
        "run_id": "nightly-7",
        "ts": "20260304_050607",
        "started_at": "2026-03-04T05:06:07.089Z",
        "shards": 1,
    }
    assert text.endswith(b"}\n")


def test_hostile_text_stays_json() -> None:
    """Whatever text AWS returns, the document is ASCII and can be read back."""
    text = 'é\u2028"\\\x00\U0001f600'
    run = run_outcome(outcome(gaps=(gap(text, message=text),)), finished_at=datetime.now(UTC))

    content = encode_manifest(FACTS, run)

    (written,) = json.loads(content.decode("ascii"))["organizations"][0]["gaps"]
    assert (written["resource"], written["message"]) == (text, text)


# Refused


def changed(place: str, value: object) -> bytes:
    """Return the manifest with another value at a place; `...` removes the key."""
    document = json.loads(json.dumps(DOCUMENT))
    *path, last = (int(step) if step.isdigit() else step for step in place.split("."))
    inner = document
    for step in path:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("schema", 1),
        ("schema", ...),
        ("status", "great"),
        ("exit_code", "0"),
        ("exit_code", -1),
        ("ts", "2026"),
        ("ts", "../20260304_050607"),
        ("shard", 1),
        ("shard", "1"),
        ("endpoint_overrides.0", "http://127.0.0.1:1"),
        ("more", 1),
        ("started_at", "2026-03-04T05:06:07"),
        ("organizations", {}),
        ("organizations.0.status", None),
        ("organizations.0.resumed", "yes"),
        ("organizations.0.listing", "by_magic"),
        ("organizations.0.counts.rows", 1.5),
        ("organizations.0.counts.shoes", 1),
        ("organizations.0.counts.findings", {"high": 1}),
        ("organizations.0.calls.by_operation.ListUsers", None),
        ("organizations.0.files.0.name", "../../etc/passwd"),
        ("organizations.0.files.0.name", "aws_sso_access_report_/../x"),
        ("organizations.0.files.0.name", "notes.csv"),
        ("organizations.0.files.0.name", "organizations/../aws_sso_access_report_1.csv"),
        ("organizations.0.files.0.name", "organizations/acme/notes.csv"),
        ("organizations.0.files.0.name", "/organizations/acme/snapshot.jsonl"),
        ("organizations.0.files.0.sha256", "5ha"),
        ("organizations.0.files.0.kind", "scroll"),
        ("organizations.0.files.0.kind", ...),
        ("organizations.1.gaps.0.code", ...),
        ("organizations.1.gaps.0.kind", "unknown"),
        ("files.0.bytes", "1234"),
    ],
)
def test_invalid_manifest(place: str, value: object) -> None:
    """A manifest that this version would not have written is refused."""
    with pytest.raises(ManifestError, match="this is not a manifest of this version of sso-batch"):
        read_manifest(changed(place, value))


def test_a_manifest_that_does_not_say_how_assignments_were_listed() -> None:
    """A manifest of an earlier version has no `listing`, and is read."""
    read = read_manifest(changed("organizations.0.listing", ...))

    assert read.outcome.organizations[0].listing is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff", encode_manifest(SHARD_FACTS, RUN)[:-10]]
)
def test_not_a_document(content: bytes) -> None:
    """A file that was cut off, or is not JSON, is refused."""
    with pytest.raises(ManifestError):
        read_manifest(content)
    with pytest.raises(ManifestError):
        read_run_file(content)


@pytest.mark.parametrize("change", [{"shards": 0}, {"shards": "1"}, {"ts": "now"}, {"schema": 2}])
def test_invalid_run_file(change: dict[str, object]) -> None:
    """A run file that this version would not have written is refused."""
    document = json.loads(encode_run_file(NAMES, STARTED)) | change

    with pytest.raises(ManifestError, match="this is not a run file of this version of sso-batch"):
        read_run_file(json.dumps(document).encode())


# Read back


def test_read_back() -> None:
    """Everything is read back except identity stores; all organizations get the run's overrides."""
    read = read_manifest(encode_manifest(SHARD_FACTS, RUN))

    overrides = ACME.endpoint_overrides
    assert read.outcome == replace(
        RUN,
        organizations=(
            replace(ACME, instance=replace(INSTANCE, identity_store_id="")),
            replace(GLOBEX, endpoint_overrides=overrides),
        ),
    )
    assert (read.run_id, read.ts, read.shard) == ("nightly-7", "20260304_050607", "1/3")
    assert (read.status, read.exit_code) == (Status.INCOMPLETE, 4)
    assert (read.config_sha256, read.strategy) == ("c0ffee", "complete")
    assert (read.outcome.endpoint_overrides, read.not_selected) == (overrides, ("umbrella",))


@pytest.mark.parametrize(
    "run",
    [
        run_outcome(),
        run_outcome(outcome(), signal=15),
        run_outcome(outcome(), gaps=(gap("nightly", operation="merge"),)),
        run_outcome(outcome("globex", Status.INTERRUPTED, instance=None), signal=2),
        run_outcome(outcome(status=Status.FAILED, gaps=(gap(kind=GapKind.BUG),), bug=True)),
    ],
)
def test_status_and_exit_code_are_read_back(run: RunOutcome) -> None:
    """Status and exit code follow again from the outcome that was read."""
    read = read_manifest(encode_manifest(FACTS, run))

    assert (read.outcome.status, read.outcome.exit_code) == (run.status, run.exit_code)
    assert (read.status, read.exit_code, read.shard) == (run.status, run.exit_code, None)


def test_run_file_read_back() -> None:
    """A run file holds the run's names, its start and its number of shards."""
    read = read_run_file(encode_run_file(NAMES, STARTED, shards=3))

    assert (read.names, read.started_at, read.shards) == (NAMES, STARTED, 3)
