"""The population of a campaign: every assignment, and every membership that gives access. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sso_batch.campaign.decisions import OPEN, Decided
from sso_batch.campaign.findings import FindingIndex, findings_of, join_findings
from sso_batch.campaign.item import Item
from sso_batch.campaign.organization_items import OrganizationItems
from sso_batch.campaign.previous import ClosedCampaign
from sso_batch.campaign.reviewers import Reviewers
from sso_batch.model import GROUP, Snapshot
from sso_batch.privileges.paths import Privilege
from sso_batch.review.finding import SEVERITIES, Finding
from sso_batch.review.roster import Roster

_LEVELS = {level.name: level for level in Privilege}


def is_privileged(privilege: str, unread: str) -> bool:
    """Return whether access is privileged, or may be because not everything that decides it was read."""
    level = _LEVELS.get(privilege)
    return level is None or level >= Privilege.MANAGES_ACCESS or bool(unread)


@dataclass(slots=True)
class Population:
    """The items of a campaign, collected from one organization after the other.

    `scope` is all, privileged or changed. `out_of_scope` has the other items, each with what the
    last campaign decided.
    """

    reviewers: Reviewers
    roster: Roster | None = None
    previous: ClosedCampaign | None = None
    scope: str = "all"
    items: list[Item] = field(default_factory=list)
    out_of_scope: list[tuple[Item, Decided]] = field(default_factory=list)
    groups_without_access: int = 0
    """Groups without an assignment: their memberships are not in any population."""

    def add(self, snapshot: Snapshot, findings: Iterable[Finding]) -> None:
        """Add the items of an organization, whose snapshot must be complete, with the findings on it."""
        index = FindingIndex(findings)
        for item in OrganizationItems(snapshot, index, self.reviewers, self.roster, self.previous):
            if self._is_in_scope(item):
                self.items.append(item)
            else:
                self.out_of_scope.append((item, self._decided_before(item)))
        assigned = {grant.principal.id for grant in snapshot.grants if grant.principal.type == GROUP}
        self.groups_without_access += sum(group.id not in assigned for group in snapshot.groups)

    def finish(self, findings: Iterable[Finding]) -> Sequence[Item]:
        """Return the items in the order of the sheets: by reviewer, the riskiest first.

        `findings` are those that were only known after all organizations were added.
        """
        index = FindingIndex(findings)
        for number, item in enumerate(self.items):
            if found := index.on_item(item):
                self.items[number] = replace(
                    item, findings=join_findings([*findings_of(item.findings), *found])
                )
        self.items.sort(key=_order)
        return self.items

    def _decided_before(self, item: Item) -> Decided:
        return OPEN if self.previous is None else self.previous.decided(item.id)

    def _is_in_scope(self, item: Item) -> bool:
        if self.scope == "privileged":
            return is_privileged(item.privilege, item.privilege_unread)
        if self.scope == "changed" and self.previous is not None:
            return self.previous.needs_review(item.id, item.change)
        return True


def _order(item: Item) -> tuple[int | str, ...]:
    level = _LEVELS.get(item.privilege, Privilege.WRITE)
    severities = [SEVERITIES.index(each.severity) for each in findings_of(item.findings) if not each.waived]
    return (
        item.reviewer,
        -level,
        min(severities, default=len(SEVERITIES)),
        item.organization,
        item.kind,
        item.where,
        item.what,
        item.who,
        item.id,
    )
