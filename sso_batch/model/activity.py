"""What CloudTrail recorded: who changed access, and who signed in."""

from dataclasses import dataclass
from enum import StrEnum

from sso_batch.model.identity_store import Principal


class EventName(StrEnum):
    """The events that are looked up, by CloudTrail's names, in this order."""

    CREATE_ASSIGNMENT = "CreateAccountAssignment"
    DELETE_ASSIGNMENT = "DeleteAccountAssignment"
    ADD_MEMBER = "AddMemberToGroup"
    REMOVE_MEMBER = "RemoveMemberFromGroup"
    CREATE_MEMBERSHIP = "CreateGroupMembership"
    DELETE_MEMBERSHIP = "DeleteGroupMembership"
    SIGN_IN = "UserAuthentication"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A time span in which every event of one name is known."""

    event_name: str
    since: str
    until: str


class Action(StrEnum):
    """Whether an event gave access or took it."""

    CREATED = "created"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, order=True)
class AssignmentEvent:
    """The creation or deletion of an account assignment: when, and by whom."""

    at: str
    by: str
    action: Action
    account_id: str
    permission_set_arn: str
    principal: Principal


@dataclass(frozen=True, slots=True, order=True)
class MembershipEvent:
    """A user's addition to a group or removal from it: when, and by whom."""

    at: str
    by: str
    action: Action
    group_id: str
    user_id: str


@dataclass(frozen=True, slots=True, order=True)
class SignIn:
    """A user's latest known sign-in."""

    user_id: str
    at: str
