"""The last campaign, with which a new one is compared: what was decided about which access. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sso_batch.access import NOT_READ
from sso_batch.campaign.decisions import KEEP, OPEN, REVOKE, UNSURE, Decided
from sso_batch.campaign.record import Earlier

NEW = "NEW"
CHANGED = "CHANGED"
UNCHANGED = "UNCHANGED"


@dataclass(frozen=True, slots=True)
class EarlierItem:
    """What a closed campaign says about an item."""

    decided: Decided
    privilege: str
    what: str
    fingerprint: str
    first_seen: str = ""
    high_findings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClosedCampaign:
    """A closed campaign: its record, and its items by their ids; `today` decides what was kept until then."""

    today: date
    record: Earlier
    items: Mapping[str, EarlierItem]

    def decided(self, item_id: str) -> Decided:
        """Return what the campaign decided about an item."""
        earlier = self.items.get(item_id)
        return earlier.decided if earlier else OPEN

    def change(self, item_id: str, now: EarlierItem) -> tuple[str, str]:
        """Return NEW, CHANGED or UNCHANGED for an item as it is now, and the details in words.

        What cannot be compared, because it was not read in one of the runs, counts as changed.
        """
        earlier = self.items.get(item_id)
        if earlier is None:
            return NEW, ""
        details = []
        if now.privilege != earlier.privilege:
            details.append(f"Privilege was {earlier.privilege}")
        if now.what != earlier.what:
            details.append(f"What was {earlier.what}")
        if "" < earlier.first_seen < now.first_seen != NOT_READ:
            details.append("it was removed and given again")
        if found := sorted(now.high_findings - earlier.high_findings):
            details.append(f"new finding: {', '.join(found)}")
        if NOT_READ in {now.fingerprint, earlier.fingerprint}:
            details.append("what it allows was not read in both runs, so it is asked again")
        elif not details and now.fingerprint != earlier.fingerprint:
            details.append("policies or accounts")
        if details:
            return CHANGED, "; ".join(details)
        if self._has_expired(earlier):
            return UNCHANGED, f"was kept until {earlier.decided.until}"
        return UNCHANGED, _UNDONE.get(earlier.decided.decision, "")

    def needs_review(self, item_id: str, change: str) -> bool:
        """Return whether an item is new or changed, or was not kept, or only until a day that has passed."""
        earlier = self.items.get(item_id)
        if change != UNCHANGED or earlier is None or earlier.decided.decision != KEEP:
            return True
        return self._has_expired(earlier)

    def _has_expired(self, earlier: EarlierItem) -> bool:
        decided = earlier.decided
        return decided.decision == KEEP and "" < decided.until < self.today.isoformat()


_UNDONE = {
    REVOKE: "was to be revoked in the last campaign",
    "": "was not decided in the last campaign",
    UNSURE: "was not decided in the last campaign",
}
