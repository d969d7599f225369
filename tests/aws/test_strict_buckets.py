"""Tests of buckets with a strict policy, and of answers that are not S3's, on loopback."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sso_batch.aws.s3.bucket import Bucket
from sso_batch.aws.s3.client import open_bucket
from sso_batch.config import Output
from sso_batch.store import StorageError
from tests.support.loopback import BUCKET, Headers, LoopbackS3, client_of

KEY = "audits/a.csv"
PART = 64 << 10
SMALL = bytes(range(256)) * 100
LARGE = SMALL * 8  # a multipart upload
BOTH = pytest.mark.parametrize("content", [SMALL, LARGE], ids=["single", "multipart"])
CREATING = ("PutObject", "CreateMultipartUpload")
CONDITIONAL = ("PutObject", "CompleteMultipartUpload")


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 0.5)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._SHORT_PATIENCE", 0.5)


@pytest.fixture
def s3() -> LoopbackS3:
    return LoopbackS3()


@pytest.fixture
def url(s3: LoopbackS3) -> Iterator[str]:
    with s3.serve() as url:
        yield url


MakeBucket = Callable[..., Bucket]


@pytest.fixture
def bucket(url: str) -> Iterator[MakeBucket]:
    """Return a factory of buckets with settings."""
    client = client_of(url)
    yield lambda **settings: Bucket(client, BUCKET, threading.Event(), part=PART, **settings)
    client.close()


def upload(objects: Bucket, folder: Path, content: bytes, *, replace: bool = False) -> None:
    path = folder / "draft"
    path.write_bytes(content)
    objects.upload(KEY, path, hashlib.sha256(content).hexdigest(), replace=replace)


def if_none_match(operation: str, headers: Headers) -> bool:
    return operation not in CONDITIONAL or headers.get("if-none-match") == "*"


def any_condition(operation: str, headers: Headers) -> bool:
    return operation not in CONDITIONAL or not {"if-none-match", "if-match"}.isdisjoint(headers)


# Conditions


@BOTH
@pytest.mark.parametrize("policy", [if_none_match, any_condition])
@pytest.mark.parametrize("before", [None, b"before"], ids=["new", "existing"])
def test_replace_if_a_condition_is_demanded(
    bucket: MakeBucket,
    s3: LoopbackS3,
    tmp_path: Path,
    content: bytes,
    policy: Callable[[str, Headers], bool],
    before: bytes | None,
) -> None:
    """A resumed run replaces its files in a bucket that refuses every put without a condition."""
    s3.allows = policy
    if before is not None:
        upload(bucket(), tmp_path, before)

    upload(bucket(), tmp_path, content, replace=True)

    assert (s3.contents, s3.uploads) == ({KEY: content}, {})
    assert s3.count("DeleteObject") == (before is not None and policy is if_none_match)


@pytest.mark.parametrize("status", [400, 405, 501])
def test_replace_if_if_match_is_not_implemented(
    bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path, status: int
) -> None:
    """A service that does not implement If-Match gets the object without it, at once."""
    upload(bucket(), tmp_path, b"before")
    s3.unknown = {"if-match": status}

    upload(bucket(), tmp_path, SMALL, replace=True)

    assert s3.contents == {KEY: SMALL}
    assert s3.count("DeleteObject") == 1


def test_replace_if_if_match_is_ignored(bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path) -> None:
    """A service that ignores If-Match still replaces the object."""
    s3.if_match = False
    upload(bucket(), tmp_path, b"before")

    upload(bucket(), tmp_path, SMALL, replace=True)

    assert s3.contents == {KEY: SMALL}


def test_replace_denied(bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path) -> None:
    """If no put is allowed any more, the existing object is not deleted."""
    upload(bucket(), tmp_path, b"before")
    s3.allows = lambda operation, _: operation not in CONDITIONAL

    with pytest.raises(StorageError) as caught:
        upload(bucket(), tmp_path, SMALL, replace=True)

    assert caught.value.code == "AccessDenied"
    assert s3.contents == {KEY: b"before"}
    assert s3.count("DeleteObject") == 0


def test_replace_changed_object(bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path) -> None:
    """If another writer replaces the object in between, the upload starts again."""
    upload(bucket(), tmp_path, b"before")
    theirs = [b"theirs"]

    def changing(operation: str, _: Headers) -> bool:
        if operation == "PutObject" and theirs:
            s3.objects[KEY] = type(s3.objects[KEY])(theirs.pop(), {})
        return True

    s3.allows = changing

    upload(bucket(), tmp_path, SMALL, replace=True)

    assert s3.contents == {KEY: SMALL}
    assert s3.count("PutObject") == 3


@pytest.mark.parametrize("fault", ["answer lost", "reset in the body"])
def test_replace_with_a_lost_answer(bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path, fault: str) -> None:
    """An object that an attempt without an answer has put belongs to this upload."""
    upload(bucket(), tmp_path, b"before")
    s3.faults["PutObject"] = [fault]

    upload(bucket(), tmp_path, SMALL, replace=True)

    assert s3.contents == {KEY: SMALL}


# Encryption and ACL


@BOTH
@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"server_side_encryption": "AES256"}, "x-amz-server-side-encryption", "AES256"),
        ({"server_side_encryption": "aws:kms"}, "x-amz-server-side-encryption", "aws:kms"),
        ({"kms_key_id": "alias/a"}, "x-amz-server-side-encryption", "aws:kms"),
        (
            {"server_side_encryption": "aws:kms:dsse", "kms_key_id": "alias/a"},
            "x-amz-server-side-encryption",
            "aws:kms:dsse",
        ),
        ({"acl": "bucket-owner-full-control"}, "x-amz-acl", "bucket-owner-full-control"),
    ],
)
def test_demanded_header(
    url: str,
    s3: LoopbackS3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    settings: dict[str, str],
    name: str,
    value: str,
) -> None:
    """The configured encryption and ACL are part of every request that creates an object."""
    s3.allows = lambda operation, headers: operation not in CREATING or headers.get(name) == value
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setattr("sso_batch.aws.s3.bucket.PART", PART)
    output = Output.model_validate({"directory": f"s3://{BUCKET}/audits", **settings})
    objects = open_bucket(output, threading.Event())

    objects.prove(KEY, patient=False)
    upload(objects, tmp_path, content)
    upload(objects, tmp_path, content, replace=True)

    assert s3.contents == {KEY: content}
    objects._calls._client.close()


@pytest.mark.parametrize("missing", ["x-amz-server-side-encryption", "x-amz-acl"])
def test_missing_header(bucket: MakeBucket, s3: LoopbackS3, missing: str) -> None:
    """A bucket that demands a header that is not configured is refused before a run."""
    s3.allows = lambda operation, headers: operation not in CREATING or missing in headers

    with pytest.raises(StorageError) as caught:
        bucket().prove(KEY, patient=False)

    assert "output.server_side_encryption, output.kms_key_id or output.acl" in caught.value.hint
    assert not caught.value.transient


# Unexpected answers


@pytest.mark.parametrize(
    ("operation", "content"),
    [
        ("PutObject", SMALL),
        ("CreateMultipartUpload", LARGE),
        ("UploadPart", LARGE),
        ("CompleteMultipartUpload", LARGE),
    ],
)
def test_html_for_an_upload(
    bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path, operation: str, content: bytes
) -> None:
    """An HTML page is not an answer of S3: the request is repeated."""
    s3.html[operation] = 2

    upload(bucket(), tmp_path, content)

    assert (s3.contents, s3.html[operation]) == ({KEY: content}, 0)


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2", "DeleteObject"])
def test_html_for_a_read(bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path, operation: str) -> None:
    """An HTML page is neither an object nor an empty listing, and means that nothing was deleted."""
    upload(bucket(), tmp_path, SMALL)
    s3.html[operation] = 2
    objects = bucket()

    if operation == "GetObject":
        assert b"".join(objects.read(KEY)) == SMALL
    elif operation == "ListObjectsV2":
        assert [key for key, _ in objects.listed("audits/")] == [KEY]
    else:
        objects.delete(KEY)
        assert s3.objects == {}
    assert s3.html[operation] == 0


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2", "DeleteObject"])
def test_html_forever(bucket: MakeBucket, s3: LoopbackS3, tmp_path: Path, operation: str) -> None:
    """If only HTML pages come, that is an error, never content, a short listing or a deletion."""
    upload(bucket(), tmp_path, SMALL)
    s3.html[operation] = 10_000
    objects = bucket()
    requests: dict[str, Callable[[], object]] = {
        "GetObject": lambda: list(objects.read(KEY)),
        "ListObjectsV2": lambda: list(objects.listed("audits/")),
        "DeleteObject": lambda: objects.delete(KEY),
    }

    with pytest.raises(StorageError, match=f"{operation} in the bucket reports failed: MalformedA") as caught:
        requests[operation]()

    assert caught.value.transient
    assert "HTTPS_PROXY" in caught.value.hint


@pytest.mark.parametrize("missing", ["Key", "LastModified", "ETag"])
def test_incomplete_item_of_a_listing(missing: str, without_pauses: None) -> None:
    """A listing is malformed if an item lacks a field that S3 always sends."""
    del without_pauses
    item = {"Key": KEY, "LastModified": None, "ETag": '"e"'}
    del item[missing]
    client = SimpleNamespace(list_objects_v2=lambda **_: {"IsTruncated": False, "Contents": [item]})

    with pytest.raises(StorageError, match="MalformedAnswer"):
        list(Bucket(client, BUCKET, threading.Event()).listed("audits/"))


# Late


class _Clock(threading.Event):
    """A clock that moves only while something waits."""

    now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        """Move the clock forward."""
        self.now += timeout or 0
        return False


@pytest.mark.parametrize("patient", [True, False])
def test_trouble_before_a_run(
    bucket: MakeBucket, s3: LoopbackS3, monkeypatch: pytest.MonkeyPatch, *, patient: bool
) -> None:
    """A run waits until 30 seconds of 503 have passed; a check does not."""
    del bucket
    clock = _Clock()
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.5)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 300.0)
    monkeypatch.setattr("sso_batch.aws.s3.bucket._SHORT_PATIENCE", 20.0)
    monkeypatch.setattr("sso_batch.aws.blocking_retry.time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr("random.uniform", lambda _, longest: longest)

    class Late:
        """A client of an S3 that answers after 30 seconds."""

        def __init__(self, real: object) -> None:
            self._real = real

        def __getattr__(self, method: str) -> object:
            if clock.now < 30:
                s3.faults.setdefault("CreateMultipartUpload", ["503 after the body"])
                s3.faults["CreateMultipartUpload"] = ["503 after the body"]
            return getattr(self._real, method)

    with s3.serve() as url:
        objects = Bucket(Late(client_of(url)), BUCKET, clock)
        if patient:
            objects.prove(KEY, patient=True)
        else:
            with pytest.raises(StorageError) as caught:
                objects.prove(KEY, patient=False)
            assert (caught.value.code, caught.value.transient) == ("SlowDown", True)

    assert (s3.objects, s3.uploads) == ({}, {})
    assert (clock.now >= 30) == patient
