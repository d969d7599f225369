"""Nights of the scheduled ECS task, each in a new container, with podman in place of Fargate.

    python -m tests.deployment.fargate IMAGE

runs the image with the settings of the template's task definition. The emulator serves the organizations, and
moto the bucket, which has versions and Object Lock.
"""

import csv
import io
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import boto3

from sso_batch.emulator import Emulator, configuration
from sso_batch.emulator.world.generator import generate
from tests.deployment.cloudformation import Parameter, Stack
from tests.deployment.ecs import EXTERNAL_ID, OBJECT, PARAMETER, podman_arguments, stack
from tests.support.moto_server import moto_server

BUCKET = "reports"


class Fargate:
    """Starts tasks of the stack with podman, and reads their reports."""

    def __init__(self, image: str, environment: Mapping[str, str], s3: Any) -> None:  # noqa: ANN401 - boto3's
        self._image = image
        self._environment = {**os.environ, **environment}
        self._variables = [f"--env={name}" for name in environment]
        self._s3 = s3

    def create_bucket(self, properties: Mapping[str, Any]) -> None:
        """Create the bucket of the stack; Object Lock turns on versions."""
        self._s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=properties["ObjectLockEnabled"])
        retention = properties["ObjectLockConfiguration"]
        self._s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=retention)
        versions = self._s3.get_bucket_versioning(Bucket=BUCKET)["Status"]
        assert versions == properties["VersioningConfiguration"]["Status"]

    def run(self, created: Stack, *options: str, code: int) -> str:
        """Run a task to its end and return its log; fail if it ends with another exit code."""
        done = subprocess.run(  # noqa: S603
            self._command(created, "--rm", *options),
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, f"{options}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr

    def stop(self, created: Stack, *options: str) -> None:
        """Start a task, stop it during the audit as ECS does, and check how it ends."""
        task = self._podman(*self._command(created, "--detach", *options)[1:]).strip()
        end = time.monotonic() + 60
        while "collect.planned" not in self._podman("logs", task):
            assert time.monotonic() < end, self._podman("logs", task)
            time.sleep(0.1)
        self._podman("stop", task)
        code = self._podman("wait", task).strip()
        assert code == "143", f"{code}\n{self._podman('logs', task)}"
        self._podman("rm", "--volumes", task)

    def files(self, run_id: str) -> dict[str, str]:
        """Return the text of the CSV files of a run, by the part of the name after the time."""
        prefix = f"reports/{run_id}/aws_sso_access_report_"
        listed = self._s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
        return {
            entry["Key"].removeprefix(prefix)[len("YYYYMMDD_HHMMSS") :]: self._text(entry["Key"])
            for entry in listed
        }

    def keys(self) -> set[str]:
        """Return the keys of all objects."""
        return {entry["Key"] for entry in self._s3.list_objects_v2(Bucket=BUCKET)["Contents"]}

    def _text(self, key: str) -> str:
        return str(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())

    def _command(self, created: Stack, *options: str) -> list[str]:
        # On the host's network, because the emulator and moto listen on loopback.
        network = ("--network=host", "--security-opt=no-new-privileges")
        *settings, image, command = podman_arguments(created, self._image)
        return ["podman", "run", *network, *self._variables, *settings, *options, image, command]

    def _podman(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["podman", *arguments],  # noqa: S607 - whichever podman
            env=self._environment,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.stdout


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text)))


def run_id(name: str) -> str:
    """Return the option that starts a task with another run id than the day."""
    return f"--env=SSO_BATCH_RUN_ID={name}"


def check_nights(fargate: Fargate, emulator: Emulator, in_parameter: Stack, in_s3: Stack) -> None:
    """Run three nights; fail if an exit code or a file is not as expected."""
    fargate.run(in_parameter, code=0)
    written = fargate.keys()
    (day,) = {key.split("/")[1] for key in written}
    assert re.fullmatch("20[0-9]{6}", day)
    first = rows(fargate.files(day)[".csv"])
    (first_seen,) = {row["FirstSeen"] for row in first}

    log = fargate.run(in_parameter, code=2)
    assert f"the run {day} already exists" in log, log
    assert fargate.keys() == written

    emulator.world = generate(7, organizations=2, entitlements=2)
    fargate.run(in_s3, run_id("second"), code=0)
    files = fargate.files("second")
    second, changes = rows(files[".csv"]), rows(files["_changes.csv"])
    new = [row for row in second if row["FirstSeen"] != first_seen]
    assert {row["AccessType"] for row in new} == {"IAM_ROLE"}
    assert len(second) == len(first) + len(new)
    assert [row["Change"] for row in changes] == ["added"] * len(new)

    fargate.stop(in_parameter, run_id("third"))
    fargate.run(in_parameter, run_id("third"), "--env=SSO_BATCH_RESUME=true", code=0)
    assert rows(fargate.files("third")[".csv"]) == second


def main(image: str) -> None:
    """Serve the organizations, the configuration and the bucket, and run the nights."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not each request to moto
    world = generate(7, organizations=2)
    text = "review: {compare: previous}\n" + configuration(world).replace(
        "    region:", "    external_id: ${EXTERNAL_ID}\n    region:"
    )
    parameters: dict[str, Parameter] = {"ExternalIdSecretArn": EXTERNAL_ID, "ObjectLockDays": 1}
    in_parameter = stack(Configuration=PARAMETER, **parameters)
    in_s3 = stack(Configuration=OBJECT, **parameters)
    with moto_server() as url, Emulator(world, latency=0.1) as emulator:
        environment = emulator.environment() | {
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_REGION": "us-east-1",
            "ORGS_YAML": text,
            "EXTERNAL_ID": "made-up-external-id",
        }
        s3: Any = boto3.Session("made-up", "made-up", region_name="us-east-1").client("s3", endpoint_url=url)
        bucket, _, key = OBJECT.rpartition(":")[2].partition("/")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
        fargate = Fargate(image, environment, s3)
        fargate.create_bucket(in_parameter.resources["Reports"])
        check_nights(fargate, emulator, in_parameter, in_s3)


if __name__ == "__main__":
    main(*sys.argv[1:])
