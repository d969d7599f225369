"""What reviewers filled in. Pure."""

from dataclasses import dataclass

from sso_batch.campaign.previous import KEEP, REVOKE


@dataclass(frozen=True, slots=True)
class Decided:
    """What a reviewer filled in for one item.

    `decision` is keep, revoke or unsure, or empty for an open item. `until` is a day such as 2027-01-31, or
    empty.
    """

    decision: str
    comment: str
    until: str

    @property
    def is_final(self) -> bool:
        """Whether the item is decided: unsure leaves it open."""
        return self.decision in {KEEP, REVOKE}
