"""The paths of accounts in the tree of organizational units, such as `Root/Prod/Payments`."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import pairwise

from sso_batch.aws.exceptions import AwsFailure
from sso_batch.aws.organization_api import OrganizationApi
from sso_batch.collect.gaps import contradiction, lost_account, wrong_tree
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import GapKind, Subject

_DESCRIBE_RATE, _DESCRIBE_BURST = 2, 2  # DescribeOrganizationalUnit
_WALK_RATE, _WALK_BURST = 5, 8  # ListOrganizationalUnitsForParent

_DEEPEST = 6  # a root and the five levels of OUs that AWS Organizations allows below it
_NOT_FOUND = frozenset({"OrganizationalUnitNotFoundException", "ParentNotFoundException"})

_TO_ESCAPE = str.maketrans({"\\": r"\\", "/": r"\/", ";": r"\;"})


class OuPaths:
    """The names of the roots and OUs above accounts.

    ListAccounts gives the ids in `Paths`. Their names are read one by one or parent by parent, whichever is
    faster at AWS's rate limits. If an account came without `Paths`, the whole tree is walked. OUs can be
    deleted and accounts can move meanwhile: what is not found is read a second time.
    """

    def __init__(self, api: OrganizationApi, queue: WorkQueue) -> None:
        self._api = api
        self._queue = queue
        self._names: dict[str, str] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        self._walks = False
        self._walked: set[str] = set()
        self._verifying = False
        self._organization_id = ""
        self._failed: set[str] = set()  # resources that have a gap

    def start(self, organization_id: str, above: Mapping[str, tuple[str, ...] | None]) -> None:
        """Read the names that are needed; `above` holds the ids of the root and OUs above each account."""
        self._organization_id = organization_id
        self._walks = None in above.values()
        if self._walks:
            self._add(organization_id, self._walk_from_roots)
            return
        self._add_paths(above)
        if above:
            self._add(organization_id, self._name_roots)
        units = sorted({id_ for ids in self._above.values() for id_ in ids[1:]})
        parents = sorted({id_ for ids in self._above.values() for id_ in ids[:-1]})
        if describing_is_faster(len(units), len(parents)):
            for unit in units:
                self._add(unit, partial(self._describe, unit))
        else:
            for parent in parents:
                self._add(parent, partial(self._name_children, parent))

    def lost(self, accounts: Collection[str]) -> list[str]:
        """Return the accounts whose path is not known although there is no gap about it."""
        return [id_ for id_ in accounts if self.path(id_) is None and not self._has_gap(id_)]

    def verify(self, accounts: Collection[str], above: Mapping[str, tuple[str, ...] | None]) -> None:
        """Read paths that are not found again; `above` is from the latest ListAccounts."""
        lost = self.lost(accounts)
        self._verifying = True
        if lost and self._walks:
            self._walked.clear()
            self._add(self._organization_id, self._walk_from_roots)
        elif lost:
            self._add_paths({account_id: above.get(account_id) for account_id in lost})
            for unit in sorted({id_ for account_id in lost for id_ in self._above.get(account_id, ())[1:]}):
                if unit not in self._names:
                    self._add(unit, partial(self._describe, unit))

    def finish(self, accounts: Collection[str]) -> None:
        """Record a gap for each account that is nowhere in the tree, once all calls are made."""
        self._queue.gaps.extend(lost_account(account_id) for account_id in self.lost(accounts))

    def path(self, account_id: str) -> str | None:
        """Return the path above an account by names; None if a name was not read."""
        ids = self._above.get(account_id)
        if ids is None or not all(id_ in self._names for id_ in ids):
            return None
        return join_names(self._names[id_] for id_ in ids)

    def _has_gap(self, account_id: str) -> bool:
        ids = self._above.get(account_id)
        if ids is None:
            return bool(self._failed)
        # A name comes from a call about the id itself, or about the id above it.
        chain = (self._organization_id, *ids)
        return any({above, id_} & self._failed for above, id_ in pairwise(chain) if id_ not in self._names)

    def _add_paths(self, above: Mapping[str, tuple[str, ...] | None]) -> None:
        for account_id, ids in above.items():
            if ids is not None and self._is_sound(account_id, ids, "ListAccounts"):
                self._above[account_id] = ids

    def _is_sound(self, resource: str, ids: tuple[str, ...], operation: str) -> bool:
        """Return whether the ids can be a path; a cycle, or more levels than AWS allows, is a gap."""
        if len(ids) <= _DEEPEST and len(set(ids)) == len(ids):
            return True
        self._failed.add(resource)
        self._queue.gaps.append(wrong_tree(operation, resource, ids))
        return False

    def _add(self, resource: str, job: Callable[[], Awaitable[None]]) -> None:
        subject = Subject(GapKind.ACCOUNT_PATHS, resource)
        self._queue.add(subject, partial(self._tolerate_deletion, subject, job))

    async def _tolerate_deletion(self, subject: Subject, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job; its subject may have been deleted, which is a gap only if it stays lost."""
        try:
            await job()
        except AwsFailure as failure:
            if failure.code not in _NOT_FOUND:
                self._failed.add(subject.resource)
                raise
            if self._verifying:
                self._failed.add(subject.resource)
                self._queue.gaps.append(contradiction(failure, subject, "it was listed just before"))

    async def _name_roots(self) -> None:
        async for page in self._api.roots():
            self._names.update(page)

    async def _describe(self, unit: str) -> None:
        self._names[unit] = await self._api.organizational_unit(unit)

    async def _name_children(self, parent: str) -> None:
        async for page in self._api.organizational_units_of(parent):
            self._names.update(page)

    async def _walk_from_roots(self) -> None:
        async for page in self._api.roots():
            for id_, name in page:
                self._names[id_] = name
                self._walk_below((id_,))

    def _walk_below(self, ids: tuple[str, ...]) -> None:
        self._walked.add(ids[-1])
        self._add(ids[-1], partial(self._walk_accounts, ids))
        self._add(ids[-1], partial(self._walk_units, ids))

    async def _walk_accounts(self, ids: tuple[str, ...]) -> None:
        async for page in self._api.account_ids_of(ids[-1]):
            self._above.update((account_id, ids) for account_id in page)

    async def _walk_units(self, ids: tuple[str, ...]) -> None:
        async for page in self._api.organizational_units_of(ids[-1]):
            for id_, name in page:
                self._names.setdefault(id_, name)
                below = (*ids, id_)
                if self._is_sound(id_, below, "ListOrganizationalUnitsForParent") and id_ not in self._walked:
                    self._walk_below(below)


def describing_is_faster(units: int, parents: int) -> bool:
    """Return whether reading each OU takes less time than listing the children of each parent."""
    return max(units - _DESCRIBE_BURST, 0) / _DESCRIBE_RATE < max(parents - _WALK_BURST, 0) / _WALK_RATE or (
        units <= _DESCRIBE_BURST and units <= parents
    )


def join_names(names: Iterable[str]) -> str:
    r"""Return the names as one path; `/`, `;` and `\` in a name are escaped by `\`."""
    return "/".join(name.translate(_TO_ESCAPE) for name in names)
