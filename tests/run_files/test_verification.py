"""A run's files compared with its manifest."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.manifest import encode_manifest, read_manifest
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.verification import FileState, VerifiedFile, verify
from sso_batch.store import Folder
from tests.support.records import outcome, run_outcome

TS = "20260304_050607"
MANIFEST = f"aws_sso_access_report_{TS}_manifest.json"
MERGED = f"aws_sso_access_report_{TS}.csv"
ACME = f"aws_sso_access_report_acme_{TS}.csv"
FACTS = RunFacts(FileNames("nightly", TS), "0" * 64, "complete", ())
CONTENTS = {MERGED: b"merged", ACME: b"acme"}


def entry(file: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has them
    content = CONTENTS[file]
    known = {
        "name": file,
        "kind": "access_csv",
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": 1,
        "bytes": len(content),
    }
    return known | changes


def document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has them
    written: dict[str, Any] = json.loads(encode_manifest(FACTS, run_outcome(outcome("acme"))))
    written["organizations"][0]["files"] = [entry(ACME)]
    return written | {"files": [entry(MERGED)]} | changes


Verify = Callable[..., list[VerifiedFile]]


@pytest.fixture
def verified(tmp_path: Path) -> Verify:
    """Return a function that verifies a folder with the files of the manifest, as a test has changed them."""
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)

    def verify_folder(**changes: Any) -> list[VerifiedFile]:  # noqa: ANN401 - as JSON has them
        read = read_manifest(json.dumps(document(**changes)).encode())
        return list(verify(Folder(tmp_path), read))

    return verify_folder


# States


def test_missing(verified: Verify, tmp_path: Path) -> None:
    """A file that was removed is missing."""
    (tmp_path / ACME).unlink()

    assert verified() == [VerifiedFile(FileState.AS_WRITTEN, MERGED), VerifiedFile(FileState.MISSING, ACME)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ac", "2 bytes instead of 4"),
        (b"acmee", "5 bytes instead of 4"),
        (b"ACME", "same size, different content"),
    ],
)
def test_changed(verified: Verify, tmp_path: Path, content: bytes, reason: str) -> None:
    """A file with different content has changed, whatever its size."""
    (tmp_path / ACME).write_bytes(content)

    assert verified()[1] == VerifiedFile(FileState.CHANGED, ACME, reason)


def test_a_link_is_not_followed(verified: Verify, tmp_path: Path) -> None:
    """A link to the same content is unreadable, not as written."""
    (tmp_path / ACME).rename(tmp_path / "elsewhere")
    (tmp_path / ACME).symlink_to(tmp_path / "elsewhere")

    found = verified()[1]

    assert (found.state, found.name) == (FileState.UNREADABLE, ACME)
    assert "symbolic link" in found.reason


@pytest.mark.parametrize(
    "name", [f"aws_sso_access_report_acme_{TS}_INCOMPLETE.csv", f"aws_sso_access_report_x_{TS}.html"]
)
def test_extra(verified: Verify, tmp_path: Path, name: str) -> None:
    """A file of the run that its manifest does not list is extra."""
    (tmp_path / name).write_bytes(b"")

    assert verified()[2:] == [
        VerifiedFile(FileState.EXTRA, name, "belongs to this run, but is not in its manifest")
    ]


@pytest.mark.parametrize(
    "name",
    [
        "aws_sso_access_report_20260304_050608.csv",
        "aws_sso_access_report_nightly_run.json",
        "aws_sso_access_report_other_run.json",
        f"aws_sso_access_report_{TS}_shard_0_manifest.json",
        MANIFEST,
        f".aws_sso_access_report_{TS}.csv.0a1b2c3d.part",
        f"notes_{TS}.txt",
    ],
)
def test_others(verified: Verify, tmp_path: Path, name: str) -> None:
    """Files of other runs, drafts of killed processes, manifests and run files are not extra."""
    (tmp_path / name).write_bytes(b"")

    assert verified() == [
        VerifiedFile(FileState.AS_WRITTEN, MERGED),
        VerifiedFile(FileState.AS_WRITTEN, ACME),
    ]


def test_shard(verified: Verify, tmp_path: Path) -> None:
    """For the manifest of a shard, files of other organizations are not extra."""
    extra = f"aws_sso_access_report_acme_{TS}_snapshot.jsonl"
    for name in (extra, f"aws_sso_access_report_globex_{TS}.csv", f"aws_sso_access_report_acme-x_{TS}.csv"):
        (tmp_path / name).write_bytes(b"")

    found = verified(shard="0/2", files=[])

    assert [(file.state, file.name) for file in found] == [
        (FileState.AS_WRITTEN, ACME),
        (FileState.EXTRA, extra),
    ]
