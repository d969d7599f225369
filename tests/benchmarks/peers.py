"""Benchmarks of other tools, and of a simple script, on the same emulator.

The tools are installed into a temporary folder. Each gets the credentials of the audited role. They run in
turn, three times, because a run takes minutes.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import boto3

from sso_batch.emulator import World, generate
from tests.benchmarks.audits import LATENCY, TYPICAL, exactness
from tests.benchmarks.emulated import EmulatorProcess, emulator_process
from tests.benchmarks.figures import Figure, Options, spread
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


_OURS = "sso-batch"
_OURS_MINIMAL = "sso-batch, as little as the fastest peer reads"
_MINIMAL = "{strategy: fastest, permission_set_details: false, entitlements: false, account_paths: false}"
_RUNS = 3


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: its name, and what it omits."""

    name: str
    omits: str


@dataclass(frozen=True, slots=True)
class SsoBatch(Tool):
    """This program, with some settings."""

    settings: str = ""

    def run(self, aws: EmulatorProcess, folder: Path) -> "Result":
        """Audit the served world."""
        audited = audit(aws, folder, self.settings)
        (organization,) = audited.manifest["organizations"]
        exact = exactness(audited, aws.world, audited.manifest["strategy"])
        rows = f"{organization['counts']['rows']} rows, {exact}, {organization['listing']}"
        return Result(
            audited.ended.seconds, aws.measurements().calls.total(), rows, failed=not audited.complete
        )


@dataclass(frozen=True, slots=True)
class Peer(Tool):
    """Another tool, with its command."""

    command: tuple[object, ...]

    def run(self, aws: EmulatorProcess, folder: Path) -> "Result":
        """Run the tool in an empty folder."""
        ended = run(*self.command, environ=_credentials(aws), folder=folder)
        measured = aws.measurements()
        throttled = f", {measured.throttled.total()} throttled" if measured.throttled else ""
        rows = f"{_rows(ended, folder)}{throttled}"
        return Result(ended.seconds, measured.calls.total(), rows, failed=ended.code != 0)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one run: seconds, calls, and the rows in words."""

    seconds: float
    calls: int
    rows: str
    failed: bool


def peers(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure seconds, calls and rows of each tool, compared with sso-batch."""
    world = generate(
        1, organizations=1, **(TYPICAL if not options.quick else TYPICAL | {"accounts": 9, "pairs": 90})
    )
    minimal = SsoBatch(
        _OURS_MINIMAL, "orphans, policies, entitlements, account paths", f"\ncollect: {_MINIMAL}\n"
    )
    others = tuple(_installed(folder / "peers"))
    results = _in_turn(
        (SsoBatch(_OURS, "nothing"), minimal, *others), world, folder, min(options.repeat, _RUNS)
    )
    seconds = {tool: [result.seconds for result in found] for tool, found in results.items()}
    ours = next(iter(seconds.values()))
    for tool, found in results.items():
        measured = _distinct(f"{result.calls} calls, {result.rows}" for result in found)
        yield Figure(
            f"time of {tool.name} to ours",
            "typical",
            _ratios(seconds[tool], ours),
            f"{spread(seconds[tool], 1)} s, {measured}; leaves out {tool.omits}",
        )
    complete = [tool for tool in others if not any(result.failed for result in results[tool])]
    fastest = min(complete, key=lambda tool: median(seconds[tool]))
    yield Figure(
        f"time of {_OURS_MINIMAL} to {fastest.name}'s",
        "typical",
        _ratios(seconds[minimal], seconds[fastest]),
        f"{spread(seconds[minimal], 1)} s to {spread(seconds[fastest], 1)} s",
        "at most 1.00",
    )


def _in_turn(
    tools: Iterable[SsoBatch | Peer], world: World, folder: Path, times: int
) -> dict[SsoBatch | Peer, list[Result]]:
    """Return the results of each tool; all run once before any runs again."""
    results: defaultdict[SsoBatch | Peer, list[Result]] = defaultdict(list)
    for number in range(times):
        for tool in tools:
            output = folder / f"{number} {tool.name}"
            output.mkdir()
            with emulator_process(world, latency=LATENCY) as aws:
                results[tool].append(tool.run(aws, output))
    return dict(results)


def _ratios(seconds: list[float], to: list[float]) -> tuple[float, ...]:
    """Return the ratios of runs that were made one after the other."""
    return tuple(ours / theirs for ours, theirs in zip(seconds, to, strict=True))


def _distinct(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


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
        "members of groups, orphans, names, policies, entitlements",
        (python, "-c", _SIMPLE_SCRIPT),
    )
    if installed.code == 0:
        yield Peer("aws-sso-lib", "members of groups, policies, entitlements", (python, "-c", _AWS_SSO_LIB))
        tool = folder / "bin" / "list-user-permissions-for-aws-idc"
        yield Peer("list-user-permissions", "orphans, empty groups, policies, entitlements", (tool,))


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
