"""Tests of parsing AWS's answers about users, groups and memberships, with attributes in all known forms."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.aws import identity_store_parsing
from sso_batch.aws.identity_store_parsing import EXTENSION, needs_extension, parse_date
from sso_batch.aws.response_parsing import Unexamined
from sso_batch.config.models import ATTRIBUTES
from sso_batch.model import ExternalId, Group, Member, User

Item = dict[str, Any]

EVERYTHING = {
    "title": "Engineer",
    "user_type": "Employee",
    "department": "Platform",
    "division": "IT",
    "cost_center": "0410",
    "employee_number": "00017",
    "manager": "u-9",
}
ORIGIN = {
    "CreatedAt": datetime(2026, 11, 26, 16, 31, 45, 999_999, timezone(timedelta(hours=1))),
    "CreatedBy": "SCIM",
    "UpdatedAt": datetime(2026, 11, 27, tzinfo=UTC),
    "UpdatedBy": "AROA1:ann",
}
AUTHORED: dict[str, Any] = {
    "created_at": "2026-11-26T15:31:45Z",
    "created_by": "SCIM",
    "updated_at": "2026-11-27T00:00:00Z",
    "updated_by": "AROA1:ann",
}


def user(**members: object) -> User:
    """Return a parsed user of whom all attributes were requested."""
    return identity_store_parsing.parse_user({"UserId": "u", **members}, ATTRIBUTES)


def extended(extension: object, **members: object) -> dict[str, str]:
    """Return the attributes of a user with an extension."""
    return dict(user(Extensions={EXTENSION: extension}, **members).attributes)


@pytest.mark.parametrize(
    ("parse", "whole", "required"),
    [
        (identity_store_parsing.parse_user, {"UserId": "u"}, "UserId"),
        (identity_store_parsing.parse_group, {"GroupId": "g"}, "GroupId"),
        (identity_store_parsing.parse_member, {"MemberId": {"UserId": "u"}}, "MemberId"),
    ],
)
def test_missing_field(parse: Any, whole: Item, required: str) -> None:  # noqa: ANN401 - any of them
    """An answer without a required field is malformed, and never becomes an incomplete record."""
    parse(whole)

    with pytest.raises(KeyError, match=required):
        parse({})


@pytest.mark.parametrize("empty", ["", " ", None])
@pytest.mark.parametrize(
    ("parse", "item"),
    [
        (identity_store_parsing.parse_user, lambda id_: {"UserId": id_}),
        (identity_store_parsing.parse_group, lambda id_: {"GroupId": id_}),
        (identity_store_parsing.parse_member, lambda id_: {"MemberId": {"UserId": id_}}),
    ],
)
def test_empty_id(parse: Any, item: Any, empty: str | None) -> None:  # noqa: ANN401 - any of them
    """An answer with an empty id is malformed."""
    parse(item("1"))

    with pytest.raises(ValueError, match="an id is empty"):
        parse(item(empty))


@pytest.mark.parametrize("item", [{"MemberId": {}}, {"MemberId": {"GroupId": "g"}}])
def test_member_that_is_not_a_user(item: Item) -> None:
    """A membership of something other than a user is a malformed answer, too."""
    with pytest.raises(KeyError, match="UserId"):
        identity_store_parsing.parse_member(item)


def test_unknown_kind_of_member() -> None:
    """A kind that AWS added later is not malformed: it is named, and the rest of the page is kept."""
    item = {"MemberId": {"SDK_UNKNOWN_MEMBER": {"name": "new"}}}

    assert identity_store_parsing.parse_member(item) == Unexamined("group members", "new")


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
    item = {"UserId": "u", "Emails": emails}

    assert identity_store_parsing.parse_user(item) == User("u", "", "", email, "")


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
    """The name is DisplayName, else Name.Formatted, else the given and family names."""
    assert identity_store_parsing.parse_user({"UserId": "u", **names}) == User("u", "", name, "", "")


def test_user() -> None:
    """A user keeps its id, login and status, even if AWS adds a status later."""
    item = {
        "UserId": "u",
        "UserName": "ann",
        "UserStatus": "SLEEPING",
        "NickName": "A",
        "IdentityStoreId": "d",
    }

    assert identity_store_parsing.parse_user(item) == User(
        id="u", login="ann", name="", email="", status="SLEEPING"
    )


def test_group() -> None:
    """A group need not have a name."""
    assert identity_store_parsing.parse_group({"GroupId": "g"}) == Group("g", "")
    assert identity_store_parsing.parse_group({"GroupId": "g", "DisplayName": "Ops"}) == Group("g", "Ops")


@pytest.mark.parametrize("external_ids", [None, [], [{"Issuer": "https://scim", "Id": " "}, {"Id": ""}]])
def test_an_empty_external_id_is_none(external_ids: object) -> None:
    """An object without a usable external id has none."""
    assert user(ExternalIds=external_ids).external_ids == ()


def test_origins() -> None:
    """Dates in UTC without fractions, authors, external ids and membership ids are kept as AWS gives them."""
    external = [{"Issuer": "https://scim", "Id": "00u1"}, {"Id": "7"}]
    external_ids = (ExternalId("https://scim", "00u1"), ExternalId("", "7"))

    assert identity_store_parsing.parse_user({"UserId": "u", "ExternalIds": external, **ORIGIN}) == User(
        "u", "", "", "", "", external_ids=external_ids, **AUTHORED
    )
    assert identity_store_parsing.parse_group({"GroupId": "g", "ExternalIds": external, **ORIGIN}) == Group(
        "g", "", external_ids=external_ids, **AUTHORED
    )
    assert identity_store_parsing.parse_member(
        {"MembershipId": "m", "MemberId": {"UserId": "u"}, **ORIGIN}
    ) == Member("u", membership_id="m", **AUTHORED)


@pytest.mark.parametrize("member", ["CreatedAt", "UpdatedAt"])
@pytest.mark.parametrize("value", ["2026-11-26T15:31:45Z", 1_764_000_000, [], {}])
def test_a_date_of_another_type_is_malformed(member: str, value: object) -> None:
    """A date that is not a date is never shown as one."""
    with pytest.raises(TypeError, match="where AWS promises a date"):
        identity_store_parsing.parse_group({"GroupId": "g", member: value})


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (None, ""),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(2026, 2, 28, 23, 59, 59, tzinfo=timezone(-timedelta(hours=1))), "2026-03-01T00:59:59Z"),
    ],
)
def test_date(date: datetime | None, text: str) -> None:
    """A date has one form, in UTC, also for years with fewer than four digits."""
    assert parse_date(date) == text


def test_a_date_out_of_range_is_malformed() -> None:
    """A date that does not exist in UTC is no bug of this program."""
    with pytest.raises(ValueError, match="out of range"):
        parse_date(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))


def test_only_requested_attributes_are_kept() -> None:
    """Without a request, no attribute is kept, although AWS sends some of them with every user."""
    item = {
        "UserId": "u",
        "Title": "Engineer",
        "UserType": "Employee",
        "Extensions": {EXTENSION: {"department": "Platform", "manager": "u-9"}},
    }

    assert identity_store_parsing.parse_user(item).attributes == ()
    assert identity_store_parsing.parse_user(item, ("title",)).attributes == (("title", "Engineer"),)
    assert identity_store_parsing.parse_user(item, ("user_type", "manager")).attributes == (
        ("user_type", "Employee"),
        ("manager", "u-9"),
    )


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda key: key[0].upper() + key[1:]])
def test_keys_of_every_case(spell: Any) -> None:  # noqa: ANN401 - a function
    """The keys of the extension are read without regard to case."""
    keys = {
        "department": "Platform",
        "division": "IT",
        "costCenter": "0410",
        "employeeNumber": "00017",
        "manager": "u-9",
        "organization": "not asked for",
    }
    extension = {spell(key): value for key, value in keys.items()}

    assert extended(extension, Title="Engineer", UserType="Employee") == EVERYTHING


@pytest.mark.parametrize(
    ("manager", "value"),
    [
        ("ada", "ada"),
        ({"value": "u-9"}, "u-9"),
        ({"value": "u-9", "displayName": "Ada"}, "u-9"),
        ({"displayName": "Ada", "Value": "u-9", "$ref": "../Users/u-9"}, "u-9"),
        ({"value": "", "displayName": "Ada"}, "Ada"),
        ({"value": None, "displayName": "Ada"}, "Ada"),
        ({"Name": "Ada", "UserName": "ada"}, "ada"),
        ({"Name": "Ada"}, "Ada"),
        ({"value": 17}, "17"),
        ({}, ""),
        ({"value": ""}, ""),
        (None, ""),
        ("", ""),
        (" ", " "),
    ],
)
def test_forms_of_a_manager(manager: object, value: str) -> None:
    """A manager is text or an object, of which the best identifier counts."""
    assert extended({"Manager": manager})["manager"] == value


@pytest.mark.parametrize(
    "extensions", [None, {}, {EXTENSION: None}, {EXTENSION: {}}, {"aws:x:other": {"department": "x"}}]
)
def test_a_user_without_attributes(extensions: object) -> None:
    """Attributes that AWS does not have are empty."""
    assert dict(user(Extensions=extensions).attributes) == dict.fromkeys(ATTRIBUTES, "")


@pytest.mark.parametrize("value", [True, 1.5, ["Platform"], {"name": "Platform"}])
def test_an_attribute_of_an_unknown_form_is_not_read(value: object) -> None:
    """A value that this version cannot read is left out; it is not empty, and the user is kept."""
    attributes = extended({"department": value, "division": "IT", "employeeNumber": 17, "manager": "u-9"})

    assert attributes.keys() == ATTRIBUTES_WITHOUT_DEPARTMENT
    assert (attributes["division"], attributes["employee_number"]) == ("IT", "17")


ATTRIBUTES_WITHOUT_DEPARTMENT = set(ATTRIBUTES) - {"department"}


@pytest.mark.parametrize(
    "manager", [["u-9"], {"id": "u-9"}, {"value": ["u-9"]}, {"value": {"id": "u-9"}}, False]
)
def test_a_manager_of_an_unknown_form_is_not_read(manager: object) -> None:
    """A manager without a known key is not read."""
    assert "manager" not in extended({"manager": manager})


@pytest.mark.parametrize("extension", ["text", ["list"], 1, True])
def test_an_extension_that_is_not_an_object_is_not_read(extension: object) -> None:
    """Standard attributes are known even if the enterprise ones cannot be read."""
    assert extended(extension, Title="Engineer") == {"title": "Engineer", "user_type": ""}


def test_of_two_keys_the_one_with_a_value_counts() -> None:
    """Keys that differ in case only do not hide a value."""
    assert extended({"Department": "", "department": "Platform"})["department"] == "Platform"
    assert extended({"department": "Platform", "Department": None})["department"] == "Platform"


@pytest.mark.parametrize("member", ["Title", "UserType", "CreatedBy", "UpdatedBy"])
def test_standard_text_of_another_type_is_malformed(member: str) -> None:
    """AWS's model says that these are text."""
    with pytest.raises(TypeError, match="where AWS promises text"):
        user(**{member: 7})


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    """Every value can be written to every file."""
    attributes = extended({"department": "\ud83d", "manager": {"value": "\ude00x"}}, Title="half \ud83d")

    assert (attributes["title"], attributes["department"], attributes["manager"]) == (
        "half \ufffd",
        "\ufffd",
        "\ufffdx",
    )


@pytest.mark.parametrize(
    ("people", "needed"),
    [((), False), (("title", "user_type"), False), (("title", "division"), True), (ATTRIBUTES, True)],
)
def test_the_extension_is_requested_only_if_it_is_needed(people: tuple[str, ...], *, needed: bool) -> None:
    """Standard attributes come with every user."""
    assert needs_extension(people) == needed


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(ATTRIBUTES[2:]),
)
def test_no_extension_is_malformed(value: object, name: str) -> None:
    """Any JSON is an attribute's text or not read."""
    attributes = extended({name.replace("_", ""): value})

    assert all(isinstance(text, str) for text in attributes.values())
    assert attributes.keys() >= set(ATTRIBUTES) - {name}
