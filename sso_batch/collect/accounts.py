"""The accounts of an organization, in every state."""

from collections.abc import AsyncIterator, Collection
from dataclasses import replace

from sso_batch.aws.organization_api import OrganizationApi
from sso_batch.collect.gaps import unlisted_account
from sso_batch.collect.listing import Listing
from sso_batch.collect.ou_paths import OuPaths
from sso_batch.collect.work_queue import WorkQueue
from sso_batch.model import Account, GapKind, Instance, Subject


class Accounts:
    """The accounts known so far, with `paths` also their places in the tree of organizational units.

    The management account, if it is known, must be among them. `delegated_administrators` are those that
    administer Identity Center as well; None until that is read.
    """

    def __init__(self, api: OrganizationApi, queue: WorkQueue, instance: Instance, *, paths: bool) -> None:
        self.found: dict[str, Account] = {}
        self.delegated_administrators: tuple[str, ...] | None = None
        self._api = api
        self._queue = queue
        self._management_account_id = instance.management_account_id
        self._paths = OuPaths(api, queue) if paths else None
        self._ids_above: dict[str, tuple[str, ...] | None] = {}
        self._unlisted: set[str] = set()
        self._listed_again: dict[str, Account] = {}
        subject = Subject(GapKind.ACCOUNTS, instance.organization_id or "organization")
        self.listing = Listing(queue, subject, "ListAccounts", self._list, repeat=self._list_again)

    @property
    def complete(self) -> bool:
        """Whether every account is known."""
        return self.listing.complete and self._unlisted <= self.found.keys()

    def start_delegated_administrators(self) -> None:
        """Read which accounts administer Identity Center in addition to the management account."""
        resource = self.listing.subject.resource
        subject = Subject(GapKind.DELEGATED_ADMINISTRATORS, resource)
        self._queue.add(subject, self._read_delegated_administrators)

    async def _read_delegated_administrators(self) -> None:
        self.delegated_administrators = await self._api.delegated_administrators()

    async def read_paths(self) -> None:
        """Read the names of organizational units, once all accounts are listed."""
        await self.listing.done()
        if self._paths is not None:
            self._paths.start(self.listing.subject.resource, self._ids_above)

    def verify(self, named: Collection[str]) -> None:
        """Repeat the listing if an account is not found, has no path, or is `named` but not listed."""
        if self.listing.complete:
            self._unlisted = set(named) - self.found.keys()
            lost = self._paths.lost(self.found) if self._paths is not None else ()
            for account_id in (*self._unlisted, *lost):
                self.listing.suspect(account_id)
        self.listing.verify()

    def verify_paths(self) -> None:
        """Read paths that were not found again, once it is certain which accounts exist."""
        for account_id in self.listing.deleted:
            del self.found[account_id]
        for account_id in self._unlisted & self._listed_again.keys():
            self.found[account_id] = self._listed_again[account_id]
        if self._paths is not None:
            self._paths.verify(self.found, self._ids_above)

    def finish(self) -> None:
        """Put the paths into the accounts' records, once all calls are made."""
        self._queue.gaps.extend(
            unlisted_account(account_id) for account_id in sorted(self._unlisted - self.found.keys())
        )
        if self._paths is not None:
            self._paths.finish(self.found)
            for account_id, account in self.found.items():
                self.found[account_id] = replace(account, path=self._paths.path(account_id))

    def _list(self) -> AsyncIterator[list[str]]:
        return self._read(self.found, self._management_account_id)

    def _list_again(self) -> AsyncIterator[list[str]]:
        return self._read(self._listed_again, None)

    async def _read(
        self, records: dict[str, Account], management_account_id: str | None
    ) -> AsyncIterator[list[str]]:
        async for page in self._api.accounts(management_account_id):
            for account, ids_above in page:
                records[account.id] = account
                self._ids_above[account.id] = ids_above
            yield [account.id for account, _ in page]
