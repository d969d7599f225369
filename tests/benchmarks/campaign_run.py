"""Made-up runs of a large company: snapshots and a manifest, as `sso-batch run` leaves them."""

import random
import string
import threading
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sso_batch.dates import format_date
from sso_batch.model import (
    GROUP,
    PERMISSION_SET,
    USER,
    Account,
    Action,
    AssignmentEvent,
    EventName,
    ExternalId,
    Grant,
    Group,
    Instance,
    Lookup,
    Member,
    Membership,
    PermissionSet,
    Principal,
    SignIn,
    Snapshot,
    User,
)
from sso_batch.run_files.file_names import MANIFEST, RUN_FILE, FileNames
from sso_batch.run_files.manifest import encode_manifest, encode_run_file
from sso_batch.run_files.run import RunFacts
from sso_batch.run_files.writer import write_document, write_organization
from sso_batch.store import FolderPlace
from tests.support import fleet_names as names
from tests.support.overviews import ADMINISTRATOR_ACCESS
from tests.support.records import INSTANCE, STARTED, outcome, run_outcome, snapshot

ORGANIZATIONS = 20
MANAGERS = 251
_STAGES = ("prod", "staging", "dev")
_DAY = timedelta(days=1)
_LEFT_OUT = 100  # every so many assignments, one is not in the earlier run


