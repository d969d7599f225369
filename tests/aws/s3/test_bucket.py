"""Tests of a bucket on moto's S3, which supports If-None-Match on puts and completions.

moto does not deny calls, verify checksums, or answer for a bucket of another Region: those refusals come from
the client's script.
"""

import hashlib
import io
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ResponseStreamingError,
)
from moto import mock_aws
from moto.s3.models import s3_backends

from sso_batch.aws.s3.bucket import Bucket
from sso_batch.store import StorageError
from tests.support.s3 import BUCKET, REGION, Client, Lost, refusal

BROKEN = ConnectionClosedError(endpoint_url="https://s3.example")
CONFLICT = refusal("ConditionalRequestConflict", status=409)

PART = 5 << 20
"""Bytes; S3 and moto accept smaller parts only at the end."""

CONTENT = bytes(range(256)) * 100
LARGE = CONTENT * 440
KEY = "audits/a.csv"

BOTH = pytest.mark.parametrize("content", [CONTENT, LARGE], ids=["single", "multipart"])


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Provide moto with credentials, and no pauses between attempts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    with mock_aws():
        yield


@pytest.fixture
def client() -> Client:
    client = Client()
    client.real.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def objects(client: Client, stop: threading.Event) -> Bucket:
    return Bucket(client, BUCKET, stop, part=PART)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after milliseconds."""
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 0.02)


class Upload:
    """Uploads content through a file of its own."""

    def __init__(self, objects: Bucket, folder: Path) -> None:
        self._objects = objects
        self._path = folder / "draft"

    def __call__(self, content: bytes = CONTENT, *, replace: bool = False, sha256: str | None = None) -> None:
        """Put the content under KEY."""
        self._path.write_bytes(content)
        known = sha256 or hashlib.sha256(content).hexdigest()
        self._objects.upload(KEY, self._path, known, replace=replace)


@pytest.fixture
def upload(objects: Bucket, tmp_path: Path) -> Upload:
    return Upload(objects, tmp_path)


def checksum(content: bytes) -> str:
    return b64encode(hashlib.sha256(content).digest()).decode()


# Refusals and errors


@BOTH
def test_existing_key(upload: Upload, client: Client, content: bytes) -> None:
    """An existing object is never overwritten, and nothing of the attempt remains."""
    client.real.put_object(Bucket=BUCKET, Key=KEY, Body=b"theirs")

    with pytest.raises(FileExistsError) as caught:
        upload(content)

    assert caught.value.filename == f"s3://{BUCKET}/{KEY}"
    assert client.contents() == {KEY: b"theirs"}
    assert client.unfinished() == []


def test_existing_key_with_the_same_content(upload: Upload) -> None:
    """The same bytes from another writer belong to the other writer."""
    upload()

    with pytest.raises(FileExistsError):
        upload()


def test_existing_key_that_cannot_be_inspected(upload: Upload, client: Client) -> None:
    """An object that cannot be inspected is treated as another writer's."""
    upload()
    client.scripts["head_object"] = [refusal("403", "HeadObject", status=403)]

    with pytest.raises(FileExistsError):
        upload()


@pytest.mark.parametrize(
    ("method", "content"),
    [("put_object", CONTENT), ("create_multipart_upload", LARGE), ("upload_part", LARGE)],
    ids=["put", "start", "part"],
)
@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "QuotaExceeded"])
def test_refused(upload: Upload, client: Client, method: str, content: bytes, code: str) -> None:
    """A refusal is raised at once, and no part of the file remains."""
    client.scripts[method] = [refusal(code)]

    with pytest.raises(StorageError) as caught:
        upload(content)

    assert caught.value.code == code
    assert client.counts[method] == 1
    assert (client.contents(), client.unfinished()) == ({}, [])


@pytest.mark.usefixtures("impatient")
def test_later_part_fails(upload: Upload, client: Client) -> None:
    """An upload whose last part fails is aborted."""
    client.scripts["upload_part"] = [None, None, *[BROKEN] * 1000]

    with pytest.raises(StorageError, match="UploadPart in the bucket reports failed: ConnectionClosedError"):
        upload(LARGE)

    assert 3 <= client.counts["upload_part"] < 1000
    assert client.counts["abort_multipart_upload"] == 1
    assert (client.contents(), client.unfinished()) == ({}, [])


