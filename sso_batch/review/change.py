"""One change of access between two runs."""

from dataclasses import dataclass

from sso_batch.access import Access

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One grant that some users gained, lost, or hold otherwise than before.

    `kind` is ADDED, REMOVED or CHANGED; `what` says what changed and is empty for the first two. `access`
    is the new run's, of REMOVED the old one's; its holders are those whom the change concerns, so that a
    change of a large group's grant is one change and as many rows as the group has members.
    """

    kind: str
    what: str
    access: Access
