"""The findings of the checks on the items of a campaign. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Self

from sso_batch.access import MEMBER_NOT_FOUND, Holder
from sso_batch.campaign.item import MEMBERSHIP, Item
from sso_batch.model import GROUP, USER, Principal
from sso_batch.review.finding import SEVERITIES, Finding

_FINDING = re.compile(r"(high|medium|low) ([a-z0-9-]+)( waived)?(?: \(about the ([a-z ]+)\))?")
_STALE = "stale-membership"


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """A finding on an item: its severity, its check, and what it is about if not the item itself.

    `about` is "user", "group", "permission set" or "account"; it is empty for a finding on the assignment.
    A finding is `waived` if the configuration accepts it.
    """

    severity: str
    check: str
    about: str = ""
    waived: bool = False

    def __str__(self) -> str:
        about = f" (about the {self.about})" if self.about else ""
        return f"{self.severity} {self.check}{' waived' if self.waived else ''}{about}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the finding of a text; raise ValueError for any other text."""
        found = _FINDING.fullmatch(text)
        if found is None:
            raise ValueError("not a finding")
        return cls(found[1], found[2], found[4] or "", bool(found[3]))


@lru_cache(4096)
def findings_of(text: str) -> tuple[ItemFinding, ...]:
    """Return the findings of a cell."""
    return tuple(map(ItemFinding.parse, text.split("; "))) if text else ()


def high_findings(text: str) -> frozenset[str]:
    """Return the checks of the high findings of a cell that are not waived."""
    found = findings_of(text)
    return frozenset(each.check for each in found if each.severity == SEVERITIES[0] and not each.waived)


class FindingIndex:
    """The findings of a run, by what they are about."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._found: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in findings:
            self._found[self._key(finding)].append(finding)

    def on_assignment(
        self, organization: str, principal: Principal, account_id: str, permission_set: str, role_arn: str
    ) -> list[ItemFinding]:
        """Return the findings on a grant and on what is part of it; a permission set is given by name."""
        type_, id_ = principal.type, principal.id
        found = [
            *self._of((organization, type_, id_, account_id, permission_set, role_arn), ""),
            *self._of((organization, type_, id_, "", "", ""), type_.lower()),
            *self._of((organization, "", "", account_id, "", ""), "account"),
        ]
        if permission_set:
            found += self._of((organization, "", "", "", permission_set, ""), "permission set")
            found += self._of((organization, "", "", account_id, permission_set, ""), "permission set")
        return found

    def on_user(self, organization: str, user_id: str) -> list[ItemFinding]:
        """Return the findings on a user."""
        return self._of((organization, USER, user_id, "", "", ""), "user")

    def on_membership(self, organization: str, group_id: str, holder: Holder) -> list[ItemFinding]:
        """Return the findings on a member, and that on the group of a member who no longer exists."""
        found = self.on_user(organization, holder.user_id)
        if holder.state == MEMBER_NOT_FOUND:
            of_group = self._of((organization, GROUP, group_id, "", "", ""), "group")
            found += [finding for finding in of_group if finding.check == _STALE]
        return found

    def on_item(self, item: Item) -> list[ItemFinding]:
        """Return the findings on an item."""
        if item.kind == MEMBERSHIP:
            return self.on_user(item.organization, item.principal_id)
        principal = Principal(item.principal_type, item.principal_id)
        permission_set = "" if item.role_arn else item.what
        return self.on_assignment(
            item.organization, principal, item.account_id, permission_set, item.role_arn
        )

    def _of(self, key: tuple[str, ...], about: str) -> list[ItemFinding]:
        found = self._found.get(key, ())
        return [
            ItemFinding(finding.severity, finding.check, about, finding.waiver is not None)
            for finding in found
        ]

    @staticmethod
    def _key(finding: Finding) -> tuple[str, ...]:
        principal = finding.principal_type, finding.principal_id
        return (
            finding.organization,
            *principal,
            finding.account_id,
            finding.permission_set,
            finding.role_arn,
        )


def join_findings(found: Sequence[ItemFinding]) -> str:
    """Return findings as a cell: those that count first, the most urgent ones first."""
    if not found:
        return ""
    ordered = sorted(
        dict.fromkeys(found), key=lambda each: (each.waived, SEVERITIES.index(each.severity), each.check)
    )
    return intern("; ".join(map(str, ordered)))
