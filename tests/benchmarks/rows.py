"""Ten million rows: how fast beside csv.writer, and in how much memory."""

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
    Membership,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.run_files import access_csv
from tests.benchmarks.figures import Figure, Options
from tests.benchmarks.program import run
from tests.support.records import snapshot

USERS, ACCOUNTS = 20_000, 500
ARN = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-1111111111111111"


def rows(options: Options, folder: Path) -> Iterator[Figure]:
    """Rows a second beside csv.writer's, and the peak of memory, each in a process of its own."""
    del folder
    users = USERS // 20 if options.quick else USERS
    ours, theirs = [], []
    for _ in range(options.repeat):
        ours.append(_measured("ours", users))
        theirs.append(_measured("writer", users))
    speed = [users * ACCOUNTS / seconds for seconds, _ in ours]
    yield Figure(
        "rows a second to csv.writer's",
        f"{users * ACCOUNTS:,} rows",
        tuple(other / own for (own, _), (other, _) in zip(ours, theirs, strict=True)),
        f"{sorted(speed)[len(speed) // 2]:,.0f} rows a second",
        "at least 0.5",
    )
    yield Figure(
        "peak memory in 300 MB",
        f"{users * ACCOUNTS:,} rows",
        tuple(memory / 300e6 for _, memory in ours),
        f"{max(memory for _, memory in ours) / 1e6:.0f} MB",
        "1.00",
    )


def _measured(which: str, users: int) -> tuple[float, float]:
    """Seconds and bytes."""
    ended = run(sys.executable, "-m", "tests.benchmarks.rows", which, users)
    seconds, memory = ended.stdout.split()
    return float(seconds), float(memory)


def everybody(users: int) -> Snapshot:
    """An organization whose one large group has the one permission set in every account."""
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
        memberships=(Membership("g-1", ids),),
        accounts=accounts,
        permission_sets=(
            PermissionSet(ARN, "View", "", "PT1H", ("arn:aws:iam::aws:policy/ViewOnly",), (), "", "", ()),
        ),
        grants=tuple(
            Grant(account.id, PERMISSION_SET, ARN, "", Principal(GROUP, "g-1")) for account in accounts
        ),
    )


def _write_ours(users: int) -> float:
    records = everybody(users)
    begun = time.perf_counter()
    with Path(os.devnull).open("wb") as file:
        file.writelines(text.encode() for text, _ in access_csv.lines(resolve(records), escape=True))
    return time.perf_counter() - begun


def _write_with_csv(users: int) -> float:
    """The finished rows of one account, over and over: as many as ours, and nothing else to do."""
    records = everybody(users)
    one_account = Snapshot(
        **{field: getattr(records, field) for field in Snapshot.__slots__} | {"grants": records.grants[:1]}
    )
    text = "".join(text for text, _ in access_csv.lines(resolve(one_account), escape=True))
    finished = list(csv.reader(text.splitlines()))
    begun = time.perf_counter()
    with Path(os.devnull).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for _ in range(ACCOUNTS):
            writer.writerows(finished)
    return time.perf_counter() - begun


if __name__ == "__main__":
    took = {"ours": _write_ours, "writer": _write_with_csv}[sys.argv[1]](int(sys.argv[2]))
    sys.stdout.write(f"{took} {getrusage(RUSAGE_SELF).ru_maxrss * 1024}\n")
