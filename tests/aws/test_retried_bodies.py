"""Uploads to a store on loopback that fails in mid-request: what is stored in the end is the file."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_batch.aws.s3.bucket import Objects
from tests.support.loopback import BUCKET, FAULTS, Headers, LoopbackS3, Object, client_of

KEY = "audits/a.csv"
PART = 64 << 10
SMALL = bytes(range(256)) * 100
LARGE = SMALL * 8  # in parts


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sso_batch.aws.blocking_retry.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 2.0)


@pytest.fixture(params=[True, False], ids=["checks checksums", "ignores checksums"])
def s3(request: pytest.FixtureRequest) -> LoopbackS3:
    return LoopbackS3(checksums=request.param)


@pytest.fixture
def objects(s3: LoopbackS3) -> Iterator[Objects]:
    with s3.serve() as url:
        client = client_of(url)
        yield Objects(client, BUCKET, threading.Event(), part=PART)
        client.close()


def upload(objects: Objects, folder: Path, content: bytes, *, replace: bool = False) -> None:
    path = folder / "draft"
    path.write_bytes(content)
    objects.upload(KEY, path, hashlib.sha256(content).hexdigest(), replace=replace)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("operation", "content"),
    [("PutObject", SMALL), ("UploadPart", LARGE), ("CompleteMultipartUpload", LARGE)],
)
def test_one_failure(
    objects: Objects, s3: LoopbackS3, tmp_path: Path, operation: str, content: bytes, fault: str
) -> None:
    """A request that fails once is sent again whole, body included."""
    s3.faults[operation] = [fault]

    upload(objects, tmp_path, content)

    assert s3.contents == {KEY: content}
    assert s3.faults[operation] == []
    assert s3.uploads == {}


@pytest.mark.parametrize(("operation", "content"), [("PutObject", SMALL), ("UploadPart", LARGE)])
def test_failures_of_every_kind(
    objects: Objects, s3: LoopbackS3, tmp_path: Path, operation: str, content: bytes
) -> None:
    """However often and however a request fails, each attempt sends the whole body."""
    s3.faults[operation] = list(FAULTS[:-1])

    upload(objects, tmp_path, content)

    assert s3.contents == {KEY: content}
    sizes = {headers["content-length"] for asked, _, headers in s3.asked if asked == operation and headers}
    assert "0" not in sizes


def test_an_object_that_was_cut_off(objects: Objects, s3: LoopbackS3, tmp_path: Path) -> None:
    """An object of this very upload that is not whole is never taken for the file."""
    s3.faults["PutObject"] = ["answer lost"]

    def cut_off(operation: str, _: Headers) -> bool:
        if operation == "HeadObject":
            s3.objects[KEY] = Object(SMALL[:100], s3.objects[KEY].headers)
        return True

    s3.allows = cut_off

    with pytest.raises(FileExistsError):
        upload(objects, tmp_path, SMALL)


def test_the_proof(objects: Objects, s3: LoopbackS3) -> None:
    """The proof before a run survives a failed part, too, and leaves nothing."""
    s3.faults["UploadPart"] = ["500 after the body", "reset in the body"]

    objects.prove(KEY, patient=True)

    assert (s3.objects, s3.uploads) == ({}, {})
