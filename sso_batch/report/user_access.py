"""What each user of an organization can reach, and at which level. Pure.

Users are traversed one at a time: memory grows with memberships, never with rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from sso_batch.access import Holder, HolderIndex
from sso_batch.activity import ActivityIndex
from sso_batch.model import GROUP, USER, Grant, Principal
from sso_batch.privileges.paths import Privilege
from sso_batch.report.statistics import DIRECT
from sso_batch.review.snapshot_index import SnapshotIndex

_CACHED = 128  # combinations of groups, which many users share


@dataclass(frozen=True, slots=True)
class Reach:
    """What some principals can reach together.

    `permission_sets` has names of permission sets, and the roles of entitlements. `level` is ADMINISTRATOR,
    CAN_ESCALATE or, in accounts that manage Identity Center, MANAGES_ACCESS, else NONE; `level_accounts`,
    `level_permission_sets` and `through` say how, `through` with names of groups or `directly`.
    Unless `level_certain`, policies were not read that could raise the level.
    """

    accounts: int = 0
    permission_sets: tuple[str, ...] = ()
    administered: int = 0
    level: Privilege = Privilege.NONE
    level_accounts: int = 0
    level_permission_sets: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    level_certain: bool = True


@dataclass(frozen=True, slots=True)
class UserAccess:
    """A user of an organization and what the user can reach."""

    organization: str
    holder: Holder
    reach: Reach


def users_with_access(index: SnapshotIndex) -> Iterator[UserAccess]:
    """Yield every user who was read, with or without access, and those with access who were not.

    Users who were deleted are left out.
    """
    holders = HolderIndex(index.snapshot, ActivityIndex(index.snapshot))
    reach = lru_cache(_CACHED)(_Reaches(index, holders).of)
    groups = index.people(grant for grant in index.grants if grant.principal.type == GROUP)
    direct = (principal.id for principal in index.by_principal if principal.type == USER)
    unread = (user_id for user_id in dict.fromkeys(chain(direct, groups)) if user_id not in index.users)
    for user_id in chain(index.users, unread):
        user = Principal(USER, user_id)
        if user not in index.missing:
            own = (user,) if user in index.by_principal else ()
            found = reach((*own, *groups.get(user_id, ())))
            yield UserAccess(index.snapshot.organization, holders.user(user_id), found)


class _Reaches:
    """Computes what principals can reach."""

    def __init__(self, index: SnapshotIndex, holders: HolderIndex) -> None:
        self._index = index
        self._holders = holders
        self._levels: dict[Grant, Privilege] = {}
        for privilege, grants in (
            (Privilege.MANAGES_ACCESS, index.access_managing_grants),
            (Privilege.CAN_ESCALATE, index.escalating_grants),
            (Privilege.ADMINISTRATOR, index.admin_grants),
        ):
            self._levels |= dict.fromkeys(grants, privilege)

    def of(self, principals: tuple[Principal, ...]) -> Reach:
        """Return what the principals can reach together."""
        grants = [grant for principal in principals for grant in self._index.by_principal[principal]]
        levels = [self._levels.get(grant, Privilege.NONE) for grant in grants]
        level = max(levels, default=Privilege.NONE)
        decisive = [
            grant for grant, own in zip(grants, levels, strict=True) if own is level is not Privilege.NONE
        ]
        level_accounts = len({grant.account_id for grant in decisive})
        return Reach(
            accounts=len({grant.account_id for grant in grants}),
            permission_sets=tuple(sorted(set(map(self._name, grants)))),
            administered=level_accounts if level is Privilege.ADMINISTRATOR else 0,
            level=level,
            level_accounts=level_accounts,
            level_permission_sets=tuple(sorted(set(map(self._name, decisive)))),
            through=tuple(sorted({self._through(grant.principal) for grant in decisive})),
            level_certain=not any(self._index.privileges.of(grant).unread for grant in grants),
        )

    def _name(self, grant: Grant) -> str:
        if grant.role_arn:
            return "role/" + (grant.role_arn.partition(":role/")[2] or grant.role_arn)
        permission_set = self._index.permission_set(grant.permission_set_arn)
        return permission_set.name or permission_set.arn

    def _through(self, principal: Principal) -> str:
        if principal.type != GROUP:
            return DIRECT
        return self._holders.group_name(principal) or principal.id
