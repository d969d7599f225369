"""The accounts of an organization, in every state."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import replace
from functools import partial

from sso_batch.aws.api import OrganizationApi
from sso_batch.collect.contradictions import unlisted_account
from sso_batch.collect.deletions import Deletions
from sso_batch.collect.ou_paths import OuPaths
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Account, GapKind, Subject


class Accounts:
    """The accounts known so far.

    `ended` is set when the listing is over, `complete` if it named every account. With `paths`, the place
    of each account in the tree of organizational units is read, too. `deletions` takes accounts that are
    not found. `on_progress` is called whenever more accounts are known.
    """

    def __init__(
        self,
        api: OrganizationApi,
        queue: WorkQueue,
        on_progress: Callable[[], None],
        *,
        paths: OuPaths | None,
    ) -> None:
        self.found: dict[str, Account] = {}
        self.ended = False
        self.complete = False
        self._api = api
        self._queue = queue
        self._on_progress = on_progress
        self._paths = paths
        self._organization = Subject(GapKind.ACCOUNTS, "organization")
        self._ids_above: dict[str, tuple[str, ...] | None] = {}
        self._unlisted: set[str] = set()
        self._listed_again: dict[str, Account] = {}
        self.deletions = Deletions(
            "ListAccounts", self._list_again, queue, known=self.found, delete=self._delete
        )

    def start(self, organization_id: str, management_account_id: str | None = None) -> None:
        """List all accounts. The management account, if it is known, must be among them."""
        self._organization = Subject(GapKind.ACCOUNTS, organization_id)

        def end() -> None:
            self.ended = True
            if self._paths is not None:
                self._paths.start(organization_id, self._ids_above)
            self._on_progress()

        self._queue.add(self._organization, partial(self._list, management_account_id), then=end)

    def verify(self, named: Collection[str]) -> None:
        """Repeat the listing if an account is not found, has no path, or is `named` but not listed."""
        if self.complete:
            self._unlisted = set(named) - self.found.keys()
            lost = self._paths.lost(self.found) if self._paths is not None else ()
            for account_id in (*self._unlisted, *lost):
                self.deletions.suspect(account_id)
        self.deletions.verify(self._organization)

    def verify_paths(self) -> None:
        """Read paths that were not found again, once it is certain which accounts exist."""
        for account_id in self._unlisted & self._listed_again.keys():
            self.found[account_id] = self._listed_again[account_id]
        if self._paths is not None:
            self._paths.verify(self.found, self._ids_above)

    def finish(self) -> None:
        """Put the paths into the accounts' records, once all calls are made."""
        for account_id in sorted(self._unlisted - self.found.keys()):
            self.complete = False
            self._queue.gaps.append(unlisted_account(account_id))
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
            self._on_progress()
        self.complete = True

    async def _list_again(self) -> AsyncIterator[list[str]]:
        async for page in self._api.accounts():
            for account, ids_above in page:
                self._listed_again[account.id] = account
                self._ids_above[account.id] = ids_above
            yield [account.id for account, _ in page]
