"""Made-up campaigns with decisions."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import ASSIGNMENT, MEMBERSHIP, Item
from sso_batch.campaign.record import (
    CampaignRecord,
    CampaignScope,
    FallbackCounts,
    File,
    LeftOut,
    ReviewedOrganization,
    ReviewedRun,
    Reviewer,
)
from sso_batch.campaign.signoff import ReturnedFile, Signoff, sign_off

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
SHA = "0123456789abcdef" * 4
MANAGEMENT, DELEGATED = "111111111111", "222222222222"
PROD = "333333333333"
INSTANCE = "arn:aws:sso:::instance/ssoins-1"
ADMIN = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
ROLE = f"arn:aws:iam::{PROD}:role/Deploy"

_TEXT = {
    "id": "ax1",
    "kind": ASSIGNMENT,
    "reviewer": "ciso@example.com",
    "who": "Ann",
    "what": "Admin",
    "where": "Prod",
    "privilege": "ADMINISTRATOR",
    "findings": "",
    "through": "assigned directly",
    "people": "1",
    "accounts": "1",
    "user_email": "ann@example.com",
    "organization": "acme",
    "account_id": PROD,
    "reviewer_rule": "campaign.reviewers[0]",
    "principal_type": "USER",
    "principal_id": "u-1",
    "permission_set_arn": ADMIN,
}
_EMPTY = (
    *("change", "since", "assigned_by", "last_sign_in", "first_seen", "account_path", "user_status"),
    *("principal_state", "privilege_reason", "privilege_unread", "change_detail", "group_id", "role_arn"),
    *("membership_id", "managed_by", "fingerprint"),
)


def assignment(**fields: str) -> Item:
    """Return an assignment to Ann, except for these fields."""
    values = dict.fromkeys(_EMPTY, "") | _TEXT | fields
    return Item(attributes=(), **values)


def entitlement(**fields: str) -> Item:
    """Return Ann's entitlement to a role, except for these fields."""
    return assignment(**{"id": "ax2", "what": "Deploy", "role_arn": ROLE, "permission_set_arn": ""} | fields)


def membership(**fields: str) -> Item:
    """Return Ann's membership in a group, except for these fields."""
    defaults = {
        "id": "mx1",
        "kind": MEMBERSHIP,
        "through": "group Ops",
        "account_id": "",
        "permission_set_arn": "",
        "group_id": "g-1",
        "membership_id": "m-1",
    }
    return assignment(**defaults | fields)


def keep(comment: str = "", until: str = "") -> Decided:
    """Return the decision to keep."""
    return Decided("keep", comment, until)


def revoke(comment: str = "left the team") -> Decided:
    """Return the decision to revoke."""
    return Decided("revoke", comment, "")


UNSURE, OPEN = Decided("unsure", "", ""), Decided("", "", "")


def organization(name: str = "acme", **fields: object) -> ReviewedOrganization:
    """Return an organization that was read from a delegated administrator, except for these fields."""
    defaults = {
        "name": name,
        "instance_arn": INSTANCE,
        "identity_store_id": "d-1",
        "region": "eu-west-1",
        "organization_id": "o-1",
        "management_account_id": MANAGEMENT,
        "caller_account_id": DELEGATED,
        "started_at": NOON,
        "items": 1,
        "snapshot_sha256": SHA,
        "not_examined": (),
    }
    return ReviewedOrganization.model_construct(**defaults | fields)  # type: ignore[arg-type] # by name


def campaign(
    *organizations: ReviewedOrganization,
    items: Sequence[Item] = (),
    scope: CampaignScope = "all",
    out_of_scope: int = 0,
    left_out: Sequence[LeftOut] = (),
    run_id: str = "20261127-120000",
) -> CampaignRecord:
    """Return a campaign on these organizations and items."""
    addresses = dict.fromkeys(item.reviewer for item in items)
    return CampaignRecord.model_construct(
        schema_=1,
        version="1.0",
        opened_at=NOON,
        due=date(2026, 12, 18),
        scope=scope,
        run=ReviewedRun.model_construct(
            run_id=run_id,
            ts="20261127_120000",
            started_at=NOON,
            finished_at=NOON,
            status="complete",
            version="1.0",
            manifest_sha256=SHA,
            endpoint_overrides=(),
        ),
        since=None,
        organizations=organizations or (organization(items=len(items)),),
        left_out=tuple(left_out),
        people=(),
        population=File(name="population.csv", sha256=SHA, rows=len(items), bytes=1000),
        assignments=sum(item.kind == ASSIGNMENT for item in items),
        memberships=sum(item.kind == MEMBERSHIP for item in items),
        out_of_scope=out_of_scope,
        out_of_scope_file=None,
        unread_groups=0,
        groups_without_access=2,
        escape_formulas=True,
        require_comment=("revoke",),
        fallback=FallbackCounts(no_rule=2, own_access=1),
        reviewers=tuple(
            Reviewer(address=address, items=sum(item.reviewer == address for item in items), files=())
            for address in addresses
        ),
    )


def returned_file(**fields: object) -> ReturnedFile:
    """Return a sheet that its reviewer changed, except for these fields."""
    defaults = {"name": "review_ciso_example.com.csv", "sha256": SHA, "modified": NOON, "changed": True}
    return ReturnedFile.model_construct(**defaults | fields)  # type: ignore[arg-type] # by name


def signed(
    decided: Sequence[tuple[Item, Decided]], *organizations: ReviewedOrganization, waivers: int = 0
) -> Signoff:
    """Return the record of a campaign that was closed with these decisions."""
    return sign_off(
        campaign(*organizations, items=[item for item, _ in decided]),
        decided,
        closed_at=NOON,
        campaign_sha256=SHA,
        sheets={"ciso@example.com": [returned_file()]},
        waivers=waivers,
        files=[File(name="decisions.csv", sha256=SHA, rows=len(decided), bytes=4321)],
    )
