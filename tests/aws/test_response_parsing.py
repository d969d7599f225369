"""AWS's answers as records."""

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
    Group,
    PermissionSet,
    Principal,
    User,
)

Item = dict[str, Any]


@pytest.mark.parametrize(
    ("parse", "whole", "required"),
    [
        (response_parsing.user, {"UserId": "u"}, ["UserId"]),
        (response_parsing.group, {"GroupId": "g"}, ["GroupId"]),
        (response_parsing.account, {"Id": "1"}, ["Id"]),
        (response_parsing.member_id, {"MemberId": {"UserId": "u"}}, ["MemberId"]),
        (response_parsing.customer_managed_policy, {"Name": "n"}, ["Name"]),
        (response_parsing.tag, {"Key": "k", "Value": "v"}, ["Key", "Value"]),
        (
            response_parsing.assignment,
            {"AccountId": "1", "PermissionSetArn": "a", "PrincipalType": "USER", "PrincipalId": "u"},
            ["AccountId", "PermissionSetArn", "PrincipalType", "PrincipalId"],
        ),
    ],
)
def test_broken_answer(parse: Any, whole: Item, required: list[str]) -> None:  # noqa: ANN401 - any of them
    """An answer without what it must hold is noticed, and never a record with holes in it."""
    parse(whole)

    for key in required:
        with pytest.raises(KeyError, match=key):
            parse({name: value for name, value in whole.items() if name != key})


@pytest.mark.parametrize("item", [{"MemberId": {}}, {"MemberId": {"GroupId": "g"}}])
def test_member_that_is_no_user(item: Item) -> None:
    """A membership of something else than a user is a broken answer, too."""
    with pytest.raises(KeyError, match="UserId"):
        response_parsing.member_id(item)


def test_permission_set_without_a_name() -> None:
    """A permission set's name must be there: it stands in every row."""
    with pytest.raises(KeyError, match="Name"):
        response_parsing.permission_set("arn", {})


def test_boundary_of_neither_kind() -> None:
    """A boundary that names no policy is a broken answer, and not no boundary."""
    with pytest.raises(KeyError):
        response_parsing.permissions_boundary({})


@pytest.mark.parametrize("empty", ["", " ", None])
@pytest.mark.parametrize(
    ("parse", "whole", "ids"),
    [
        (response_parsing.user, {"UserId": "u"}, ["UserId"]),
        (response_parsing.group, {"GroupId": "g"}, ["GroupId"]),
        (response_parsing.account, {"Id": "1"}, ["Id"]),
        (response_parsing.unit, {"Id": "ou", "Name": ""}, ["Id"]),
        (response_parsing.customer_managed_policy, {"Name": "n"}, ["Name"]),
        (response_parsing.permissions_boundary, {"ManagedPolicyArn": "a"}, ["ManagedPolicyArn"]),
        (
            response_parsing.assignment,
            {"AccountId": "1", "PermissionSetArn": "a", "PrincipalType": "USER", "PrincipalId": "u"},
            ["AccountId", "PermissionSetArn", "PrincipalType", "PrincipalId"],
        ),
    ],
)
def test_an_empty_id_is_no_id(parse: Any, whole: Item, ids: list[str], empty: str | None) -> None:  # noqa: ANN401 - any of them
    """An id that is empty names nobody: the answer is a broken one."""
    parse(whole)

    for key in ids:
        with pytest.raises(ValueError, match="an id is empty"):
            parse(whole | {key: empty})


def test_what_is_repeated() -> None:
    """What AWS repeats of the question must be the question's; what it leaves out contradicts nothing."""
    item = {"AccountId": "1", "PrincipalId": "u"}

    assert response_parsing.echoed(item, AccountId="1", PermissionSetArn="a") is item
    with pytest.raises(ValueError, match="another PrincipalId than was asked for"):
        response_parsing.echoed(item, AccountId="1", PrincipalId="v")


