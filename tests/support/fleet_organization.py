"""One organization of the made-up fleet: what was read in one night, and in the next one."""

import random
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from sso_batch.coverage import NotExamined, Omission
from sso_batch.dates import format_date
from sso_batch.first_seen import carry_first_seen
from sso_batch.model import (
    GROUP,
    PERMISSION_SET,
    USER,
    Account,
    Grant,
    Group,
    Instance,
    Member,
    Membership,
    PermissionSet,
    Principal,
    Snapshot,
    User,
)
from tests.support import fleet_names as names
from tests.support.fleet_names import PROD, TEAMS, Team
from tests.support.records import FINISHED, STARTED, snapshot

USERS = 180
CONTRACTORS = 4
"""How many of the users are contractors, who have users in other organizations, too."""

_OWN = USERS - CONTRACTORS - 1  # and one for emergencies
_NIGHT = timedelta(days=1)
_NOT_COLLECTED = (Omission.OTHER_APPLICATIONS, Omission.APPLICATIONS, Omission.ACTIVITY)
_PLAIN = str.maketrans("øð", "od")  # letters that do not consist of a letter and a mark


class Organization:
    """An organization of the fleet, the same for the same number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = names.ORGANIZATIONS[number]
        self._dice = random.Random(number)  # noqa: S311 - not secrets
        self._people = list(self._make_people())
        self._groups = {team.name: self._id() for team in TEAMS}
        self._deleted = Principal(USER, self._id())
        self._sets = {name: self._permission_set(name) for name in names.PERMISSION_SETS}
        self._places = dict(self._make_accounts())

    def nights(self) -> tuple[Snapshot, Snapshot]:
        """Return what was read in the first night and in the second."""
        first = self._first_night()
        return first, carry_first_seen(self._second_night(first), [first], run_started=STARTED)

    def _first_night(self) -> Snapshot:
        grants = [
            grant
            for team in TEAMS
            for permission_set, places in team.access.items()
            for grant in self._grants(permission_set, places, self._group(team.name))
        ]
        if self.number % 5 == 0:  # what was assigned directly, and what a deleted user left
            grants += self._grants("AdministratorAccess", [f"{PROD}/payments"], self._user(90))
            grants += self._grants("PowerUserAccess", [self._product()], self._deleted)
        grants += self._grants("AdministratorAccess", [names.MANAGEMENT], self._user(_OWN))
        if self.number in {0, 7, 14}:  # one contractor in three organizations
            grants += self._grants("AdministratorAccess", [f"{names.DEV}/payments"], self._user(_OWN + 1))
        return snapshot(
            organization=self.name,
            instance=self._instance(),
            started_at=STARTED - _NIGHT,
            finished_at=FINISHED - _NIGHT,
            users=tuple(sorted(self._people, key=lambda user: user.id)),
            groups=tuple(Group(id_, name) for name, id_ in self._groups.items()),
            memberships=tuple(self._membership(team) for team in TEAMS),
            missing=(self._deleted,),
            accounts=tuple(self._places.values()),
            permission_sets=tuple(self._sets.values()),
            policy_documents=names.DOCUMENTS,
            delegated_administrators=(),
            grants=tuple(sorted(replace(grant, first_seen=self._date()) for grant in grants)),
            not_examined=tuple(map(NotExamined.by_collection, _NOT_COLLECTED)),
        )

    def _second_night(self, first: Snapshot) -> Snapshot:
        """Return the snapshot after a day on which people came and went."""
        grants, joined = set(first.grants), self._people[60]
        remainder = self.number % 5  # eight of forty organizations have each
        if remainder == 2:
            grants |= {*self._grants("AdministratorAccess", [self._product()], self._user(70))}
        if self.number in {3, 13, 28}:
            grants |= {*self._grants("PowerUserAccess", [PROD], self._group("contractors-globant"))}
        if self.number in {4, 19}:
            grants -= {*self._grants("DatabaseAdmin", [""], self._group("dba"))}
        disabled = {person.id for person in self._people[20 : 23 if self.number % 4 else 22]}
        return replace(
            first,
            started_at=STARTED,
            finished_at=FINISHED,
            users=tuple(
                replace(user, status="DISABLED") if user.id in disabled else user for user in first.users
            ),
            memberships=tuple(
                _with_member(each, joined.id)
                if remainder == 1 and each.group_id == self._groups["cloud-admins"]
                else each
                for each in first.memberships
            ),
            grants=tuple(sorted(grants)),
        )

    def _grants(self, permission_set: str, places: Iterable[str], principal: Principal) -> Iterator[Grant]:
        """Yield an assignment in each account that one of the places is the beginning of."""
        arn = self._sets[permission_set].arn
        for place, account in self._places.items():
            if place.startswith(tuple(places)):
                yield Grant(account.id, PERMISSION_SET, arn, "", principal)

    def _make_people(self) -> Iterator[User]:
        every = [f"{first} {last}" for first in names.FIRST_NAMES for last in names.LAST_NAMES]
        for number, name in enumerate(self._dice.sample(every, _OWN)):
            yield self._person(name, self.name, "DISABLED" if number in {17, 62} else "ENABLED")
        yield self._person("Break Glass", self.name)
        for number in range(CONTRACTORS):
            name = names.CONTRACTORS[(3 * self.number + number) % len(names.CONTRACTORS)]
            yield self._person(name, "globant")

    def _person(self, name: str, company: str, status: str = "ENABLED") -> User:
        plain = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
        login = "".join(letter for letter in plain if letter in "abcdefghijklmnopqrstuvwxyz -")
        login = login.replace(" ", "." if name != "Break Glass" else "-")
        address = f"{login}@{company}.example"
        return User(
            id=self._id(), login=login, name=name, email=address, status=status, created_at=self._date()
        )

    def _membership(self, team: Team) -> Membership:
        """Return the members of a team: contractors are the last people, the others are random."""
        others = range(_OWN)
        members = (
            self._people[-CONTRACTORS:]
            if team.name == "contractors-globant"
            else [self._people[number] for number in self._dice.sample(others, team.size)]
        )
        return Membership(
            self._groups[team.name],
            tuple(
                Member(person.id, created_at=date, first_seen=date)
                for person in sorted(members, key=lambda person: person.id)
                for date in [self._date()]
            ),
        )

    def _make_accounts(self) -> Iterator[tuple[str, Account]]:
        """Yield the accounts by OU and name."""
        at = 0
        for ou, accounts in names.ACCOUNTS.items():
            for name in accounts:
                number = f"{120 + self.number}{at * 7_919_113 % 10**9:09}"
                path = f"Root/{ou}" if ou else "Root"
                yield f"{ou}/{name}".lstrip("/"), Account(number, name, "ACTIVE", path)
                at += 1

    def _permission_set(self, name: str) -> PermissionSet:
        return PermissionSet(
            f"arn:aws:sso:::permissionSet/ssoins-{self._instance_id}/ps-{self._dice.getrandbits(64):016x}",
            name=name,
            description="",
            session_duration=names.PERMISSION_SETS[name],
            managed_policies=names.managed_policies(name),
            customer_managed_policies=(),
            inline_policy=names.INLINE_POLICIES.get(name, ""),
            permissions_boundary="",
            tags=(),
        )

    @property
    def _instance_id(self) -> str:
        return f"7223{self.number:012x}"

    def _instance(self) -> Instance:
        management = self._places[names.MANAGEMENT].id
        return Instance(
            arn=f"arn:aws:sso:::instance/ssoins-{self._instance_id}",
            identity_store_id=f"d-99{self.number:08x}",
            region=names.REGIONS[self.number % len(names.REGIONS)],
            organization_id=f"o-{self.number:03}a1b2c3d",
            management_account_id=management,
            caller_arn=f"arn:aws:sts::{management}:assumed-role/SsoBatchAudit/sso-batch",
        )

    def _user(self, number: int) -> Principal:
        return Principal(USER, self._people[number].id)

    def _group(self, name: str) -> Principal:
        return Principal(GROUP, self._groups[name])

    def _product(self) -> str:
        """Return the place of one of the production accounts."""
        return f"{PROD}/{names.PRODUCTS[self.number % len(names.PRODUCTS)]}"

    def _id(self) -> str:
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    def _date(self) -> str:
        """Return a date of the last two years, but not of the last month."""
        return format_date(STARTED - timedelta(days=self._dice.randint(40, 730)))


def _with_member(membership: Membership, user_id: str) -> Membership:
    joined = Member(user_id, created_at=format_date(STARTED - _NIGHT / 2))
    members = sorted((*membership.members, joined), key=lambda member: member.user_id)
    return replace(membership, members=tuple(members))
