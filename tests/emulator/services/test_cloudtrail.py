"""Tests of CloudTrail: the event history by name, time, account and Region, and its events."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sso_batch.emulator import Emulator, Fault, Limits, Rate, World, audit_role
from sso_batch.emulator.world import AccessKey, Organization
from sso_batch.emulator.world.builder import HUB, OrganizationBuilder
from sso_batch.emulator.world.events import History
from tests.emulator.client import ExpectedError, assume, client, keys_of
from tests.emulator.conftest import ManualClock

DAY = 24 * 3600
NOW = ManualClock().now
MANAGEMENT, MEMBER = "111122223300", "111122223301"
STORE_ARN = f"arn:aws:identitystore::{MANAGEMENT}:identitystore/"


def built(fill: Any = None) -> Organization:  # noqa: ANN401 - a function of a history and a builder
    """Return an organization with the history that `fill` records."""
    builder = OrganizationBuilder(
        "acme", management_account_id=MANAGEMENT, region="eu-west-1", domain="acme.example"
    )
    builder.account("member", MEMBER)
    builder.user("ada")
    builder.group("admins")
    builder.permission_set("Admin")
    if fill:
        fill(History(builder))
    return builder.build()


def served(organization: Organization, clock: ManualClock | None = None, **options: Any) -> Emulator:  # noqa: ANN401
    """Return an emulator of the organization, whose audit role trusts the hub."""
    world = World((organization,), (HUB,), (audit_role(organization),))
    return Emulator(world, limits=Limits.off(), clock=clock or ManualClock(), **options)


def names(name: str) -> dict[str, Any]:
    """Return the attribute that looks up events of one name."""
    return {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}]}


def sign_ins(emulator: Emulator, region: str = "eu-west-1", **request: Any) -> list[float]:  # noqa: ANN401
    """Return the ages of all sign-ins, in days."""
    asking = client(emulator, "cloudtrail", assume(emulator), region=region)
    pages = asking.get_paginator("lookup_events").paginate(**names("UserAuthentication"), **request)
    return [(NOW - event["EventTime"].timestamp()) / DAY for page in pages for event in page["Events"]]


def test_events_are_listed_from_the_newest_on_for_90_days() -> None:
    """Older events have left the history, and events that are yet to happen are not in it."""

    def fill(history: History) -> None:
        for days in (89, 1, 91, 30, -1):
            history.signed_in(NOW - days * DAY, "ada")

    with served(built(fill)) as emulator:
        assert sign_ins(emulator) == [1, 30, 89]


def test_events_leave_the_history_as_the_clock_goes_on(clock: ManualClock) -> None:
    """The emulator's clock decides."""
    with served(built(lambda history: history.signed_in(NOW - DAY, "ada")), clock) as emulator:
        assert sign_ins(emulator) == [1]
        clock.advance(89 * DAY + 1)
        assert sign_ins(emulator) == []


def test_start_and_end_are_part_of_the_range() -> None:
    """Both ends are inclusive."""

    def fill(history: History) -> None:
        for days in range(6):
            history.signed_in(NOW - days * DAY, "ada")

    start, end = (datetime.fromtimestamp(NOW - days * DAY, UTC) for days in (4, 2))
    with served(built(fill)) as emulator:
        assert sign_ins(emulator, StartTime=start, EndTime=end) == [2, 3, 4]


def test_a_page_has_at_most_50_events() -> None:
    """A token leads to the next page of the same lookup."""

    def fill(history: History) -> None:
        for seconds in range(120):
            history.signed_in(NOW - seconds, "ada")

    with served(built(fill)) as emulator:
        asking = client(emulator, "cloudtrail", assume(emulator))
        sizes: list[int] = []
        more: dict[str, str] = {}
        while True:
            page = asking.lookup_events(**names("UserAuthentication"), **more)
            sizes.append(len(page["Events"]))
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
        first = asking.lookup_events(**names("UserAuthentication"), MaxResults=1)
        with ExpectedError() as refused:
            asking.lookup_events(**names("CreateAccountAssignment"), NextToken=first["NextToken"])

    assert sizes == [50, 50, 20]
    assert refused.code == "InvalidNextTokenException"