@pytest.mark.parametrize(
    ("asked", "told", "fits"),
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
def test_assignments_of_a_principal(asked: Principal, told: Principal, *, fits: bool) -> None:
    """A principal's assignments are its own; a user's may be those of groups as well, and nobody else's."""
    item = {
        "AccountId": "1",
        "PermissionSetArn": "a",
        "PrincipalType": told.type,
        "PrincipalId": told.id,
    }

    if fits:
        assert response_parsing.assignment_of(asked, item).principal == told
    else:
        with pytest.raises(ValueError, match="another PrincipalId than was asked for"):
            response_parsing.assignment_of(asked, item)


UNKNOWN = {"SDK_UNKNOWN_MEMBER": {"name": "new"}}


@pytest.mark.parametrize(
    ("parse", "item", "what"),
    [
        (response_parsing.member_id, {"MemberId": UNKNOWN}, "group members"),
        (response_parsing.entitlement, {"entitlement": UNKNOWN}, "entitlements"),
        (
            response_parsing.entitlement,
            {"entitlement": {"principalRole": {"principal": UNKNOWN}}},
            "entitlements of a principal",
        ),
        (
            response_parsing.entitlement,
            {"entitlement": {"principalRole": {"principal": {"identityCenter": UNKNOWN}}}},
            "entitlements of an Identity Center principal",
        ),
        (
            response_parsing.instance_of_application,
            {"identitySource": UNKNOWN},
            "applications of an identity source",
        ),
    ],
)
def test_kinds_that_are_not_known(parse: Any, item: Item, what: str) -> None:  # noqa: ANN401 - any of them
    """A kind that AWS added since is no broken answer: it is named, and the rest of the page is kept."""
    assert parse(item) == response_parsing.Unexamined(what, "new")


@pytest.mark.parametrize(
    ("emails", "email"),
    [
        ([], ""),
        ([{"Value": "first@x"}, {"Value": "second@x", "Primary": False}], "first@x"),
        ([{"Value": "first@x"}, {"Value": "second@x", "Primary": True}], "second@x"),
        ([{"Value": "", "Primary": True}, {"Value": "second@x"}], "second@x"),
        ([{"Primary": True}, {"Type": "work"}], ""),
        ([{"Value": "a@x", "Primary": True}, {"Value": "b@x", "Primary": True}], "a@x"),
    ],
)
def test_email(emails: list[Item], email: str) -> None:
    """The email is the primary address, else the first, else empty."""
    assert response_parsing.user({"UserId": "u", "Emails": emails}) == User("u", "", "", email, "")


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({"Name": {}}, ""),
        ({"DisplayName": "D", "Name": {"Formatted": "F", "GivenName": "G", "FamilyName": "N"}}, "D"),
        ({"DisplayName": "", "Name": {"Formatted": "F", "GivenName": "G", "FamilyName": "N"}}, "F"),
        ({"Name": {"Formatted": "", "GivenName": "G", "FamilyName": "N"}}, "G N"),
        ({"Name": {"GivenName": "G"}}, "G"),
        ({"Name": {"FamilyName": "N"}}, "N"),
        ({"Name": {"GivenName": "", "FamilyName": "N"}}, "N"),
    ],
)
def test_name(names: Item, name: str) -> None:
    """The name is DisplayName, else Name.Formatted, else what there is of given and family name."""
    assert response_parsing.user({"UserId": "u", **names}) == User("u", "", name, "", "")


def test_user() -> None:
    """Of a user the id, the login and the status are kept, a status that AWS may add included."""
    item = {
        "UserId": "u",
        "UserName": "ann",
        "UserStatus": "SLEEPING",
        "NickName": "A",
        "IdentityStoreId": "d",
    }

    assert response_parsing.user(item) == User(id="u", login="ann", name="", email="", status="SLEEPING")


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
    assert response_parsing.account({"Id": "000000000042", "Name": "Prod", **item}) == Account(
        "000000000042", "Prod", state
    )


