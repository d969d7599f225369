"""Waivers for the findings on access that was kept until a day, to add to the configuration. Pure.

A waiver names a check, an organization, an account and a principal, and no permission set. So it is only
written if everything that it would cover was decided:

* A finding on an assignment: every assignment of the principal in the account that has a finding of the same
  check was kept until a day. The earliest day counts.
* A finding about a user or group: every item of the user or group was kept, and at least one of them until a
  day. For a group, that includes its memberships. The earliest day counts.

In a campaign of privileged access only, other access was not decided: there, only checks that find
privileged access are waived. In a campaign of changed access, other access was kept in the last one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import yaml

from sso_batch.campaign.decisions import KEEP, Decided
from sso_batch.campaign.findings import ItemFinding, findings_of
from sso_batch.campaign.item import Item
from sso_batch.campaign.record import CampaignRecord
from sso_batch.config import CHECK_IDS
from sso_batch.sanitize import show_hidden

_LONGEST = 1024  # characters of a text in the configuration
_LISTED = 200  # findings that are not waived
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PRINCIPALS = frozenset({"user", "group"})

_OF_PRIVILEGED_ACCESS = frozenset(
    {
        *("admin-access", "privilege-escalation", "manages-access"),
        *("admin-gained", "new-user-admin", "cross-organization-admin"),
    }
)
"""Checks whose findings are on privileged access, or on users because of their privileged access."""

_OF_APPLICATIONS = frozenset({"application-disabled-user"})
"""Checks whose findings are about users, but on access that no campaign reviews."""

_HEADER = """\
# Waivers from the access review of run {run}: findings on access that was kept until a day.
# Add them to `review.waivers` in the configuration file.
"""


@dataclass(frozen=True, slots=True, order=True)
class AcceptedFinding:
    """A waiver. `account` is empty if the finding is about the principal, whatever the account.

    `subject` says in words what the finding is on.
    """

    organization: str
    check: str
    account: str
    principal: str
    until: date
    reason: str
    subject: str


@dataclass(frozen=True, slots=True)
class CampaignWaivers:
    """The waivers of a campaign in order, and in words the findings that are not waived, and why."""

    accepted: Sequence[AcceptedFinding]
    not_waived: Sequence[str]


def waivers(record: CampaignRecord, decided: Iterable[tuple[Item, Decided]]) -> CampaignWaivers:
    """Return the waivers for the findings on items that were kept until a day."""
    index = _Index()
    for item, decision in decided:
        index.add(_Kept(item, decision))
    accepted, not_waived = [], dict[str, None]()
    for target in sorted(index.asked):
        covered = index.covered(target)
        problem = _problem(record, target, covered)
        if problem:
            not_waived[f"{target}: {problem}"] = None
        else:
            accepted.append(target.accepted(record, covered))
    not_waived |= dict.fromkeys(sorted(index.of_others))
    return CampaignWaivers(tuple(accepted), tuple(not_waived))


def render_waivers(record: CampaignRecord, found: CampaignWaivers) -> str:
    """Return waivers as a part of a configuration, with comments on the findings that are not waived."""
    return "".join(_lines(record, found))


def _lines(record: CampaignRecord, found: CampaignWaivers) -> Iterator[str]:
    yield _HEADER.format(run=show_hidden(record.run.run_id))
    if found.not_waived:
        yield "#\n# Not waived:\n"
        yield from (f"# - {show_hidden(text)}\n" for text in found.not_waived[:_LISTED])
        if len(found.not_waived) > _LISTED:
            yield f"# - and {len(found.not_waived) - _LISTED:,} more\n"
    if not found.accepted:
        yield "review:\n  waivers: []\n"
        return
    yield "review:\n  waivers:\n"
    for each in found.accepted:
        yield f"    # {show_hidden(each.subject)}\n"
        yield f"    - check: {each.check}\n"
        yield f"      organization: {_quoted(each.organization)}\n"
        if each.account:
            yield f"      account: {_quoted(each.account)}\n"
        yield f"      principal: {_quoted(each.principal)}\n"
        yield f"      reason: {_quoted(each.reason)}\n"
        yield f"      until: {each.until.isoformat()}\n"


def _quoted(text: str) -> str:
    """Return a text of the configuration, where `$` starts a variable if it is not doubled."""
    dumped = yaml.safe_dump(text.replace("$", "$$"), default_style='"', allow_unicode=True, width=10**6)
    return str(dumped).rstrip("\n")


@dataclass(frozen=True, slots=True)
class _Kept:
    """An item with its decision; `until` is the last day on which the findings on it are accepted."""

    item: Item
    decided: Decided
    until: date | None = field(init=False)

    def __post_init__(self) -> None:
        until = _day(self.decided.until) if self.is_kept else None
        object.__setattr__(self, "until", until)

    @property
    def is_kept(self) -> bool:
        return self.decided.decision == KEEP


@dataclass(frozen=True, slots=True, order=True)
class _Target:
    """What a waiver would cover. `who` and `where` are for people; `account` is empty for a principal."""

    organization: str
    check: str
    account: str
    principal: str
    who: str = field(compare=False)
    where: str = field(compare=False)

    @classmethod
    def of(cls, item: Item, finding: ItemFinding) -> "_Target":
        if finding.about in _PRINCIPALS:
            return cls(item.organization, finding.check, "", item.principal_id, item.who, "")
        return cls(item.organization, finding.check, item.account_id, item.principal_id, item.who, item.where)

    def __str__(self) -> str:
        where = f" in {self.where} ({self.account})" if self.account else ""
        return f"{self.check} on {self.who}{where} in {self.organization}"

    @property
    def is_literal(self) -> bool:
        """Whether its names are texts of the configuration that match nothing else."""
        values = (self.organization, self.account or "-", self.principal)
        return self.check in CHECK_IDS and all(map(_is_literal, values))

    def accepted(self, record: CampaignRecord, covered: Sequence[_Kept]) -> AcceptedFinding:
        reasons = dict.fromkeys(_reason(record, each) for each in covered if each.until)
        return AcceptedFinding(
            self.organization,
            self.check,
            self.account,
            self.principal,
            until=min(each.until for each in covered if each.until),
            reason=_cut("; ".join(reasons)),
            subject=str(self),
        )


class _Index:
    """Items by what a waiver would cover."""

    def __init__(self) -> None:
        self.asked: dict[_Target, None] = {}
        """The findings on items that were kept until a day."""
        self.of_others: dict[str, None] = {}
        """The findings about accounts and permission sets on these items, in words."""
        self._on_assignments: defaultdict[_Target, list[_Kept]] = defaultdict(list)
        self._of_principals: defaultdict[tuple[str, str], list[_Kept]] = defaultdict(list)

    def add(self, kept: _Kept) -> None:
        item = kept.item
        self._of_principals[item.organization, item.principal_id].append(kept)
        if item.group_id:
            self._of_principals[item.organization, item.group_id].append(kept)
        for finding in findings_of(item.findings):
            if finding.about in {"", *_PRINCIPALS}:
                target = _Target.of(item, finding)
                if target.account:
                    self._on_assignments[target].append(kept)
                if kept.until:
                    self.asked.setdefault(target)
            elif kept.until:
                name = item.what if finding.about == "permission set" else f"{item.where} ({item.account_id})"
                self.of_others.setdefault(
                    f"{finding.check} on the {finding.about} {name} in {item.organization}: the decision on "
                    f"one assignment is not about the {finding.about}"
                )

    def covered(self, target: _Target) -> Sequence[_Kept]:
        """Return all items that a waiver would cover."""
        if target.account:
            return self._on_assignments[target]
        return self._of_principals[target.organization, target.principal]


def _problem(record: CampaignRecord, target: _Target, covered: Iterable[_Kept]) -> str:
    """Return why there can be no waiver; empty if there can."""
    if not target.is_literal:
        return "a waiver cannot name it"
    if target.check in _OF_APPLICATIONS:
        return "access to applications is not in the campaign"
    is_narrow = record.scope == "privileged" and record.out_of_scope
    if is_narrow and target.check not in _OF_PRIVILEGED_ACCESS:
        return "the waiver would also cover access that is not privileged, which this campaign did not review"
    for each in covered:
        if not each.is_kept:
            decision = each.decided.decision or "not decided"
            return f"the waiver would also cover item {each.item.id} ({decision})"
        if target.account and not each.until:
            return f"the waiver would also cover item {each.item.id}, which was kept without a last day"
    return ""


def _reason(record: CampaignRecord, kept: _Kept) -> str:
    default = f"Kept in the access review of run {record.run.run_id} by {kept.item.reviewer}"
    return show_hidden(kept.decided.comment.strip() or default)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _is_literal(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and show_hidden(text) == text and not {"*", "?"} & set(text)


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
