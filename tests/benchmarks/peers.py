"""Other tools, and the script that everybody writes first, on the same emulator in the same run.

They are installed by name, in a folder of their own that is gone afterwards. Each gets the credentials of the
audited role, and runs once: they take minutes.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3

from sso_batch.emulator import generate
from tests.benchmarks.audits import LATENCY, TYPICAL, exactness
from tests.benchmarks.emulated import Emulated, emulated
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.program import Ended, audit, run

REQUIREMENTS = ("aws-sso-lib==1.14.0", "list-user-permissions-for-aws-idc==0.1.3")

_PLAIN = """
import boto3
sso, organizations = boto3.client("sso-admin"), boto3.client("organizations")
instance = sso.list_instances()["Instances"][0]["InstanceArn"]
pages = organizations.get_paginator("list_accounts").paginate()
accounts = [one["Id"] for page in pages for one in page["Accounts"]]
pages = sso.get_paginator("list_permission_sets").paginate(InstanceArn=instance)
arns = [arn for page in pages for arn in page["PermissionSets"]]
listing = sso.get_paginator("list_account_assignments")
rows = 0
for account in accounts:
    for arn in arns:
        for page in listing.paginate(InstanceArn=instance, AccountId=account, PermissionSetArn=arn):
            rows += sum(one["PrincipalType"] == "USER" for one in page["AccountAssignments"])
print(rows)
"""
_AWS_SSO_LIB = """
import boto3
from aws_sso_lib import list_assignments
names = dict.fromkeys(("get_principal_names", "get_permission_set_names", "get_target_names"), True)
print(sum(1 for _ in list_assignments(boto3.Session(), **names)))
"""


_LITTLE = "{strategy: fastest, permission_set_details: false, entitlements: false, account_paths: false}"
_OURS = (
    ("sso-batch", "", "nothing"),
    (
        "sso-batch, as little as the fastest peer reads",
        f"\ncollect: {_LITTLE}\n",
        "orphans, policies, entitlements, account paths",
    ),
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: its command, and what it leaves out."""

    name: str
    command: tuple[object, ...]
    leaves_out: str


def peers(options: Options, folder: Path) -> Iterator[Figure]:
    """Seconds, calls and rows of each, beside ours."""
    world = generate(
        1, organizations=1, **(TYPICAL if not options.quick else TYPICAL | {"accounts": 9, "pairs": 90})
    )
    ours = 0.0
    for name, settings, leaves_out in _OURS:
        with emulated(world, latency=LATENCY) as aws:
            audited = audit(aws, folder, settings)
            asked = aws.seen().calls.total()
        seconds = audited.ended.seconds
        ours = ours or seconds
        manifest = audited.manifest
        rows = manifest["organizations"][0]["counts"]["rows"]
        told = f"{rows} rows, {exactness(audited, world, manifest['strategy'])}"
        yield _figure(name, seconds / ours, seconds, asked, told, leaves_out)
    for peer in _installed(folder / "peers"):
        with emulated(world, latency=LATENCY) as aws:
            here = folder / peer.name
            here.mkdir()
            ended = run(*peer.command, environ=_credentials(aws), folder=here)
            seen = aws.seen()
        throttled = f", {seen.throttled.total()} throttled" if seen.throttled else ""
        yield _figure(
            peer.name,
            ended.seconds / ours,
            ended.seconds,
            seen.calls.total(),
            f"{_rows(ended, here)}{throttled}",
            peer.leaves_out,
        )


def _installed(folder: Path) -> Iterator[Peer]:
    """The tools, the plain script among them, once they are there; those that cannot be had are missing."""
    made = run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    installed = run(python, "-m", "pip", "install", "-q", *REQUIREMENTS) if made.code == 0 else made
    if installed.code != 0:
        sys.stderr.write(f"the peers cannot be installed:\n{installed.stderr}\n")
        python = Path(sys.executable)
    yield Peer(
        "plain script", (python, "-c", _PLAIN), "members of groups, orphans, names, policies, entitlements"
    )
    if installed.code == 0:
        yield Peer("aws-sso-lib", (python, "-c", _AWS_SSO_LIB), "members of groups, policies, entitlements")
        tool = folder / "bin" / "list-user-permissions-for-aws-idc"
        yield Peer("list-user-permissions", (tool,), "orphans, empty groups, policies, entitlements")


def _credentials(aws: Emulated) -> dict[str, str]:
    """The environment of somebody who has the audited role's credentials."""
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


def _rows(ended: Ended, folder: Path) -> str:
    """What a tool found: the lines of its file but the heading, or the number that it printed."""
    if ended.code != 0:
        return f"FAILED: {ended.stderr.strip().splitlines()[-1]}"
    if files := sorted(folder.rglob("*.csv")):
        counted = {file.name: len(file.read_text().splitlines()) - 1 for file in files}
        return ", ".join(f"{count} rows in {name}" for name, count in counted.items())
    return f"{ended.stdout.strip().splitlines()[-1]} rows"


def _figure(name: str, ratio: float, seconds: float, calls: int, rows: str, leaves_out: str) -> Figure:
    return Figure(
        f"time of {name} to ours",
        "typical",
        (ratio,),
        f"{seconds:.0f} s, {calls} calls, {rows}; leaves out {leaves_out}",
    )
