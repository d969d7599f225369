"""The accounts of an organization, whatever their state, and where in the tree of OUs they are."""

from collections.abc import Callable

from sso_batch.aws.api import OrganizationApi
from sso_batch.collect.lane import Lane
from sso_batch.model import Account


class Accounts:
    """All accounts that are known; `ended` tells that the listing is over, `complete` that it told all."""

    def __init__(self, api: OrganizationApi, lane: Lane, moved: Callable[[], None]) -> None:
        self.found: dict[str, Account] = {}
        self.ended = False
        self.complete = False
        self._api = api
        self._lane = lane
        self._moved = moved

    def start(self, organization_id: str) -> None:
        """Ask for all accounts; `moved` is called whenever more of them are known."""
        self._lane.ask(organization_id, self._list, then=self._end)

    async def _list(self) -> None:
        async for page in self._api.accounts():
            self.found.update((account.id, account) for account in page)
            self._moved()
        self.complete = True

    def _end(self) -> None:
        self.ended = True
        self._moved()
