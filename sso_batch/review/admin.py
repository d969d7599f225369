"""Whether a permission set grants administrator access. Pure.

It does with AWS's own policy AdministratorAccess, in any partition, or with an inline policy that has a
statement allowing every action on every resource. PowerUserAccess does not: it cannot give access to others.

Customer managed policies and the IAM roles of entitlements are not read. Whatever their names, they are
neither known to grant administrator access nor known not to. Conditions, Deny statements and a permissions
boundary may limit an administrator; because their effect is unknown, the finding remains. Its reason mentions
conditions and the boundary.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from sso_batch.model import PermissionSet

_ADMINISTRATOR_ACCESS = re.compile(r"arn:[^:]+:iam::aws:policy/AdministratorAccess")
_EVERY_ACTION = re.compile(r"\*+(:\*+)?")
_EVERY_RESOURCE = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class AdminAssessment:
    """Whether a permission set grants administrator access.

    `reason` names the policy that does, and is empty if none does. `unread` names what AWS did not return or
    we do not understand, `customer_managed` the policies that are never read. With either, it is unknown
    whether the permission set grants administrator access.
    """

    reason: str = ""
    unread: tuple[str, ...] = ()
    customer_managed: tuple[str, ...] = ()


def assess(permission_set: PermissionSet) -> AdminAssessment:
    """Return whether the permission set grants administrator access, as far as its policies were read."""
    reasons, unread = [], []
    if permission_set.managed_policies is None:
        unread.append("managed policies")
    elif any(_ADMINISTRATOR_ACCESS.fullmatch(arn) for arn in permission_set.managed_policies):
        reasons.append("AdministratorAccess")
    statements = _statements(permission_set.inline_policy)
    if statements is None:
        unread.append("inline policy")
    else:
        administrative = [statement for statement in statements if _allows_everything(statement)]
        if any("condition" not in statement for statement in administrative):
            reasons.append("an inline policy that allows everything")
        elif administrative:
            reasons.append("an inline policy that allows everything under conditions")
    if not reasons:
        if permission_set.customer_managed_policies is None:
            unread.append("names of customer managed policies")
        return AdminAssessment(
            unread=tuple(unread), customer_managed=permission_set.customer_managed_policies or ()
        )
    boundary = permission_set.permissions_boundary
    limit = f", limited by the permissions boundary {boundary}" if boundary else ""
    return AdminAssessment(" and ".join(reasons) + limit)


def grants_administrator_access(permission_set: PermissionSet) -> bool | None:
    """Return whether it does, or None if that depends on what was not read."""
    assessment = assess(permission_set)
    if assessment.reason:
        return True
    return None if assessment.unread or assessment.customer_managed else False


def _statements(policy: str | None) -> list[dict[str, Any]] | None:
    """Return a policy's statements with lower-case keys, or None if it was not read or is malformed."""
    if not policy:
        return None if policy is None else []
    try:
        document = {key.lower(): value for key, value in json.loads(policy).items()}
        return [
            {str(key).lower(): value for key, value in statement.items()}
            for statement in _as_list(document.get("statement", []))
        ]
    except (ValueError, AttributeError, RecursionError):
        return None


def _allows_everything(statement: dict[str, Any]) -> bool:
    """Return whether it allows every action on every resource; NotAction and NotResource exclude some."""
    return (
        statement.get("effect") == "Allow"
        and _has_match(statement.get("action"), _EVERY_ACTION)
        and _has_match(statement.get("resource"), _EVERY_RESOURCE)
    )


def _has_match(element: object, pattern: re.Pattern[str]) -> bool:
    return any(isinstance(value, str) and pattern.fullmatch(value) for value in _as_list(element))


def _as_list(element: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    return element if isinstance(element, list) else [element]
