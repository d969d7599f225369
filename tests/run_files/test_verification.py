"""A run's files compared with its manifest."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file, read_manifest
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.verification import FileState, VerifiedFile, verify
from sso_batch.store import Folder
from tests.support.records import STARTED, outcome, run_outcome

TS = "20260304_050607"
MERGED = f"aws_sso_access_report_{TS}.csv"
ACME = f"organizations/acme/aws_sso_access_report_acme_{TS}.csv"
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
    (tmp_path / ACME).parent.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / RUN_FILE).write_bytes(encode_run_file(FACTS.names, STARTED, shards=2))

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
    "name",
    [
        "notes.txt",
        f"aws_sso_access_report_{TS}_INCOMPLETE.csv",
        "manifest.shard-2.json",
        ".hidden",
        "organizations/notes.txt",
        "organizations/acme/snapshot.jsonl",
        "organizations/gone/snapshot.jsonl",
        "notes/a.txt",
    ],
)
def test_extra(verified: Verify, tmp_path: Path, name: str) -> None:
    """A file in the run's folder, or below it, that its manifest does not list is extra."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"")

    assert verified()[2:] == [
        VerifiedFile(FileState.EXTRA, name, "is in the run's folder, but not in its manifest")
    ]


def test_extra_link(verified: Verify, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link to a folder is extra itself; what is behind it is not looked at."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "snapshot.jsonl").write_bytes(b"")
    (tmp_path / "organizations" / "globex").symlink_to(elsewhere)

    assert [file.name for file in verified()[2:]] == ["organizations/globex"]


@pytest.mark.parametrize("name", [MANIFEST, "manifest.shard-1.json", f".{MERGED}.0a1b2c3d.part"])
def test_others(verified: Verify, tmp_path: Path, name: str) -> None:
    """Manifests, and drafts of killed processes, are not extra."""
    (tmp_path / name).write_bytes(b"")

    assert verified() == [
        VerifiedFile(FileState.AS_WRITTEN, MERGED),
        VerifiedFile(FileState.AS_WRITTEN, ACME),
    ]


@pytest.mark.parametrize(
    ("content", "state", "reason"),
    [
        (None, FileState.MISSING, ""),
        (b"{", FileState.CHANGED, "this is not a run file of this version"),
        (encode_run_file(FileNames("other", TS), STARTED), FileState.CHANGED, "it belongs to the run other"),
    ],
)
def test_run_file(
    verified: Verify, tmp_path: Path, content: bytes | None, state: FileState, reason: str
) -> None:
    """A run file that is missing or of another run is reported: a folder without it is not a run."""
    (tmp_path / RUN_FILE).unlink()
    if content is not None:
        (tmp_path / RUN_FILE).write_bytes(content)

    (found,) = verified()[2:]

    assert (found.state, found.name) == (state, RUN_FILE)
    assert found.reason.startswith(reason)


def test_shard(verified: Verify, tmp_path: Path) -> None:
    """For the manifest of a shard, files of other organizations are not extra."""
    extra = "organizations/acme/snapshot.jsonl"
    for name in (extra, "organizations/globex/snapshot.jsonl", "organizations/acme-x/snapshot.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    found = verified(shard="0/2", files=[])

    assert [(file.state, file.name) for file in found] == [
        (FileState.AS_WRITTEN, ACME),
        (FileState.EXTRA, extra),
    ]
