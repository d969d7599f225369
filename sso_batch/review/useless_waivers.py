"""Waivers that have no effect: expired, or about nothing that a run found. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from sso_batch.review.waivers import WaiverRule
from sso_batch.wildcards import Wildcard


class UselessWaiver(NamedTuple):
    """The waiver with this number in `review.waivers`, and why it has no effect."""

    number: int
    rule: WaiverRule
    reason: str
    hint: str

    @property
    def path(self) -> str:
        """Where the configuration has it."""
        return f"review.waivers[{self.number}]"


def expired(rules: Sequence[WaiverRule], today: date) -> Iterator[UselessWaiver]:
    """Give the waivers whose last day is over."""
    for number, rule in enumerate(rules):
        if rule.waiver.until < today:
            reason = f"the waiver for {rule.check} expired after {rule.waiver.until.isoformat()}"
            yield UselessWaiver(number, rule, reason, "remove it, or write a later day as `until`")


def elsewhere(rules: Sequence[WaiverRule], organizations: Collection[str]) -> Iterator[UselessWaiver]:
    """Give the waivers whose organization is none of the configuration's `organizations`."""
    for number, rule in enumerate(rules):
        if not any(_concerns(rule, name) for name in organizations):
            reason = f"the waiver for {rule.check} matches no organization of this configuration"
            yield UselessWaiver(number, rule, reason, "correct `organization`, or remove the waiver")


def unmatched(
    rules: Sequence[WaiverRule], used: Collection[int], organizations: dict[str, bool]
) -> Iterator[UselessWaiver]:
    """Give the waivers that match no finding, by the numbers of those that do.

    `organizations` says of each reviewed organization whether it is complete. A finding may be missing
    where one is not, so a waiver counts only if all organizations that it concerns are complete.
    """
    for number, rule in enumerate(rules):
        concerned = [complete for name, complete in organizations.items() if _concerns(rule, name)]
        if number not in used and concerned and all(concerned):
            reason = f"the waiver for {rule.check} matches no finding"
            yield UselessWaiver(number, rule, reason, "correct its patterns, or remove it")


def _concerns(rule: WaiverRule, organization: str) -> bool:
    return Wildcard(rule.organization).matches(organization)
