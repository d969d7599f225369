"""The accounts of an organization, whatever their state."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sso_batch.aws.api import OrganizationApi
from sso_batch.collect.lane import Lane
from sso_batch.collect.paths import Paths
from sso_batch.model import Account


class Accounts:
    """All accounts that are known; `ended` tells that the listing is over, `complete` that it told all.

    With `paths` it is also asked where in the tree of organizational units they are.
    """

    def __init__(
        self, api: OrganizationApi, lane: Lane, moved: Callable[[], None], *, paths: Paths | None
    ) -> None:
        self.found: dict[str, Account] = {}
        self.ended = False
        self.complete = False
        self._api = api
        self._lane = lane
        self._moved = moved
        self._paths = paths
        self._ids_above: dict[str, tuple[str, ...] | None] = {}

    def start(self, organization_id: str, management_account_id: str | None = None) -> None:
        """Ask for all accounts; `moved` is called whenever more of them are known.

        The management account, where it is known, must be among them.
        """

        def end() -> None:
            self.ended = True
            if self._paths is not None:
                self._paths.start(organization_id, self._ids_above)
            self._moved()

        self._lane.ask(organization_id, partial(self._list, management_account_id), then=end)

    def finish(self) -> None:
        """Once nothing is left to ask: put the accounts' paths into their records."""
        if self._paths is not None:
            for account_id, account in self.found.items():
                self.found[account_id] = replace(account, path=self._paths.path(account_id))

    async def _list(self, management_account_id: str | None) -> None:
        async for page in self._api.accounts(management_account_id):
            for account, ids_above in page:
                self.found[account.id] = account
                self._ids_above[account.id] = ids_above
            self._moved()
        self.complete = True
