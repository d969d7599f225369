"""Findings that are accepted until a day. Pure: the day is a parameter."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sso_batch.review.finding import Finding, Waiver


@dataclass(frozen=True, slots=True)
class WaiverRule:
    """Which findings are accepted, by patterns in which * and ? are special and nothing else is."""

    check: str
    organization: str
    account: str
    principal: str
    waiver: Waiver

    def fits(self, finding: Finding, names: Sequence[str]) -> bool:
        """Whether it is about this finding, whose principal has these ids, names and addresses.

        A finding without an account, or without a principal, is fitted by a pattern of `*` alone. Case
        counts, but in addresses.
        """
        return (
            _matches(self.check, (finding.check,))
            and _matches(self.organization, (finding.organization,))
            and _matches(self.account, (finding.account_id, finding.account_name))
            and (
                _matches(self.principal, names or ("",))
                or _matches(self.principal.casefold(), [one.casefold() for one in names if "@" in one])
            )
        )


def waive(finding: Finding, names: Sequence[str], rules: Iterable[WaiverRule], today: date) -> Finding:
    """The finding with the waiver that lasts longest of those that fit it.

    A waiver holds through its last day. Where all have expired the finding counts, and its message says so.
    """
    fitting = [rule.waiver for rule in rules if rule.fits(finding, names)]
    if not fitting:
        return finding
    last = max(fitting, key=lambda one: one.until)
    if last.until >= today:
        return replace(finding, waiver=last)
    told = f"{finding.message}; its waiver expired after {last.until.isoformat()}: {last.reason}"
    return replace(finding, message=told)


def _matches(pattern: str, values: Iterable[str]) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return any(re.fullmatch(expression, value, re.DOTALL) for value in values)