def test_completion_and_abort_fail(upload: Upload, client: Client) -> None:
    """The error is why the upload failed, not why the abort failed."""
    client.scripts["complete_multipart_upload"] = [refusal("InvalidPart")]
    client.scripts["abort_multipart_upload"] = [refusal("AccessDenied", "AbortMultipartUpload")]

    with pytest.raises(StorageError) as caught:
        upload(LARGE)

    assert caught.value.code == "InvalidPart"
    assert client.contents() == {}


def test_bug_during_a_multipart_upload(upload: Upload, client: Client) -> None:
    """The parts are deleted, whatever ends the upload."""
    client.scripts["upload_part"] = [None, KeyError("a bug")]

    with pytest.raises(KeyError):
        upload(LARGE)

    assert client.unfinished() == []


def test_changed_draft(upload: Upload, client: Client) -> None:
    """A file that changed after it was written does not become an object."""
    with pytest.raises(StorageError) as caught:
        upload(LARGE, sha256=hashlib.sha256(b"other").hexdigest())

    assert caught.value.code == "SpoolChanged"
    assert (client.contents(), client.unfinished()) == ({}, [])


@pytest.mark.parametrize(
    "fault",
    [
        BROKEN,
        refusal("SlowDown", status=503),
        refusal("InternalError", status=500),
        refusal("RequestTimeout"),
        refusal("BadDigest"),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize(
    ("method", "content"),
    [("put_object", CONTENT), ("upload_part", LARGE), ("complete_multipart_upload", LARGE)],
    ids=["put", "part", "complete"],
)
def test_retries(upload: Upload, client: Client, fault: Exception, method: str, content: bytes) -> None:
    """After a temporary error only the failed call is retried."""
    client.scripts[method] = [fault, fault]

    upload(content)

    assert client.contents() == {KEY: content}
    assert client.counts["create_multipart_upload"] == (content is LARGE)
    assert client.unfinished() == []


@BOTH
def test_conflict(upload: Upload, client: Client, content: bytes) -> None:
    """After a conflict the whole upload is repeated, as S3 requires, and the first one is aborted."""
    client.scripts["put_object"] = client.scripts["complete_multipart_upload"] = [CONFLICT]

    upload(content)

    multipart = content is LARGE
    assert client.counts["create_multipart_upload"] == 2 * multipart
    assert client.counts["abort_multipart_upload"] == multipart
    assert (client.contents(), client.unfinished()) == ({KEY: content}, [])


@pytest.mark.usefixtures("impatient")
def test_endless_conflict(upload: Upload, client: Client) -> None:
    """A conflict that does not end is raised in the end."""
    client.scripts["put_object"] = [CONFLICT] * 1000

    with pytest.raises(StorageError) as caught:
        upload()

    assert caught.value.code == "ConditionalRequestConflict"
    assert client.counts["put_object"] < 1000


@BOTH
def test_lost_answer(upload: Upload, client: Client, content: bytes) -> None:
    """An object that an attempt without an answer has put belongs to this upload."""
    client.scripts["put_object"] = client.scripts["complete_multipart_upload"] = [Lost(BROKEN)]

    upload(content)

    assert client.contents() == {KEY: content}
    assert client.unfinished() == []


def test_lost_answer_of_a_forgotten_upload(upload: Upload, client: Client) -> None:
    """S3 may have forgotten a completed upload; the object proves that it succeeded."""
    client.scripts["complete_multipart_upload"] = [Lost(BROKEN), refusal("NoSuchUpload", status=404)]

    upload(LARGE)

    assert client.contents() == {KEY: LARGE}


def test_upload_aborted_by_somebody_else(upload: Upload, client: Client) -> None:
    """An upload without its object has failed."""
    client.scripts["complete_multipart_upload"] = [refusal("NoSuchUpload", status=404)]

    with pytest.raises(StorageError) as caught:
        upload(LARGE)

    assert caught.value.code == "NoSuchUpload"


def test_expired_credentials(client: Client, stop: threading.Event, tmp_path: Path) -> None:
    """Expired credentials are renewed once for each call, if they can be."""
    renewals: list[bool] = []

    def renew() -> bool:
        renewals.append(True)
        return True

    upload = Upload(Bucket(client, BUCKET, stop, renew=renew), tmp_path)
    client.scripts["put_object"] = [refusal("ExpiredToken")]
    upload()
    client.scripts["put_object"] = [refusal("ExpiredToken"), refusal("ExpiredToken")]

    with pytest.raises(StorageError) as caught:
        upload(replace=True)

    assert (caught.value.code, len(renewals)) == ("ExpiredToken", 2)
    assert caught.value.hint.startswith("renew the credentials")


def test_expired_credentials_that_cannot_be_renewed(upload: Upload, client: Client) -> None:
    """Expired credentials of the environment are an error at once."""
    client.scripts["put_object"] = [refusal("ExpiredToken")]

    with pytest.raises(StorageError):
        upload()

    assert client.counts["put_object"] == 1


# A stopped run


def test_no_retry_once_stopped(upload: Upload, client: Client, stop: threading.Event) -> None:
    """A stopped run makes one attempt."""
    stop.set()
    client.scripts["put_object"] = [BROKEN]

    with pytest.raises(StorageError):
        upload()

    assert client.counts["put_object"] == 1


def test_no_further_part_once_stopped(upload: Upload, client: Client, stop: threading.Event) -> None:
    """A multipart upload stops between two parts and is aborted."""
    put = client.real.upload_part

    def stop_after(**parameters: Any) -> Any:  # noqa: ANN401 - S3's
        stop.set()
        return put(**parameters)

    client.real.upload_part = stop_after

    with pytest.raises(StorageError) as caught:
        upload(LARGE)

    assert caught.value.code == "Interrupted"
    assert client.counts["upload_part"] == 1
    assert client.unfinished() == []


def test_hanging_call_is_abandoned(
    upload: Upload, client: Client, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that hangs does not keep a stopped run from ending."""
    monkeypatch.setattr("sso_batch.aws.blocking_retry._GRACE", 0.05)
    monkeypatch.setattr("sso_batch.aws.blocking_retry._MIN_GRACE", 0.01)
    release = threading.Event()

    def hang(**_: object) -> None:
        stop.set()
        release.wait()

    client.real.put_object = hang
    begun = time.monotonic()

    with pytest.raises(StorageError) as caught:
        upload()

    release.set()
    assert caught.value.code == "Interrupted"
    assert time.monotonic() - begun < 2


# Put


@pytest.mark.parametrize("content", [b"", CONTENT, LARGE], ids=["empty", "single", "multipart"])
def test_put(upload: Upload, client: Client, content: bytes) -> None:
    """The object equals the file, byte for byte."""
    upload(content)

    assert client.contents() == {KEY: content}
    assert client.unfinished() == []


def test_checksums(upload: Upload, client: Client) -> None:
    """S3 gets the SHA-256 of what it receives: of the file, or of each part."""
    upload()
    upload(LARGE, replace=True)

    (put,) = client.parameters("put_object")
    assert put["ChecksumSHA256"] == checksum(CONTENT)
    parts = [part["ChecksumSHA256"] for part in client.parameters("upload_part")]
    assert parts == [checksum(LARGE[start : start + PART]) for start in range(0, len(LARGE), PART)]
    (completion,) = client.parameters("complete_multipart_upload")
    assert [part["ChecksumSHA256"] for part in completion["MultipartUpload"]["Parts"]] == parts


@BOTH
def test_replace(upload: Upload, client: Client, content: bytes) -> None:
    """Only the object that exists at the start is replaced."""
    upload(b"before")
    etag = client.real.head_object(Bucket=BUCKET, Key=KEY)["ETag"]

    upload(content, replace=True)

    assert client.contents() == {KEY: content}
    conditions = [
        (parameters.get("IfNoneMatch"), parameters.get("IfMatch"))
        for method, parameters in client.asked
        if method in {"put_object", "complete_multipart_upload"}
    ]
    assert conditions == [("*", None), (None, etag)]


@BOTH
def test_key(client: Client, stop: threading.Event, tmp_path: Path, content: bytes) -> None:
    """Objects are encrypted with the configured key."""
    objects = Bucket(client, BUCKET, stop, kms_key_id="alias/reports", part=PART)

    Upload(objects, tmp_path)(content)

    head = client.real.head_object(Bucket=BUCKET, Key=KEY)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/reports")


def test_the_bucket_decides(upload: Upload, client: Client) -> None:
    """Without a key, the upload does not mention encryption."""
    upload()

    (put,) = client.parameters("put_object")
    assert not {name for name in put if "SSE" in name or "Encryption" in name}


@BOTH
def test_object_lock(client: Client, stop: threading.Event, tmp_path: Path, content: bytes) -> None:
    """With Object Lock, replaced and deleted objects stay as versions."""
    retention = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    client.real.create_bucket(
        Bucket="locked",
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=True,
    )
    client.real.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
    )
    objects = Bucket(client, "locked", stop, part=PART)
    upload = Upload(objects, tmp_path)

    upload(b"before")
    upload(content, replace=True)
    read = b"".join(objects.read(KEY))
    objects.delete(KEY)

    versions = client.real.list_object_versions(Bucket="locked")
    assert read == content
    assert [marker["IsLatest"] for marker in versions["DeleteMarkers"]] == [True]
    assert sorted(version["Size"] for version in versions["Versions"]) == [len(b"before"), len(content)]
    assert list(objects.listed("")) == []


# Read


def test_read(objects: Bucket, upload: Upload) -> None:
    """An object is read completely."""
    upload()

    assert b"".join(objects.read(KEY)) == CONTENT


def test_read_missing_object(objects: Bucket) -> None:
    """A missing object is a missing file."""
    with pytest.raises(FileNotFoundError) as caught:
        list(objects.read(KEY))

    assert caught.value.filename == f"s3://{BUCKET}/{KEY}"


def test_read_missing_object_with_minimum_policy(objects: Bucket, client: Client) -> None:
    """S3 denies a missing object to a caller that may list only a prefix; the listing decides."""
    client.scripts["get_object"] = [refusal("AccessDenied", "GetObject", status=403)]

    with pytest.raises(FileNotFoundError):
        list(objects.read(KEY))


@pytest.mark.parametrize("listing", [None, refusal("AccessDenied", "ListObjectsV2", status=403)])
def test_read_denied(objects: Bucket, upload: Upload, client: Client, listing: Exception | None) -> None:
    """An object that exists, or may exist, is not reported as missing if it cannot be read."""
    upload()
    client.scripts["get_object"] = [refusal("AccessDenied", "GetObject", status=403)]
    client.scripts["list_objects_v2"] = [listing]

    with pytest.raises(StorageError) as caught:
        list(objects.read(KEY))

    assert "s3:GetObject" in caught.value.hint


class _Breaking:
    """A body that breaks after some bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        """Yield the bytes, then raise."""
        yield self._content
        raise ResponseStreamingError(error="reset")


def test_read_breaks(objects: Bucket, upload: Upload, client: Client) -> None:
    """If the connection breaks, the rest of the same object is requested."""
    upload()
    get = client.real.get_object
    bodies = [_Breaking(CONTENT[:500]), _Breaking(CONTENT[500:700])]
    client.real.get_object = lambda **parameters: (
        get(**parameters) | ({"Body": bodies.pop(0)} if bodies else {})
    )

    assert b"".join(objects.read(KEY)) == CONTENT
    etag = client.real.head_object(Bucket=BUCKET, Key=KEY)["ETag"]
    assert [(get.get("Range"), get.get("IfMatch")) for get in client.parameters("get_object")] == [
        (None, None),
        ("bytes=500-", etag),
        ("bytes=700-", etag),
    ]


@pytest.mark.usefixtures("impatient")
def test_read_breaks_permanently(objects: Bucket, client: Client) -> None:
    """A body that cannot be read to its end is an error, never a shorter file."""
    client.real.get_object = lambda **_: {"ETag": "e", "Body": _Breaking(b"")}

    with pytest.raises(StorageError, match="GetObject in the bucket reports failed: ResponseStreamingError"):
        list(objects.read(KEY))


# List and delete


def test_listing_of_several_pages(objects: Bucket, client: Client) -> None:
    """A listing has all pages, and only keys with the prefix."""
    bucket = s3_backends["123456789012"]["aws"]
    for number in range(1005):
        bucket.put_object(BUCKET, f"audits/report_{number:04}", b"")
    for key in ("audits/other", "report_elsewhere"):
        bucket.put_object(BUCKET, key, b"")

    listed = list(objects.listed("audits/report_"))

    assert [key for key, _ in listed] == [f"audits/report_{number:04}" for number in range(1005)]
    assert all(modified.tzinfo is not None for _, modified in listed)
    assert client.counts["list_objects_v2"] == 2


def test_folders(objects: Bucket, client: Client) -> None:
    """The folders below a prefix are listed once each, whatever they contain, and no key is."""
    bucket = s3_backends["123456789012"]["aws"]
    for run in range(5):
        for number in range(500):
            bucket.put_object(BUCKET, f"audits/run-{run}/organizations/org-{number}/snapshot.jsonl", b"")
    for key in ("audits/notes.txt", "elsewhere/run-9/run.json"):
        bucket.put_object(BUCKET, key, b"")

    assert list(objects.folders("audits/")) == [f"run-{run}" for run in range(5)]
    assert client.parameters("list_objects_v2") == [{"Bucket": BUCKET, "Prefix": "audits/", "Delimiter": "/"}]
    assert list(objects.folders("")) == ["audits", "elsewhere"]


@pytest.mark.parametrize("token", ["again", None])
def test_endless_listing(objects: Bucket, client: Client, token: str | None) -> None:
    """A listing without a token, or with a repeated one, is an error, not the end."""
    client.real.list_objects_v2 = lambda **_: {"IsTruncated": True, "NextContinuationToken": token}

    with pytest.raises(StorageError, match="page token"):
        list(objects.listed("audits/"))


def test_delete(objects: Bucket, upload: Upload, client: Client) -> None:
    """An object is deleted, and deleting a missing one succeeds."""
    upload()

    objects.delete(KEY)
    objects.delete(KEY)

    assert client.contents() == {}


# Prove


def test_prove(objects: Bucket, client: Client) -> None:
    """A proof leaves no object, no upload, and no version in a versioned bucket."""
    client.real.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    objects.prove(KEY, patient=False)

    assert (client.contents(), client.unfinished()) == ({}, [])
    assert not set(client.real.list_object_versions(Bucket=BUCKET)) & {"Versions", "DeleteMarkers"}


@pytest.mark.parametrize(
    ("method", "operation", "action"),
    [
        ("create_multipart_upload", "CreateMultipartUpload", "s3:PutObject"),
        ("upload_part", "UploadPart", "s3:PutObject"),
        ("abort_multipart_upload", "AbortMultipartUpload", "s3:AbortMultipartUpload"),
    ],
)
def test_prove_denied(objects: Bucket, client: Client, method: str, operation: str, action: str) -> None:
    """Each missing permission is named by its action."""
    client.scripts[method] = [refusal("AccessDenied", operation, message="Access Denied", status=403)]

    with pytest.raises(StorageError) as caught:
        objects.prove(KEY, patient=False)

    assert caught.value.message == f"{operation} in the bucket reports failed: AccessDenied: Access Denied"
    assert caught.value.hint.startswith(f"allow the writer the IAM action {action} on the bucket reports")
    assert client.contents() == {}
    if method != "abort_multipart_upload":
        assert client.unfinished() == []


@pytest.mark.parametrize("configured", ["us-east-1", "eu-west-1"])
def test_region_of_the_bucket(client: Client, stop: threading.Event, tmp_path: Path, configured: str) -> None:
    """S3 redirects a client in the wrong Region, and the call is made in the right one."""
    signed: list[str] = []

    def answer(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - botocore's
        region = request.headers["Authorization"].decode().split("/")[2]
        signed.append(region)
        body = f"<Error><Code>AuthorizationHeaderMalformed</Code><Region>{REGION}</Region></Error>".encode()
        content = io.BytesIO(b"" if region == REGION else body)
        content.stream = lambda: [content.getvalue()]  # type: ignore[attr-defined] # as urllib3's
        headers = HTTPHeaders()
        headers["ETag"] = '"e"'
        return AWSResponse(request.url, 200 if region == REGION else 400, headers, content)

    real = client.session.create_client("s3", region_name=configured)
    real.meta.events.register_first("before-send.s3", answer)  # type: ignore[arg-type] # it may answer

    Upload(Bucket(real, BUCKET, stop), tmp_path)()

    assert signed == ([] if configured == REGION else [configured]) + [REGION]


def test_prove_missing_bucket(stop: threading.Event) -> None:
    """A missing bucket is reported as missing."""
    with pytest.raises(StorageError) as caught:
        Bucket(Client(), BUCKET, stop).prove(KEY, patient=False)

    assert caught.value.code == "NoSuchBucket"
    assert caught.value.hint == "create the bucket, or name another one in output.directory or with --output"


@pytest.mark.parametrize(
    ("fault", "code", "hint"),
    [
        (refusal("PermanentRedirect", status=301), "PermanentRedirect", "output.region"),
        (refusal("AuthorizationHeaderMalformed"), "AuthorizationHeaderMalformed", "output.region"),
        (refusal("InvalidAccessKeyId", status=403), "InvalidAccessKeyId", "renew them"),
        (refusal("SignatureDoesNotMatch", status=403), "SignatureDoesNotMatch", "machine's clock"),
        (
            refusal("AccessDenied", message="… is not authorized to perform: kms:GenerateDataKey on …"),
            "AccessDenied",
            "kms:GenerateDataKey and kms:Decrypt on the key alias/reports",
        ),
        (
            refusal("KMS.DisabledException"),
            "KMS.DisabledException",
            "check the key alias/reports in AWS KMS",
        ),
        (refusal("NotImplemented", status=405), "NotImplemented", "If-None-Match"),
        (refusal("NotImplemented", status=501), "NotImplemented", "If-None-Match"),
        (refusal("SlowDown", status=503), "SlowDown", "S3 kept throttling this call"),
        (refusal("InternalError", status=500), "InternalError", "run again"),
        (refusal("InvalidRequest"), "InvalidRequest", "check the bucket, its policy"),
        (NoCredentialsError(), "NoCredentials", "output.profile"),
        (refusal("AccessDenied", "AssumeRole", status=403), "AccessDenied", "trust policy"),
        (
            EndpointConnectionError(endpoint_url="https://s3.example"),
            "EndpointConnectionError",
            "the network",
        ),
    ],
)
def test_hints(
    client: Client,
    stop: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    code: str,
    hint: str,
) -> None:
    """A hint names what is at fault: bucket, Region, credentials, key or network."""
    monkeypatch.setattr("sso_batch.aws.s3.bucket._SHORT_PATIENCE", 0.01)
    client.scripts["create_multipart_upload"] = [fault] * 1000

    with pytest.raises(StorageError) as caught:
        Bucket(client, BUCKET, stop, kms_key_id="alias/reports").prove(KEY, patient=False)

    assert caught.value.code == code
    assert hint in caught.value.hint


class Clock:
    """A clock that waiting moves forward, in place of the time and of the event that stops a run."""

    def __init__(self) -> None:
        self.now = 0.0

    def is_set(self) -> bool:
        """Return that the run is never stopped."""
        return False

    def wait(self, seconds: float) -> bool:
        """Move the clock forward instead of waiting."""
        self.now += seconds
        return False


class Outage:
    """A client of S3 that fails until a time of the clock, and then works."""

    def __init__(self, clock: Clock, until: float, fault: Exception) -> None:
        self._clock, self._until, self._fault = clock, until, fault

    def __getattr__(self, method: str) -> Callable[..., dict[str, str]]:
        def call(**_: object) -> dict[str, str]:
            if self._clock.now < self._until:
                raise self._fault
            return {"UploadId": "u", "ETag": "e"}

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.5)
    monkeypatch.setattr("sso_batch.aws.blocking_retry.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("random.uniform", lambda _, longest: longest)
    return clock


OUTAGES = [
    refusal("SlowDown", status=503),
    refusal("InternalError", status=500),
    EndpointConnectionError(endpoint_url="https://s3.example"),
    refusal("TooManyRequests", status=429),
]


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
def test_prove_waits(clock: Clock, fault: Exception) -> None:
    """A service that fails for half a minute, as on a node that has just started, does not end a run."""
    Bucket(Outage(clock, 30, fault), BUCKET, clock).prove(KEY, patient=True)  # type: ignore[arg-type] # only what is needed

    assert 30 <= clock.now < 60


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
def test_prove_gives_up(clock: Clock, fault: Exception) -> None:
    """A service that keeps failing ends the run after five minutes, with a transient error."""
    with pytest.raises(StorageError) as caught:
        Bucket(Outage(clock, 9999, fault), BUCKET, clock).prove(KEY, patient=True)  # type: ignore[arg-type] # likewise

    assert caught.value.transient
    assert 280 <= clock.now <= 300
