"""Benchmarks of processor time per call and of start-up time."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from sso_batch.emulator import generate
from tests.benchmarks.emulated import emulator_process
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.program import SSO_BATCH, audit, run

SMALL: dict[str, Any] = {"users": 20, "groups": 2, "permission_sets": 4, "accounts": 10, "pairs": 20}
LARGE = SMALL | {"users": 400, "groups": 60, "permission_sets": 20, "accounts": 100, "pairs": 900}
BARE_CALLS, PACE = 300, 0.05


def processor(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure processor time per call without start-up, compared with a plain botocore call."""
    ratios, ours, bare = [], [], []
    for _ in range(options.repeat):
        spent, calls_made = zip(*(_audited(sizes, folder) for sizes in (SMALL, LARGE)), strict=True)
        ours.append((spent[1] - spent[0]) / (calls_made[1] - calls_made[0]))
        bare.append(bare_call_seconds())
        ratios.append(ours[-1] / bare[-1])
    yield Figure(
        "processor time a call to a bare botocore call's",
        "900 pairs",
        tuple(ratios),
        f"{sorted(ours)[len(ours) // 2] * 1000:.2f} ms to {sorted(bare)[len(bare) // 2] * 1000:.2f} ms",
        "1.10",
    )


def start(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure the time of `--version` and `validate`, compared with `python -c pass`."""
    config = folder / "start.yaml"
    config.write_text("organizations: [{name: acme}]\n")
    for arguments, promise in ((("--version",), "100 ms"), (("validate", "--config", config), "300 ms")):
        seconds, baseline = [], []
        for _ in range(options.repeat * 3):
            baseline.append(run(sys.executable, "-c", "pass").seconds)
            seconds.append(run(*SSO_BATCH, *arguments).seconds)
        middle = sorted(seconds)[len(seconds) // 2]
        yield Figure(
            f"time of {arguments[0]} to `python -c pass`",
            "this machine",
            tuple(duration / other for duration, other in zip(seconds, baseline, strict=True)),
            f"{middle * 1000:.0f} ms",
            promise,
        )


def bare_call_seconds() -> float:
    """Measure the processor seconds of a botocore call in a process that does nothing else."""
    with emulator_process(generate(1, organizations=1, **LARGE), limits=False) as aws:
        role = aws.world.roles[0].arn
        ended = run(sys.executable, "-m", "tests.benchmarks.processor", role, environ=aws.environ)
    return float(ended.stdout)


def _audited(sizes: dict[str, Any], folder: Path) -> tuple[float, int]:
    """Return the processor seconds and calls of an audit."""
    with emulator_process(generate(1, organizations=1, **sizes)) as aws:
        audited = audit(aws, folder)
    return audited.ended.processor, audited.manifest["organizations"][0]["calls"]["total"]


def _bare(role_arn: str) -> float:
    """Return the processor seconds of a botocore call, at 20 calls a second like an audit."""
    keys = boto3.client("sts", region_name="eu-west-1").assume_role(RoleArn=role_arn, RoleSessionName="bare")
    credentials = keys["Credentials"]
    client = boto3.client(
        "sso-admin",
        region_name="eu-west-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    (instance,) = client.list_instances()["Instances"]
    instance_arn: dict[str, Any] = {"InstanceArn": instance["InstanceArn"]}
    spent = 0.0
    calls_made = 0
    for arn in client.list_permission_sets(**instance_arn)["PermissionSets"]:
        listed = client.list_accounts_for_provisioned_permission_set(**instance_arn, PermissionSetArn=arn)
        for account_id in listed["AccountIds"]:
            started = time.process_time()
            client.list_account_assignments(**instance_arn, PermissionSetArn=arn, AccountId=account_id)
            spent += time.process_time() - started
            calls_made += 1
            time.sleep(PACE)  # an idle processor is slower, as in an audit
            if calls_made == BARE_CALLS:
                return spent / calls_made
    raise ValueError("the organization is too small")


if __name__ == "__main__":
    sys.stdout.write(f"{_bare(sys.argv[1])}\n")
