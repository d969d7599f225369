"""The review of a run: every check on one organization, and what was found in all of them. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sso_batch.access import NOT_READ
from sso_batch.coverage import BlindSpot, NotExamined
from sso_batch.model import IAM_ROLE, PERMISSION_SET, USER, Grant, Principal
from sso_batch.review.cause import cause
from sso_batch.review.checks import ADMIN_GAINED, CHECKS, Check
from sso_batch.review.examined import Examined, Names
from sso_batch.review.finding import SEVERITIES, Finding, normalize_address
from sso_batch.review.rules import Rules
from sso_batch.review.snapshot_index import Match, SnapshotIndex
from sso_batch.review.waivers import Waivers


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The result of a review: `findings` in order, and by organization what checks could not examine.

    `used_waivers` are the numbers of the waivers that match a finding.
    """

    findings: tuple[Finding, ...]
    not_examined: Mapping[str, tuple[NotExamined, ...]]
    used_waivers: frozenset[int] = frozenset()


def examine(index: SnapshotIndex, rules: Rules, checkpoint: Callable[[], None]) -> Examined:
    """Run every check that is not off on one organization.

    `checkpoint` is called between findings and between checks; an exception that it raises ends the review.
    """
    waivers = Waivers(rules.waivers, rules.today)
    findings: list[Finding] = []
    candidates: list[tuple[Finding, Names]] = []
    blind_spots: dict[str, list[BlindSpot]] = {}
    for check in CHECKS:
        checkpoint()
        severity = rules.severities.get(check.id)
        if severity is None:
            continue
        blind_spots[check.id] = []
        for found in check.find(index, rules.limits):
            checkpoint()
            if isinstance(found, BlindSpot):
                blind_spots[check.id].append(found)
                continue
            finding, names = _finding(index, check, severity, found)
            if check.across_organizations:
                candidates.append((finding, names))
            else:
                findings.append(waivers.apply(finding, names))
    return Examined(
        index.snapshot.organization,
        tuple(findings),
        tuple(candidates),
        {check_id: tuple(spots) for check_id, spots in blind_spots.items()},
        frozenset(waivers.used),
    )