def test_events_belong_to_an_account_and_a_region() -> None:
    """What a delegated administrator did is in the history of its own account."""

    def fill(history: History) -> None:
        delegate = history.role("Admin", "ada", account_id=MEMBER)
        history.assigned(NOW - DAY, delegate, "Admin", "USER", "ada", MEMBER, account_id=MEMBER)
        history.signed_in(NOW - DAY, "ada")

    organization = replace(built(fill), delegated_administrators=(MEMBER,))
    key = AccessKey("AKIAMEMBER", "secret", f"arn:aws:iam::{MEMBER}:user/ada")
    world = World((organization,), (HUB, key), (audit_role(organization),))
    with Emulator(world, limits=Limits.off(), clock=ManualClock()) as emulator:
        request = names("CreateAccountAssignment")
        central = client(emulator, "cloudtrail", assume(emulator)).lookup_events(**request)
        delegated = client(emulator, "cloudtrail", keys_of(key)).lookup_events(**request)
        outside = client(emulator, "cloudtrail").lookup_events(**request)

        assert [len(answer["Events"]) for answer in (central, delegated, outside)] == [0, 1, 0]
        assert (sign_ins(emulator), sign_ins(emulator, "eu-north-1")) == ([1], [])


@pytest.fixture(scope="module")
def details() -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Return the JSON of one event of each kind, by name."""

    def fill(history: History) -> None:
        by = history.role("Pipeline", "run-7")
        history.assigned(NOW - 9, by, "Admin", "USER", "ada", MEMBER)
        history.assigned(NOW - 8, history.root(), "Admin", "USER", "ada", MEMBER, removed=True)
        history.assigned(NOW - 7, by, "Admin", "USER", "ada", MEMBER, error="ConflictException")
        history.member(NOW - 6, history.iam_user("eve"), "AddMemberToGroup", "admins", "ada")
        history.member(NOW - 5, history.person("ada"), "RemoveMemberFromGroup", "admins", "ada")
        history.member(
            NOW - 4, history.service("scim.amazonaws.com"), "CreateGroupMembership", "admins", "ada"
        )
        history.member(NOW - 3, by, "DeleteGroupMembership", "admins", "ada")
        history.signed_in(NOW - 2, "ada")
        history.signed_in(NOW - 1, "ada", old=True, failed=True)
        history.other("Broken", "sso.amazonaws.com", NOW, "{")

    with served(built(fill)) as emulator:
        asking = client(emulator, "cloudtrail", assume(emulator))
        yield {
            name: [
                json.loads(event["CloudTrailEvent"])
                for event in asking.lookup_events(**names(name))["Events"]
            ]
            for name in (
                "CreateAccountAssignment",
                "DeleteAccountAssignment",
                "AddMemberToGroup",
                "RemoveMemberFromGroup",
                "CreateGroupMembership",
                "DeleteGroupMembership",
                "UserAuthentication",
            )
        }
        assert asking.lookup_events(**names("Broken"))["Events"][0]["CloudTrailEvent"] == "{"


def test_an_assignment_names_account_permission_set_and_principal(
    details: dict[str, list[dict[str, Any]]],
) -> None:
    """A failed call has an error code and no answer."""
    organization = built()
    failed, created = details["CreateAccountAssignment"]
    (deleted,) = details["DeleteAccountAssignment"]
    parameters = {
        "instanceArn": organization.instance_arn,
        "targetId": MEMBER,
        "targetType": "AWS_ACCOUNT",
        "permissionSetArn": organization.permission_sets[0].arn,
        "principalType": "USER",
        "principalId": organization.users[0].id,
    }

    assert [event["requestParameters"] for event in (failed, created, deleted)] == [parameters] * 3
    assert created["responseElements"]["accountAssignmentCreationStatus"]["status"] == "IN_PROGRESS"
    assert (failed["errorCode"], failed["responseElements"]) == ("ConflictException", None)
    assert created["userIdentity"]["arn"] == f"arn:aws:sts::{MANAGEMENT}:assumed-role/Pipeline/run-7"
    assert deleted["userIdentity"]["type"] == "Root"
    assert (created["eventSource"], created["eventName"]) == ("sso.amazonaws.com", "CreateAccountAssignment")
    assert (created["recipientAccountId"], created["awsRegion"]) == (MANAGEMENT, "eu-west-1")


def test_a_membership_has_two_forms(details: dict[str, list[dict[str, Any]]]) -> None:
    """The console names group and member; the API's deletion names the membership only."""
    organization = built()
    store, group, user = organization.identity_store_id, organization.groups[0].id, organization.users[0].id
    console = {"identityStoreId": store, "groupId": group, "member": {"memberId": user}}
    (created,), (deleted,) = details["CreateGroupMembership"], details["DeleteGroupMembership"]

    assert details["AddMemberToGroup"][0]["requestParameters"] == console
    assert details["RemoveMemberFromGroup"][0]["requestParameters"] == console
    assert created["requestParameters"] == {
        "identityStoreId": store,
        "groupId": group,
        "memberId": {"userId": user},
    }
    assert deleted["requestParameters"] == {
        "identityStoreId": store,
        "membershipId": created["responseElements"]["membershipId"],
    }
    assert details["AddMemberToGroup"][0]["eventSource"] == "sso-directory.amazonaws.com"
    assert deleted["eventSource"] == "identitystore.amazonaws.com"


