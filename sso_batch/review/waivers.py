"""Findings that are accepted until a day. Pure: the day is a parameter."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from sso_batch.review.finding import Finding, Waiver
from sso_batch.review.people import address
from sso_batch.wildcards import Wildcard

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class WaiverRule:
    """Which findings are accepted, by patterns in which * and ? are special and nothing else is.

    A finding without an account, or without a principal, is fitted by a pattern of `*` alone. Case counts,
    except in email addresses, which are compared as `people.address` has them.
    """

    check: str
    organization: str
    account: str
    principal: str
    waiver: Waiver


class Waivers:
    """The waivers of one run on the day `today`, compiled once."""

    def __init__(self, rules: Sequence[WaiverRule], today: date) -> None:
        self.used: set[int] = set()
        """The numbers of the waivers that fit a finding."""
        self._today = today
        self._waivers = [rule.waiver for rule in rules]
        self._check = _matcher([rule.check for rule in rules])
        self._organization = _matcher([rule.organization for rule in rules])
        self._account = _matcher([rule.account for rule in rules])
        self._principal = _matcher([rule.principal for rule in rules])
        self._address = _matcher([address(rule.principal) for rule in rules])

    def weigh(self, finding: Finding, names: Sequence[str]) -> Finding:
        """Return the finding with the waiver that lasts longest of those that fit it.

        The finding's principal has these ids, names and addresses. A waiver holds through its last day.
        Where all have expired the finding counts, and its message says so.
        """
        fitting = self._fitting(finding, names)
        if not fitting:
            return finding
        last = max(fitting, key=lambda one: one.until)
        if last.until >= self._today:
            return replace(finding, waiver=last)
        told = f"{finding.message}; its waiver expired after {last.until.isoformat()}: {last.reason}"
        return replace(finding, message=told)

    def _fitting(self, finding: Finding, names: Sequence[str]) -> list[Waiver]:
        found = (
            self._check((finding.check,))
            & self._organization((finding.organization,))
            & self._account((finding.account_id, finding.account_name))
        )
        if found:
            addresses = tuple(address(name) for name in names if "@" in name)
            found &= self._principal(tuple(names) or ("",)) | self._address(addresses)
        self.used |= found
        return [self._waivers[number] for number in sorted(found)]


def _matcher(patterns: Iterable[str]) -> Callable[[tuple[str, ...]], frozenset[int]]:
    """Return a function that gives the numbers of the patterns of which one of some values matches.

    Patterns without wildcards are looked up. Answers are remembered: an account or a principal has many
    findings.
    """
    everything: set[int] = set()
    literal: defaultdict[str, set[int]] = defaultdict(set)
    wildcards: list[tuple[int, Wildcard]] = []
    for number, pattern in enumerate(patterns):
        wildcard = Wildcard(pattern)
        if wildcard.is_everything:
            everything.add(number)
        elif wildcard.is_literal:
            literal[pattern].add(number)
        else:
            wildcards.append((number, wildcard))

    @lru_cache(_REMEMBERED)
    def matching(values: tuple[str, ...]) -> frozenset[int]:
        if not values:
            return frozenset()
        return frozenset().union(
            everything,
            *(literal[value] for value in values if value in literal),
            (number for number, wildcard in wildcards if any(map(wildcard.matches, values))),
        )

    return matching
