"""Benchmarks of complete audits: calls, time and rows."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from sso_batch.emulator import World, generate
from sso_batch.machine import usable_cpus
from tests.benchmarks import floor
from tests.benchmarks.emulated import EmulatorProcess, emulator_process
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.process_memory import PeakMemory
from tests.benchmarks.processor import bare_call_seconds
from tests.benchmarks.program import CompletedAudit, audit

LATENCY = 0.04
TYPICAL: dict[str, Any] = {
    "users": 500,
    "groups": 60,
    "permission_sets": 30,
    "accounts": 120,
    "pairs": 960,
    "members": 12,
}
"""The organization whose figures are published."""

SHORT: dict[str, Any] = {
    "users": 60,
    "groups": 10,
    "permission_sets": 10,
    "accounts": 30,
    "pairs": 230,
    "members": 8,
}
"""An audit of about 15 seconds, of which start-up is a large part."""

SHAPES: dict[str, dict[str, Any]] = {
    "few large groups": {
        "users": 600,
        "groups": 5,
        "members": 300,
        "pairs": 120,
        "direct": 0.05,
        "accounts": 30,
    },
    "all direct grants": {"users": 150, "groups": 1, "pairs": 110, "direct": 1.0, "accounts": 30},
    "many accounts, few permission sets": {"users": 150, "accounts": 400, "permission_sets": 3, "pairs": 300},
    "many permission sets, few accounts": {"users": 150, "accounts": 6, "permission_sets": 60, "pairs": 120},
    "10,000 users": {"users": 10_000, "groups": 50, "pairs": 70, "accounts": 20},
    "2,000 accounts": {"users": 150, "accounts": 2000, "permission_sets": 4, "pairs": 200},
    "many groups, some of them empty": {
        "users": 120,
        "groups": 100,
        "members": 3,
        "empty_groups": 20,
        "permission_sets": 8,
        "accounts": 60,
        "pairs": 400,
    },
}


_PROMISE = "the cheaper way and the listing"


def calls(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure calls compared with the minimum, for both strategies; once, because calls do not vary.

    `fastest` is measured where AWS's answer for a user includes the assignments of groups and where not.
    """
    del options
    for shape, sizes in SHAPES.items():
        world = generate(1, organizations=1, **sizes)
        (organization,) = world.organizations
        for strategy, promise, group_rows, minimum in (
            ("complete", "1.00", True, floor.complete(organization)),
            ("fastest", _PROMISE, True, floor.fastest(organization)),
            ("fastest", f"{_PROMISE} and the groups", False, floor.fastest(organization, group_rows=False)),
        ):
            with emulator_process(world, group_rows=group_rows) as aws:
                audited = audit(aws, folder, f"\ncollect: {{strategy: {strategy}}}\n")
                measured = aws.measurements()
            calls_made = measured.of(organization.name)
            listing = audited.manifest["organizations"][0]["listing"]
            yield Figure(
                f"calls, {strategy}" + ("" if group_rows else ", users' answers without groups"),
                shape,
                (calls_made.total() / minimum.total(),),
                f"{calls_made.total()} calls, {floor.sso_admin(calls_made)} of them sso-admin's; "
                f"least {minimum.total()} and {floor.sso_admin(minimum)}; "
                f"{exactness(audited, world, strategy)}, {listing}",
                promise,
            )


