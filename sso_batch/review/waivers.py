"""Waivers: findings that are accepted until a day. Pure: the current day is a parameter."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from sso_batch.review.finding import Finding, Waiver, normalize_address
from sso_batch.wildcards import Matcher, Wildcard, matcher_of


@dataclass(frozen=True, slots=True)
class WaiverRule:
    """Which findings are accepted, as patterns in which only * and ? are special.

    A finding without an account, or without a principal, is only matched by the pattern `*`. Patterns are
    case-sensitive, except for email addresses, which are compared as `normalize_address` returns them.
    """

    check: str
    organization: str
    account: str
    principal: str
    waiver: Waiver

    def concerns(self, organization: str) -> bool:
        """Return whether it can accept findings of this organization."""
        return Wildcard(self.organization).matches(organization)


class _Matchers(NamedTuple):
    """The patterns of waivers, compiled, one function for each kind."""

    check: Matcher
    organization: Matcher
    account: Matcher
    principal: Matcher
    address: Matcher


@lru_cache(maxsize=4)
def _compiled(rules: tuple[WaiverRule, ...]) -> _Matchers:
    """Compile patterns once, and not for each organization of a run."""
    return _Matchers(
        matcher_of([rule.check for rule in rules]),
        matcher_of([rule.organization for rule in rules]),
        matcher_of([rule.account for rule in rules]),
        matcher_of([rule.principal for rule in rules]),
        matcher_of([normalize_address(rule.principal) for rule in rules]),
    )


class Waivers:
    """The waivers of one run on the day `today`."""

    def __init__(self, rules: Sequence[WaiverRule], today: date) -> None:
        self.used: set[int] = set()
        """The numbers of the waivers that match a finding."""
        self._today = today
        self._waivers = [rule.waiver for rule in rules]
        self._matchers = _compiled(tuple(rules))

    def apply(self, finding: Finding, names: Sequence[str]) -> Finding:
        """Return the finding with the matching waiver that lasts longest, if there is one.

        `names` are the ids, names and addresses of the finding's principal. A waiver is valid through its
        last day. If all matching waivers have expired, the finding counts and its message says so.
        """
        waivers = self._matching(finding, names)
        if not waivers:
            return finding
        last = max(waivers, key=lambda waiver: waiver.until)
        if last.until >= self._today:
            return replace(finding, waiver=last)
        expiry = f"its waiver expired after {last.until.isoformat()}: {last.reason}"
        return replace(finding, message=f"{finding.message}; {expiry}")

    def _matching(self, finding: Finding, names: Sequence[str]) -> list[Waiver]:
        numbers = (
            self._matchers.check((finding.check,))
            & self._matchers.organization((finding.organization,))
            & self._matchers.account((finding.account_id, finding.account_name))
        )
        if numbers:
            addresses = tuple(normalize_address(name) for name in names if "@" in name)
            numbers &= self._matchers.principal(tuple(names) or ("",)) | self._matchers.address(addresses)
        self.used |= numbers
        return [self._waivers[number] for number in sorted(numbers)]


class UselessWaiver(NamedTuple):
    """The waiver with this number in `review.waivers`, why it has no effect, and what to do about it."""

    number: int
    rule: WaiverRule
    reason: str
    hint: str

    @property
    def path(self) -> str:
        """The waiver's path in the configuration."""
        return f"review.waivers[{self.number}]"


def expired_waivers(rules: Sequence[WaiverRule], today: date) -> Iterator[UselessWaiver]:
    """Yield the waivers whose last day has passed."""
    for number, rule in enumerate(rules):
        if rule.waiver.until < today:
            reason = f"the waiver for {rule.check} expired after {rule.waiver.until.isoformat()}"
            yield UselessWaiver(number, rule, reason, "remove the waiver, or set `until` to a later day")


def misplaced_waivers(rules: Sequence[WaiverRule], organizations: Collection[str]) -> Iterator[UselessWaiver]:
    """Yield the waivers whose organization matches none of the configuration's `organizations`."""
    for number, rule in enumerate(rules):
        if not any(map(rule.concerns, organizations)):
            reason = f"the waiver for {rule.check} matches no organization of this configuration"
            yield UselessWaiver(number, rule, reason, "correct `organization`, or remove the waiver")


def unmatched_waivers(
    rules: Sequence[WaiverRule], used: Collection[int], complete: Mapping[str, bool]
) -> Iterator[UselessWaiver]:
    """Yield the waivers that match no finding; `used` holds the numbers of those that do.

    `complete` maps each reviewed organization to whether it is complete. Findings of an incomplete
    organization may be missing, so a waiver is only reported if all organizations that it concerns are
    complete.
    """
    for number, rule in enumerate(rules):
        concerned = [name for name in complete if rule.concerns(name)]
        if number not in used and concerned and all(complete[name] for name in concerned):
            reason = f"the waiver for {rule.check} matches no finding"
            yield UselessWaiver(number, rule, reason, "correct its patterns, or remove the waiver")
