"""CloudTrail's events as records: both generations, other calls and instances, and what cannot be read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_batch.aws.event_parsing import Authentication, EventParser, LookedUp, MembershipChange
from sso_batch.model import Action, AssignmentEvent, EventName, Principal

INSTANCE = "arn:aws:sso:::instance/ssoins-1111111111111111"
STORE = "d-1234567890"
SET = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-1"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DATE = "2026-03-04T05:06:07Z"
SOURCES = {
    EventName.CREATE_ASSIGNMENT: "sso",
    EventName.DELETE_ASSIGNMENT: "sso",
    EventName.ADD_MEMBER: "sso-directory",
    EventName.REMOVE_MEMBER: "sso-directory",
    EventName.CREATE_MEMBERSHIP: "identitystore",
    EventName.DELETE_MEMBERSHIP: "identitystore",
    EventName.SIGN_IN: "signin",
}
ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:run-7",
    "arn": "arn:aws:sts::111122223333:assumed-role/Pipeline/run-7",
}
ASSIGNMENT = {
    "instanceArn": INSTANCE,
    "targetId": "111122223333",
    "targetType": "AWS_ACCOUNT",
    "permissionSetArn": SET,
    "principalType": "GROUP",
    "principalId": "g-1",
}
NEW_PERSON = {
    "type": "IdentityCenterUser",
    "arn": "",
    "accountId": "111122223333",
    "onBehalfOf": {
        "userId": "u-1",
        "identityStoreArn": f"arn:aws:identitystore::111122223333:identitystore/{STORE}",
    },
    "credentialId": "c-1",
}
OLD_PERSON = {
    "type": "Unknown",
    "principalId": "111122223333",
    "arn": "",
    "accountId": "111122223333",
    "accessKeyId": "",
    "userName": "ada",
}
SUCCESS = {"serviceEventDetails": {"UserAuthentication": "Success"}}


def parsed(name: EventName, detail: object, **changes: Any) -> LookedUp:  # noqa: ANN401 - members of the event
    item = {
        "EventId": "e-1",
        "EventName": name.value,
        "EventTime": AT,
        "EventSource": f"{SOURCES[name]}.amazonaws.com",
        "CloudTrailEvent": detail if isinstance(detail, str) else json.dumps(detail),
    }
    return EventParser(INSTANCE, STORE).parse(name, item | changes)


def assignment(**changes: object) -> dict[str, object]:
    return {"userIdentity": ROLE, "requestParameters": ASSIGNMENT, **changes}


@pytest.mark.parametrize(
    ("name", "action"),
    [(EventName.CREATE_ASSIGNMENT, Action.CREATED), (EventName.DELETE_ASSIGNMENT, Action.DELETED)],
)
def test_an_assignment(name: EventName, action: Action) -> None:
    """It has account, permission set, principal and author."""
    assert parsed(name, assignment()) == LookedUp(
        "e-1",
        AT,
        AssignmentEvent(DATE, "Pipeline/run-7", action, "111122223333", SET, Principal("GROUP", "g-1")),
    )


@pytest.mark.parametrize(
    ("identity", "by"),
    [
        (ROLE, "Pipeline/run-7"),
        ({**ROLE, "arn": ROLE["arn"].replace("run-7", "ada@acme.example")}, "Pipeline/ada@acme.example"),
        (
            {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:run-7",
                "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Pipeline"}},
            },
            "Pipeline/run-7",
        ),
        ({"type": "IAMUser", "userName": "eve", "principalId": "AIDA"}, "eve"),
        ({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "userName": "acme"}, "root"),
        (NEW_PERSON, "u-1"),
        (OLD_PERSON, "ada"),
        ({"type": "AWSService", "invokedBy": "sso.amazonaws.com"}, "sso.amazonaws.com"),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/bob", "principalId": "x"}, "bob"),
        ({"type": "AWSAccount", "principalId": "AROAX:s", "accountId": "2"}, "AROAX:s"),
        ({"type": "WebIdentityUser", "accountId": "111122223333"}, "WebIdentityUser"),
    ],
)
def test_the_author(identity: dict[str, Any], by: str) -> None:
    """Each type of identity has a name: a session's name is reported as it is."""
    record = parsed(EventName.CREATE_ASSIGNMENT, assignment(userIdentity=identity)).record

    assert isinstance(record, AssignmentEvent)
    assert record.by == by


