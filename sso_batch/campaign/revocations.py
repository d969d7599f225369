"""What must be removed, how, and in which account: nothing here is ever executed. Pure."""

import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sso_batch.campaign.decisions import REVOKE, Decided
from sso_batch.campaign.item import MEMBERSHIP, Item, columns_of
from sso_batch.campaign.record import CampaignRecord, ReviewedOrganization
from sso_batch.run_files.columns import csv_renderer
from sso_batch.sanitize import show_hidden

AWS = "aws"
IDENTITY_PROVIDER = "identity_provider"

DELETE_ENTITLEMENT = "delete_entitlement"
"""The function of the script that deletes an entitlement: its arguments are a Region and a filter."""

COLUMNS = ("Item", "Kind", "Organization", "How", "RunInAccount", "Region", "Command", "Note")
"""The first columns of `revocations.csv`; the other facts of the items follow."""

_ASYNCHRONOUS = "AWS deletes the assignment after it has accepted the request"
_MANAGEMENT_UNKNOWN = (
    "the management account is unknown: a delegated administrator of Identity Center cannot delete "
    "assignments in it"
)
_LOOKED_UP = f"{DELETE_ENTITLEMENT} is a function of the script: it looks up the entitlement's id"
_ID_UNKNOWN = "the run did not read the membership's id: the command looks it up"


@dataclass(frozen=True, slots=True)
class Revocation:
    """One item to revoke, the command for it, and the account whose credentials it needs.

    `how` is aws or identity_provider: for the latter, there is neither command nor account. `command` is
    text for a shell, safe whatever the ids are.
    """

    item: Item
    decided: Decided
    how: str
    account_id: str
    region: str
    command: str
    note: str


def revocations(record: CampaignRecord, decided: Iterable[tuple[Item, Decided]]) -> Iterator[Revocation]:
    """Yield what is to be revoked, in the order of the items."""
    organizations = {each.name: each for each in record.organizations}
    for item, decision in decided:
        if decision.decision == REVOKE:
            yield _revocation(organizations[item.organization], item, decision)


def csv_lines(record: CampaignRecord, revoked: Iterable[Revocation]) -> Iterator[str]:
    """Yield the lines of `revocations.csv`."""
    render = csv_renderer(escape=record.escape_formulas)
    columns = columns_of(record.people)
    facts = [number for number, column in enumerate(columns) if column not in COLUMNS]
    yield ",".join((*COLUMNS, *(columns[number] for number in facts))) + "\r\n"
    for each in revoked:
        item = each.item
        first = (item.id, item.kind, item.organization, each.how, each.account_id, each.region)
        values = (*first, each.command, each.note)
        cells = item.cells
        others = ((columns[number], cells[number]) for number in facts)
        yield f"{render([*zip(COLUMNS, values, strict=True), *others])}\r\n"


def _revocation(organization: ReviewedOrganization, item: Item, decided: Decided) -> Revocation:
    if item.kind == MEMBERSHIP:
        return _of_membership(organization, item, decided)
    if item.role_arn:
        return _of_entitlement(organization, item, decided)
    return _of_assignment(organization, item, decided)


def _of_assignment(organization: ReviewedOrganization, item: Item, decided: Decided) -> Revocation:
    """Return the deletion of an assignment.

    It runs in the management account, which can delete every assignment. A delegated administrator cannot
    delete those in the management account.
    """
    management = organization.management_account_id
    command = _joined(
        *("aws", "sso-admin", "delete-account-assignment", "--region", organization.region),
        *("--instance-arn", organization.instance_arn),
        *("--target-type", "AWS_ACCOUNT", "--target-id", item.account_id),
        *("--permission-set-arn", item.permission_set_arn),
        *("--principal-type", item.principal_type, "--principal-id", item.principal_id),
    )
    return Revocation(
        item,
        decided,
        how=AWS,
        account_id=management or organization.caller_account_id,
        region=organization.region,
        command=command,
        note=_ASYNCHRONOUS if management else f"{_ASYNCHRONOUS}; {_MANAGEMENT_UNKNOWN}",
    )


def _of_membership(organization: ReviewedOrganization, item: Item, decided: Decided) -> Revocation:
    if item.managed_by:
        group = item.through.removeprefix("group ")
        who = f"{item.who} ({item.user_email})" if item.user_email not in {"", item.who} else item.who
        note = f"remove in the identity provider {item.managed_by}: user {who} from group {group}"
        return Revocation(item, decided, IDENTITY_PROVIDER, account_id="", region="", command="", note=note)
    place = ("--region", organization.region, "--identity-store-id", organization.identity_store_id)
    command = _joined("aws", "identitystore", "delete-group-membership", *place, "--membership-id")
    lookup = _joined(
        *("aws", "identitystore", "get-group-membership-id", *place, "--group-id", item.group_id),
        *("--member-id", f"UserId={item.principal_id}", "--query", "MembershipId", "--output", "text"),
    )
    return Revocation(
        item,
        decided,
        how=AWS,
        account_id=organization.caller_account_id,
        region=organization.region,
        command=f"{command} {_joined(item.membership_id)}"
        if item.membership_id
        else f'{command} "$({lookup})"',
        note="" if item.membership_id else _ID_UNKNOWN,
    )


def _of_entitlement(organization: ReviewedOrganization, item: Item, decided: Decided) -> Revocation:
    principal = {"userId" if item.is_about_one_user else "groupId": item.principal_id}
    entitlement = {
        "account": item.account_id,
        "roleArn": item.role_arn,
        "principal": {"identityCenter": principal},
    }
    matching = json.dumps({"principalRole": entitlement})
    return Revocation(
        item,
        decided,
        how=AWS,
        account_id=organization.caller_account_id,
        region=organization.region,
        command=_joined(DELETE_ENTITLEMENT, organization.region, matching),
        note=_LOOKED_UP,
    )


def _joined(*arguments: str) -> str:
    """Return a command for a shell. Hidden characters are not part of any id: they become visible."""
    return shlex.join(map(show_hidden, arguments))
