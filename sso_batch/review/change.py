"""A change of access between two runs."""

from dataclasses import dataclass

from sso_batch.access import Access

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One grant that some users gained, lost, or hold with different details than before.

    `kind` is ADDED, REMOVED or CHANGED; `what` names what changed and is empty for the first two. `access`
    comes from the new run, or from the old run if REMOVED. Its holders are the users that the change affects:
    a changed grant of a large group is one change, and as many rows as the group has members.
    """

    kind: str
    what: str
    access: Access
