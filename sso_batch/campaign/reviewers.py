"""Who reviews an item: the first rule of the configuration that matches it, else the fallback. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sso_batch.config import Campaign
from sso_batch.config.field_types import MANAGER
from sso_batch.errors import UsageError
from sso_batch.review.finding import normalize_address
from sso_batch.wildcards import matcher_of

FALLBACK = "fallback"
OWN_ACCESS = "fallback: the reviewer's own access"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the patterns of rules are compared with.

    A membership has every account and permission set that its group gives.
    """

    kind: str
    organization: str
    accounts: frozenset[str]
    account_paths: frozenset[str]
    permission_sets: frozenset[str]
    group: str
    privilege: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A reviewer, and in the words of the column ReviewerRule, why."""

    reviewer: str
    rule: str


class Reviewers:
    """The rules of one campaign; the spelling of an address that is used first stays.

    Raises UsageError without a fallback.
    """

    def __init__(self, campaign: Campaign) -> None:
        if not campaign.fallback:
            raise UsageError(
                "campaign.fallback is missing: somebody must review what no rule matches",
                hint="add it to the configuration, such as `campaign: {fallback: security@example.com}`",
            )
        rules = campaign.reviewers
        self._reviewers = [rule.reviewer for rule in rules]
        self._names = [f"campaign.reviewers[{number}]" for number in range(len(rules))]
        self._kind = matcher_of(rule.kind or "*" for rule in rules)
        self._organization = matcher_of(rule.organization for rule in rules)
        self._account = matcher_of(rule.account for rule in rules)
        self._account_path = matcher_of(rule.account_path for rule in rules)
        self._permission_set = matcher_of(rule.permission_set for rule in rules)
        self._group = matcher_of(rule.group for rule in rules)
        self._privilege = matcher_of(rule.privilege for rule in rules)
        self._fallback = campaign.fallback
        self._spelling: dict[str, str] = {}

    def matching(self, scope: Scope) -> tuple[int, ...]:
        """Return the numbers of the rules that match, in their order."""
        numbers = (
            self._account(scope.accounts)
            & self._account_path(scope.account_paths)
            & self._permission_set(scope.permission_sets)
            & self._group((scope.group,))
            & self._privilege((scope.privilege,))
            & self._kind((scope.kind,))
            & self._organization((scope.organization,))
        )
        return tuple(sorted(numbers))

    def choose(self, rules: Sequence[int], *, manager: str, concerned: frozenset[str]) -> Choice:
        """Return the reviewer of an item that these rules match.

        `manager` is the address of the manager of the item's user, if it is known. `concerned` has the
        normalized addresses of the person if the item affects nobody else. Raises UsageError if only that
        person could review the item.
        """
        rule = FALLBACK
        for number in rules:
            reviewer = self._reviewers[number]
            address = manager if reviewer == MANAGER else reviewer
            if not address:
                continue
            if normalize_address(address) not in concerned:
                return Choice(self._spelled(address), self._names[number])
            rule = OWN_ACCESS
            break
        for address in self._fallback:
            if normalize_address(address) not in concerned:
                return Choice(self._spelled(address), rule)
        raise UsageError(
            f"{min(concerned)} would review their own access: nobody else is in campaign.fallback",
            hint=f"add a second address: `fallback: [{self._fallback[0]}, ANOTHER ADDRESS]`",
        )

    def _spelled(self, address: str) -> str:
        return self._spelling.setdefault(normalize_address(address), address)
