"""A whole run into S3: the audited AWS is the emulator, the bucket is moto's, over HTTP."""

import json
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from sso_batch.aws.s3.bucket import Objects
from sso_batch.config import Config
from sso_batch.emulator import Emulator, Limits, World, configuration
from sso_batch.iam.policies import policies
from tests.end_to_end.command import Command, finish, start
from tests.end_to_end.conftest import Audit
from tests.end_to_end.expected import COLLECT, assert_exact
from tests.end_to_end.reports import Reports
from tests.end_to_end.worlds import small

BUCKET, PREFIX = "reports", "audits/nightly/"
URL = f"s3://{BUCKET}/{PREFIX}"

ACTIONS = {  # Source: AWS's service authorization reference
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
}


@dataclass(slots=True)
class S3:
    """The bucket. Keys that `denied` matches cannot be written; the writing of those of `hanging` hangs.

    `late` is how many requests for keys get a 503; `demands` are headers that every put must have, if it is
    to make an object.
    """

    client: Any
    spool: Path
    denied: str = "^$"
    hanging: str = "^$"
    late: int = 0
    demands: tuple[str, ...] = ()
    hangs: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def contents(self) -> dict[str, bytes]:
        """What is in the bucket, by key."""
        keys = [one["Key"] for one in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def kept(self) -> dict[str, bytes]:
        """What is kept in the spool, in which nothing else is left."""
        folders = list(self.spool.iterdir())
        assert all(folder.name.startswith("sso-batch-kept-") for folder in folders)
        return {path.name: path.read_bytes() for folder in folders for path in folder.iterdir()}

    def refuse(self, method: str, key: str, url: str, headers: Mapping[str, str]) -> None:
        """Hang or deny, where it is so written."""
        if self.late:
            self.late -= 1
            raise S3ClientError("SlowDown", "Please reduce your request rate.")
        if method not in {"PUT", "POST"}:
            return
        if (
            "uploads" not in url
            and "partNumber" not in url
            and not all(one in headers for one in self.demands)
        ):
            raise S3ClientError("AccessDenied", "Access Denied")
        if re.search(self.hanging, key):
            self.hangs.set()
            self.go_on.wait()
        if re.search(self.denied, key):
            raise S3ClientError("AccessDenied", "Access Denied")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path) -> Iterator[S3]:
    """Give moto's S3 with an empty bucket, and a folder for what is on its way there."""
    assert home.is_dir()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    session: Any = boto3.Session("made-up", "made-up", region_name="us-east-1")
    bucket = S3(session.client("s3", endpoint_url=url), tmp_path / "spool")
    bucket.client.create_bucket(Bucket=BUCKET)
    bucket.spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(bucket.spool))
    monkeypatch.setenv("TMPDIR", str(bucket.spool))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    respond = S3Response._key_response

    def respond_or_refuse(response: S3Response, request: Any, full_url: str) -> Any:  # noqa: ANN401 - moto's
        bucket.refuse(request.method, response.parse_key_name(), full_url, request.headers)
        return respond(response, request, full_url)

    monkeypatch.setattr(S3Response, "_key_response", respond_or_refuse)
    yield bucket
    bucket.go_on.set()
    moto_api_backend.reset()
    server.stop()


@pytest.fixture
def emulated(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Give one organization to audit, in the environment and in `orgs.yaml`."""
    assert s3.spool.is_dir()
    world = small(1)
    (tmp_path / "orgs.yaml").write_text(configuration(world, directory=URL) + COLLECT)
    with Emulator(world, limits=Limits.off()) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nearly no pauses between attempts."""
    monkeypatch.setattr("sso_batch.aws.blocking_retry.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.blocking_retry.LONGEST_PAUSE", 0.01)


Run = Callable[..., Reports]


@pytest.fixture
def run(audit: Audit, s3: S3, tmp_path: Path) -> Run:
    """Audits into the bucket, and gives what is there as a folder."""

    def into_bucket(world: World, *options: object, settings: str = "") -> Reports:
        ended = audit(world, "--output", URL, *options, settings=settings)
        downloaded = tmp_path / "downloaded"
        downloaded.mkdir(exist_ok=True)
        for key, content in s3.contents().items():
            (downloaded / key.removeprefix(PREFIX)).write_bytes(content)
        return Reports(downloaded, ended.ended, ended.calls)

    return into_bucket


# What fails before the first call


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("url", "reason", "hint"),
    [("s3://nobodys/audits", "NoSuchBucket", "create the bucket"), (URL, "AccessDenied", "s3:PutObject")],
    ids=["missing", "denied"],
)
def test_place_that_cannot_be_written(
    sso_batch: Command,
    s3: S3,
    emulated: Emulator,
    tmp_path: Path,
    command: str,
    url: str,
    reason: str,
    hint: str,
) -> None:
    """A bucket that takes no file is found before any organization is asked, with what to do."""
    s3.denied = "^audits/.*_probe$" if url == URL else "^$"

    ended = sso_batch(command, "--config", tmp_path / "orgs.yaml", "--output", url)

    assert (ended.code, ended.stdout, dict(emulated.calls)) == (2, "", {})
    assert reason in ended.stderr
    assert hint in ended.stderr
    assert (s3.contents(), s3.kept()) == ({}, {})


