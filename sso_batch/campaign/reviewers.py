"""Who reviews an item: the first rule of the configuration that matches it, else the fallback. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sso_batch.config import Campaign, ReviewerRule
from sso_batch.config.field_types import MANAGER
from sso_batch.errors import UsageError
from sso_batch.review.finding import normalize_address
from sso_batch.wildcards import Wildcard

_CACHED = 10_000

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
        self._rules = [(rule.reviewer, _matcher(rule)) for rule in campaign.reviewers]
        self._fallback = campaign.fallback
        self._spelling: dict[str, str] = {}

    def matching(self, scope: Scope) -> tuple[int, ...]:
        """Return the numbers of the rules that match, in their order."""
        return tuple(number for number, (_, matches) in enumerate(self._rules) if matches(scope))

    def choose(self, rules: Sequence[int], *, manager: str, only_person: str) -> Choice:
        """Return the reviewer of an item that these rules match.

        `manager` is the address of the manager of the item's user, if it is known. `only_person` is the
        address of the user if the item affects nobody else. Raises UsageError if only that user could review
        the item.
        """
        person = normalize_address(only_person)
        rule = FALLBACK
        for number in rules:
            reviewer = self._rules[number][0]
            address = manager if reviewer == MANAGER else reviewer
            if not address:
                continue
            if normalize_address(address) != person:
                return Choice(self._spelled(address), f"campaign.reviewers[{number}]")
            rule = OWN_ACCESS
            break
        for address in self._fallback:
            if normalize_address(address) != person:
                return Choice(self._spelled(address), rule)
        raise UsageError(
            f"{only_person} would review their own access: they are the only reviewer of campaign.fallback",
            hint=f"add a second address: `fallback: [{self._fallback[0]}, ANOTHER ADDRESS]`",
        )

    def _spelled(self, address: str) -> str:
        return self._spelling.setdefault(normalize_address(address), address)


def _matcher(rule: ReviewerRule) -> Callable[[Scope], bool]:
    kind = rule.kind
    organization, group, privilege = map(_one, (rule.organization, rule.group, rule.privilege))
    account, path, permission_set = map(_any, (rule.account, rule.account_path, rule.permission_set))

    def matches(scope: Scope) -> bool:
        return (
            kind in {None, scope.kind}
            and organization(scope.organization)
            and group(scope.group)
            and privilege(scope.privilege)
            and account(scope.accounts)
            and path(scope.account_paths)
            and permission_set(scope.permission_sets)
        )

    return matches


def _one(pattern: str) -> Callable[[str], bool]:
    wildcard = Wildcard(pattern)
    return _always if wildcard.is_everything else lru_cache(_CACHED)(wildcard.matches)


def _any(pattern: str) -> Callable[[Iterable[str]], bool]:
    matches = _one(pattern)
    return _always if matches is _always else lambda values: any(map(matches, values))


def _always(_value: object) -> bool:
    return True
