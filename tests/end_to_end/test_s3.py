"""Complete runs into S3: the audited AWS is the emulator, the bucket is moto's, over HTTP."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from sso_batch.aws.s3.bucket import Bucket
from sso_batch.config import Config
from sso_batch.emulator import Emulator, Limits, World, configuration
from sso_batch.iam.policies import build_policies
from tests.support.audits import Audit
from tests.support.command import Command, finish, set_environment, start
from tests.support.expected_reports import COLLECT, assert_exact
from tests.support.moto_s3 import BUCKET, PREFIX, S3, URL
from tests.support.reports import Reports
from tests.support.sample_worlds import small

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


@pytest.fixture
def emulated(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Serve one organization; environment and `orgs.yaml` refer to it."""
    assert s3.spool.is_dir()
    world = small(1)
    (tmp_path / "orgs.yaml").write_text(configuration(world, directory=URL) + COLLECT)
    with Emulator(world, limits=Limits.off()) as emulator:
        set_environment(monkeypatch, emulator.environment())
        yield emulator


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between attempts."""
    monkeypatch.setattr("sso_batch.aws.backoff.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("sso_batch.aws.backoff.LONGEST_PAUSE", 0.01)


@pytest.fixture
def listings(s3: S3, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Return a list that gets the parameters of every listing that the program makes."""
    found: list[dict[str, str]] = []
    make_api_call = BaseClient._make_api_call  # type: ignore[attr-defined] # botocore's own seam

    def record(client: Any, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        if operation == "ListObjectsV2" and client is not s3.client:
            found.append({key: parameters[key] for key in ("Prefix", "Delimiter") if key in parameters})
        return make_api_call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    return found


Run = Callable[..., Reports]


@pytest.fixture
def run(audit: Audit, s3: S3, tmp_path: Path) -> Run:
    """Return what audits into the bucket and downloads it into a folder."""

    def into_bucket(world: World, *options: object, settings: str = "") -> Reports:
        ended = audit(world, "--output", URL, *options, settings=settings)
        downloaded = tmp_path / "downloaded"
        downloaded.mkdir(exist_ok=True)
        for key, content in s3.contents().items():
            path = downloaded / key.removeprefix(PREFIX)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return Reports(downloaded, ended.ended, ended.calls)

    return into_bucket


# Failures before the first call


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("url", "reason", "hint"),
    [("s3://nobodys/audits", "NoSuchBucket", "bucket"), (URL, "AccessDenied", "s3:PutObject")],
    ids=["missing", "denied"],
)
def test_a_bucket_that_cannot_be_written(
    sso_batch: Command,
    s3: S3,
    emulated: Emulator,
    tmp_path: Path,
    command: str,
    url: str,
    reason: str,
    hint: str,
) -> None:
    """A bucket that cannot be written is reported with a hint before any call to an organization."""
    s3.denied = "^audits/.*-probe$" if url == URL else "^$"

    ended = sso_batch(command, "--config", tmp_path / "orgs.yaml", "--output", url)

    assert (ended.code, ended.stdout, dict(emulated.calls)) == (2, "", {})
    assert reason in ended.stderr
    assert hint in ended.stderr
    assert (s3.contents(), s3.kept()) == ({}, {})


def test_the_run_file_cannot_be_uploaded(run: Run, s3: S3) -> None:
    """If the run file cannot be uploaded, the run ends with 2 and keeps no file."""
    s3.denied = r"/run\.json$"

    reports = run(small(1))

    assert (reports.ended.code, dict(reports.calls)) == (2, {})
    assert "AccessDenied" in reports.ended.stderr
    assert (s3.contents(), s3.kept()) == ({}, {})


