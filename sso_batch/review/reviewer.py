"""A review of a run: every check on every organization, one snapshot at a time. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sso_batch.access import NOT_READ
from sso_batch.coverage import NotExamined
from sso_batch.model import USER, Principal
from sso_batch.review.checks import CHECKS, Check
from sso_batch.review.finding import SEVERITIES, Finding
from sso_batch.review.people import address
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import Facts, Hit, Hole
from sso_batch.review.waivers import Waivers

Names = tuple[str, ...]
"""All that a finding's principal can be called."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review comes to: `findings` in order, and by organization what checks could not look at.

    `used_waivers` are the numbers of the waivers that match a finding.
    """

    findings: tuple[Finding, ...]
    not_examined: Mapping[str, tuple[NotExamined, ...]]
    used_waivers: frozenset[int] = frozenset()


@dataclass(slots=True)
class Reviewer:
    """Takes one organization's facts after the other, and keeps only what was found.

    `checkpoint` is called between findings and between checks. It ends the review by what it raises.
    """

    rules: Rules
    checkpoint: Callable[[], None]
    _waivers: Waivers = field(init=False)
    _findings: list[Finding] = field(default_factory=list)
    _unseen: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By organization and check, what the check could not look at."""
    _across: defaultdict[str, dict[str, list[tuple[Finding, Names]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By email address and organization, what counts where another organization has it, too."""

    def __post_init__(self) -> None:
        self._waivers = Waivers(self.rules.waivers, self.rules.today)

    def look_at(self, facts: Facts) -> None:
        """Make every check that is not off."""
        organization = facts.snapshot.organization
        holes = self._unseen.setdefault(organization, {})
        for check in CHECKS:
            self.checkpoint()
            severity = self.rules.severities.get(check.id)
            if severity is None:
                continue
            unseen = holes.setdefault(check.id, [])
            for found in check.find(facts, self.rules):
                self.checkpoint()
                if isinstance(found, Hole):
                    unseen.append(found.what)
                    continue
                finding, names = _finding(facts, check, severity, found)
                if check.across:
                    person = address(finding.user_email)
                    self._across[person].setdefault(organization, []).append((finding, names))
                else:
                    self._findings.append(self._waivers.weigh(finding, names))

    def end(self, unread: Sequence[str] = ()) -> Reviewed:
        """All that was found; `unread` names the organizations of the run that could not be looked at."""
        for check in CHECKS:
            if check.across and check.id in self.rules.severities and unread:
                for holes in self._unseen.values():
                    holes[check.id].append(f"organizations that were not read: {', '.join(unread)}")
        self._findings += self._of_several()
        return Reviewed(
            tuple(sorted(self._findings, key=_order)),
            {organization: tuple(_not_examined(holes)) for organization, holes in self._unseen.items()},
            frozenset(self._waivers.used),
        )

    def _of_several(self) -> Iterator[Finding]:
        for by_organization in self._across.values():
            if len(by_organization) > 1:
                told = ", ".join(sorted(by_organization))
                for findings in by_organization.values():
                    for finding, names in findings:
                        self.checkpoint()
                        yield self._waivers.weigh(replace(finding, message=finding.message + told), names)


def _not_examined(holes: Mapping[str, Iterable[str]]) -> Iterator[NotExamined]:
    for check_id, unseen in holes.items():
        if unseen:
            yield NotExamined.by_check(check_id, "; ".join(dict.fromkeys(unseen)))


def _finding(facts: Facts, check: Check, severity: str, hit: Hit) -> tuple[Finding, Names]:
    """The finding of a hit, and all that its principal can be called."""
    permission_set = facts.permission_set(hit.permission_set_arn).name if hit.permission_set_arn else ""
    cells, names = ({}, ()) if hit.principal is None else _of_principal(facts, hit.principal)
    finding = Finding(
        severity=severity,
        check=check.id,
        organization=facts.snapshot.organization,
        message="",
        account_id=hit.account_id,
        account_name=_account_name(facts, hit.account_id),
        permission_set=NOT_READ if permission_set is None else permission_set,
        role_arn=hit.role_arn,
        **cells,
    )
    return replace(finding, message=_sentence(finding, names, hit)), names


def _of_principal(facts: Facts, principal: Principal) -> tuple[dict[str, Any], Names]:
    """A principal's cells of a finding, and all that the principal can be called, names first."""
    cells = {"principal_type": principal.type, "principal_id": principal.id}
    unread = NOT_READ if facts.is_unread(principal) else ""
    if principal.type == USER:
        user = facts.users.get(principal.id)
        cells |= {"user_email": user.email if user else unread, "user_id": principal.id}
        return cells, ((user.name, user.login, user.email, user.id) if user else (principal.id,))
    group = facts.groups.get(principal.id)
    name = group.name if group else unread
    return cells | {"group_name": name}, ((name, principal.id) if group else (principal.id,))


def _sentence(finding: Finding, names: Names, hit: Hit) -> str:
    """Who or what the finding is about, what is to be said of it, and by which grant."""
    called = next((name for name in names if name), "")
    if not finding.principal_type:
        where = f" ({finding.account_name or finding.account_id})" if finding.account_id else ""
        return f"permission set {finding.permission_set} {hit.message}{where}"
    kind = "group " if finding.principal_type != USER else "" if len(names) > 1 else "user "
    what = finding.permission_set or finding.role_arn.partition(":role/")[2]
    where = f" ({what} in {finding.account_name or finding.account_id})" if what else ""
    return f"{kind}{called} {hit.message}{where}"


def _account_name(facts: Facts, account_id: str) -> str:
    if not account_id:
        return ""
    account = facts.accounts.get(account_id)
    return account.name if account else ("" if facts.snapshot.accounts_complete else NOT_READ)


def _order(finding: Finding) -> tuple[int | str, ...]:
    return (
        SEVERITIES.index(finding.severity),
        finding.check,
        finding.organization,
        finding.account_id,
        finding.permission_set,
        finding.role_arn,
        finding.principal_type,
        finding.principal_id,
        finding.message,
    )
