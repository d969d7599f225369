"""Tests of uploads that fail during a request: in the end, exactly the file is stored."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_batch.aws.s3.bucket import Bucket
from tests.support.loopback import BUCKET, FAULTS, Headers, LoopbackS3, Object, client_of

KEY = "audits/a.csv"
PART = 64 << 10
SMALL = bytes(range(256)) * 100
LARGE = SMALL * 8  # a multipart upload


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 2.0)


@pytest.fixture(params=[True, False], ids=["verifies checksums", "ignores checksums"])
def s3(request: pytest.FixtureRequest) -> LoopbackS3:
    return LoopbackS3(checksums=request.param)


@pytest.fixture
def objects(s3: LoopbackS3) -> Iterator[Bucket]:
    with s3.serve() as url:
        client = client_of(url)
        yield Bucket(client, BUCKET, threading.Event(), part=PART)
        client.close()


def upload(objects: Bucket, folder: Path, content: bytes, *, replace: bool = False) -> None:
    path = folder / "draft"
    path.write_bytes(content)
    objects.upload(KEY, path, hashlib.sha256(content).hexdigest(), replace=replace)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("operation", "content"),
    [("PutObject", SMALL), ("UploadPart", LARGE), ("CompleteMultipartUpload", LARGE)],
)
def test_one_failure(
    objects: Bucket, s3: LoopbackS3, tmp_path: Path, operation: str, content: bytes, fault: str
) -> None:
    """A request that fails once is sent again with the complete body."""
    s3.faults[operation] = [fault]

    upload(objects, tmp_path, content)

    assert s3.contents == {KEY: content}
    assert s3.faults[operation] == []
    assert s3.uploads == {}


@pytest.mark.parametrize(("operation", "content"), [("PutObject", SMALL), ("UploadPart", LARGE)])
def test_failures_of_every_kind(
    objects: Bucket, s3: LoopbackS3, tmp_path: Path, operation: str, content: bytes
) -> None:
    """Each attempt sends the complete body, however the attempts before it failed."""
    s3.faults[operation] = list(FAULTS[:-1])

    upload(objects, tmp_path, content)

    assert s3.contents == {KEY: content}
    sizes = {headers["content-length"] for asked, _, headers in s3.asked if asked == operation and headers}
    assert "0" not in sizes


def test_truncated_object(objects: Bucket, s3: LoopbackS3, tmp_path: Path) -> None:
    """A truncated object of this upload is never taken for the file."""
    s3.faults["PutObject"] = ["answer lost"]

    def cut_off(operation: str, _: Headers) -> bool:
        if operation == "HeadObject":
            s3.objects[KEY] = Object(SMALL[:100], s3.objects[KEY].headers)
        return True

    s3.allows = cut_off

    with pytest.raises(FileExistsError):
        upload(objects, tmp_path, SMALL)


def test_prove(objects: Bucket, s3: LoopbackS3) -> None:
    """The proof before a run survives a failed part and leaves nothing."""
    s3.faults["UploadPart"] = ["500 after the body", "reset in the body"]

    objects.prove(KEY, patient=True)

    assert (s3.objects, s3.uploads) == ({}, {})
