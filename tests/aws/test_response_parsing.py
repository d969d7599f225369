"""Tests of parsing AWS's answers into records."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_batch.aws import response_parsing
from sso_batch.model import (
    GROUP,
    IAM_ROLE,
    PERMISSION_SET,
    USER,
    Account,
    Grant,
    PermissionSet,
    Principal,
)

Item = dict[str, Any]


@pytest.mark.parametrize(
    ("parse", "whole", "required"),
    [
        (response_parsing.parse_account, {"Id": "1"}, ["Id"]),
        (response_parsing.parse_customer_managed_policy, {"Name": "n"}, ["Name"]),
        (response_parsing.parse_tag, {"Key": "k", "Value": "v"}, ["Key", "Value"]),
        (
            response_parsing.parse_assignment,
            {"AccountId": "1", "PermissionSetArn": "a", "PrincipalType": "USER", "PrincipalId": "u"},
            ["AccountId", "PermissionSetArn", "PrincipalType", "PrincipalId"],
        ),
    ],
)
def test_missing_field(parse: Any, whole: Item, required: list[str]) -> None:  # noqa: ANN401 - any of them
    """An answer without a required field is malformed, and never becomes an incomplete record."""
    parse(whole)

    for key in required:
        with pytest.raises(KeyError, match=key):
            parse({name: value for name, value in whole.items() if name != key})


def test_permission_set_without_a_name() -> None:
    """A permission set must have a name: it is part of every row."""
    with pytest.raises(KeyError, match="Name"):
        response_parsing.parse_permission_set("arn", {})


def test_boundary_of_neither_kind() -> None:
    """A boundary that names no policy is a malformed answer, not a missing boundary."""
    with pytest.raises(KeyError):
        response_parsing.parse_permissions_boundary({})


@pytest.mark.parametrize("empty", ["", " ", None])
@pytest.mark.parametrize(
    ("parse", "whole", "ids"),
    [
        (response_parsing.parse_account, {"Id": "1"}, ["Id"]),
        (response_parsing.parse_unit, {"Id": "ou", "Name": ""}, ["Id"]),
        (response_parsing.parse_customer_managed_policy, {"Name": "n"}, ["Name"]),
        (response_parsing.parse_permissions_boundary, {"ManagedPolicyArn": "a"}, ["ManagedPolicyArn"]),
        (
            response_parsing.parse_assignment,
            {"AccountId": "1", "PermissionSetArn": "a", "PrincipalType": "USER", "PrincipalId": "u"},
            ["AccountId", "PermissionSetArn", "PrincipalType", "PrincipalId"],
        ),
    ],
)
def test_empty_id(parse: Any, whole: Item, ids: list[str], empty: str | None) -> None:  # noqa: ANN401 - any of them
    """An answer with an empty id is malformed."""
    parse(whole)

    for key in ids:
        with pytest.raises(ValueError, match="an id is empty"):
            parse(whole | {key: empty})


def test_check_echo() -> None:
    """A parameter that AWS repeats must be unchanged; one that it omits contradicts nothing."""
    item = {"AccountId": "1", "PrincipalId": "u"}

    assert response_parsing.check_echo(item, AccountId="1", PermissionSetArn="a") is item
    with pytest.raises(ValueError, match="another PrincipalId than requested"):
        response_parsing.check_echo(item, AccountId="1", PrincipalId="v")


@pytest.mark.parametrize(
    ("requested", "returned", "fits"),
    [
        (Principal(USER, "u"), Principal(USER, "u"), True),
        (Principal(USER, "u"), Principal(GROUP, "g"), True),  # what the user has through a group
        (Principal(USER, "u"), Principal(USER, "v"), False),
        (Principal(GROUP, "g"), Principal(GROUP, "g"), True),
        (Principal(GROUP, "g"), Principal(GROUP, "h"), False),
        (Principal(GROUP, "g"), Principal(USER, "u"), False),
        (Principal(GROUP, "u"), Principal(USER, "u"), False),
    ],
)
def test_assignments_of_a_principal(requested: Principal, returned: Principal, *, fits: bool) -> None:
    """A principal's assignments are its own; a user's may also belong to groups, but to nobody else."""
    item = {
        "AccountId": "1",
        "PermissionSetArn": "a",
        "PrincipalType": returned.type,
        "PrincipalId": returned.id,
    }

    if fits:
        assert response_parsing.parse_principal_assignment(requested, item).principal == returned
    else:
        with pytest.raises(ValueError, match="another PrincipalId than requested"):
            response_parsing.parse_principal_assignment(requested, item)


UNKNOWN = {"SDK_UNKNOWN_MEMBER": {"name": "new"}}


@pytest.mark.parametrize(
    ("parse", "item", "what"),
    [
        (response_parsing.parse_entitlement, {"entitlement": UNKNOWN}, "entitlements"),
        (
            response_parsing.parse_entitlement,
            {"entitlement": {"principalRole": {"principal": UNKNOWN}}},
            "entitlements of a principal",
        ),
        (
            response_parsing.parse_entitlement,
            {"entitlement": {"principalRole": {"principal": {"identityCenter": UNKNOWN}}}},
            "entitlements of an Identity Center principal",
        ),
        (
            response_parsing.parse_application_instance,
            {"identitySource": UNKNOWN},
            "applications of an identity source",
        ),
    ],
)
def test_unknown_kinds(parse: Any, item: Item, what: str) -> None:  # noqa: ANN401 - any of them
    """A kind that AWS added later is not malformed: it is named, and the rest of the page is kept."""
    assert parse(item) == response_parsing.Unexamined(what, "new")


@pytest.mark.parametrize(
    ("item", "state"),
    [
        ({}, ""),
        ({"Status": "SUSPENDED"}, "SUSPENDED"),
        ({"State": "CLOSED", "Status": "SUSPENDED"}, "CLOSED"),
        ({"State": "", "Status": "SUSPENDED"}, "SUSPENDED"),
    ],
)
def test_account(item: Item, state: str) -> None:
    """The state is `State`, else the `Status` that it replaced; leading zeros of the id are kept."""
    assert response_parsing.parse_account({"Id": "000000000042", "Name": "Prod", **item}) == Account(
        "000000000042", "Prod", state
    )


def test_permission_set() -> None:
    """Optional fields of a permission set may be empty; fields of other operations are not read."""
    item = {"Name": "Admin", "PermissionSetArn": "arn", "SessionDuration": "PT1H", "Description": "All"}

    assert response_parsing.parse_permission_set("arn", item) == PermissionSet(
        "arn", name="Admin", description="All", session_duration="PT1H"
    )
    assert response_parsing.parse_permission_set("arn", {"Name": "Admin"}) == PermissionSet(
        "arn", name="Admin", description="", session_duration=""
    )


@pytest.mark.parametrize(
    ("item", "ids"),
    [
        ({}, None),
        ({"Paths": None}, None),
        ({"Paths": []}, None),
        ({"Paths": ["o-1/r-1/"]}, ("r-1",)),
        ({"Paths": ["o-1/r-1/ou-1-a/ou-1-b/"]}, ("r-1", "ou-1-a", "ou-1-b")),
        ({"Paths": ["o-1/r-1/ou-1-a/111111111111/"]}, ("r-1", "ou-1-a")),
    ],
)
def test_parent_ids(item: Item, ids: tuple[str, ...] | None) -> None:
    """The OUs above an account come from its path, without its own id; a missing path is not an empty one."""
    assert response_parsing.parse_parent_ids(item) == ids


def test_unit() -> None:
    """A root or an OU has an id and a name."""
    assert response_parsing.parse_unit({"Id": "ou-1", "Name": "Prod"}) == ("ou-1", "Prod")


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        ({"userId": "u"}, Principal(USER, "u")),
        ({"groupId": "g"}, Principal(GROUP, "g")),
        ({"userId": "", "groupId": "g"}, Principal(GROUP, "g")),
    ],
)
def test_entitlement(identity: Item, principal: Principal) -> None:
    """An entitlement is a grant of an IAM role to the user or group that it names."""
    role = {"account": "000000000042", "roleArn": "r", "principal": {"identityCenter": identity}}

    assert response_parsing.parse_entitlement({"entitlement": {"principalRole": role}}) == Grant(
        "000000000042", IAM_ROLE, "", "r", principal
    )


def test_entitlement_of_nobody() -> None:
    """An entitlement without a principal is a malformed answer."""
    role = {"account": "1", "roleArn": "r", "principal": {"identityCenter": {}}}

    with pytest.raises(KeyError, match="groupId"):
        response_parsing.parse_entitlement({"entitlement": {"principalRole": role}})


def test_policies() -> None:
    """A customer managed policy is its path and name, an AWS managed one its ARN, a tag its key and value."""
    assert response_parsing.parse_customer_managed_policy({"Name": "n"}) == "/n"
    assert response_parsing.parse_customer_managed_policy({"Name": "n", "Path": "/a/b/"}) == "/a/b/n"
    assert response_parsing.parse_permissions_boundary({"ManagedPolicyArn": "arn"}) == "arn"
    assert (
        response_parsing.parse_permissions_boundary(
            {"CustomerManagedPolicyReference": {"Name": "n", "Path": "/a/"}}
        )
        == "/a/n"
    )
    assert response_parsing.parse_tag({"Key": "team", "Value": ""}) == "team="


def test_assignment() -> None:
    """An assignment is a grant of a permission set to the principal that it names."""
    item = {
        "AccountId": "000000000042",
        "PermissionSetArn": "a",
        "PrincipalType": "GROUP",
        "PrincipalId": "g",
    }

    assert response_parsing.parse_assignment(item) == Grant(
        "000000000042", PERMISSION_SET, "a", "", Principal(GROUP, "g")
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("plain", "plain"),
        ("Zoë\x00\n", "Zoë\x00\n"),
        ("\ufeffZoë", "\ufeffZoë"),
        ("\ud83d\ude00", "\U0001f600"),
        ("a\ud83d", "a\ufffd"),
        ("\ude00a", "\ufffda"),
        ("\ud83da\ude00", "\ufffda\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_text(value: object, text: str) -> None:
    """An unpaired surrogate, which JSON can contain and a file cannot, becomes U+FFFD; all else stays."""
    assert response_parsing.parse_text(value) == text


@pytest.mark.parametrize("value", [42, True, 1.5, {}, {"0": "a"}, [], ["a"]])
def test_not_text(value: object) -> None:
    """An answer with something other than text is malformed where AWS promises text."""
    with pytest.raises(TypeError, match="where AWS promises text"):
        response_parsing.parse_text(value)


@settings(derandomize=True)
@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("\ud83d\ude00")))
def test_any_text(value: str) -> None:
    """Any parsed text can be written, and parsing it again changes nothing."""
    cleaned = response_parsing.parse_text(value)

    cleaned.encode()
    assert response_parsing.parse_text(cleaned) == cleaned
    if not any("\ud800" <= character <= "\udfff" for character in value):
        assert cleaned == value
