"""What a permission set amounts to in a kind of account, and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sso_batch.model import PermissionSet
from sso_batch.privileges.documents import Document, parse_document
from sso_batch.privileges.paths import PATHS, AccountKind, EscalationPath, Privilege
from sso_batch.privileges.permissions import Allowance, Permissions, TooManyPatternsError

ADMINISTRATOR_ACCESS = ":iam::aws:policy/AdministratorAccess"
"""How the ARN of AWS's own policy ends; it has allowed everything since 2015, so its name is enough."""

_EVERYTHING = parse_document('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
_INLINE = "the inline policy"
_SHOWN = 3  # possible paths in a reason
_TOO_LARGE = "policies that are too large to evaluate"
_CACHED = 256  # combinations of policies


@dataclass(frozen=True, slots=True)
class FoundPath:
    """A path that a permission set's policies allow, and how."""

    path: EscalationPath
    allowance: Allowance

    @property
    def certain(self) -> bool:
        """Whether it needs nothing but permissions."""
        return self.path.certain and self.allowance.general

    @property
    def words(self) -> str:
        """The path as the rest of a sentence that starts with "can"."""
        return self.path.words.format(any="any" if self.allowance.general else "a certain")

    @property
    def actions(self) -> str:
        """The actions of the path, and whether they are allowed only under conditions."""
        return self.path.actions + (", under conditions" if self.allowance.conditional else "")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The highest privilege, why, and in `unread` what was not read and could raise it.

    If it is not `certain`, documents are unread that could just as well change it: what was read amounts at
    least to `privilege`. `possible` are paths that need something that must exist already, in words.
    """

    privilege: Privilege
    reason: str = ""
    unread: tuple[str, ...] = ()
    certain: bool = True
    possible: tuple[str, ...] = ()

    @property
    def known(self) -> str | None:
        """The name of the privilege; None if it depends on what was not read."""
        return self.privilege.name if self.certain else None

    @property
    def text(self) -> str:
        """The reason and what is possible; without certainty, of the minimum, if that is anything."""
        if not (self.certain or self.privilege):
            return ""
        minimum = "" if self.certain else f"at least {self.privilege.name}: "
        return f"{minimum}{self.reason}{_listed(self.possible)}"


class PermissionSetPolicies:
    """The policies of a permission set, evaluated.

    `documents` are the documents of AWS managed policies by ARN; one that is missing was not read.
    """

    def __init__(self, permission_set: PermissionSet, documents: Mapping[str, str]) -> None:
        self._permission_set = permission_set
        self._unread: list[str] = []
        partition = permission_set.arn.split(":")[1:2] or ["aws"]
        self.permissions = Permissions(tuple(self._documents(documents)), *partition)

    @property
    def customer_managed(self) -> tuple[str, ...]:
        """The customer managed policies, which are never read."""
        return self._permission_set.customer_managed_policies or ()

    @property
    def all_read(self) -> bool:
        """Whether everything but customer managed policies was read and understood."""
        return not self._unread and _evaluate(self.permissions).whole

    @property
    def unread(self) -> tuple[str, ...]:
        """What was not read, customer managed policies last."""
        too_large = () if _evaluate(self.permissions).whole else (_TOO_LARGE,)
        return (
            *self._unread,
            *too_large,
            *(f"customer managed policy {name}" for name in self.customer_managed),
        )

    @property
    def paths(self) -> tuple[FoundPath, ...]:
        """The paths that the policies allow, in the order of the table."""
        return _evaluate(self.permissions).paths

    def judge(self, account: AccountKind) -> Judgement:
        """Return what the permission set amounts to in an account of a kind."""
        here = [found for found in self.paths if account in found.path.accounts]
        privilege, reason = self._highest([found for found in here if found.certain])
        boundary = self._permission_set.permissions_boundary
        if boundary:
            reason += f"; limited by the permissions boundary {boundary}, which is not evaluated"
        if privilege is Privilege.ADMINISTRATOR:
            return Judgement(privilege, reason)
        possible = dict.fromkeys(found.words for found in here if not found.certain)
        if privilege is Privilege.CAN_ESCALATE:
            possible = {}
        return Judgement(privilege, reason, self.unread, self.all_read, tuple(possible))

    def _highest(self, certain: Sequence[FoundPath]) -> tuple[Privilege, str]:
        """Return the highest privilege and why, with the paths that need nothing but permissions."""
        everything = self.permissions.everything()
        if everything is not None:
            conditions = " under conditions" if everything.conditional else ""
            return (
                Privilege.ADMINISTRATOR,
                f"{everything.policies[0]} allows every action on every resource{conditions}",
            )
        best = max((found.path.leads_to for found in certain), default=None)
        if best is None:
            return _evaluate(self.permissions).access_level
        shortest = min(
            (found for found in certain if found.path.leads_to is best),
            key=lambda found: (found.allowance.conditional, len(found.path.needs)),
        )
        policies = " and ".join(shortest.allowance.policies)
        return best, f"{policies}: can {shortest.words} ({shortest.actions})"

    def _documents(self, documents: Mapping[str, str]) -> list[tuple[str, Document]]:
        permission_set = self._permission_set
        found: list[tuple[str, Document]] = []
        if permission_set.managed_policies is None:
            self._unread.append("AWS managed policies")
        for arn in permission_set.managed_policies or ():
            name = arn.rpartition("/")[2]
            text = documents.get(arn)
            if text is None and arn.endswith(ADMINISTRATOR_ACCESS):
                found.append((name, _EVERYTHING))
            elif text is None:
                self._unread.append(f"AWS managed policy {name}")
            else:
                found.append((name, self._parse(text, f"AWS managed policy {name}")))
        if permission_set.inline_policy is None:
            self._unread.append(_INLINE)
        elif permission_set.inline_policy:
            found.append((_INLINE, self._parse(permission_set.inline_policy, _INLINE)))
        if permission_set.customer_managed_policies is None:
            self._unread.append("names of customer managed policies")
        return found

    def _parse(self, text: str, name: str) -> Document:
        document = parse_document(text)
        if not document.understood:
            self._unread.append(f"statements of {name} that cannot be understood")
        return document


def _listed(possible: Sequence[str]) -> str:
    """Return the end of a reason that names paths which need something that must exist already."""
    if not possible:
        return ""
    more = f" and {len(possible) - _SHOWN} more" if len(possible) > _SHOWN else ""
    return f"; possible: {', '.join(possible[:_SHOWN])}{more}"


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """What policies allow; `whole` is not set if some of it could not be evaluated."""

    paths: tuple[FoundPath, ...]
    access_level: tuple[Privilege, str]
    whole: bool


@lru_cache(maxsize=_CACHED)
def _evaluate(permissions: Permissions) -> _Evaluation:
    paths: list[FoundPath] = []
    try:
        for path in PATHS:
            allowance = permissions.path(path)
            if allowance is not None:
                paths.append(FoundPath(path, allowance))
        return _Evaluation(tuple(paths), _access_level(permissions), whole=True)
    except TooManyPatternsError:
        return _Evaluation(tuple(paths), (Privilege.NONE, "not evaluated"), whole=False)


def _access_level(permissions: Permissions) -> tuple[Privilege, str]:
    change = permissions.change()
    if change is not None:
        action, allowance = change
        return Privilege.WRITE, f"{allowance.policies[0]} allows changes, such as {action}"
    read = permissions.read()
    if read is not None:
        _, allowance = read
        return Privilege.READ, f"{allowance.policies[0]} allows reading only"
    return Privilege.NONE, "no policy that was read allows anything"
