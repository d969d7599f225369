"""Whether a "not found" of AWS is about what was asked for, or about something around it.

Only the former is an answer: an identity store that is not found says nothing about its users. AWS documents
`ResourceType` and `ResourceId` for the identity store, and a message in free words everywhere.
"""

import re
from collections.abc import Mapping
from typing import Any

from sso_batch.aws.operations import GET_PERMISSIONS_BOUNDARY, Operation

_AROUND = frozenset({"InstanceArn", "IdentityStoreId"})
"""Parameters that say where to look, and not for what."""

_KINDS: Mapping[str, str] = {
    "USER": r"user",
    "GROUP": r"group",
    "PRINCIPAL": r"principal",
    "IDENTITY_STORE": r"identity[ _-]?store",
    "INSTANCE": r"instance",
    "ACCOUNT": r"account",
    "PERMISSION_SET": r"permission[ _-]?set",
    "BOUNDARY": r"boundar(?:y|ies)",
    "APPLICATION": r"application",
}
"""How a message names each kind of resource."""

_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "UserId": ("USER",),
    "GroupId": ("GROUP",),
    "PrincipalId": ("PRINCIPAL", "USER", "GROUP"),
    "AccountId": ("ACCOUNT",),
    "PermissionSetArn": ("PERMISSION_SET",),
    "ResourceArn": ("PERMISSION_SET",),
    "applicationArn": ("APPLICATION",),
}
"""The kinds that a call asks about, by its parameter."""


def is_of_subject(operation: Operation, asked: Mapping[str, object], refusal: Mapping[str, Any]) -> bool:
    """Whether nothing in a refusal contradicts that it is about the subject of the call.

    What AWS says in its own members counts more than its message.
    """
    subjects = {name: str(value) for name, value in asked.items() if name in _SUBJECTS}
    kinds = {kind for name in subjects for kind in _SUBJECTS[name]}
    if operation is GET_PERMISSIONS_BOUNDARY:
        kinds = {"BOUNDARY"}  # a permission set without one is there
    id_, type_ = refusal.get("ResourceId"), refusal.get("ResourceType")
    if id_ and id_ not in subjects.values():
        return False
    if type_:
        return str(type_).upper() in kinds
    named = _named(str(refusal.get("Error", {}).get("Message", "")))
    return not named or not named.isdisjoint(kinds)


def _named(message: str) -> set[str]:
    """The kinds of resources that a message names, in its words and not in ARNs."""
    words = " ".join(word for word in message.split() if "arn:" not in word)
    return {kind for kind, pattern in _KINDS.items() if re.search(pattern, words, re.IGNORECASE)}
