"""Which permission sets make an administrator of whoever holds them. Pure."""

import json
import re
from typing import Any

from sso_batch.model import PermissionSet

_ADMINISTRATOR_ACCESS = re.compile(r"arn:[^:]*:iam::aws:policy/AdministratorAccess")
_EVERYTHING = {"*", "*:*"}


def is_administrative(permission_set: PermissionSet) -> bool | None:
    """Whether it has AdministratorAccess or an inline policy that allows everything.

    None where the policies that were read do not tell and others were not read.
    """
    managed, inline = permission_set.managed_policies, permission_set.inline_policy
    if any(_ADMINISTRATOR_ACCESS.fullmatch(arn) for arn in managed or ()) or _allows_everything(inline):
        return True
    return None if managed is None or inline is None else False


def _allows_everything(policy: str | None) -> bool:
    try:
        document = json.loads(policy or "{}")
    except ValueError:
        return False
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    return any(map(_is_unlimited, _listed(statements)))


def _is_unlimited(statement: object) -> bool:
    return (
        isinstance(statement, dict)
        and statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and any(one in _EVERYTHING for one in _listed(statement.get("Action", [])))
        and "*" in _listed(statement.get("Resource", []))
    )


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - of a policy, whatever it is
    return value if isinstance(value, list) else [value]