def test_group() -> None:
    """A group need not have a name."""
    assert response_parsing.group({"GroupId": "g"}) == Group("g", "")
    assert response_parsing.group({"GroupId": "g", "DisplayName": "Ops"}) == Group("g", "Ops")


def test_permission_set() -> None:
    """What AWS does not say of a permission set is empty; what has to be asked for elsewhere is not read."""
    item = {"Name": "Admin", "PermissionSetArn": "arn", "SessionDuration": "PT1H", "Description": "All"}

    assert response_parsing.permission_set("arn", item) == PermissionSet(
        "arn", name="Admin", description="All", session_duration="PT1H"
    )
    assert response_parsing.permission_set("arn", {"Name": "Admin"}) == PermissionSet(
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
def test_ids_above(item: Item, ids: tuple[str, ...] | None) -> None:
    """The OUs above an account are those of its path, without its own id; no path is not an empty one."""
    assert response_parsing.ids_above(item) == ids


def test_unit() -> None:
    """A root or an OU has an id and a name."""
    assert response_parsing.unit({"Id": "ou-1", "Name": "Prod"}) == ("ou-1", "Prod")


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        ({"userId": "u"}, Principal(USER, "u")),
        ({"groupId": "g"}, Principal(GROUP, "g")),
        ({"userId": "", "groupId": "g"}, Principal(GROUP, "g")),
    ],
)
def test_entitlement(identity: Item, principal: Principal) -> None:
    """An entitlement is a grant of an IAM role to the user or the group that it names."""
    role = {"account": "000000000042", "roleArn": "r", "principal": {"identityCenter": identity}}

    assert response_parsing.entitlement({"entitlement": {"principalRole": role}}) == Grant(
        "000000000042", IAM_ROLE, "", "r", principal
    )


def test_entitlement_of_nobody() -> None:
    """An entitlement that names neither is a broken answer."""
    role = {"account": "1", "roleArn": "r", "principal": {"identityCenter": {}}}

    with pytest.raises(KeyError, match="groupId"):
        response_parsing.entitlement({"entitlement": {"principalRole": role}})


def test_policies() -> None:
    """A customer's policy is its path and name, AWS's its ARN, a tag its key and value."""
    assert response_parsing.customer_managed_policy({"Name": "n"}) == "/n"
    assert response_parsing.customer_managed_policy({"Name": "n", "Path": "/a/b/"}) == "/a/b/n"
    assert response_parsing.permissions_boundary({"ManagedPolicyArn": "arn"}) == "arn"
    assert (
        response_parsing.permissions_boundary(
            {"CustomerManagedPolicyReference": {"Name": "n", "Path": "/a/"}}
        )
        == "/a/n"
    )
    assert response_parsing.tag({"Key": "team", "Value": ""}) == "team="


def test_assignment() -> None:
    """An assignment is a grant of a permission set to the principal that it names."""
    item = {
        "AccountId": "000000000042",
        "PermissionSetArn": "a",
        "PrincipalType": "GROUP",
        "PrincipalId": "g",
    }

    assert response_parsing.assignment(item) == Grant(
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
    """Half of a surrogate pair, which JSON can hold and no file can, becomes U+FFFD; all else stays."""
    assert response_parsing.text(value) == text


@pytest.mark.parametrize("value", [42, True, 1.5, {}, {"0": "a"}, [], ["a"]])
def test_no_text(value: object) -> None:
    """Where AWS promises text and something else comes the answer is a broken one."""
    with pytest.raises(TypeError, match="where AWS promises text"):
        response_parsing.text(value)


@settings(derandomize=True)
@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("\ud83d\ude00")))
def test_any_text(value: str) -> None:
    """Any text can be written, and what could be written before is not changed."""
    cleaned = response_parsing.text(value)

    cleaned.encode()
    assert response_parsing.text(cleaned) == cleaned
    if not any("\ud800" <= character <= "\udfff" for character in value):
        assert cleaned == value
