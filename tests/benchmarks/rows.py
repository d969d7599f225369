"""Benchmarks of ten million rows: speed compared with csv.writer, and memory."""

import csv
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from sso_batch.access import resolve
from sso_batch.model import (
    GROUP,
    PERMISSION_SET,
    Account,
    Grant,
    Group,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.run_files import access_csv
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.program import run
from tests.support.records import membership_of, snapshot

USERS, ACCOUNTS = 20_000, 500
ARN = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-1111111111111111"


def rows(options: Options, folder: Path) -> Iterator[Figure]:
    """Measure rows per second compared with csv.writer, and peak memory, in separate processes."""
    del folder
    users = USERS // 20 if options.quick else USERS
    own, reference = [], []
    for _ in range(options.repeat):
        own.append(_measure("ours", users))
        reference.append(_measure("csv.writer", users))
    speed = [users * ACCOUNTS / seconds for seconds, _ in own]
    yield Figure(
        "rows a second to csv.writer's",
        f"{users * ACCOUNTS:,} rows",
        tuple(theirs / ours for (ours, _), (theirs, _) in zip(own, reference, strict=True)),
        f"{sorted(speed)[len(speed) // 2]:,.0f} rows a second",
        "at least 0.5",
    )
    yield Figure(
        "peak memory in 300 MB",
        f"{users * ACCOUNTS:,} rows",
        tuple(memory / 300e6 for _, memory in own),
        f"{max(memory for _, memory in own) / 1e6:.0f} MB",
        "1.00",
    )


def _measure(writer: str, users: int) -> tuple[float, float]:
    """Return the seconds and the peak memory in bytes."""
    ended = run(sys.executable, "-m", "tests.benchmarks.rows", writer, users)
    seconds, memory = ended.stdout.split()
    return float(seconds), float(memory)


def large_group_snapshot(users: int) -> Snapshot:
    """Return an organization with one large group that has one permission set in every account."""
    ids = tuple(f"{number:08d}-1111-2222-3333-444444444444" for number in range(users))
    accounts = tuple(
        Account(f"{number:012d}", f"Account {number}", "ACTIVE", "Root/Prod") for number in range(ACCOUNTS)
    )
    return snapshot(
        users=tuple(
            User(id_, f"login{id_[:8]}", f"Person {id_[:8]}", f"{id_[:8]}@example.com", "ENABLED")
            for id_ in ids
        ),
        groups=(Group("g-1", "Everybody"),),
        memberships=(membership_of("g-1", ids),),
        accounts=accounts,
        permission_sets=(
            PermissionSet(ARN, "View", "", "PT1H", ("arn:aws:iam::aws:policy/ViewOnly",), (), "", "", ()),
        ),
        grants=tuple(
            Grant(account.id, PERMISSION_SET, ARN, "", Principal(GROUP, "g-1")) for account in accounts
        ),
    )


def _write_ours(users: int) -> float:
    records = large_group_snapshot(users)
    started = time.perf_counter()
    with Path(os.devnull).open("wb") as file:
        file.writelines(text.encode() for text, _ in access_csv.lines(resolve(records), escape=True))
    return time.perf_counter() - started


def _write_with_csv(users: int) -> float:
    """Write the same rows with csv.writer, from prepared rows of one account."""
    records = large_group_snapshot(users)
    one_account = Snapshot(
        **{field: getattr(records, field) for field in Snapshot.__slots__} | {"grants": records.grants[:1]}
    )
    text = "".join(text for text, _ in access_csv.lines(resolve(one_account), escape=True))
    finished = list(csv.reader(text.splitlines()))
    started = time.perf_counter()
    with Path(os.devnull).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for _ in range(ACCOUNTS):
            writer.writerows(finished)
    return time.perf_counter() - started


if __name__ == "__main__":
    seconds = {"ours": _write_ours, "csv.writer": _write_with_csv}[sys.argv[1]](int(sys.argv[2]))
    sys.stdout.write(f"{seconds} {getrusage(RUSAGE_SELF).ru_maxrss * 1024}\n")
