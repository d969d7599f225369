"""CloudTrail's events as records: who changed access, and who signed in.

The JSON of an event is not part of AWS's models. Its members are read without regard to case and in the
forms of both generations: until 2025-07-14 a person was of the type `Unknown` and had a name; now it is an
`IdentityCenterUser` with the id of the user and the ARN of the identity store.

Sources: AWS Security Blog, "Important changes to CloudTrail events for AWS IAM Identity Center"; IAM Identity
Center User Guide, "Example events for IAM Identity Center sign-in scenarios" of 2022 and 2026; recorded
events of CreateAccountAssignment, DeleteAccountAssignment and AddMemberToGroup (2023). AWS documents no event
of CreateGroupMembership or DeleteGroupMembership: their members follow the API.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sso_batch.aws.response_parsing import Item, parse_id, parse_text
from sso_batch.dates import format_date
from sso_batch.model import Action, AssignmentEvent, EventName, Principal

_IDENTITY_STORE = frozenset({"sso-directory", "identitystore"})
_SOURCES: Mapping[EventName, frozenset[str]] = {
    EventName.CREATE_ASSIGNMENT: frozenset({"sso"}),
    EventName.DELETE_ASSIGNMENT: frozenset({"sso"}),
    EventName.ADD_MEMBER: _IDENTITY_STORE,
    EventName.REMOVE_MEMBER: _IDENTITY_STORE,
    EventName.CREATE_MEMBERSHIP: _IDENTITY_STORE,
    EventName.DELETE_MEMBERSHIP: _IDENTITY_STORE,
    EventName.SIGN_IN: frozenset({"signin"}),
}
"""The services whose events count, by event name: Amazon QuickSight has a CreateGroupMembership, too."""

_PORTALS = (".awsapps.com", ".awsapps.cn", ".app.aws")
"""Hosts of access portals. Amazon WorkSpaces writes the same sign-in events, without a user's id."""
_STORE_ID = re.compile(r"\bd-[0-9a-f]{10}\b")


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """A user's addition to a group or removal from it, by group and user, or by the membership's id."""

    at: str
    by: str
    action: Action
    group_id: str = ""
    user_id: str = ""
    membership_id: str = ""


@dataclass(frozen=True, slots=True)
class Authentication:
    """A successful sign-in of a user, by id, or by login in events of the older generation."""

    at: str
    user_id: str = ""
    login: str = ""


Record = AssignmentEvent | MembershipChange | Authentication


@dataclass(frozen=True, slots=True)
class LookedUp:
    """One event: its time, and its record.

    Without a record it is about something else (a failed call or another instance) or, if it is not
    `readable`, of a form that this version does not know.
    """

    id: str
    at: datetime
    record: Record | None = None
    readable: bool = True


class EventParser:
    """Reads the events about one instance and its identity store."""

    def __init__(self, instance_arn: str, identity_store_id: str) -> None:
        self._instance_arn = instance_arn
        self._store_id = identity_store_id

    def parse(self, name: EventName, item: Item) -> LookedUp:
        """Return an event of LookupEvents with the requested name; raise ValueError for another one."""
        at = item["EventTime"]
        if item["EventName"] != name or not isinstance(at, datetime):
            raise ValueError("another event than requested")
        id_ = parse_id(item["EventId"])
        if parse_text(item.get("EventSource")).partition(".")[0] not in _SOURCES[name]:
            return LookedUp(id_, at)
        try:
            event = _Members(json.loads(item["CloudTrailEvent"]))
            return LookedUp(id_, at, self._record(name, event, format_date(at)))
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
            return LookedUp(id_, at, readable=False)

    def _record(self, name: EventName, event: "_Members", at: str) -> Record | None:
        """Return the record; None if the call failed or is about something else."""
        if event.text("errorCode"):
            return None
        if name is EventName.SIGN_IN:
            return self._authentication(event, at)
        by = parse_author(event.members("userIdentity"))
        parameters = event.members("requestParameters")
        match name:
            case EventName.CREATE_ASSIGNMENT:
                return self._assignment(parameters, at, by, Action.CREATED)
            case EventName.DELETE_ASSIGNMENT:
                return self._assignment(parameters, at, by, Action.DELETED)
        if parameters.id("identityStoreId") != self._store_id:
            return None
        return _membership(name, parameters, event.members("responseElements", optional=True), at, by)

    def _assignment(self, parameters: "_Members", at: str, by: str, action: Action) -> AssignmentEvent | None:
        if parameters.id("instanceArn") != self._instance_arn:
            return None
        return AssignmentEvent(
            at,
            by,
            action,
            parameters.id("targetId"),
            parameters.id("permissionSetArn"),
            Principal(parameters.id("principalType"), parameters.id("principalId")),
        )

    def _authentication(self, event: "_Members", at: str) -> Authentication | None:
        if event.members("serviceEventDetails").id("UserAuthentication") != "Success":
            return None
        identity = event.members("userIdentity")
        person = identity.members("onBehalfOf", optional=True)
        user_id = person.text("userId")
        if user_id:
            store = person.text("identityStoreArn").rpartition("/")[2]
            return Authentication(at, user_id) if store in {"", self._store_id} else None
        additional = event.members("additionalEventData", optional=True)
        if not self._is_portal(additional.text("LoginTo")):
            return None
        return Authentication(at, login=parse_id(identity.text("userName") or additional.text("UserName")))

    def _is_portal(self, url: str) -> bool:
        """Return whether a URL is one of this instance's access portal, as far as it names an instance."""
        parts = urlsplit(url)
        named = _STORE_ID.findall(f"{parts.hostname}{parts.path}")
        return (parts.hostname or "").endswith(_PORTALS) and set(named) <= {self._store_id}