def test_run_file_that_cannot_be_put(run: Run, s3: S3) -> None:
    """A run that cannot begin is a mistake of usage, and keeps nothing."""
    s3.denied = r"_run\.json$"

    reports = run(small(1))

    assert (reports.ended.code, dict(reports.calls)) == (2, {})
    assert "AccessDenied" in reports.ended.stderr
    assert (s3.contents(), s3.kept()) == ({}, {})


def test_run_id_taken(run: Run, s3: S3) -> None:
    """A run id names one run of a prefix."""
    first = run(small(1), "--run-id", "nightly")
    before = s3.contents()

    second = run(small(1), "--run-id", "nightly")

    assert (first.ended.code, second.ended.code) == (0, 2)
    assert "the run nightly already exists in this place" in second.ended.stderr
    assert s3.contents() == before


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.usefixtures("hurried")
def test_s3_is_late(sso_batch: Command, s3: S3, emulated: Emulator, tmp_path: Path, command: str) -> None:
    """S3 that answers 503 at first is asked until it answers; that is no matter of configuration."""
    s3.late = 12

    ended = sso_batch(command, "--config", tmp_path / "orgs.yaml")

    assert (ended.code, s3.late) == (0, 0), ended.stderr
    assert emulated.calls


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.usefixtures("hurried")
def test_s3_stays_away(
    sso_batch: Command,
    s3: S3,
    emulated: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """S3 that never answers ends in 5, so that whoever started the run starts it again."""
    for patience in ("_PATIENCE", "_SHORT_PATIENCE"):
        monkeypatch.setattr(f"sso_batch.aws.s3.bucket.{patience}", 0.2)
    s3.late = 1_000_000

    ended = sso_batch(command, "--config", tmp_path / "orgs.yaml")

    assert (ended.code, ended.stdout, dict(emulated.calls)) == (5, "", {})
    assert "SlowDown" in ended.stderr
    s3.late = 0
    assert (s3.contents(), s3.kept()) == ({}, {})


@pytest.mark.usefixtures("hurried")
def test_s3_is_late_for_the_first_file(run: Run, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file waits for S3, too."""
    prove = Objects.prove

    def prove_and_be_late(objects: Objects, key: str, **patience: bool) -> None:
        prove(objects, key, **patience)
        s3.late = 12

    monkeypatch.setattr(Objects, "prove", prove_and_be_late)

    reports = run(small(1))

    assert (reports.ended.code, s3.late) == (0, 0)


def test_resume_where_every_put_needs_a_condition(run: Run, s3: S3) -> None:
    """In a bucket that demands If-None-Match of every put, a resumed run replaces its files all the same."""
    world = small()
    s3.demands = ("If-None-Match",)
    s3.denied = r"_org-1_.*\.csv$"
    first = run(world, "--run-id", "nightly", "--resume")
    s3.denied = "^$"

    second = run(world, "--run-id", "nightly", "--resume")

    assert (first.ended.code, second.ended.code) == (4, 0)
    assert_exact(second, world, "org-0", "org-1")
    assert second.statuses == {"org-0": "complete", "org-1": "complete"}


@pytest.mark.parametrize(
    ("demanded", "setting"),
    [
        ("x-amz-server-side-encryption", "server_side_encryption: AES256"),
        ("x-amz-acl", "acl: bucket-owner-full-control"),
    ],
)
def test_a_bucket_that_demands_a_setting(
    sso_batch: Command, s3: S3, emulated: Emulator, tmp_path: Path, demanded: str, setting: str
) -> None:
    """What a bucket demands is a setting; without it the run does not start, and says which."""
    s3.demands = (demanded,)
    file = tmp_path / "orgs.yaml"

    without = sso_batch("run", "--config", file)
    calls = dict(emulated.calls)
    file.write_text(file.read_text().replace("output:", f"output:\n  {setting}", 1))
    with_it = sso_batch("run", "--config", file)

    assert (without.code, calls, with_it.code) == (2, {}, 0), with_it.stderr
    assert f"output.{setting.split(':', maxsplit=1)[0]}" in without.stderr
    assert any(key.endswith("_manifest.json") for key in s3.contents())


# What fails in mid-run


@pytest.mark.parametrize("ending", [".csv", "_snapshot.jsonl"])
def test_one_organization_cannot_be_put(run: Run, s3: S3, ending: str) -> None:
    """Where one organization's files cannot be put it failed and they are kept; the others are exact."""
    world = small(3)
    s3.denied = f"_org-1_.*{ending}$"

    reports = run(world)

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    assert_exact(reports, world, "org-0", "org-2")
    (folder,) = s3.spool.iterdir()
    gap = reports.gap("org-1")
    assert (gap["operation"], gap["code"]) == ("write", "AccessDenied")
    assert f"the files are kept in {folder}" in gap["message"]
    assert "s3:PutObject" in gap["hint"]
    assert [name.split("_org-1_")[1][15:] for name in sorted(s3.kept())] == [".csv", "_snapshot.jsonl"]


def test_the_merged_file_cannot_be_put(run: Run, s3: S3) -> None:
    """The run is incomplete and says where its merged file is; the organizations' files are there."""
    world = small()
    s3.denied = r"report_2[0-9_]+\.csv$"

    reports = run(world)

    assert (reports.ended.code, reports.manifest["status"]) == (4, "incomplete")
    assert reports.names == reports.file_names("org-0", "org-1", merged=False)
    assert_exact(reports, world, "org-0", "org-1")
    (event,) = reports.ended.named("run.merge_failed")
    (name,) = s3.kept()
    assert name == f"aws_sso_access_report_{reports.manifest['ts']}.csv"
    assert str(next(s3.spool.iterdir())) in event["hint"]


def test_the_manifest_cannot_be_put(run: Run, s3: S3) -> None:
    """Without its manifest in place a run is incomplete; the manifest is kept."""
    s3.denied = r"_manifest\.json$"

    reports = run(small())

    assert reports.ended.code == 4
    (event,) = reports.ended.named("run.manifest_failed")
    ((name, content),) = s3.kept().items()
    assert name.endswith("_manifest.json")
    assert event["code"] == "AccessDenied"
    assert str(next(s3.spool.iterdir())) in event["hint"]
    listed = {one["name"] for part in (json.loads(content)["organizations"]) for one in part["files"]}
    assert listed < reports.names


@pytest.mark.parametrize(
    ("hanging", "kept"), [(r"\.csv$", 2), (r"\.csv$|_manifest\.json$", 3)], ids=["files", "the manifest too"]
)
@pytest.mark.usefixtures("emulated")
def test_told_to_end_while_s3_hangs(s3: S3, tmp_path: Path, hanging: str, kept: int) -> None:
    """A run that is told to end does so within 5 seconds, whatever S3 does; nothing is lost."""
    s3.hanging = hanging
    process = start("run", "--config", tmp_path / "orgs.yaml")
    assert s3.hangs.wait(60)

    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    ended = finish(process, within=30)

    assert ended.code == 143
    assert time.monotonic() - begun < 5
    assert len(s3.kept()) == kept


@pytest.mark.usefixtures("emulated")
def test_drafts_of_a_killed_run(s3: S3, sso_batch: Command, tmp_path: Path) -> None:
    """What a killed process left on its way to S3 is removed by the next run."""
    s3.hanging = r"\.csv$"
    process = start("run", "--config", tmp_path / "orgs.yaml")
    assert s3.hangs.wait(60)
    process.kill()
    finish(process, within=30)
    left = list(s3.spool.iterdir())
    s3.hanging = "^$"

    ended = sso_batch("run", "--config", tmp_path / "orgs.yaml")

    assert (ended.code, list(s3.spool.iterdir())) == (0, [])
    assert left


# What works


def test_a_run(run: Run, s3: S3) -> None:
    """The files of a run are those that a folder would have, byte for byte; no draft is left."""
    world = small()
    settings = "\nrun: {max_parallel_organizations: 1}\n"

    reports = run(world, "--run-id", "nightly", settings=settings)

    assert reports.ended.code == 0
    assert reports.names == reports.file_names("org-0", "org-1")
    assert {key.startswith(PREFIX) for key in s3.contents()} == {True}
    assert_exact(reports, world, "org-0", "org-1")
    assert reports.content().splitlines()[1:] == [
        *reports.content("org-0").splitlines()[1:],
        *reports.content("org-1").splitlines()[1:],
    ]
    assert list(s3.spool.iterdir()) == []


@pytest.mark.usefixtures("emulated")
def test_check_leaves_nothing(sso_batch: Command, s3: S3, tmp_path: Path) -> None:
    """A place that can be written is found good, and left as it was."""
    ended = sso_batch("check", "--config", tmp_path / "orgs.yaml", "--format", "json")

    assert ended.code == 0, ended.stderr
    assert (s3.contents(), s3.kept()) == ({}, {})
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=BUCKET)


def test_verify(run: Run, s3: S3, sso_batch: Command) -> None:
    """A run in S3 is verified where it is, with the environment's credentials."""
    reports = run(small(1))
    manifest = f"{URL}{next(name for name in reports.names if name.endswith('_manifest.json'))}"

    untouched = sso_batch("verify", manifest)
    s3.client.delete_object(Bucket=BUCKET, Key=PREFIX + reports.manifest["files"][0]["name"])
    touched = sso_batch("verify", manifest)

    assert (untouched.code, touched.code) == (0, 6)
    assert f"missing     {reports.manifest['files'][0]['name']}" in touched.stdout.splitlines()


@pytest.mark.usefixtures("s3")
def test_diff(run: Run, sso_batch: Command) -> None:
    """Runs in S3 are compared where they are, by a manifest or by a place that holds one run."""
    reports = run(small(1))
    manifest = f"{URL}{next(name for name in reports.names if name.endswith('_manifest.json'))}"

    ended = sso_batch("diff", manifest, URL, "--format", "csv", "--exit-code")

    assert (ended.code, len(ended.stdout.splitlines())) == (0, 1), ended.stderr


def test_verify_what_is_not_there(s3: S3, sso_batch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that is not there is told as that, and a bucket that is not there as that."""
    assert s3.contents() == {}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")

    no_file, no_bucket = (sso_batch("verify", url) for url in (f"{URL}m.json", "s3://nobodys/m.json"))

    assert (no_file.code, no_bucket.code) == (2, 2)
    assert no_file.stderr == f"sso-batch: {URL}m.json cannot be read: No such file or directory\n"
    assert "NoSuchBucket" in no_bucket.stderr


def test_policy(run: Run, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy allows each call that is made, on what it is made, and no action that is never used."""
    made: list[tuple[str, dict[str, Any]]] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined] # botocore's own seam

    def note(client: Any, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        if client.meta.service_model.service_name == "s3" and client is not s3.client:
            made.append((operation, parameters))
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    s3.denied = r"_org-1_.*\.jsonl$"

    run(small())

    config = Config.model_validate({"output": {"directory": URL}, "organizations": ({"name": "acme"},)})
    objects, names = policies(config)["runner"]["Statement"]
    used = {ACTIONS[operation] for operation, _ in made}
    assert used == {*objects["Action"], *names["Action"]}
    (pattern,) = names["Condition"]["StringLike"]["s3:prefix"]
    for operation, parameters in made:
        if operation == "ListObjectsV2":
            assert names["Resource"] == f"arn:aws:s3:::{parameters['Bucket']}"
            assert fnmatchcase(parameters["Prefix"], pattern)
        else:
            assert ACTIONS[operation] in objects["Action"]
            resource = f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
            assert fnmatchcase(resource, objects["Resource"])
