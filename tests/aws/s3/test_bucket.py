"""The objects of a bucket, on moto's S3, which knows If-None-Match on puts and on completions.

What moto does not do: deny, hold uploads against their checksums, or answer for a bucket of another Region.
Those refusals come from the client's script.
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

from sso_batch.aws.s3.bucket import Objects
from sso_batch.store import StorageError
from tests.support.s3 import BUCKET, REGION, Client, Lost, refusal

BROKEN = ConnectionClosedError(endpoint_url="https://s3.example")
CONFLICT = refusal("ConditionalRequestConflict", status=409)

PART = 5 << 20
"""Bytes; neither S3 nor moto takes smaller parts, but for the last one."""

CONTENT = bytes(range(256)) * 100
LARGE = CONTENT * 440
KEY = "audits/a.csv"

BOTH = pytest.mark.parametrize("content", [CONTENT, LARGE], ids=["whole", "in parts"])


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give moto, credentials for it, and no pauses between tries."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setattr("sso_batch.aws.blocking_retry.FIRST_PAUSE", 0.001)
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
def objects(client: Client, stop: threading.Event) -> Objects:
    return Objects(client, BUCKET, stop, part=PART)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take nearly all patience away."""
    monkeypatch.setattr("sso_batch.aws.s3.bucket._PATIENCE", 0.02)


class Upload:
    """Uploads content, through a file of its own."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects = objects
        self._path = folder / "draft"

    def __call__(self, content: bytes = CONTENT, *, replace: bool = False, sha256: str | None = None) -> None:
        """Put the content under KEY."""
        self._path.write_bytes(content)
        known = sha256 or hashlib.sha256(content).hexdigest()
        self._objects.upload(KEY, self._path, known, replace=replace)


@pytest.fixture
def upload(objects: Objects, tmp_path: Path) -> Upload:
    return Upload(objects, tmp_path)


def checksum(content: bytes) -> str:
    return b64encode(hashlib.sha256(content).digest()).decode()


# Refused and broken


@BOTH
def test_taken(upload: Upload, client: Client, content: bytes) -> None:
    """What is there is never overwritten, and nothing of the attempt is left."""
    client.real.put_object(Bucket=BUCKET, Key=KEY, Body=b"theirs")

    with pytest.raises(FileExistsError) as caught:
        upload(content)

    assert caught.value.filename == f"s3://{BUCKET}/{KEY}"
    assert client.contents() == {KEY: b"theirs"}
    assert client.unfinished() == []


def test_taken_by_the_same_content(upload: Upload) -> None:
    """The same bytes put by somebody else are somebody else's."""
    upload()

    with pytest.raises(FileExistsError):
        upload()


def test_taken_and_not_to_be_looked_at(upload: Upload, client: Client) -> None:
    """Where it cannot be told whose the object is, it is somebody else's."""
    upload()
    client.scripts["head_object"] = [refusal("403", "HeadObject", status=403)]

    with pytest.raises(FileExistsError):
        upload()


@pytest.mark.parametrize(
    ("method", "content"),
    [("put_object", CONTENT), ("create_multipart_upload", LARGE), ("upload_part", LARGE)],
    ids=["put", "begin", "part"],
)
@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "QuotaExceeded"])
def test_refused(upload: Upload, client: Client, method: str, content: bytes, code: str) -> None:
    """A refusal is told at once, and no part of the file is left."""
    client.scripts[method] = [refusal(code)]

    with pytest.raises(StorageError) as caught:
        upload(content)

    assert caught.value.code == code
    assert client.counts[method] == 1
    assert (client.contents(), client.unfinished()) == ({}, [])


@pytest.mark.usefixtures("impatient")
def test_later_part_fails(upload: Upload, client: Client) -> None:
    """An upload whose last part cannot be had is aborted."""
    client.scripts["upload_part"] = [None, None, *[BROKEN] * 1000]

    with pytest.raises(StorageError, match="UploadPart in the bucket reports failed: ConnectionClosedError"):
        upload(LARGE)

    assert 3 <= client.counts["upload_part"] < 1000
    assert client.counts["abort_multipart_upload"] == 1
    assert (client.contents(), client.unfinished()) == ({}, [])