def _membership(
    name: EventName, parameters: "_Members", answer: "_Members", at: str, by: str
) -> MembershipChange:
    """Return a membership's change: in the form of the console, or of the identity store's API."""
    match name:
        case EventName.ADD_MEMBER | EventName.REMOVE_MEMBER:
            action = Action.CREATED if name is EventName.ADD_MEMBER else Action.DELETED
            member_id = parameters.members("member").id("memberId")
            return MembershipChange(at, by, action, parameters.id("groupId"), member_id)
        case EventName.CREATE_MEMBERSHIP:
            user_id = parameters.members("memberId").id("userId")
            membership_id = answer.text("membershipId")
            return MembershipChange(at, by, Action.CREATED, parameters.id("groupId"), user_id, membership_id)
    return MembershipChange(at, by, Action.DELETED, membership_id=parameters.id("membershipId"))


class _Members:
    """The members of a JSON object, read without regard to case."""

    def __init__(self, members: object) -> None:
        if not isinstance(members, dict):
            raise TypeError(f"{type(members).__name__} instead of an object")
        self._members: dict[str, Any] = {str(name).casefold(): value for name, value in members.items()}

    def members(self, name: str, *, optional: bool = False) -> "_Members":
        """Return the members of an object in this one; if it is `optional` and missing, none."""
        value = self._members.get(name.casefold()) if optional else self._members[name.casefold()]
        return _Members({} if optional and value is None else value)

    def text(self, name: str) -> str:
        """Return a member that may be missing."""
        return parse_text(self._members.get(name.casefold()))

    def id(self, name: str) -> str:
        """Return a member that must not be missing or empty."""
        return parse_id(self._members[name.casefold()])


def parse_author(identity: _Members) -> str:
    """Return who made a call, by the `userIdentity` of its event.

    A role is `ROLE/SESSION`, an IAM user its name, a user of Identity Center the user's id, an AWS service
    its name, the root user `root`. Anybody else is named as well as the event can; never empty.
    """
    return next(filter(None, _names(identity)), "") or parse_id(identity.text("type"))


def _names(identity: _Members) -> Iterator[str]:
    kind, resource = identity.text("type"), identity.text("arn").split(":", 5)[-1]
    if kind == "Root":
        yield "root"
    if kind == "AssumedRole":
        yield resource.removeprefix("assumed-role/")
        session = identity.text("principalId").partition(":")[2]
        yield f"{_issuer(identity)}/{session}" if _issuer(identity) else ""
    if kind == "FederatedUser":
        yield resource.removeprefix("federated-user/")
    yield identity.members("onBehalfOf", optional=True).text("userId")
    yield identity.text("userName")
    yield identity.text("invokedBy")
    yield identity.text("principalId")


def _issuer(identity: _Members) -> str:
    """Return the name of the role of a session."""
    context = identity.members("sessionContext", optional=True)
    return context.members("sessionIssuer", optional=True).text("userName")
