"""Benchmarks of other tools, and of a simple script, on the same emulator.

The tools are installed into a temporary folder. Each gets the credentials of the audited role and runs once,
because it takes minutes.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3

from sso_batch.emulator import generate
from tests.benchmarks.audits import LATENCY, TYPICAL, exactness
from tests.benchmarks.emulated import EmulatorProcess, emulator_process
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.program import CompletedProcess, audit, run

REQUIREMENTS = ("aws-sso-lib==1.14.0", "list-user-permissions-for-aws-idc==0.1.3")

_SIMPLE_SCRIPT = """
import boto3
sso, organizations = boto3.client("sso-admin"), boto3.client("organizations")
instance = sso.list_instances()["Instances"][0]["InstanceArn"]
pages = organizations.get_paginator("list_accounts").paginate()
accounts = [account["Id"] for page in pages for account in page["Accounts"]]
pages = sso.get_paginator("list_permission_sets").paginate(InstanceArn=instance)
arns = [arn for page in pages for arn in page["PermissionSets"]]
listing = sso.get_paginator("list_account_assignments")
rows = 0
for account in accounts:
    for arn in arns:
        for page in listing.paginate(InstanceArn=instance, AccountId=account, PermissionSetArn=arn):
            rows += sum(row["PrincipalType"] == "USER" for row in page["AccountAssignments"])
print(rows)
"""
_AWS_SSO_LIB = """
import boto3
from aws_sso_lib import list_assignments
names = dict.fromkeys(("get_principal_names", "get_permission_set_names", "get_target_names"), True)
print(sum(1 for _ in list_assignments(boto3.Session(), **names)))
"""


_MINIMAL = "{strategy: fastest, permission_set_details: false, entitlements: false, account_paths: false}"
_SSO_BATCH_RUNS = (
    ("sso-batch", "", "nothing"),
    (
        "sso-batch, as little as the fastest peer reads",
        f"\ncollect: {_MINIMAL}\n",
        "orphans, policies, entitlements, account paths",
    ),
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: its command, and what it omits."""

    name: str
    command: tuple[object, ...]
    omits: str


def peers(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure seconds, calls and rows of each tool, compared with sso-batch."""
    world = generate(
        1, organizations=1, **(TYPICAL if not options.quick else TYPICAL | {"accounts": 9, "pairs": 90})
    )
    ours = 0.0
    for name, settings, omits in _SSO_BATCH_RUNS:
        with emulator_process(world, latency=LATENCY) as aws:
            audited = audit(aws, folder, settings)
            calls_made = aws.measurements().calls.total()
        seconds = audited.ended.seconds
        ours = ours or seconds
        manifest = audited.manifest
        rows = manifest["organizations"][0]["counts"]["rows"]
        result = f"{rows} rows, {exactness(audited, world, manifest['strategy'])}"
        yield _figure(name, seconds / ours, seconds, calls_made, result, omits)
    for peer in _installed(folder / "peers"):
        with emulator_process(world, latency=LATENCY) as aws:
            output = folder / peer.name
            output.mkdir()
            ended = run(*peer.command, environ=_credentials(aws), folder=output)
            measured = aws.measurements()
        throttled = f", {measured.throttled.total()} throttled" if measured.throttled else ""
        yield _figure(
            peer.name,
            ended.seconds / ours,
            ended.seconds,
            measured.calls.total(),
            f"{_rows(ended, output)}{throttled}",
            peer.omits,
        )


def _installed(folder: Path) -> Iterator[Peer]:
    """Install the tools and yield them, with the simple script; skip tools that cannot be installed."""
    created = run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    installed = run(python, "-m", "pip", "install", "-q", *REQUIREMENTS) if created.code == 0 else created
    if installed.code != 0:
        sys.stderr.write(f"the other tools cannot be installed:\n{installed.stderr}\n")
        python = Path(sys.executable)
    yield Peer(
        "plain script",
        (python, "-c", _SIMPLE_SCRIPT),
        "members of groups, orphans, names, policies, entitlements",
    )
    if installed.code == 0:
        yield Peer("aws-sso-lib", (python, "-c", _AWS_SSO_LIB), "members of groups, policies, entitlements")
        tool = folder / "bin" / "list-user-permissions-for-aws-idc"
        yield Peer("list-user-permissions", (tool,), "orphans, empty groups, policies, entitlements")


def _credentials(aws: EmulatorProcess) -> dict[str, str]:
    """Return environment variables with the audited role's credentials."""
    region = aws.world.organizations[0].region
    sts = boto3.client(
        "sts",
        endpoint_url=aws.environ["AWS_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=aws.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environ["AWS_SECRET_ACCESS_KEY"],
    )
    role = sts.assume_role(RoleArn=aws.world.roles[0].arn, RoleSessionName="peer")["Credentials"]
    return aws.environ | {
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
        "AWS_DEFAULT_REGION": region,
    }


def _rows(ended: CompletedProcess, folder: Path) -> str:
    """Return the number of rows that a tool wrote or printed."""
    if ended.code != 0:
        return f"FAILED: {ended.stderr.strip().splitlines()[-1]}"
    if files := sorted(folder.rglob("*.csv")):
        counted = {file.name: len(file.read_text().splitlines()) - 1 for file in files}
        return ", ".join(f"{count} rows in {name}" for name, count in counted.items())
    return f"{ended.stdout.strip().splitlines()[-1]} rows"


def _figure(name: str, ratio: float, seconds: float, calls: int, rows: str, omits: str) -> Figure:
    return Figure(
        f"time of {name} to ours",
        "typical",
        (ratio,),
        f"{seconds:.0f} s, {calls} calls, {rows}; leaves out {omits}",
    )
