"""Manifests and run files: read back as they were, or refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sso_batch.review.finding import FindingCounts
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import RunFacts, manifest, run_file
from sso_batch.run_files.manifest_reading import ManifestError, RunFile, read_manifest, read_run_file
from sso_batch.run_files.results import Calls, Counts, Status
from sso_batch.sharding import Shard
from sso_batch.store import FileEntry, FileKind
from tests.support.records import INSTANCE, STARTED, gap, outcome, run_outcome

NAMES = FileNames("nightly-7", "20260304_050607")
FACTS = RunFacts(NAMES, "c0ffee", "complete", ("umbrella",), Shard(1, 3))
FILE = FileEntry("aws_sso_access_report_acme_20260304_050607.csv", FileKind.ACCESS_CSV, "0" * 64, 8, 1234)
MERGED = replace(FILE, name="aws_sso_access_report_20260304_050607.csv", kind=FileKind.MERGED_ACCESS_CSV)
READ = replace(INSTANCE, identity_store_id="")
ACME = outcome(
    counts=Counts(2, 1, 3, 1, 4, 1, 8, 1),
    calls=Calls(12, 2, 3, {"ListGroups": 5, "ListUsers": 7}),
    not_examined=("account paths",),
    files=(FILE,),
    endpoint_overrides=("sts=http://127.0.0.1:1",),
    findings=FindingCounts(1, 2, 3),
    resumed=True,
)
GLOBEX = outcome("globex", Status.FAILED, instance=None, region=None, gaps=(gap("globex"),))
RUN = run_outcome(ACME, GLOBEX, files=(MERGED,))
DOCUMENT: dict[str, Any] = json.loads(manifest(FACTS, RUN))

# Refused


def changed(place: str, value: object) -> bytes:
    """Give the manifest with another value at a place; None takes the key away, where it is no value."""
    document = json.loads(json.dumps(DOCUMENT))
    *way, last = (int(step) if step.isdigit() else step for step in place.split("."))
    inner = document
    for step in way:
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
        ("more", 1),
        ("started_at", "2026-03-04T05:06:07"),
        ("organizations", {}),
        ("organizations.0.status", None),
        ("organizations.0.resumed", "yes"),
        ("organizations.0.counts.rows", 1.5),
        ("organizations.0.counts.shoes", 1),
        ("organizations.0.counts.findings", {"high": 1}),
        ("organizations.0.calls.by_operation.ListUsers", None),
        ("organizations.0.files.0.name", "../../etc/passwd"),
        ("organizations.0.files.0.name", "aws_sso_access_report_/../x"),
        ("organizations.0.files.0.name", "notes.csv"),
        ("organizations.0.files.0.sha256", "5ha"),
        ("organizations.0.files.0.kind", "scroll"),
        ("organizations.0.files.0.kind", ...),
        ("organizations.1.gaps.0.code", ...),
        ("files.0.bytes", "1234"),
    ],
)
def test_a_manifest_that_is_none(place: str, value: object) -> None:
    """Whatever this version would not have written is refused, and the place is named."""
    with pytest.raises(ManifestError, match="this is no manifest of this version"):
        read_manifest(changed(place, value))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", manifest(FACTS, RUN)[:-10]])
def test_no_document(content: bytes) -> None:
    """A file that was cut off, or is none, is refused."""
    with pytest.raises(ManifestError):
        read_manifest(content)
    with pytest.raises(ManifestError):
        read_run_file(content)


@pytest.mark.parametrize("change", [{"shards": 0}, {"shards": "1"}, {"ts": "now"}, {"schema": 1}])
def test_a_run_file_that_is_none(change: dict[str, object]) -> None:
    """The same holds for run files."""
    document = json.loads(run_file(NAMES, STARTED)) | change

    with pytest.raises(ManifestError, match="this is no run file of this version"):
        read_run_file(json.dumps(document).encode())


# Read


def test_read_back() -> None:
    """A manifest tells all that was put into it, but the identity stores, and overrides for all alike."""
    read = read_manifest(manifest(FACTS, RUN))

    overrides = ACME.endpoint_overrides
    assert read.outcome == replace(
        RUN,
        organizations=(
            replace(ACME, instance=READ),
            replace(GLOBEX, endpoint_overrides=overrides),
        ),
    )
    assert (read.run_id, read.ts, read.shard) == ("nightly-7", "20260304_050607", "1/3")
    assert (read.status, read.exit_code) == (Status.INCOMPLETE, 4)
    assert (read.config_sha256, read.strategy) == ("c0ffee", "complete")
    assert (read.endpoint_overrides, read.not_selected) == (overrides, ("umbrella",))


@pytest.mark.parametrize(
    "run",
    [
        run_outcome(),
        run_outcome(outcome(), signal=15),
        run_outcome(outcome(), gaps=(gap("nightly", operation="merge"),)),
        run_outcome(outcome("globex", Status.INTERRUPTED, instance=None), signal=2),
        run_outcome(outcome(status=Status.FAILED, gaps=(gap(operation="sso-batch"),), bug=True)),
    ],
)
def test_status_and_exit_code_survive(run: Any) -> None:  # noqa: ANN401 - a RunOutcome
    """What a manifest says of the run follows again from what is read of it."""
    read = read_manifest(manifest(replace(FACTS, shard=None), run))

    assert (read.outcome.status, read.outcome.exit_code) == (run.status, run.exit_code)
    assert (read.status, read.exit_code, read.shard) == (run.status, run.exit_code, None)


def test_run_file_read_back() -> None:
    """A run file tells the run's id, its start and its shards."""
    read = read_run_file(run_file(NAMES, STARTED, shards=3))

    assert read == RunFile("nightly-7", "20260304_050607", STARTED, 3)