def test_a_sign_in_has_two_generations(details: dict[str, list[dict[str, Any]]]) -> None:
    """The old one has a name, the new one an id and the identity store."""
    organization = built()
    old, new = details["UserAuthentication"]

    assert old["userIdentity"] == {
        "type": "Unknown",
        "principalId": MANAGEMENT,
        "arn": "",
        "accountId": MANAGEMENT,
        "accessKeyId": "",
        "userName": "ada",
    }
    assert old["serviceEventDetails"] == {"UserAuthentication": "Failure"}
    assert new["userIdentity"]["type"] == "IdentityCenterUser"
    assert new["userIdentity"]["onBehalfOf"] == {
        "userId": organization.users[0].id,
        "identityStoreArn": STORE_ARN + organization.identity_store_id,
    }
    assert new["serviceEventDetails"] == {"UserAuthentication": "Success"}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": []}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "EventName"}]}, "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "EventSource", "AttributeValue": "sso.amazonaws.com"}]},
            "InvalidLookupAttributesException",
        ),
        (
            {"LookupAttributes": [*names("A")["LookupAttributes"], *names("B")["LookupAttributes"]]},
            "InvalidLookupAttributesException",
        ),
        ({**names("A"), "MaxResults": 51}, "InvalidMaxResultsException"),
        ({**names("A"), "MaxResults": 0}, "InvalidMaxResultsException"),
        ({**names("A"), "NextToken": "token"}, "InvalidNextTokenException"),
        ({**names("A"), "StartTime": NOW, "EndTime": NOW - 1}, "InvalidTimeRangeException"),
        ({**names("A"), "EventCategory": "insight"}, "ValidationException"),
    ],
)
def test_bad_requests_are_refused(request_: dict[str, Any], code: str) -> None:
    """Each member has CloudTrail's own error code."""
    with served(built()) as emulator, ExpectedError() as refused:
        client(emulator, "cloudtrail", assume(emulator)).lookup_events(**request_)

    assert (refused.code, refused.status) == (code, 400)


def test_a_role_needs_the_permission() -> None:
    """A denied call names the action."""
    organization = built()
    world = World((organization,), (HUB,), (audit_role(organization, denied=("cloudtrail:*",)),))
    with Emulator(world) as emulator, ExpectedError() as refused:
        client(emulator, "cloudtrail", assume(emulator)).lookup_events(**names("UserAuthentication"))

    assert refused.code == "AccessDeniedException"
    assert "is not authorized to perform: cloudtrail:LookupEvents on resource" in refused.message


def test_the_limit_is_two_calls_a_second(clock: ManualClock) -> None:
    """The third call in a second is throttled."""
    organization = built()
    world = World((organization,), (HUB,), (audit_role(organization),))
    limits = replace(Limits.off(), cloudtrail=Rate(2, 2))
    with Emulator(world, limits=limits, clock=clock) as emulator:
        asking = client(emulator, "cloudtrail", assume(emulator))
        for _ in range(2):
            asking.lookup_events(**names("UserAuthentication"))
        with ExpectedError() as refused:
            asking.lookup_events(**names("UserAuthentication"))
        clock.advance(0.5)
        asking.lookup_events(**names("UserAuthentication"))

        assert refused.code == "ThrottlingException"
        assert emulator.throttled == {("acme", "LookupEvents"): 1}


def test_a_fault_can_answer_another_lookup() -> None:
    """The events have another name than the requested one."""
    faults = [Fault("other_question", operation="LookupEvents")]
    organization = built(lambda history: history.signed_in(NOW - 1, "ada"))
    with served(organization, faults=faults) as emulator:
        answer = client(emulator, "cloudtrail", assume(emulator)).lookup_events(**names("UserAuthentication"))

    assert [event["EventName"] for event in answer["Events"]] == ["UserAuthenticatio0"]