@dataclass(frozen=True, slots=True)
class Size:
    """The size of one organization.

    Each group has `members` members and `grants` assignments; `direct` assignments are to users.
    """

    users: int = 1_500
    accounts: int = 200
    groups: int = 50
    members: int = 100
    grants: int = 60
    direct: int = 2_000

    @classmethod
    def of_rows(cls, rows: int) -> "Size":
        """Return the size with so many rows, a multiple of 1,000: nine of ten through groups, 100 a user."""
        users, accounts = max(50, rows // 100), max(10, rows // 2_000)
        return cls(users, accounts, groups=rows * 9 // 1_000, members=20, grants=5, direct=rows // 10)

    @property
    def items(self) -> int:
        """The number of assignments and memberships."""
        return self.direct + self.groups * (self.members + self.grants)

    @property
    def rows(self) -> int:
        """The number of access paths."""
        return self.direct + self.groups * self.members * self.grants


LARGE = Size()
SMALL = Size(users=300, groups=5, direct=200)


def configuration(organizations: int = ORGANIZATIONS) -> str:
    """Return a configuration with 300 reviewers: managers, owners of accounts, and one of administrators."""
    owners = [f"{product}-{stage}" for product in names.PRODUCTS for stage in _STAGES]
    rules = [
        "{privilege: ADMINISTRATOR, reviewer: ciso@example.com}",
        "{reviewer: manager}",
        *(f'{{account: "{owner}*", reviewer: {owner}-owner@example.com}}' for owner in owners),
    ]
    listed = "".join(f"    - {rule}\n" for rule in rules)
    audited = ", ".join(f"{{name: {name}}}" for name in names.ORGANIZATIONS[:organizations])
    return (
        f"organizations: [{audited}]\n"
        "collect: {people: [department, manager]}\n"
        "campaign:\n"
        "  require_comment: [revoke]\n"
        "  fallback: [security@example.com, audit@example.com]\n"
        f"  reviewers:\n{listed}"
    )


def write_run(folder: Path, size: Size, *, organizations: int = ORGANIZATIONS, earlier: bool = False) -> Path:
    """Write a complete run into its folder below `folder`, and return its folder.

    `size` is that of each organization. The earlier run of the day before has one in a hundred assignments
    fewer.
    """
    started = STARTED - _DAY if earlier else STARTED
    run_names = FileNames(f"{started:%Y%m%d-%H%M%S}", f"{started:%Y%m%d_%H%M%S}")
    store = FolderPlace(folder).run(run_names.run_id)
    write_document(store, RUN_FILE, encode_run_file(run_names, started))
    outcomes = []
    for number in range(organizations):
        read = _Organization(number, size).snapshot()
        if earlier:
            kept = tuple(grant for at, grant in enumerate(read.grants) if at % _LEFT_OUT)
            read = replace(read, grants=kept)
        written = write_organization(
            store, run_names, read, csv=False, escape=True, stop=threading.Event()
        ).files
        outcomes.append(outcome(read.organization, files=written, instance=read.instance))
    facts = RunFacts(run_names, "0" * 64, "complete", ())
    ended = run_outcome(*outcomes, started_at=started)
    write_document(store, MANIFEST, encode_manifest(facts, ended))
    return folder / run_names.run_id


class _Organization:
    """One organization, the same for the same number."""

    def __init__(self, number: int, size: Size) -> None:
        self._number = number
        self._size = size
        self._name = names.ORGANIZATIONS[number]
        self._dice = random.Random(number)  # noqa: S311 - not secrets
        self._instance_id = f"7223{number:012x}"
        self._users = sorted(self._make_users(), key=lambda user: user.id)
        self._accounts = list(self._make_accounts())
        self._sets = list(self._make_sets())

    def snapshot(self) -> Snapshot:
        groups = [
            Group(
                self._id(),
                self._group_name(number),
                external_ids=(ExternalId("https://scim.okta.example", f"{number}"),) if number % 2 else (),
                created_at=self._date(),
            )
            for number in range(self._size.groups)
        ]
        grants = sorted({*self._direct(), *self._of_groups(groups)})
        recent = [grant for grant in grants if self._dice.random() < 0.3]
        since, until = format_date(STARTED - 90 * _DAY), format_date(STARTED)
        return snapshot(
            organization=self._name,
            instance=self._instance(),
            users=tuple(self._users),
            groups=tuple(groups),
            memberships=tuple(map(self._membership, groups)),
            accounts=tuple(self._accounts),
            permission_sets=tuple(self._sets),
            policy_documents=names.DOCUMENTS,
            grants=tuple(grants),
            delegated_administrators=(),
            people=("department", "manager"),
            lookups=tuple(Lookup(event, since, until) for event in EventName),
            assignment_events=tuple(sorted(map(self._event, recent))),
            sign_ins=tuple(
                SignIn(user.id, self._date(90)) for user in self._users if self._dice.random() < 0.8
            ),
        )

    def _group_name(self, number: int) -> str:
        """Return a name that no other group has, if there is one for each account and permission set."""
        accounts, sets = self._accounts, self._sets
        used = sets[(number + number // len(accounts)) % len(sets)]
        return f"aws-{accounts[number % len(accounts)].name}-{used.name}"

    def _direct(self) -> Iterator[Grant]:
        """Yield the assignments to users; every fourth one is to an administrator."""
        for number in range(self._size.direct):
            account = self._accounts[number % len(self._accounts)]
            used = self._sets[0 if number % 4 == 0 else 1 + number % (len(self._sets) - 1)]
            laps = number // len(self._users)
            user = self._users[(number * 7 + laps) % len(self._users)]
            yield self._grant(account, used, Principal(USER, user.id))

    def _of_groups(self, groups: list[Group]) -> Iterator[Grant]:
        """Yield the assignments to groups, each with three permission sets in many accounts."""
        for at, group in enumerate(groups):
            for number in range(self._size.grants):
                account = self._accounts[(at * 11 + number // 3) % len(self._accounts)]
                used = self._sets[(at * 3 + number % 3) % len(self._sets)]
                yield self._grant(account, used, Principal(GROUP, group.id))

    def _grant(self, account: Account, used: PermissionSet, principal: Principal) -> Grant:
        return Grant(account.id, PERMISSION_SET, used.arn, "", principal, first_seen=self._date())

    def _event(self, grant: Grant) -> AssignmentEvent:
        by = f"arn:aws:sts::{self._accounts[0].id}:assumed-role/Deploy/{self._dice.choice(self._users).login}"
        return AssignmentEvent(
            self._date(90), by, Action.CREATED, grant.account_id, grant.permission_set_arn, grant.principal
        )

    def _membership(self, group: Group) -> Membership:
        members = self._dice.sample(self._users, self._size.members)
        return Membership(
            group.id,
            tuple(
                Member(user.id, self._id(), first_seen=self._date(), created_at=self._date())
                for user in sorted(members, key=lambda user: user.id)
            ),
        )

    def _make_users(self) -> Iterator[User]:
        every = [
            f"{first} {middle}. {last}"
            for middle in string.ascii_uppercase
            for first in names.FIRST_NAMES
            for last in names.LAST_NAMES
        ]
        for number, name in enumerate(self._dice.sample(every, self._size.users)):
            plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
            login = plain.replace(" ", ".").replace("'", "").replace("..", ".")
            manager = (self._number * self._size.users + number) % MANAGERS
            attributes = {
                "department": self._dice.choice(names.PRODUCTS),
                "manager": f"manager-{manager:03}@example.com" if number % 20 else "",
            }
            yield User(
                self._id(),
                login,
                name,
                f"{login}@{self._name}.example",
                "DISABLED" if number % 50 == 0 else "ENABLED",
                attributes=tuple(attributes.items()),
                created_at=self._date(),
            )

    def _make_accounts(self) -> Iterator[Account]:
        for at in range(self._size.accounts):
            product, stage = names.PRODUCTS[at % len(names.PRODUCTS)], _STAGES[at // 16 % 3]
            number = f"{120 + self._number}{at * 7_919_113 % 10**9:09}"
            yield Account(number, f"{product}-{stage}-{at:03}", "ACTIVE", f"Root/Workloads/{stage}/{product}")

    def _make_sets(self) -> Iterator[PermissionSet]:
        """Yield an administrator's set, and sets with managed and inline policies."""
        yield self._set("AdministratorAccess", (ADMINISTRATOR_ACCESS,), "")
        managed = [document.arn for document in names.DOCUMENTS]
        inline = list(names.INLINE_POLICIES.values())[:1]
        for number in range(29):
            product = names.PRODUCTS[number % len(names.PRODUCTS)]
            policies = (managed[number % len(managed)],) if number % 3 else ()
            yield self._set(f"{product}-operator-{number}", policies, "" if policies else inline[0])

    def _set(self, name: str, managed: tuple[str, ...], inline: str) -> PermissionSet:
        return PermissionSet(
            f"arn:aws:sso:::permissionSet/ssoins-{self._instance_id}/ps-{self._dice.getrandbits(64):016x}",
            name=name,
            description=f"Access to {name}",
            session_duration="PT4H",
            managed_policies=managed,
            customer_managed_policies=(),
            inline_policy=inline,
            permissions_boundary="",
            tags=(),
        )

    def _instance(self) -> Instance:
        return replace(
            INSTANCE,
            arn=f"arn:aws:sso:::instance/ssoins-{self._instance_id}",
            identity_store_id=f"d-99{self._number:08x}",
            organization_id=f"o-{self._number:03}a1b2c3d",
            management_account_id=self._accounts[0].id,
        )

    def _id(self) -> str:
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    def _date(self, days: int = 730) -> str:
        return format_date(STARTED - timedelta(seconds=self._dice.randrange(86_400, days * 86_400)))