def test_completion_fails_and_the_abort_too(upload: Upload, client: Client) -> None:
    """What is told is why the upload failed, and not that it could not be aborted."""
    client.scripts["complete_multipart_upload"] = [refusal("InvalidPart")]
    client.scripts["abort_multipart_upload"] = [refusal("AccessDenied", "AbortMultipartUpload")]

    with pytest.raises(StorageError) as caught:
        upload(LARGE)

    assert caught.value.code == "InvalidPart"
    assert client.contents() == {}


def test_something_else_ends_an_upload_in_parts(upload: Upload, client: Client) -> None:
    """Whatever ends an upload, its parts are dropped."""
    client.scripts["upload_part"] = [None, KeyError("a defect")]

    with pytest.raises(KeyError):
        upload(LARGE)

    assert client.unfinished() == []


def test_draft_that_changed(upload: Upload, client: Client) -> None:
    """A file that is no longer what was written to it does not become an object."""
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
def test_tried_again(upload: Upload, client: Client, fault: Exception, method: str, content: bytes) -> None:
    """Trouble that may pass is waited out, with the call that had it."""
    client.scripts[method] = [fault, fault]

    upload(content)

    assert client.contents() == {KEY: content}
    assert client.counts["create_multipart_upload"] == (content is LARGE)
    assert client.unfinished() == []


@BOTH
def test_conflict(upload: Upload, client: Client, content: bytes) -> None:
    """After a conflict the whole upload is made anew, as S3 asks; the one that lost is aborted."""
    client.scripts["put_object"] = client.scripts["complete_multipart_upload"] = [CONFLICT]

    upload(content)

    parted = content is LARGE
    assert client.counts["create_multipart_upload"] == 2 * parted
    assert client.counts["abort_multipart_upload"] == parted
    assert (client.contents(), client.unfinished()) == ({KEY: content}, [])


@pytest.mark.usefixtures("impatient")
def test_endless_conflict(upload: Upload, client: Client) -> None:
    """A conflict that does not end is told at last."""
    client.scripts["put_object"] = [CONFLICT] * 1000

    with pytest.raises(StorageError) as caught:
        upload()

    assert caught.value.code == "ConditionalRequestConflict"
    assert client.counts["put_object"] < 1000


@BOTH
def test_lost_answer(upload: Upload, client: Client, content: bytes) -> None:
    """An object that an attempt without an answer has put is this upload's own."""
    client.scripts["put_object"] = client.scripts["complete_multipart_upload"] = [Lost(BROKEN)]

    upload(content)

    assert client.contents() == {KEY: content}
    assert client.unfinished() == []


def test_lost_answer_of_an_upload_that_is_forgotten(upload: Upload, client: Client) -> None:
    """S3 may not know an upload any more that it has completed: the object tells."""
    client.scripts["complete_multipart_upload"] = [Lost(BROKEN), refusal("NoSuchUpload", status=404)]

    upload(LARGE)

    assert client.contents() == {KEY: LARGE}


def test_upload_that_somebody_aborted(upload: Upload, client: Client) -> None:
    """An upload that is gone without its object has failed."""
    client.scripts["complete_multipart_upload"] = [refusal("NoSuchUpload", status=404)]

    with pytest.raises(StorageError) as caught:
        upload(LARGE)

    assert caught.value.code == "NoSuchUpload"


def test_expired_credentials(client: Client, stop: threading.Event, tmp_path: Path) -> None:
    """Credentials that expire are renewed once for each call, where they can be."""
    renewals: list[bool] = []

    def renew() -> bool:
        renewals.append(True)
        return True

    upload = Upload(Objects(client, BUCKET, stop, renew=renew), tmp_path)
    client.scripts["put_object"] = [refusal("ExpiredToken")]
    upload()
    client.scripts["put_object"] = [refusal("ExpiredToken"), refusal("ExpiredToken")]

    with pytest.raises(StorageError) as caught:
        upload(replace=True)

    assert (caught.value.code, len(renewals)) == ("ExpiredToken", 2)
    assert caught.value.hint.startswith("renew the credentials")


