"""The last campaign, with which a new one is compared: what was decided about which access. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sso_batch.access import NOT_READ
from sso_batch.campaign.decisions import KEEP, REVOKE, UNSURE
from sso_batch.campaign.record import Earlier

NEW = "NEW"
CHANGED = "CHANGED"
UNCHANGED = "UNCHANGED"


@dataclass(frozen=True, slots=True)
class EarlierItem:
    """What a closed campaign says about an item; `decision` is empty if nobody decided."""

    decision: str
    until: str
    privilege: str
    what: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ClosedCampaign:
    """A closed campaign: its record, and its items by their ids; `today` decides what was kept until then."""

    today: date
    record: Earlier
    items: Mapping[str, EarlierItem]

    def change(self, item_id: str, *, privilege: str, what: str, fingerprint: str) -> tuple[str, str]:
        """Return NEW, CHANGED or UNCHANGED for an item, and the details in words.

        What cannot be compared, because it was not read in one of the runs, counts as changed.
        """
        earlier = self.items.get(item_id)
        if earlier is None:
            return NEW, ""
        details = []
        if privilege != earlier.privilege:
            details.append(f"Privilege was {earlier.privilege}")
        if what != earlier.what:
            details.append(f"What was {earlier.what}")
        if NOT_READ in {fingerprint, earlier.fingerprint}:
            details.append("what it allows was not read in both runs, so it is asked again")
        elif not details and fingerprint != earlier.fingerprint:
            details.append("policies or accounts")
        if details:
            return CHANGED, "; ".join(details)
        if self._has_expired(earlier):
            return UNCHANGED, f"was kept until {earlier.until}"
        return UNCHANGED, _UNDONE.get(earlier.decision, "")

    def needs_review(self, item_id: str, change: str) -> bool:
        """Return whether an item is new or changed, or was not kept, or only until a day that has passed."""
        earlier = self.items.get(item_id)
        if change != UNCHANGED or earlier is None or earlier.decision != KEEP:
            return True
        return self._has_expired(earlier)

    def _has_expired(self, earlier: EarlierItem) -> bool:
        return earlier.decision == KEEP and "" < earlier.until < self.today.isoformat()


_UNDONE = {
    REVOKE: "was to be revoked in the last campaign",
    "": "was not decided in the last campaign",
    UNSURE: "was not decided in the last campaign",
}