def time(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure time compared with the minimum that sso-admin's limit allows, throttled calls and idle time."""
    world = generate(1, organizations=1, **(TYPICAL if not options.quick else TYPICAL | {"pairs": 200}))
    (organization,) = world.organizations
    ratios, throttled, idle, notes = [], [], [], set()
    for _ in range(options.repeat):
        with emulator_process(world, latency=LATENCY) as aws:
            audited = audit(aws, folder)
            measured = aws.measurements()
        calls_made = measured.of(organization.name)
        admitted = floor.sso_admin(calls_made) - floor.sso_admin(measured.throttled_of(organization.name))
        ratios.append(audited.ended.seconds / floor.seconds(admitted))
        throttled.append(measured.throttled.total() / measured.calls.total())
        idle.append(floor.idle_share(measured.sso_admin[organization.management_account_id]))
        notes.add(f"{admitted} sso-admin calls, {exactness(audited, world)}")
    note = "; ".join(sorted(notes))
    seconds = [f"{ratio * floor.seconds(admitted):.1f} s" for ratio in ratios]
    yield Figure("time of the process", "typical", tuple(ratios), f"{', '.join(seconds)}; {note}", "1.05")
    yield Figure("throttled answers to a call", "typical", tuple(throttled), note, "at most 0.005")
    yield Figure("idle share of sso-admin's bucket", "typical", tuple(idle), note, "")


def shared(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure time while another client uses half of sso-admin's limit."""
    world = generate(1, organizations=1, **(TYPICAL | {"pairs": 200}))
    ratios, notes = [], set()
    for _ in range(min(options.repeat, 2)):
        with emulator_process(world, latency=LATENCY) as aws, _half_of_limit_used(aws):
            audited = audit(aws, folder)
            measured = aws.measurements()
        tally = audited.manifest["organizations"][0]["calls"]
        own_calls = sum(
            count for operation, count in tally["by_operation"].items() if operation in floor.SSO_ADMIN
        )
        ratios.append(
            audited.ended.seconds / floor.seconds(own_calls - tally["throttled"], rate=floor.RATE / 2)
        )
        notes.add(
            f"{own_calls} sso-admin calls of ours, {tally['throttled']} throttled; "
            f"{exactness(audited, world)}; {measured.throttled.total()} throttled in all"
        )
    yield Figure(
        "time, half of the limit taken by another",
        "typical, 200 pairs",
        tuple(ratios),
        "; ".join(sorted(notes)),
        "",
    )


def organizations(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure audits of many organizations compared with one: short and typical ones."""
    bare = bare_call_seconds()
    yield from _compare_with_one("230 pairs each", SHORT, (1, 20, 50), min(options.repeat, 3), bare, folder)
    if not options.quick:
        repeat = min(options.repeat, 2)
        yield from _compare_with_one("typical each", TYPICAL, (1, 20, 50), repeat, bare, folder)


_PROMISED = {("230 pairs each", 50): "2.00", ("typical each", 20): "1.05", ("typical each", 50): "1.50"}


def _compare_with_one(
    shape: str, sizes: dict[str, Any], counts: tuple[int, ...], repeat: int, bare: float, folder: Path
) -> Iterator[Figure]:
    """Measure all organizations at once: in the default number of processes, and the most of them in one."""
    alone: float | None = None
    for count, processes in (*((count, "auto") for count in counts), (counts[-1], "1")):
        world = generate(1, organizations=count, **sizes)
        settings = f"\nrun: {{max_parallel_organizations: {count}, processes: {processes}}}\n"
        seconds, notes = [], []
        for _ in range(repeat):
            with emulator_process(world, latency=LATENCY) as aws:
                with PeakMemory() as memory:
                    audited = audit(aws, folder, settings)
                measured = aws.measurements()
            calls_made = measured.calls.total()
            seconds.append(audited.ended.seconds)
            least = (calls_made * bare + measured.processor) / usable_cpus()
            notes.append(
                f"{audited.ended.seconds:.1f} s; processor {audited.ended.processor:.1f} s, the emulator's "
                f"{measured.processor:.1f} s; bare calls and the emulator fill the CPUs for {least:.1f} s; "
                f"most processes {memory.processes}, peak memory {memory.peak / 2**20:.0f} MiB; "
                f"{calls_made} calls, {measured.throttled.total()} throttled, {exactness(audited, world)}"
            )
        if alone is None:
            alone = median(seconds)
        in_one = " in one process" if processes == "1" else ""
        yield Figure(
            f"time of {count} organizations{in_one} to one's",
            shape,
            tuple(duration / alone for duration in seconds),
            notes[seconds.index(sorted(seconds)[len(seconds) // 2])],
            "" if in_one else _PROMISED.get((shape, count), ""),
        )


def exactness(audited: CompletedAudit, world: World, strategy: str = "complete") -> str:
    """Return whether the rows are exactly the expected ones, in words."""
    if not audited.complete:
        return f"NOT COMPLETE, exit code {audited.ended.code}"
    if strategy == "fastest":
        return "complete"
    expected = sum(
        (floor.access_paths(organization) for organization in world.organizations),
        start=Counter[floor.AccessPath](),
    )
    return "rows exact" if audited.access_paths() == expected else "ROWS WRONG"


class _half_of_limit_used:  # noqa: N801 - used like a function
    """A context manager in which a second client of the account makes 10 calls a second."""

    def __init__(self, aws: EmulatorProcess) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._make_calls, args=(aws,), daemon=True)

    def _make_calls(self, aws: EmulatorProcess) -> None:
        keys: dict[str, Any] = {
            "endpoint_url": aws.environ["AWS_ENDPOINT_URL"],
            "region_name": aws.world.organizations[0].region,
            "config": ClientConfig(retries={"total_max_attempts": 1}),
        }
        hub: dict[str, Any] = {
            "aws_access_key_id": aws.environ["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": aws.environ["AWS_SECRET_ACCESS_KEY"],
        }
        sts = boto3.client("sts", **keys, **hub)
        role = sts.assume_role(RoleArn=aws.world.roles[0].arn, RoleSessionName="second")["Credentials"]
        client = boto3.client(
            "sso-admin",
            **keys,
            aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"],
            aws_session_token=role["SessionToken"],
        )
        while not self._ended.wait(0.1 - LATENCY):
            try:
                client.list_instances()
            except ClientError:  # throttled, too
                continue

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