@dataclass(slots=True)
class Reviewer:
    """Collects what was found in one organization after the other.

    `checkpoint` as for `examine`.
    """

    rules: Rules
    checkpoint: Callable[[], None]
    _waivers: Waivers = field(init=False)
    _findings: list[Finding] = field(default_factory=list)
    _blind_spots: dict[str, dict[str, tuple[BlindSpot, ...]]] = field(default_factory=dict)
    """By organization and check, what the check could not examine."""
    _candidates: defaultdict[str, dict[str, list[tuple[Finding, Names]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By email address and organization, findings that count only if another organization has one, too."""

    def __post_init__(self) -> None:
        self._waivers = Waivers(self.rules.waivers, self.rules.today)

    def examine(self, index: SnapshotIndex) -> None:
        """Examine one organization, and add what was found."""
        self.add(examine(index, self.rules, self.checkpoint))

    def add(self, examined: Examined) -> None:
        """Add what was found in one organization."""
        organization = examined.organization
        self._findings += examined.findings
        self._blind_spots[organization] = dict(examined.blind_spots)
        self._waivers.used |= examined.used_waivers
        for finding, names in examined.candidates:
            address = normalize_address(finding.user_email)
            self._candidates[address].setdefault(organization, []).append((finding, names))

    def take(self) -> Sequence[Finding]:
        """Return what was found since the last call, and forget it.

        Findings that count only if another organization has one, too, are left for `finish`.
        """
        found, self._findings = self._findings, []
        return found

    def finish(self, unread: Sequence[str] = ()) -> Reviewed:
        """Return what was found and not taken; `unread` names organizations that could not be examined."""
        for check in CHECKS:
            if check.across_organizations and check.id in self.rules.severities and unread:
                for by_check in self._blind_spots.values():
                    blind_spot = BlindSpot(f"organizations that were not read: {', '.join(unread)}")
                    by_check[check.id] += (blind_spot,)
        self._findings += self._across_organizations()
        return Reviewed(
            tuple(sorted(self._findings, key=_order)),
            {
                organization: tuple(_not_examined(by_check))
                for organization, by_check in self._blind_spots.items()
            },
            frozenset(self._waivers.used),
        )

    def _across_organizations(self) -> Iterator[Finding]:
        for by_organization in self._candidates.values():
            if len(by_organization) > 1:
                organizations = ", ".join(sorted(by_organization))
                for findings in by_organization.values():
                    for finding, names in findings:
                        self.checkpoint()
                        message = f"{finding.message}: {organizations}"
                        yield self._waivers.apply(replace(finding, message=message), names)


def _not_examined(by_check: Mapping[str, Iterable[BlindSpot]]) -> Iterator[NotExamined]:
    for check_id, blind_spots in by_check.items():
        if blind_spots:
            yield NotExamined.by_check(check_id, *dict.fromkeys(blind_spots))


def _finding(index: SnapshotIndex, check: Check, severity: str, match: Match) -> tuple[Finding, Names]:
    """Return the finding for a match, and every name of its principal or application."""
    permission_set = index.permission_set(match.permission_set_arn).name if match.permission_set_arn else ""
    cells, names = _subject(index, match)
    cells |= {
        "severity": severity,
        "check": check.id,
        "organization": index.snapshot.organization,
        "account_id": match.account_id,
        "account_name": _account_name(index, match.account_id),
        "permission_set": NOT_READ if permission_set is None else permission_set,
        "permission_set_arn": match.permission_set_arn,
        "role_arn": match.role_arn,
        "application_arn": match.application.arn if match.application else "",
        "new": check.id == ADMIN_GAINED or _is_new(index, match),
    }
    about = Finding(**cells, message="")
    # Made twice, because `replace` takes several times as long.
    return Finding(**cells, message=_sentence(about, names, match), cause=cause(about)), names


def _is_new(index: SnapshotIndex, match: Match) -> bool:
    """Return whether the compared earlier run lacks the grant of a match, or has it at a lower level."""
    if index.previous is None or match.principal is None or not match.account_id:
        return False
    access_type = IAM_ROLE if match.role_arn else PERMISSION_SET
    arns = match.permission_set_arn, match.role_arn
    grant = Grant(match.account_id, access_type, *arns, match.principal)
    if grant not in index.previous.grant_set:
        return True
    now, before = index.privileges.of(grant), index.previous.privileges.of(grant)
    return not before.unread and now.privilege > before.privilege


def _subject(index: SnapshotIndex, match: Match) -> tuple[dict[str, Any], Names]:
    """Return the cells of a finding about what it concerns, and every name of that, the best one first."""
    if match.principal is not None:
        return _principal(index, match.principal)
    application = match.application
    return {}, () if application is None else (application.name, application.arn)


def _principal(index: SnapshotIndex, principal: Principal) -> tuple[dict[str, Any], Names]:
    """Return a principal's cells of a finding, and every name of the principal, the best one first."""
    cells = {"principal_type": principal.type, "principal_id": principal.id}
    unread = NOT_READ if index.is_unread(principal) else ""
    if principal.type == USER:
        user = index.users.get(principal.id)
        cells |= {
            "user_email": user.email if user else unread,
            "user_name": user.name if user else unread,
            "user_id": principal.id,
        }
        return cells, ((user.name, user.login, user.email, user.id) if user else (principal.id,))
    group = index.groups.get(principal.id)
    name = group.name if group else unread
    return cells | {"group_name": name}, ((name, principal.id) if group else (principal.id,))


def _sentence(finding: Finding, names: Names, match: Match) -> str:
    """Return the message: who or what it is about, what was found, and in which grant."""
    name = next((name for name in names if name), "")
    if match.application is not None:
        return f"application {name} {match.message}"
    if not finding.principal_type:
        where = f" ({finding.account_name or finding.account_id})" if finding.account_id else ""
        if not finding.permission_set:
            return f"account {finding.account_name or finding.account_id} {match.message}"
        return f"permission set {finding.permission_set} {match.message}{where}"
    kind = "group " if finding.principal_type != USER else "" if len(names) > 1 else "user "
    access = finding.permission_set or finding.role_arn.partition(":role/")[2]
    where = f" ({access} in {finding.account_name or finding.account_id})" if access else ""
    return f"{kind}{name} {match.message}{where}"


def _account_name(index: SnapshotIndex, account_id: str) -> str:
    if not account_id:
        return ""
    account = index.accounts.get(account_id)
    return account.name if account else ("" if index.snapshot.accounts_complete else NOT_READ)


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