def test_the_run_id_is_taken(run: Run, s3: S3) -> None:
    """The id of an earlier run in the same prefix is refused."""
    first = run(small(1), "--run-id", "nightly")
    before = s3.contents()

    second = run(small(1), "--run-id", "nightly")

    assert (first.ended.code, second.ended.code) == (0, 2)
    assert "nightly" in second.ended.stderr
    assert s3.contents() == before


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.usefixtures("short_pauses")
def test_s3_answers_late(
    sso_batch: Command, s3: S3, emulated: Emulator, tmp_path: Path, command: str
) -> None:
    """503 from S3 is retried until it answers."""
    s3.late = 12

    ended = sso_batch(command, "--config", tmp_path / "orgs.yaml")

    assert (ended.code, s3.late) == (0, 0), ended.stderr
    assert emulated.calls


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.usefixtures("short_pauses")
def test_s3_never_answers(
    sso_batch: Command,
    s3: S3,
    emulated: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """If S3 never answers, the run ends with 5, so that a scheduler starts it again."""
    for patience in ("_PATIENCE", "_SHORT_PATIENCE"):
        monkeypatch.setattr(f"sso_batch.aws.s3.bucket.{patience}", 0.2)
    s3.late = 1_000_000

    ended = sso_batch(command, "--config", tmp_path / "orgs.yaml")

    assert (ended.code, ended.stdout, dict(emulated.calls)) == (5, "", {})
    assert "SlowDown" in ended.stderr
    s3.late = 0
    assert (s3.contents(), s3.kept()) == ({}, {})


@pytest.mark.usefixtures("short_pauses")
def test_s3_answers_late_for_the_first_file(run: Run, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 for the first file is retried, too."""
    prove = Bucket.prove

    def prove_and_delay(bucket: Bucket, key: str, **patience: bool) -> None:
        prove(bucket, key, **patience)
        s3.late = 12

    monkeypatch.setattr(Bucket, "prove", prove_and_delay)

    reports = run(small(1))

    assert (reports.ended.code, s3.late) == (0, 0)


def test_resume_in_a_bucket_that_demands_conditional_writes(run: Run, s3: S3) -> None:
    """A resume can replace its files in a bucket that demands If-None-Match for every put."""
    world = small()
    s3.demands = ("If-None-Match",)
    s3.denied = r"/org-1/.*\.csv$"
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
    """Without a setting that the bucket demands the run does not start, and the message names the setting."""
    s3.demands = (demanded,)
    file = tmp_path / "orgs.yaml"

    without = sso_batch("run", "--config", file)
    calls = dict(emulated.calls)
    file.write_text(file.read_text().replace("output:", f"output:\n  {setting}", 1))
    with_setting = sso_batch("run", "--config", file)

    assert (without.code, calls, with_setting.code) == (2, {}, 0), with_setting.stderr
    assert f"output.{setting.split(':', maxsplit=1)[0]}" in without.stderr
    assert any(key.endswith("/manifest.json") for key in s3.contents())


# Failures during the run


@pytest.mark.parametrize("ending", [".csv", "snapshot.jsonl"])
def test_one_organizations_files_cannot_be_uploaded(run: Run, s3: S3, ending: str) -> None:
    """An organization whose files cannot be uploaded fails and keeps them; the others are exactly right."""
    world = small(3)
    s3.denied = f"/org-1/.*{ending}$"

    reports = run(world)

    assert reports.ended.code == 4
    assert reports.statuses == {"org-0": "complete", "org-1": "failed", "org-2": "complete"}
    assert reports.names == reports.file_names("org-0", "org-2")
    assert_exact(reports, world, "org-0", "org-2")
    (folder,) = s3.spool.iterdir()
    gap = reports.gap("org-1")
    assert (gap["operation"], gap["code"]) == ("write", "AccessDenied")
    assert str(folder) in gap["message"]
    assert "s3:PutObject" in gap["hint"]
    ts = reports.manifest["ts"]
    assert set(s3.kept()) == {
        f"organizations/org-1/aws_sso_access_report_org-1_{ts}.csv",
        "organizations/org-1/snapshot.jsonl",
    }


def test_the_merged_file_cannot_be_uploaded(run: Run, s3: S3) -> None:
    """If the merged file cannot be uploaded, the run is incomplete and the hint says where it is kept."""
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


def test_the_manifest_cannot_be_uploaded(run: Run, s3: S3) -> None:
    """If the manifest cannot be uploaded, the run ends with 4 and the manifest is kept."""
    s3.denied = r"/manifest\.json$"

    reports = run(small())

    assert reports.ended.code == 4
    (event,) = reports.ended.named("run.manifest_failed")
    ((name, content),) = s3.kept().items()
    assert name == "manifest.json"
    assert event["code"] == "AccessDenied"
    assert str(next(s3.spool.iterdir())) in event["hint"]
    listed = {file["name"] for entry in json.loads(content)["organizations"] for file in entry["files"]}
    assert listed < reports.names


@pytest.mark.parametrize(
    ("hanging", "kept"), [(r"\.csv$", 2), (r"\.csv$|/manifest\.json$", 3)], ids=["files", "the manifest too"]
)
@pytest.mark.usefixtures("emulated")
def test_terminated_while_s3_hangs(s3: S3, tmp_path: Path, hanging: str, kept: int) -> None:
    """A terminated run ends within 5 seconds while S3 hangs, and keeps its files."""
    s3.hanging = hanging
    process = start("run", "--config", tmp_path / "orgs.yaml")
    assert s3.hangs.wait(60)

    process.send_signal(signal.SIGTERM)
    sent = time.monotonic()
    ended = finish(process, within=30)

    assert ended.code == 143
    assert time.monotonic() - sent < 5
    assert len(s3.kept()) == kept


@pytest.mark.usefixtures("emulated")
def test_drafts_of_a_killed_run(s3: S3, sso_batch: Command, tmp_path: Path) -> None:
    """The next run removes the files that a killed process left on their way to S3."""
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


# Success


def test_a_run(run: Run, s3: S3) -> None:
    """A run in S3 has the same files as in a folder, byte for byte, and leaves no draft."""
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
def test_check_leaves_no_file(sso_batch: Command, s3: S3, tmp_path: Path) -> None:
    """`check` succeeds for a bucket that can be written, and leaves nothing there."""
    ended = sso_batch("check", "--config", tmp_path / "orgs.yaml", "--format", "json")

    assert ended.code == 0, ended.stderr
    assert (s3.contents(), s3.kept()) == ({}, {})
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=BUCKET)


def test_verify(run: Run, s3: S3, sso_batch: Command) -> None:
    """`verify` reads a run in S3 with the environment's credentials."""
    reports = run(small(1), "--run-id", "nightly")
    manifest = f"{URL}nightly/manifest.json"

    untouched = sso_batch("verify", manifest)
    s3.client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}nightly/{reports.manifest['files'][0]['name']}")
    touched = sso_batch("verify", manifest)

    assert (untouched.code, touched.code) == (0, 6)
    missing = [line.split()[1] for line in touched.stdout.splitlines() if line.startswith("missing")]
    assert missing == [reports.manifest["files"][0]["name"]]


@pytest.mark.usefixtures("s3")
def test_diff(run: Run, sso_batch: Command) -> None:
    """`diff` reads runs in S3, given as a manifest or as the prefix of a run."""
    run(small(1), "--run-id", "nightly")

    ended = sso_batch(
        "diff", f"{URL}nightly/manifest.json", f"{URL}nightly", "--format", "csv", "--exit-code"
    )

    assert (ended.code, len(ended.stdout.splitlines())) == (0, 1), ended.stderr


def test_runs_are_found_by_one_listing(run: Run, sso_batch: Command, listings: list[dict[str, str]]) -> None:
    """`diff` finds the newest of several runs with one listing of the run folders, and lists no file."""
    for run_id in ("z", "y", "x"):
        run(small(), "--run-id", run_id)
    listings.clear()

    ended = sso_batch("diff", "-o", URL, "--format", "json")

    document = json.loads(ended.stdout)
    assert (ended.code, document["old"]["run_id"], document["new"]["run_id"]) == (0, "y", "x")
    assert listings == [{"Prefix": PREFIX, "Delimiter": "/"}]


def test_compared_with_the_newest_run(run: Run, listings: list[dict[str, str]]) -> None:
    """A run is compared with the newest earlier one, and lists no file of any other run."""
    for run_id in ("z", "y"):
        run(small(), "--run-id", run_id)
    listings.clear()

    reports = run(small(), "--run-id", "x", settings="review: {compare: previous}\n")

    assert reports.ended.code == 0
    assert "no earlier run" not in str(reports.manifest["organizations"])
    of_runs, own = {"Prefix": PREFIX, "Delimiter": "/"}, f"{PREFIX}x/"
    assert listings.count(of_runs) == 2, "one test of the place, and one search for earlier runs"
    assert all(listing["Prefix"].startswith(own) for listing in listings if listing != of_runs)


def test_verify_something_that_is_missing(
    s3: S3, sso_batch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify` distinguishes a missing manifest from a missing bucket."""
    assert s3.contents() == {}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")

    no_file, no_bucket = (sso_batch("verify", url) for url in (f"{URL}m.json", "s3://nobodys/m.json"))

    assert (no_file.code, no_bucket.code) == (2, 2)
    assert f"{URL.rstrip('/')} does not contain m.json" in no_file.stderr
    assert "NoSuchBucket" in no_bucket.stderr


def test_policy(run: Run, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy allows exactly the actions that a run uses, on the resources that it uses."""
    calls: list[tuple[str, dict[str, Any]]] = []
    make_api_call = BaseClient._make_api_call  # type: ignore[attr-defined] # botocore's own seam

    def record(client: Any, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
        if client.meta.service_model.service_name == "s3" and client is not s3.client:
            calls.append((operation, parameters))
        return make_api_call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    s3.denied = r"/org-1/.*\.jsonl$"

    run(small())

    config = Config.model_validate({"output": {"directory": URL}, "organizations": ({"name": "acme"},)})
    objects, names = build_policies(config)["runner"]["Statement"]
    used = {ACTIONS[operation] for operation, _ in calls}
    assert used == {*objects["Action"], *names["Action"]}
    (pattern,) = names["Condition"]["StringLike"]["s3:prefix"]
    for operation, parameters in calls:
        if operation == "ListObjectsV2":
            assert names["Resource"] == f"arn:aws:s3:::{parameters['Bucket']}"
            assert fnmatchcase(parameters["Prefix"], pattern)
        else:
            assert ACTIONS[operation] in objects["Action"]
            resource = f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
            assert fnmatchcase(resource, objects["Resource"])
