"""Changes grouped by what caused them: a new member of a group, a new assignment, a disabled user. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sso_batch.access import NOT_READ, Holder
from sso_batch.model import GROUP
from sso_batch.privileges.paths import Privilege
from sso_batch.report.page.links import access_link
from sso_batch.report.statistics import access_name
from sso_batch.review.comparison import ADDED, CHANGED, REMOVED, Change
from sso_batch.review.finding import normalize_address

MAX_LISTED = 100
"""The maximum number of changes that are listed one by one."""

_NAMED = 3
_ORDER = {ADDED: 0, CHANGED: 1, REMOVED: 2}
_LEVELS = {level.name: level for level in Privilege}
_JOINED = "joined"
_ASSIGNED = "assigned"
_STATUS = "UserStatus"
_STATUSES = {"ENABLED", "DISABLED"}
_COLUMNS = {
    "UserEmail": "the email address",
    "UserName": "the name",
    "UserLogin": "the login",
    _STATUS: "the status",
    "GroupName": "the group's name",
    "AccountName": "the account's name",
    "AccountState": "the account's state",
    "AccountPath": "the account's OU",
    "PermissionSet": "the permission set's name",
    "SessionDuration": "the session duration",
    "ManagedPolicies": "AWS managed policies",
    "CustomerManagedPolicies": "customer managed policies",
    "InlinePolicy": "the inline policy",
    "PermissionsBoundary": "the permissions boundary",
    "PrincipalState": "the state",
}


@dataclass(slots=True)
class Cause:
    """The changes of one cause: one kind, and one group, one direct assignment or one changed column.

    `how` says whether somebody joined the group or something was assigned to it, or the new status of all
    users, if that is known. `columns` are those that changed, and `words` say it.
    """

    kind: str
    how: str
    columns: tuple[str, ...]
    words: str
    group: str
    people: dict[str, str] = field(default_factory=dict)
    """The names of the users by address or id."""
    access: Counter[str] = field(default_factory=Counter)
    accounts: set[tuple[str, str]] = field(default_factory=set)
    organizations: dict[str, None] = field(default_factory=dict)
    authors: dict[str, None] = field(default_factory=dict)
    level: Privilege = Privilege.NONE
    changes: int = 0
    gained: bool = False
    """Whether somebody has more than before."""

    def add(self, change: Change) -> None:
        """Count one more change."""
        access = change.access
        self.people |= {_identity(holder): _name(holder) for holder in access.holders if holder.user_id}
        self.access[access_name(access)] += 1
        self.accounts.add((access.organization, access.grant.account_id))
        self.organizations[access.organization] = None
        if change.author:
            self.authors[change.author] = None
        self.level = max(self.level, _LEVELS.get(access.privilege.level, Privilege.NONE))
        self.changes += 1
        self.gained |= _gains(change)

    @property
    def administrators(self) -> bool:
        """Whether somebody became administrator."""
        return self.gained and self.level is Privilege.ADMINISTRATOR

    @property
    def title(self) -> str:
        """What happened, in words."""
        names = list(self.people.values())
        group = f"group {self.group}" if self.group else "an unknown user"
        who = names[0] if len(names) == 1 else f"{len(names):,} users" if names else group
        some = f"{len(self.access):,} permission sets and roles"
        access = next(iter(self.access)) if len(self.access) == 1 else some
        if self.kind == CHANGED:
            return self._changed(who, access)
        through = f" through {self.group}" if self.group and names else ""
        if self.how == _JOINED:
            return f"{who} joined {self.group}"
        if self.how == _ASSIGNED:
            return f"{self.group} was given {access}"
        return _sentence(f"{who} {'gained' if self.kind == ADDED else 'lost'} {access}{through}")

    def _changed(self, who: str, access: str) -> str:
        if self.how:
            return f"{who} {'was' if len(self.people) == 1 else 'were'} {self.how.lower()}"
        if any(column not in _COLUMNS for column in self.columns):
            return f"{access} {self.words}"
        return _sentence(f"{' and '.join(_COLUMNS[column] for column in self.columns)} changed for {who}")

    @property
    def names(self) -> str:
        """The first users, and how many more there are."""
        names = list(self.people.values())
        if len(names) < 2:  # noqa: PLR2004 - one name is in the title
            return ""
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more

    @property
    def link(self) -> str:
        """The question under Access whose answer has what these users have now; empty for lost access."""
        if self.kind == REMOVED or not self.people:
            return ""
        if len(self.people) == 1:
            return access_link(who=next(iter(self.people)))
        if self.group:
            return access_link(through=self.group, new="yes" if self.how == _JOINED else "", by="person")
        if self.kind == ADDED:
            return access_link(what=next(iter(self.access)), way="directly", new="yes", by="person")
        return access_link(state="disabled", by="person") if self.how == "DISABLED" else ""

    @property
    def details(self) -> str:
        """What the title leaves out: the access that came with a group, and who made the change."""
        access = ", ".join(name for name, _ in self.access.most_common(_NAMED)) if self.how == _JOINED else ""
        author = next(iter(self.authors)) if len(self.authors) == 1 else ""
        return ", ".join(filter(None, (access, author)))


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """All changes by cause, and the first ones one by one.

    `rows` is their number of rows in the CSV file: a change of a group's access has one for each member.
    """

    causes: tuple[Cause, ...]
    listed: tuple[Change, ...]
    counts: Counter[str]
    rows: int
    by_organization: dict[str, Counter[str]]


def summarize_changes(changes: Iterable[Change], run_started: str) -> ChangeSummary:
    """Group the changes; iterates them once. `run_started` is the date of what this run has first."""
    causes: dict[tuple[str, ...], Cause] = {}
    listed: list[Change] = []
    counts: Counter[str] = Counter()
    by_organization: dict[str, Counter[str]] = {}
    rows = 0
    for change in changes:
        access = change.access
        counts[change.kind] += 1
        by_organization.setdefault(access.organization, Counter())[change.kind] += 1
        rows += len(access.holders)
        if len(listed) < MAX_LISTED:
            listed.append(change)
        how = _how(change, run_started)
        cause = Cause(change.kind, how, change.columns, change.words, _group(change))
        causes.setdefault((*_key(change), how), cause).add(change)
    return ChangeSummary(
        causes=tuple(sorted(causes.values(), key=_order)),
        listed=tuple(listed),
        counts=counts,
        rows=rows,
        by_organization=by_organization,
    )


def _gains(change: Change) -> bool:
    if change.kind == CHANGED and change.privilege_before:
        before = _LEVELS.get(change.privilege_before, Privilege.NONE)
        return _LEVELS.get(change.access.privilege.level, Privilege.NONE) > before
    return change.kind == ADDED


def _key(change: Change) -> tuple[str, ...]:
    access = change.access
    if change.kind == CHANGED:
        return change.kind, change.words, access.permission_set.name if change.privilege_before else ""
    if access.grant.principal.type == GROUP:
        return change.kind, "group", access.group_name or access.grant.principal.id
    return change.kind, "user", access_name(access)


def _sentence(text: str) -> str:
    words = ("group ", "an ", "the ")
    return text[:1].upper() + text[1:] if text.startswith(words) else text


def _how(change: Change, run_started: str) -> str:
    """Return how it happened, as far as that is known; of a changed status, the new one."""
    access = change.access
    if change.kind == CHANGED:
        new = {holder.status for holder in access.holders} if change.columns == (_STATUS,) else set()
        return new.pop() if len(new) == 1 and new <= _STATUSES else ""
    since = access.assignment.first_seen
    if change.kind != ADDED or access.grant.principal.type != GROUP or since in ("", NOT_READ):
        return ""
    return _ASSIGNED if since == run_started else _JOINED


def _group(change: Change) -> str:
    access = change.access
    if access.grant.principal.type != GROUP:
        return ""
    return access.grant.principal.id if access.group_name in ("", NOT_READ) else access.group_name


def _identity(holder: Holder) -> str:
    address = "" if holder.email == NOT_READ else normalize_address(holder.email)
    return address or holder.user_id


def _name(holder: Holder) -> str:
    names = (holder.name, holder.login, holder.email, holder.user_id)
    return next((name for name in names if name not in ("", NOT_READ)), holder.state)


def _order(cause: Cause) -> tuple[bool, int, int, int, str]:
    return (not cause.administrators, _ORDER[cause.kind], -cause.level, -len(cause.accounts), cause.title)
