"""Tests of Organizations: the tree, account states and permissions."""

from typing import Any, Literal

import pytest

from sso_batch.emulator import Behaviour, Emulator, Limits, World, audit_role
from sso_batch.emulator.world import Organization
from tests.emulator.client import ExpectedError, Keys, assume, client
from tests.emulator.conftest import with_organization


def every(asking: Any, operation: str, result: str, **request: Any) -> list[Any]:  # noqa: ANN401 - botocore has no types
    """Return all items of a listing."""
    pages = asking.get_paginator(operation).paginate(**request)
    return [item for page in pages for item in page[result]]


def test_all_accounts_are_listed_in_pages_of_twenty(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """A page contains 20 accounts, and a token leads to the rest."""
    asking = client(emulator, "organizations", auditor)

    first = asking.list_accounts()
    listed = every(asking, "list_accounts", "Accounts")

    assert len(first["Accounts"]) == 20
    assert [account["Id"] for account in listed] == [account.id for account in organization.accounts]


def test_the_tree_leads_to_every_account(
    emulator: Emulator, auditor: Keys, organization: Organization
) -> None:
    """A walk from the root through all units finds each account once, at its own path."""
    asking = client(emulator, "organizations", auditor)
    (root,) = every(asking, "list_roots", "Roots")
    found: dict[str, str] = {}
    pending = [(root["Id"], f"{organization.id}/{root['Id']}/")]
    while pending:
        parent, path = pending.pop()
        for account in every(asking, "list_accounts_for_parent", "Accounts", ParentId=parent):
            found[account["Id"]] = path
            assert account["Paths"] == [path]
        units = every(asking, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent)
        for unit in units:
            assert (
                asking.describe_organizational_unit(OrganizationalUnitId=unit["Id"])["OrganizationalUnit"]
                == unit
            )
            assert asking.list_parents(ChildId=unit["Id"])["Parents"][0]["Id"] == parent
            pending.append((unit["Id"], f"{path}{unit['Id']}/"))

    assert set(found) == {account.id for account in organization.accounts}
    assert len(set(found.values())) > 2


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ACTIVE", "ACTIVE"),
        ("SUSPENDED", "SUSPENDED"),
        ("CLOSED", "SUSPENDED"),
        ("PENDING_CLOSURE", "PENDING_CLOSURE"),
    ],
)
def test_an_account_has_a_state_and_the_deprecated_status(world: World, state: Any, status: str) -> None:  # noqa: ANN401
    """Status has no value for a closed account; State has."""
    accounts = tuple(
        type(account)(account.id, account.name, account.email, account.parent_id, state)
        for account in world.organizations[0].accounts
    )
    with Emulator(with_organization(world, accounts=accounts)) as emulator:
        account = client(emulator, "organizations", assume(emulator)).list_accounts()["Accounts"][1]

    assert (account["State"], account["Status"]) == (state, status)


@pytest.mark.parametrize("member", ["State", "Status", "Paths"])
def test_a_member_of_accounts_can_be_left_out(
    world: World, member: Literal["State", "Status", "Paths"]
) -> None:
    """The emulator can omit members that older or newer versions of AWS omit."""
    behaviour = Behaviour(omitted_account_members=frozenset({member}))
    with Emulator(world, behaviour=behaviour) as emulator:
        account = client(emulator, "organizations", assume(emulator)).list_accounts()["Accounts"][0]

    assert {"State", "Status", "Paths"} - set(account) == {member}


def test_a_path_can_end_with_the_account(world: World) -> None:
    """The documented pattern of paths allows the account id at the end."""
    with Emulator(world, behaviour=Behaviour(account_id_in_paths=True)) as emulator:
        account = client(emulator, "organizations", assume(emulator)).list_accounts()["Accounts"][1]

    assert account["Paths"][0].endswith(f"/{account['Id']}/")


def test_tags_of_accounts_are_listed(emulator: Emulator, auditor: Keys, organization: Organization) -> None:
    """A resource without tags has an empty list; an unknown resource is an error."""
    asking = client(emulator, "organizations", auditor)

    assert asking.list_tags_for_resource(ResourceId=organization.root_id)["Tags"] == []
    with ExpectedError() as refused:
        asking.list_tags_for_resource(ResourceId="999999999999")
    assert refused.code == "TargetNotFoundException"


