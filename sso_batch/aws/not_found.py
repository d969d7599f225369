"""Whether a "not found" of AWS is about the requested resource, or about something else.

Only the former is an answer: an identity store that is not found says nothing about its users. AWS documents
`ResourceType` and `ResourceId` for the identity store, and free text everywhere.
"""

import re
from collections.abc import Mapping
from typing import Any

from sso_batch.aws.operations import GET_PERMISSIONS_BOUNDARY, Operation

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
    "POLICY": r"policy",
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
    "ApplicationArn": ("APPLICATION",),
    "PolicyArn": ("POLICY",),
}
"""The kinds of resource that a call asks about, by its parameter."""


def concerns_subject(
    operation: Operation, parameters: Mapping[str, object], refusal: Mapping[str, Any]
) -> bool:
    """Return whether a refusal is about the subject of the call, unless something in it contradicts that.

    AWS's own members of the answer count more than its message.
    """
    subjects = {name: str(value) for name, value in parameters.items() if name in _SUBJECTS}
    kinds = {kind for name in subjects for kind in _SUBJECTS[name]}
    if operation is GET_PERMISSIONS_BOUNDARY:
        kinds = {"BOUNDARY"}  # the permission set exists, but has none
    id_, type_ = refusal.get("ResourceId"), refusal.get("ResourceType")
    if id_ and id_ not in subjects.values():
        return False
    if type_:
        return str(type_).upper() in kinds
    named = _kinds_in(str(refusal.get("Error", {}).get("Message", "")))
    return not named or not named.isdisjoint(kinds)


def _kinds_in(message: str) -> set[str]:
    """Return the kinds of resources that a message names in its words, ARNs excluded."""
    words = " ".join(word for word in message.split() if "arn:" not in word)
    return {kind for kind, pattern in _KINDS.items() if re.search(pattern, words, re.IGNORECASE)}