@pytest.mark.parametrize("name", [EventName.ADD_MEMBER, EventName.REMOVE_MEMBER])
@pytest.mark.parametrize("source", ["sso-directory", "identitystore"])
def test_a_member_in_the_console(name: EventName, source: str) -> None:
    """The console's events name group and member, whichever of its two services records them."""
    parameters = {"identityStoreId": STORE, "groupId": "g-1", "member": {"memberId": "u-2"}}
    detail = {"userIdentity": NEW_PERSON, "requestParameters": parameters, "responseElements": None}
    action = Action.CREATED if name is EventName.ADD_MEMBER else Action.DELETED

    event = parsed(name, detail, EventSource=f"{source}.amazonaws.com")

    assert event.record == MembershipChange(DATE, "u-1", action, "g-1", "u-2")


@pytest.mark.parametrize("spelling", [str, str.capitalize])
def test_a_membership_by_the_api(spelling: Any) -> None:  # noqa: ANN401 - a method of text
    """The API's creation names the membership in its answer; the deletion names nothing else."""
    parameters = {
        "identityStoreId": STORE,
        spelling("groupId"): "g-1",
        spelling("memberId"): {spelling("userId"): "u-2"},
    }
    answer = {"identityStoreId": STORE, "membershipId": "m-1"}
    created = {"userIdentity": ROLE, "requestParameters": parameters, "responseElements": answer}
    deleted = {"userIdentity": ROLE, "requestParameters": {"identityStoreId": STORE, "membershipId": "m-1"}}

    assert [
        parsed(EventName.CREATE_MEMBERSHIP, created).record,
        parsed(EventName.DELETE_MEMBERSHIP, deleted).record,
    ] == [
        MembershipChange(DATE, "Pipeline/run-7", Action.CREATED, "g-1", "u-2", "m-1"),
        MembershipChange(DATE, "Pipeline/run-7", Action.DELETED, membership_id="m-1"),
    ]


@pytest.mark.parametrize(
    "url",
    [
        f"https://{STORE}.awsapps.com/start/?state=x&organization=d-9067230c03",
        "https://acme.awsapps.com/start/",
        f"https://start.us-gov-home.awsapps.com/directory/{STORE}",
        "https://ssoins-1111111111111111.portal.eu-west-1.app.aws/",
    ],
)
def test_a_sign_in_of_both_generations(url: str) -> None:
    """The old one has a login and the portal that was opened; the new one has the user's id."""
    additional = {"additionalEventData": {"LoginTo": url, "CredentialType": "PASSWORD"}}
    both = {"userIdentity": {**OLD_PERSON, "onBehalfOf": NEW_PERSON["onBehalfOf"]}}

    assert [
        parsed(EventName.SIGN_IN, {**SUCCESS, **additional, **identity}).record
        for identity in ({"userIdentity": OLD_PERSON}, {"userIdentity": NEW_PERSON}, both)
    ] == [Authentication(DATE, login="ada"), Authentication(DATE, "u-1"), Authentication(DATE, "u-1")]


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        (EventName.CREATE_ASSIGNMENT, assignment(errorCode="AccessDenied", requestParameters=None)),
        (
            EventName.CREATE_ASSIGNMENT,
            assignment(requestParameters={**ASSIGNMENT, "instanceArn": "arn:aws:sso:::instance/ssoins-2"}),
        ),
        (
            EventName.ADD_MEMBER,
            assignment(requestParameters={"identityStoreId": "d-2", "groupId": "g", "member": {}}),
        ),
        (
            EventName.SIGN_IN,
            {"userIdentity": NEW_PERSON, "serviceEventDetails": {"UserAuthentication": "Failure"}},
        ),
        (
            EventName.SIGN_IN,
            {
                **SUCCESS,
                "userIdentity": {"onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:…/d-2"}},
            },
        ),
        (
            EventName.SIGN_IN,
            {
                **SUCCESS,
                "userIdentity": OLD_PERSON,
                "additionalEventData": {"LoginTo": "https://clients.amazonaws.com/workspaces"},
            },
        ),
        (
            EventName.SIGN_IN,
            {
                **SUCCESS,
                "userIdentity": OLD_PERSON,
                "additionalEventData": {"LoginTo": "https://d-0000000000.awsapps.com/start/"},
            },
        ),
        (EventName.SIGN_IN, {**SUCCESS, "userIdentity": OLD_PERSON}),
    ],
)
def test_what_is_about_something_else(name: EventName, detail: dict[str, Any]) -> None:
    """Failed calls, failed sign-ins, other instances and stores, and other products are no records."""
    assert parsed(name, detail) == LookedUp("e-1", AT)


