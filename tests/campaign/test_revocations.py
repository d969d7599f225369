"""Tests of what is to be revoked, how and where, and of its CSV file."""

import csv
import io
import json
import shlex

import pytest

from sso_batch.campaign.decisions import Decided
from sso_batch.campaign.item import Item
from sso_batch.campaign.revocations import COLUMNS, Revocation, csv_lines, revocations
from tests.campaign.outcomes import (
    ADMIN,
    DELEGATED,
    INSTANCE,
    MANAGEMENT,
    OPEN,
    PROD,
    ROLE,
    UNSURE,
    assignment,
    campaign,
    entitlement,
    keep,
    membership,
    organization,
    revoke,
)


def revoked(item: Item, **fields: object) -> Revocation:
    """Return the revocation of an item whose organization has these fields."""
    (only,) = revocations(campaign(organization("acme", **fields)), [(item, revoke())])
    return only


@pytest.mark.parametrize("decided", [keep(), UNSURE, OPEN])
def test_only_what_is_revoked(decided: Decided) -> None:
    """What is kept or not decided is not revoked."""
    assert list(revocations(campaign(), [(assignment(), decided)])) == []


def test_assignment() -> None:
    """An assignment is deleted in the management account, which can delete all of them."""
    item = assignment(principal_type="GROUP", principal_id="g-1")

    assert revoked(item) == Revocation(
        item,
        revoke(),
        how="aws",
        account_id=MANAGEMENT,
        region="eu-west-1",
        command=f"aws sso-admin delete-account-assignment --region eu-west-1 --instance-arn {INSTANCE} "
        f"--target-type AWS_ACCOUNT --target-id {PROD} --permission-set-arn {ADMIN} "
        "--principal-type GROUP --principal-id g-1",
        note="AWS deletes the assignment after it has accepted the request",
    )


def test_unknown_management_account() -> None:
    """Where the management account is unknown, the account that audited must do, with a note."""
    found = revoked(assignment(), management_account_id=None)

    assert found.account_id == DELEGATED
    assert found.note.endswith("a delegated administrator of Identity Center cannot delete assignments in it")


def test_membership() -> None:
    """A membership is deleted by its id, in the account that audited."""
    found = revoked(membership())

    assert (found.how, found.account_id, found.note) == ("aws", DELEGATED, "")
    assert found.command == (
        "aws identitystore delete-group-membership --region eu-west-1 --identity-store-id d-1 "
        "--membership-id m-1"
    )


def test_membership_without_id() -> None:
    """The id of a membership is looked up if the run did not read it."""
    found = revoked(membership(membership_id=""))

    assert found.note == "the run did not read the membership's id: the command looks it up"
    assert found.command.endswith(
        '--membership-id "$(aws identitystore get-group-membership-id --region eu-west-1 '
        "--identity-store-id d-1 --group-id g-1 --member-id UserId=u-1 --query MembershipId "
        '--output text)"'
    )


@pytest.mark.parametrize(
    ("email", "who"), [("ann@example.com", "Ann (ann@example.com)"), ("", "Ann"), ("Ann", "Ann")]
)
def test_managed_group(email: str, who: str) -> None:
    """A membership that an identity provider manages is removed there, by no command."""
    found = revoked(membership(managed_by="https://scim.example.com", user_email=email))

    assert (found.how, found.account_id, found.region, found.command) == ("identity_provider", "", "", "")
    assert found.note == (
        f"remove in the identity provider https://scim.example.com: user {who} from group Ops"
    )


def test_assignment_of_managed_group() -> None:
    """Who manages a group makes no difference to its assignments."""
    assert revoked(assignment(managed_by="https://scim.example.com")).how == "aws"


@pytest.mark.parametrize(("kind", "key"), [("USER", "userId"), ("GROUP", "groupId")])
def test_entitlement(kind: str, key: str) -> None:
    """An entitlement is found by account, role and principal."""
    found = revoked(entitlement(principal_type=kind))

    name, region, matching = shlex.split(found.command)
    assert (name, region, found.account_id) == ("delete_entitlement", "eu-west-1", DELEGATED)
    assert json.loads(matching) == {
        "principalRole": {
            "account": PROD,
            "roleArn": ROLE,
            "principal": {"identityCenter": {key: "u-1"}},
        }
    }


def test_csv() -> None:
    """The CSV file has the command first, then the other facts of the item, each once."""
    item = assignment(who="=cmd()", privilege_reason="+1")
    record = campaign(items=[item])
    found = list(revocations(record, [(item, revoke())]))

    lines = list(csv_lines(record, found))
    assert all(line.endswith("\r\n") for line in lines)
    header, row = csv.reader(io.StringIO("".join(lines), newline=""))
    assert tuple(header[: len(COLUMNS)]) == COLUMNS
    assert len(set(header)) == len(header)
    cells = dict(zip(header, row, strict=True))
    assert cells["Command"] == found[0].command
    assert (cells["Item"], cells["How"], cells["RunInAccount"]) == ("ax1", "aws", MANAGEMENT)
    assert (cells["Who"], cells["PrivilegeReason"]) == ("'=cmd()", "'+1")
    assert (cells["Reviewer"], cells["PrincipalId"]) == ("ciso@example.com", "u-1")


def test_empty_csv() -> None:
    """Without revocations the file has only its header."""
    (header,) = csv_lines(campaign(), [])

    assert header.startswith("Item,Kind,Organization,How,RunInAccount,Region,Command,Note,Reviewer,Who,")