def test_a_member_account_can_only_describe(world: World) -> None:
    """Only administrator accounts can list accounts."""
    member = world.organizations[0].accounts[3].id
    role = audit_role(world.organizations[0])
    role = type(role)(f"arn:aws:iam::{member}:role/Audit", role.trusted)
    with Emulator(World(world.organizations, world.access_keys, (role,))) as emulator:
        asking = client(emulator, "organizations", assume(emulator))
        described = asking.describe_organization()["Organization"]
        with ExpectedError() as hidden:
            asking.list_delegated_administrators()
        with ExpectedError() as refused:
            asking.list_accounts()

    assert hidden.code == "AccessDeniedException"
    assert described["MasterAccountId"] == world.organizations[0].management_account_id
    assert (refused.code, refused.message) == (
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
    )


def test_a_delegated_administrator_can_list(world: World) -> None:
    """A delegated administrator can list the accounts."""
    member = world.organizations[0].accounts[3].id
    role = audit_role(world.organizations[0])
    role = type(role)(f"arn:aws:iam::{member}:role/Audit", role.trusted)
    changed = with_organization(world, delegated_administrators=(member,))
    with Emulator(World(changed.organizations, world.access_keys, (role,)), limits=Limits.off()) as emulator:
        assert client(emulator, "organizations", assume(emulator)).list_accounts()["Accounts"]


def test_delegated_administrators_are_listed_in_pages(world: World) -> None:
    """The accounts to which Identity Center is delegated are listed with the date of the delegation."""
    members = tuple(account.id for account in world.organizations[0].accounts[1:23])
    changed = with_organization(world, delegated_administrators=members)
    with Emulator(changed, limits=Limits.off()) as emulator:
        asking = client(emulator, "organizations", assume(emulator))
        first = asking.list_delegated_administrators(ServicePrincipal="sso.amazonaws.com")
        listed = every(asking, "list_delegated_administrators", "DelegatedAdministrators")
        account = asking.list_accounts()["Accounts"][1]

    assert len(first["DelegatedAdministrators"]) == 20
    assert "NextToken" in first
    assert tuple(administrator["Id"] for administrator in listed) == members
    del account["Paths"]
    assert listed[0] == account | {"DelegationEnabledDate": listed[0]["DelegationEnabledDate"]}


def test_an_organization_without_delegation_lists_nobody(emulator: Emulator, auditor: Keys) -> None:
    """The list is empty, not left out."""
    asking = client(emulator, "organizations", auditor)

    assert asking.list_delegated_administrators()["DelegatedAdministrators"] == []


def test_an_account_outside_of_every_organization_is_refused(emulator: Emulator) -> None:
    """The hub is not a member of an organization."""
    with ExpectedError() as refused:
        client(emulator, "organizations").describe_organization()

    assert refused.code == "AWSOrganizationsNotInUseException"


@pytest.mark.parametrize(
    ("operation", "request_", "code", "reason"),
    [
        ("list_accounts", {"MaxResults": 21}, "InvalidInputException", "MAX_VALUE_EXCEEDED"),
        ("list_accounts", {"NextToken": "made-up"}, "InvalidInputException", "INVALID_NEXT_TOKEN"),
        ("list_delegated_administrators", {"MaxResults": 21}, "InvalidInputException", "MAX_VALUE_EXCEEDED"),
        ("list_delegated_administrators", {"NextToken": "x"}, "InvalidInputException", "INVALID_NEXT_TOKEN"),
        (
            "list_delegated_administrators",
            {"ServicePrincipal": ""},
            "InvalidInputException",
            "INVALID_PATTERN",
        ),
        (
            "list_delegated_administrators",
            {"ServicePrincipal": "sso.amazonws.com"},
            "InvalidInputException",
            "UNRECOGNIZED_SERVICE_PRINCIPAL",
        ),
        ("list_parents", {"ChildId": "x"}, "InvalidInputException", "INVALID_PATTERN"),
        ("list_parents", {"ChildId": "999999999999"}, "ChildNotFoundException", None),
        ("list_accounts_for_parent", {"ParentId": "r-none"}, "ParentNotFoundException", None),
        (
            "describe_organizational_unit",
            {"OrganizationalUnitId": "ou-none-12345678"},
            "OrganizationalUnitNotFoundException",
            None,
        ),
    ],
)
def test_bad_requests_are_refused(
    operation: str, request_: dict[str, Any], code: str, reason: str | None, emulator: Emulator, auditor: Keys
) -> None:
    """Each error has the code and reason of Organizations."""
    with ExpectedError() as refused:
        getattr(client(emulator, "organizations", auditor), operation)(**request_)

    assert (refused.code, refused.response.get("Reason")) == (code, reason)
