"""Runs of made-up organizations, as pages and workbooks are made from them."""

import csv
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sso_batch.access import resolve
from sso_batch.model import (
    GROUP,
    IAM_ROLE,
    PERMISSION_SET,
    USER,
    Account,
    GapKind,
    Grant,
    Group,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from sso_batch.report.report_input import ReportInput
from sso_batch.review.comparison import ADDED, CHANGED, REMOVED, Change
from sso_batch.review.finding import Finding, Waiver
from sso_batch.run_files.access_csv import header, lines
from sso_batch.run_files.file_names import FileNames
from sso_batch.run_files.results import Counts, OrganizationOutcome, Status
from sso_batch.run_files.run import RunFacts
from sso_batch.store import FileEntry, FileKind
from tests.support.records import gap, membership_of, outcome, run_outcome, snapshot, unexamined

FACTS = RunFacts(FileNames("nightly-7", "20260304_050607"), "0" * 64, "complete", ())

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def overview(*snapshots: Snapshot, failed: Sequence[str] = (), **fields: Any) -> ReportInput:  # noqa: ANN401
    """Return a run that read some organizations and failed to read others."""
    organizations = [
        *(_read(records) for records in snapshots),
        *(outcome(name, Status.FAILED, instance=None, gaps=(gap(name),)) for name in failed),
    ]
    return ReportInput(FACTS, run_outcome(*organizations), snapshots, **fields)


def _read(records: Snapshot) -> OrganizationOutcome:
    mark = "" if records.complete else "_INCOMPLETE"
    name, folder = records.organization, f"organizations/{records.organization}"
    names = {
        f"{folder}/aws_sso_access_report_{name}_20260304_050607{mark}.csv": FileKind.ACCESS_CSV,
        f"{folder}/snapshot{mark}.jsonl": FileKind.SNAPSHOT,
    }
    return outcome(
        records.organization,
        Status.COMPLETE if records.complete else Status.INCOMPLETE,
        counts=Counts.of(records, rows=sum(len(access.holders) for access in resolve(records))),
        gaps=records.gaps,
        not_examined=records.not_examined,
        files=tuple(FileEntry(name, kind, "0" * 64, 0, 0) for name, kind in names.items()),
    )


def rows(snapshots: Iterable[Snapshot]) -> list[dict[str, str]]:
    """Return the rows of their CSVs, without the apostrophes before formulas."""
    text = header() + "".join(
        text for records in snapshots for text, _ in lines(resolve(records), escape=False)
    )
    return list(csv.DictReader(io.StringIO(text, newline="")))


def company(name: str, seed: int, *, users: int = 30, accounts: int = 12, grants: int = 60) -> Snapshot:
    """Return an organization with every unusual case, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - not secrets
    people = [_person(name, seed, number) for number in range(users)]
    groups = [Group(f"{seed}-group-{number}", f"Team {_LAST[number]}") for number in range(7)]
    memberships = [
        membership_of(group.id, tuple(sorted({dice.choice(people).id for _ in range(number * 2)})))
        for number, group in enumerate(groups[:6])
    ]
    gone = (Principal(GROUP, f"{seed}-gone"), Principal(USER, f"{seed}-left"))
    memberships.append(membership_of(groups[6].id, (people[0].id, f"{seed}-left")))
    sets = [
        _permission_set(f"arn:{seed}:admin", "AdministratorAccess", ADMINISTRATOR_ACCESS),
        *(_permission_set(f"arn:{seed}:{set_name}", set_name) for set_name in ("View", "Billing", "Idle")),
    ]
    places = [
        Account(f"{seed:04}{number:08}", f"{_LAST[number % 7].lower()}-{number}", "ACTIVE", "Root/Prod")
        for number in range(accounts)
    ]
    principals = [
        *(Principal(USER, person.id) for person in people[: users - 2]),
        *(Principal(GROUP, group.id) for group in groups),
        *gone,
    ]
    assigned = {
        Grant(place, PERMISSION_SET, arn, "", dice.choice(principals))
        for place, arn in ((dice.choice(places[:-1]).id, dice.choice(sets[:3]).arn) for _ in range(grants))
    }
    roles = {
        Grant(places[0].id, IAM_ROLE, "", f"arn:aws:iam::{places[0].id}:role/operations/Deploy", principal)
        for principal in (principals[0], Principal(GROUP, groups[6].id))
    }
    orphaned = {Grant(places[1].id, PERMISSION_SET, sets[1].arn, "", principal) for principal in gone}
    return snapshot(
        organization=name,
        users=tuple(people),
        groups=tuple(groups),
        memberships=tuple(memberships),
        missing=tuple(sorted(gone)),
        accounts=tuple(places),
        permission_sets=tuple(sets),
        grants=tuple(sorted(assigned | roles | orphaned)),
    )


def _person(company: str, seed: int, number: int) -> User:
    return User(
        id=f"{seed}-user-{number:04}",
        login=f"login{number}",
        name=f"{_FIRST[number % 8]} {_LAST[number % 7]}",
        email=f"person{number}@{company}.example" if number % 9 else "",
        status="DISABLED" if number % 11 == 1 else "ENABLED",
    )


def _permission_set(arn: str, name: str, *managed: str) -> PermissionSet:
    return PermissionSet(arn, name, "", "PT1H", managed, (), "", "", ())


def with_gap(records: Snapshot) -> Snapshot:
    """Return the same organization, as if the members of its first group with a grant could not be read."""
    grants = [grant.principal.id for grant in records.grants if grant.principal.type == GROUP]
    return replace(
        records,
        memberships=tuple(
            membership for membership in records.memberships if membership.group_id != grants[0]
        ),
        gaps=(gap(grants[0], kind=GapKind.MEMBERS, operation="ListGroupMemberships"),),
    )


HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "{{ 7 * 7 }}{% raw %}",
    "\u2028\u2029 line\r\nbreaks\t\x00\x1b[31m",
    "\u202etxt.exe \u2066hidden\u2069 \u200bno width",
    "half a pair \ud800",
    "' onmouseover='document.title=1' \"&amp;&lt;",
    '=HYPERLINK("https://example.com")',
    "<r>markup</r>",
)
"""Names that cause harm if they are treated as more than text."""


def hostile() -> Snapshot:
    """Return an organization in which everything has a hostile name."""
    many = range(len(HOSTILE))
    return snapshot(
        organization="hostile",
        users=tuple(User(f"u-{n}", HOSTILE[n], HOSTILE[n], HOSTILE[n], "ENABLED") for n in many),
        groups=tuple(Group(f"g-{n}", HOSTILE[n]) for n in many),
        memberships=tuple(membership_of(f"g-{n}", (f"u-{n}",)) for n in many),
        accounts=tuple(Account(f"{n:012}", HOSTILE[n], HOSTILE[n], HOSTILE[n]) for n in many),
        permission_sets=tuple(_permission_set(f"arn:{n}", HOSTILE[n], ADMINISTRATOR_ACCESS) for n in many),
        grants=tuple(
            Grant(f"{n:012}", PERMISSION_SET, f"arn:{n}", "", Principal(GROUP, f"g-{n}")) for n in many
        ),
        gaps=tuple(gap(name, message=name, hint=name) for name in HOSTILE),
        not_examined=unexamined(*HOSTILE),
    )


def findings(organization: str = "acme") -> tuple[Finding, ...]:
    """Return findings of every severity, one of them waived."""
    waiver = Waiver("break glass, sealed", date(2026, 12, 31))
    admin = Finding(
        "high",
        "admin-access",
        organization,
        "an administrator",
        user_email="ada@acme.example",
        account_id="000100000001",
        account_name="vinter-1",
        permission_set="AdministratorAccess",
    )
    return (
        Finding("low", "direct-grant", organization, "a grant to a user", user_id="u-1"),
        admin,
        replace(admin, user_email="bob@acme.example", waiver=waiver),
        Finding("medium", "orphaned-grant", organization, "a grant to nobody", group_name="Team Lin"),
    )


def changes(*snapshots: Snapshot) -> tuple[Change, ...]:
    """Return a change for each grant, of each kind in turn."""
    kinds = ((ADDED, ""), (REMOVED, ""), (CHANGED, "policies"))
    accesses = [access for records in snapshots for access in resolve(records)]
    return tuple(Change(*kinds[number % 3], access) for number, access in enumerate(accesses))


_FIRST = ("Ada", "Béla", "Chloë", "Dana", "Émile", "Fatima", "Gül", "Håkon")
_LAST = ("Okafor", "Vinter", "Schröder", "Lin", "Haddad", "O'Brien", "Ní Bhriain")
