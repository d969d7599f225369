"""A bucket in moto's S3 over HTTP that denies, delays or hangs on requests as the test says."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

from tests.support.moto_server import moto_server
from tests.support.reports import files_in

BUCKET, PREFIX = "reports", "audits/nightly/"
URL = f"s3://{BUCKET}/{PREFIX}"


@dataclass(slots=True)
class S3:
    """A bucket, and the spool: the folder for files that are on their way there.

    Keys that match `denied` cannot be written, and those that match `unreadable` cannot be read; `reads` has
    the keys of all attempts to read. Writing a key that matches `hanging` sets `hangs` and blocks until
    `released`. `late` is how many requests for keys get a 503; `demands` are the headers that every put of a
    new object must have.
    """

    client: Any
    spool: Path
    denied: str = "^$"
    hanging: str = "^$"
    unreadable: str = "^$"
    late: int = 0
    demands: tuple[str, ...] = ()
    reads: list[str] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def contents(self) -> dict[str, bytes]:
        """Return every object of the bucket, by key."""
        keys = [entry["Key"] for entry in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def kept(self) -> dict[str, bytes]:
        """Return the files kept in the spool, by name; raise where anything else is left there."""
        folders = list(self.spool.iterdir())
        assert all(folder.name.startswith("sso-batch-kept-") for folder in folders)
        return {name: path.read_bytes() for folder in folders for name, path in files_in(folder).items()}

    def intercept(self, method: str, key: str, url: str, headers: Mapping[str, str]) -> None:
        """Delay, hang on or deny a request for a key, as this bucket's settings say."""
        if self.late:
            self.late -= 1
            raise S3ClientError("SlowDown", "Please reduce your request rate.")
        if method == "GET":
            self.reads.append(key)
            if re.search(self.unreadable, key):
                raise S3ClientError("AccessDenied", "Access Denied")
        if method not in {"PUT", "POST"}:
            return
        makes_an_object = "uploads" not in url and "partNumber" not in url
        if makes_an_object and not all(header in headers for header in self.demands):
            raise S3ClientError("AccessDenied", "Access Denied")
        if re.search(self.hanging, key):
            self.hangs.set()
            self.released.wait()
        if re.search(self.denied, key):
            raise S3ClientError("AccessDenied", "Access Denied")


def output_in_bucket(*settings: str) -> Callable[[str], str]:
    """Return the change to a configuration that writes into the bucket, with further settings of `output`."""

    def change(text: str) -> str:
        lines = text.splitlines()
        at = next(number for number, line in enumerate(lines) if line.strip().startswith("directory:"))
        lines[at : at + 1] = [f"  {setting}" for setting in (f"directory: {URL}", *settings)]
        return "\n".join(lines) + "\n"

    return change


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path) -> Iterator[S3]:
    """Serve S3 with an empty bucket, and set the environment so that S3 is found there."""
    assert home.is_dir()
    with moto_server() as url:
        session: Any = boto3.Session("made-up", "made-up", region_name="us-east-1")
        bucket = S3(session.client("s3", endpoint_url=url), tmp_path / "spool")
        bucket.client.create_bucket(Bucket=BUCKET)
        bucket.spool.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(bucket.spool))
        monkeypatch.setenv("TMPDIR", str(bucket.spool))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        respond = S3Response._key_response

        def intercept_and_respond(response: S3Response, request: Any, full_url: str) -> Any:  # noqa: ANN401 - moto's
            bucket.intercept(request.method, response.parse_key_name(), full_url, request.headers)
            return respond(response, request, full_url)

        monkeypatch.setattr(S3Response, "_key_response", intercept_and_respond)
        yield bucket
        bucket.released.set()