def test_expired_credentials_that_cannot_be_renewed(upload: Upload, client: Client) -> None:
    """Credentials of the environment that expire are told at once."""
    client.scripts["put_object"] = [refusal("ExpiredToken")]

    with pytest.raises(StorageError):
        upload()

    assert client.counts["put_object"] == 1


# Told to end


def test_no_second_try_once_stopped(upload: Upload, client: Client, stop: threading.Event) -> None:
    """A run that was told to end tries once."""
    stop.set()
    client.scripts["put_object"] = [BROKEN]

    with pytest.raises(StorageError):
        upload()

    assert client.counts["put_object"] == 1


def test_no_further_part_once_stopped(upload: Upload, client: Client, stop: threading.Event) -> None:
    """An upload in parts ends between two of them, and is aborted."""
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


def test_a_call_that_hangs_is_left(
    upload: Upload, client: Client, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that hangs keeps nobody who was told to end."""
    monkeypatch.setattr("sso_batch.aws.blocking_retry._LAST", 0.05)
    monkeypatch.setattr("sso_batch.aws.blocking_retry._LEAST", 0.01)
    go_on = threading.Event()

    def hang(**_: object) -> None:
        stop.set()
        go_on.wait()

    client.real.put_object = hang
    begun = time.monotonic()

    with pytest.raises(StorageError) as caught:
        upload()

    go_on.set()
    assert caught.value.code == "Interrupted"
    assert time.monotonic() - begun < 2


# Put


@pytest.mark.parametrize("content", [b"", CONTENT, LARGE], ids=["empty", "whole", "in parts"])
def test_put(upload: Upload, client: Client, content: bytes) -> None:
    """The object is the file, byte for byte."""
    upload(content)

    assert client.contents() == {KEY: content}
    assert client.unfinished() == []


def test_checksums(upload: Upload, client: Client) -> None:
    """S3 is given the SHA-256 of what it receives: of the file, or of each part."""
    upload()
    upload(LARGE, replace=True)

    (put,) = client.parameters("put_object")
    assert put["ChecksumSHA256"] == checksum(CONTENT)
    parts = [one["ChecksumSHA256"] for one in client.parameters("upload_part")]
    assert parts == [checksum(LARGE[start : start + PART]) for start in range(0, len(LARGE), PART)]
    (completion,) = client.parameters("complete_multipart_upload")
    assert [one["ChecksumSHA256"] for one in completion["MultipartUpload"]["Parts"]] == parts


@BOTH
def test_replace(upload: Upload, client: Client, content: bytes) -> None:
    """What is replaced is the object that is there, and no other."""
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
    """Objects are encrypted with the key of the configuration."""
    objects = Objects(client, BUCKET, stop, kms_key_id="alias/reports", part=PART)

    Upload(objects, tmp_path)(content)

    head = client.real.head_object(Bucket=BUCKET, Key=KEY)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/reports")


def test_the_bucket_decides(upload: Upload, client: Client) -> None:
    """Without a key, nothing is said of encryption."""
    upload()

    (put,) = client.parameters("put_object")
    assert not {name for name in put if "SSE" in name or "Encryption" in name}


# Read


@pytest.mark.parametrize("skip", [0, 1, len(CONTENT) - 1, len(CONTENT)])
def test_read(objects: Objects, upload: Upload, skip: int) -> None:
    """An object is read without as many of its first bytes as were asked to be left out."""
    upload()

    assert b"".join(objects.read(KEY, skip=skip)) == CONTENT[skip:]


def test_read_what_is_not_there(objects: Objects) -> None:
    """A missing object is a missing file."""
    with pytest.raises(FileNotFoundError) as caught:
        list(objects.read(KEY))

    assert caught.value.filename == f"s3://{BUCKET}/{KEY}"


def test_read_what_is_not_there_with_the_least_policy(objects: Objects, client: Client) -> None:
    """S3 denies a missing object to those who may list a prefix alone; the listing tells."""
    client.scripts["get_object"] = [refusal("AccessDenied", "GetObject", status=403)]

    with pytest.raises(FileNotFoundError):
        list(objects.read(KEY))


@pytest.mark.parametrize("listing", [None, refusal("AccessDenied", "ListObjectsV2", status=403)])
def test_read_denied(objects: Objects, upload: Upload, client: Client, listing: Exception | None) -> None:
    """An object that may not be read is not a missing one, nor one of which nothing is known."""
    upload()
    client.scripts["get_object"] = [refusal("AccessDenied", "GetObject", status=403)]
    client.scripts["list_objects_v2"] = [listing]

    with pytest.raises(StorageError) as caught:
        list(objects.read(KEY))

    assert "s3:GetObject" in caught.value.hint


class _Breaking:
    """The body of an answer that breaks after some bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        """Give the bytes, then break."""
        yield self._content
        raise ResponseStreamingError(error="reset")


def test_read_breaks(objects: Objects, upload: Upload, client: Client) -> None:
    """Where the connection breaks the rest is asked for, of the same object."""
    upload()
    get = client.real.get_object
    bodies = [_Breaking(CONTENT[10:500]), _Breaking(CONTENT[500:700])]
    client.real.get_object = lambda **parameters: (
        get(**parameters) | ({"Body": bodies.pop(0)} if bodies else {})
    )

    assert b"".join(objects.read(KEY, skip=10)) == CONTENT[10:]
    etag = client.real.head_object(Bucket=BUCKET, Key=KEY)["ETag"]
    assert [(one["Range"], one.get("IfMatch")) for one in client.parameters("get_object")] == [
        ("bytes=10-", None),
        ("bytes=500-", etag),
        ("bytes=700-", etag),
    ]


@pytest.mark.usefixtures("impatient")
def test_read_breaks_for_good(objects: Objects, client: Client) -> None:
    """A body that cannot be had to its end is an error and never a shorter file."""
    client.real.get_object = lambda **_: {"ETag": "e", "Body": _Breaking(b"")}

    with pytest.raises(StorageError, match="GetObject in the bucket reports failed: ResponseStreamingError"):
        list(objects.read(KEY))


# Listed and deleted


def test_more_than_a_page(objects: Objects, client: Client) -> None:
    """A listing has all pages, and nothing but what stands directly below the prefix."""
    bucket = s3_backends["123456789012"]["aws"]
    for number in range(1005):
        bucket.put_object(BUCKET, f"audits/report_{number:04}", b"")
    for key in ("audits/other", "audits/report_x/below", "report_elsewhere"):
        bucket.put_object(BUCKET, key, b"")

    listed = list(objects.listed("audits/report_"))

    assert [key for key, _ in listed] == [f"audits/report_{number:04}" for number in range(1005)]
    assert all(modified.tzinfo is not None for _, modified in listed)
    assert client.counts["list_objects_v2"] == 2


@pytest.mark.parametrize("token", ["again", None])
def test_endless_listing(objects: Objects, client: Client, token: str | None) -> None:
    """A listing that does not go on, or goes in circles, is broken and not at its end."""
    client.real.list_objects_v2 = lambda **_: {"IsTruncated": True, "NextContinuationToken": token}

    with pytest.raises(StorageError, match="page token"):
        list(objects.listed("audits/"))


def test_delete(objects: Objects, upload: Upload, client: Client) -> None:
    """An object is deleted; one that is not there is no trouble."""
    upload()

    objects.delete(KEY)
    objects.delete(KEY)

    assert client.contents() == {}


# Proved


def test_prove(objects: Objects, client: Client) -> None:
    """A proof leaves neither an object nor an upload, nor a version where they are kept."""
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
def test_prove_denied(objects: Objects, client: Client, method: str, operation: str, action: str) -> None:
    """Each permission that is missing is named by its action."""
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
    """S3 tells a client in the wrong Region where the bucket is, and the call is made there."""
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

    Upload(Objects(real, BUCKET, stop), tmp_path)()

    assert signed == ([] if configured == REGION else [configured]) + [REGION]


def test_prove_without_a_bucket(stop: threading.Event) -> None:
    """A bucket that is not there is told as such."""
    with pytest.raises(StorageError) as caught:
        Objects(Client(), BUCKET, stop).prove(KEY, patient=False)

    assert caught.value.code == "NoSuchBucket"
    assert caught.value.hint == "create the bucket, or name another one in output.directory or with --output"


@pytest.mark.parametrize(
    ("fault", "code", "hint"),
    [
        (refusal("PermanentRedirect", status=301), "PermanentRedirect", "output.region"),
        (refusal("AuthorizationHeaderMalformed"), "AuthorizationHeaderMalformed", "output.region"),
        (refusal("InvalidAccessKeyId", status=403), "InvalidAccessKeyId", "renew them"),
        (refusal("SignatureDoesNotMatch", status=403), "SignatureDoesNotMatch", "the clock"),
        (
            refusal("AccessDenied", message="… is not authorized to perform: kms:GenerateDataKey on …"),
            "AccessDenied",
            "kms:GenerateDataKey and kms:Decrypt on the key alias/reports",
        ),
        (
            refusal("KMS.DisabledException"),
            "KMS.DisabledException",
            "look in AWS KMS at the key alias/reports",
        ),
        (refusal("NotImplemented", status=405), "NotImplemented", "If-None-Match"),
        (refusal("NotImplemented", status=501), "NotImplemented", "If-None-Match"),
        (refusal("SlowDown", status=503), "SlowDown", "run again"),
        (refusal("InternalError", status=500), "InternalError", "run again"),
        (refusal("InvalidRequest"), "InvalidRequest", "the bucket, its policy"),
        (NoCredentialsError(), "NoCredentials", "output.profile"),
        (refusal("AccessDenied", "AssumeRole", status=403), "AccessDenied", "trust policy"),
        (
            EndpointConnectionError(endpoint_url="https://s3.example"),
            "EndpointConnectionError",
            "the network",
        ),
    ],
)
def test_whose_fault(
    client: Client,
    stop: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    code: str,
    hint: str,
) -> None:
    """An error says whether bucket, Region, credentials, key or network are at fault."""
    monkeypatch.setattr("sso_batch.aws.s3.bucket._SHORT_PATIENCE", 0.01)
    client.scripts["create_multipart_upload"] = [fault] * 1000

    with pytest.raises(StorageError) as caught:
        Objects(client, BUCKET, stop, kms_key_id="alias/reports").prove(KEY, patient=False)

    assert caught.value.code == code
    assert hint in caught.value.hint


class Clock:
    """A clock that waiting puts forward, in place of the time and of the event that ends a run."""

    def __init__(self) -> None:
        self.now = 0.0

    def is_set(self) -> bool:
        """The run is never told to end."""
        return False

    def wait(self, seconds: float) -> bool:
        """Wait at once."""
        self.now += seconds
        return False


class Out:
    """A client of S3 that is out until a time of the clock; then it does all that a proof needs."""

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
    monkeypatch.setattr("sso_batch.aws.blocking_retry.FIRST_PAUSE", 0.5)
    monkeypatch.setattr("sso_batch.aws.blocking_retry.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    return clock


OUT = [
    refusal("SlowDown", status=503),
    refusal("InternalError", status=500),
    EndpointConnectionError(endpoint_url="https://s3.example"),
    refusal("TooManyRequests", status=429),
]


@pytest.mark.parametrize("fault", OUT, ids=str)
def test_prove_waits(clock: Clock, fault: Exception) -> None:
    """A store that is out for half a minute, as on a node that has just started, ends no run."""
    Objects(Out(clock, 30, fault), BUCKET, clock).prove(KEY, patient=True)  # type: ignore[arg-type] # as much as is needed

    assert 30 <= clock.now < 60


@pytest.mark.parametrize("fault", OUT, ids=str)
def test_prove_gives_up(clock: Clock, fault: Exception) -> None:
    """A store that stays out ends the run after five minutes, as trouble that may pass."""
    with pytest.raises(StorageError) as caught:
        Objects(Out(clock, 9999, fault), BUCKET, clock).prove(KEY, patient=True)  # type: ignore[arg-type] # likewise

    assert caught.value.transient
    assert 280 <= clock.now <= 300
