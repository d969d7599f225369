"""Whether a permission set makes its holders administrators. Pure.

It does with AWS's own policy AdministratorAccess, in whatever partition, or with an inline policy one of
whose statements allows every action on every resource. PowerUserAccess does not: it cannot give access.

What customer managed policies and the IAM roles of entitlements allow is not read: neither is known to make
an administrator, whatever its name, and neither is known not to. What could limit an administrator does not
take the finding away, since whether it does cannot be told: conditions, statements that deny and a
permissions boundary. The reason names what there is of conditions and boundary.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sso_batch.model import PermissionSet

_ADMINISTRATOR_ACCESS = re.compile(r"arn:[^:]+:iam::aws:policy/AdministratorAccess")
_EVERY_ACTION = re.compile(r"\*+(:\*+)?")
_EVERY_RESOURCE = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` tells by what a permission set makes administrators, and is empty where nothing does.

    `unread` names what AWS did not give or we do not understand, `customer_managed` the policies that are
    never read. With either, nobody knows that the permission set does not make administrators.
    """

    reason: str = ""
    unread: tuple[str, ...] = ()
    customer_managed: tuple[str, ...] = ()


def judge(permission_set: PermissionSet) -> Verdict:
    """Whether the permission set makes administrators, as far as its policies were read."""
    reasons, unread = [], []
    if permission_set.managed_policies is None:
        unread.append("managed policies")
    elif any(_ADMINISTRATOR_ACCESS.fullmatch(arn) for arn in permission_set.managed_policies):
        reasons.append("AdministratorAccess")
    statements = _statements(permission_set.inline_policy)
    if statements is None:
        unread.append("inline policy")
    else:
        everything = [one for one in statements if _allows_everything(one)]
        if any("condition" not in one for one in everything):
            reasons.append("an inline policy that allows everything")
        elif everything:
            reasons.append("an inline policy that allows everything under conditions")
    if not reasons:
        if permission_set.customer_managed_policies is None:
            unread.append("names of customer managed policies")
        return Verdict(unread=tuple(unread), customer_managed=permission_set.customer_managed_policies or ())
    boundary = permission_set.permissions_boundary
    limit = f", within the permissions boundary {boundary}" if boundary else ""
    return Verdict(" and ".join(reasons) + limit)


def makes_administrators(permission_set: PermissionSet) -> bool | None:
    """Whether it does; None where that would have to be read."""
    verdict = judge(permission_set)
    return True if verdict.reason else None if verdict.unread or verdict.customer_managed else False


def _statements(policy: str | None) -> list[dict[str, Any]] | None:
    """The statements of a policy, their elements in lower case; None where it was not read or is broken."""
    if not policy:
        return None if policy is None else []
    try:
        document = json.loads(policy)
        written = _element(document, "statement")
        statements = written if isinstance(written, list) else [written]
        return [{str(key).lower(): value for key, value in one.items()} for one in statements]
    except (ValueError, AttributeError, RecursionError):
        return None


def _element(document: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - whatever stands there
    return {key.lower(): value for key, value in document.items()}.get(name, [])


def _allows_everything(statement: dict[str, Any]) -> bool:
    """Whether it allows every action on every resource: all but some, as NotAction has it, is not every."""
    return (
        statement.get("effect") == "Allow"
        and any(_EVERY_ACTION.fullmatch(one) for one in _texts(statement.get("action")))
        and any(_EVERY_RESOURCE.fullmatch(one) for one in _texts(statement.get("resource")))
    )


def _texts(written: object) -> Iterable[str]:
    values = written if isinstance(written, list) else [written]
    return [value for value in values if isinstance(value, str)]
