"""The accounts of an organization, whatever their state."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import replace
from functools import partial

from sso_batch.aws.api import OrganizationApi
from sso_batch.collect.contradictions import unlisted_account
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.ou_paths import Paths
from sso_batch.collect.work_queue import Lane
from sso_batch.model import Account, GapKind, Subject


class Accounts:
    """All accounts that are known; `ended` tells that the listing is over, `complete` that it told all.

    With `paths` it is also asked where in the tree of organizational units they are. `deletions` takes
    accounts that are not found.
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
        self._organization = Subject(GapKind.ACCOUNTS, "organization")
        self._ids_above: dict[str, tuple[str, ...] | None] = {}
        self._unlisted: set[str] = set()
        self._listed_again: dict[str, Account] = {}
        self.deletions = Deletions(
            "ListAccounts", self._list_again, lane, known=self.found, delete=self._delete
        )

    def start(self, organization_id: str, management_account_id: str | None = None) -> None:
        """Ask for all accounts; `moved` is called whenever more of them are known.

        The management account, where it is known, must be among them.
        """
        self._organization = Subject(GapKind.ACCOUNTS, organization_id)

        def end() -> None:
            self.ended = True
            if self._paths is not None:
                self._paths.start(organization_id, self._ids_above)
            self._moved()

        self._lane.ask(self._organization, partial(self._list, management_account_id), then=end)

    def verify(self, named: Collection[str]) -> None:
        """Ask for all accounts again if one is not found, is not listed though `named`, or has no path."""
        if self.complete:
            self._unlisted = set(named) - self.found.keys()
            lost = self._paths.lost(self.found) if self._paths is not None else ()
            for account_id in (*self._unlisted, *lost):
                self.deletions.suspect(account_id)
        self.deletions.verify(self._organization)

    def verify_paths(self) -> None:
        """Once the accounts are known for certain: ask again for paths that are not found."""
        for account_id in self._unlisted & self._listed_again.keys():
            self.found[account_id] = self._listed_again[account_id]
        if self._paths is not None:
            self._paths.verify(self.found, self._ids_above)

    def finish(self) -> None:
        """Once nothing is left to ask: put the accounts' paths into their records."""
        for account_id in sorted(self._unlisted - self.found.keys()):
            self.complete = False
            self._lane.gaps.append(unlisted_account(account_id))
        if self._paths is not None:
            self._paths.finish(self.found)
            for account_id, account in self.found.items():
                self.found[account_id] = replace(account, path=self._paths.path(account_id))

    def _delete(self, account_id: str) -> None:
        del self.found[account_id]

    async def _list(self, management_account_id: str | None) -> None:
        async for page in self._api.accounts(management_account_id):
            for account, ids_above in page:
                self.found[account.id] = account
                self._ids_above[account.id] = ids_above
            self._moved()
        self.complete = True

    async def _list_again(self) -> AsyncIterator[list[str]]:
        async for page in self._api.accounts():
            for account, ids_above in page:
                self._listed_again[account.id] = account
                self._ids_above[account.id] = ids_above
            yield [account.id for account, _ in page]