def test_an_event_of_another_service() -> None:
    """Amazon QuickSight has groups with memberships, too."""
    event = parsed(EventName.CREATE_MEMBERSHIP, "{}", EventSource="quicksight.amazonaws.com")

    assert event == LookedUp("e-1", AT)


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        (EventName.CREATE_ASSIGNMENT, "{"),
        (EventName.CREATE_ASSIGNMENT, "[]"),
        (EventName.CREATE_ASSIGNMENT, "[" * 100_000),
        (EventName.CREATE_ASSIGNMENT, {}),
        (EventName.CREATE_ASSIGNMENT, assignment(userIdentity=None)),
        (EventName.CREATE_ASSIGNMENT, assignment(userIdentity={})),
        (EventName.CREATE_ASSIGNMENT, assignment(requestParameters=None)),
        (EventName.CREATE_ASSIGNMENT, assignment(requestParameters={**ASSIGNMENT, "targetId": 7})),
        (EventName.CREATE_ASSIGNMENT, assignment(requestParameters={**ASSIGNMENT, "principalId": ""})),
        (
            EventName.CREATE_MEMBERSHIP,
            assignment(requestParameters={"identityStoreId": STORE, "groupId": "g-1", "memberId": "u-1"}),
        ),
        (EventName.SIGN_IN, {"userIdentity": NEW_PERSON}),
        (
            EventName.SIGN_IN,
            {**SUCCESS, "userIdentity": {}, "additionalEventData": {"LoginTo": "https://a.awsapps.com"}},
        ),
        (
            EventName.SIGN_IN,
            {**SUCCESS, "userIdentity": {}, "additionalEventData": {"LoginTo": "https://[a.awsapps.com"}},
        ),
    ],
)
def test_an_event_that_cannot_be_read(name: EventName, detail: object) -> None:
    """It keeps its time, so that it can be counted."""
    assert parsed(name, detail) == LookedUp("e-1", AT, readable=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"EventName": "DeleteAccountAssignment"},
        {"EventName": None},
        {"EventTime": None},
        {"EventTime": DATE},
        {"EventId": ""},
    ],
)
def test_an_answer_to_another_question(changes: dict[str, Any]) -> None:
    """An event without id or time, or with another name, makes the whole answer malformed."""
    with pytest.raises((TypeError, ValueError)):
        parsed(EventName.CREATE_ASSIGNMENT, assignment(), **changes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=8,
)


@given(
    st.sampled_from(EventName),
    st.fixed_dictionaries(
        {},
        optional={
            "userIdentity": JSON | st.just(ROLE),
            "requestParameters": JSON | st.just(ASSIGNMENT),
            "responseElements": JSON,
            "additionalEventData": JSON,
            "serviceEventDetails": JSON | st.just(SUCCESS["serviceEventDetails"]),
            "errorCode": JSON,
        },
    ),
)
def test_no_event_is_a_bug(name: EventName, detail: dict[str, Any]) -> None:
    """Whatever JSON an event has, it is a record, about something else, or counted as unreadable."""
    event = parsed(name, detail)

    assert event.at == AT
    assert event.readable or event.record is None
