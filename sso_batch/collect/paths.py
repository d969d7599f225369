"""Where accounts are in the tree of organizational units, by name: `Root/Prod/Payments`."""

from collections.abc import Iterable, Mapping
from functools import partial

from sso_batch.aws.api import OrganizationApi
from sso_batch.collect.lane import Lane

_DESCRIBE_RATE, _DESCRIBE_BURST = 2, 2  # DescribeOrganizationalUnit
_WALK_RATE, _WALK_BURST = 5, 8  # ListOrganizationalUnitsForParent

_TO_ESCAPE = str.maketrans({"\\": r"\\", "/": r"\/", ";": r"\;"})


class Paths:
    """The names of the roots and OUs above accounts.

    `Paths` of ListAccounts gives ids; their names are asked for one by one or parent by parent, whichever
    is faster at AWS's limits. Where an account came without `Paths`, the whole tree is walked.
    """

    def __init__(self, api: OrganizationApi, lane: Lane) -> None:
        self._api = api
        self._lane = lane
        self._names: dict[str, str] = {}
        self._above: dict[str, tuple[str, ...]] = {}

    def start(self, organization_id: str, above: Mapping[str, tuple[str, ...] | None]) -> None:
        """Ask for what is needed: `above` has the ids of the root and the OUs above each account."""
        self._above = {account_id: ids for account_id, ids in above.items() if ids is not None}
        if len(self._above) < len(above):
            self._lane.ask(organization_id, self._walk_from_roots)
            return
        if above:
            self._lane.ask(organization_id, self._name_roots)
        units = sorted({id_ for ids in self._above.values() for id_ in ids[1:]})
        parents = sorted({id_ for ids in self._above.values() for id_ in ids[:-1]})
        if describing_is_faster(len(units), len(parents)):
            for unit in units:
                self._lane.ask(unit, partial(self._describe, unit))
        else:
            for parent in parents:
                self._lane.ask(parent, partial(self._name_children, parent))

    def path(self, account_id: str) -> str | None:
        """The path above an account by names; None where some name was not read."""
        ids = self._above.get(account_id)
        if ids is None or not all(id_ in self._names for id_ in ids):
            return None
        return joined(self._names[id_] for id_ in ids)

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
                self._ask_below((id_,))

    def _ask_below(self, ids: tuple[str, ...]) -> None:
        self._lane.ask(ids[-1], partial(self._walk_accounts, ids))
        self._lane.ask(ids[-1], partial(self._walk_units, ids))

    async def _walk_accounts(self, ids: tuple[str, ...]) -> None:
        async for page in self._api.account_ids_of(ids[-1]):
            self._above.update((account_id, ids) for account_id in page)

    async def _walk_units(self, ids: tuple[str, ...]) -> None:
        async for page in self._api.organizational_units_of(ids[-1]):
            for id_, name in page:
                self._names[id_] = name
                self._ask_below((*ids, id_))


def describing_is_faster(units: int, parents: int) -> bool:
    """Whether asking for each OU takes less time than asking each parent for its children."""
    return max(units - _DESCRIBE_BURST, 0) / _DESCRIBE_RATE < max(parents - _WALK_BURST, 0) / _WALK_RATE or (
        units <= _DESCRIBE_BURST and units <= parents
    )


def joined(names: Iterable[str]) -> str:
    r"""The names as one path; `/`, `;` and `\` in a name are escaped by `\`."""
    return "/".join(name.translate(_TO_ESCAPE) for name in names)
