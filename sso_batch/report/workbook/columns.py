"""The columns of the workbook's tables: what each one means, and how it is shown."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum


class Kind(Enum):
    """What the cells of a column hold, in the words of the sheet `Read me`."""

    TEXT = "text"
    LEVEL = "text, colored"
    """A severity or a level of access."""
    NUMBER = "number"
    TIME = "date and time, UTC"
    DAY = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    `detail` puts it into a collapsed part, which a click opens. `width` is the maximum, in characters; longer
    text is wrapped. `to_fill_in` marks a column that readers fill in.
    """

    title: str
    meaning: str
    kind: Kind = Kind.TEXT
    width: int = 40
    detail: bool = False
    to_fill_in: bool = False


_COLUMNS = (
    Column(
        "UserEmail", "Email address of the user: the primary one, else the first one, else empty.", width=34
    ),
    Column("UserName", "Full name of the user.", width=26),
    Column("AccountId", "Id of the AWS account: text, so that leading zeros stay."),
    Column("AccountName", "Name of the AWS account.", width=24),
    Column("PermissionSet", "Name of the permission set; empty for an IAM role.", width=24),
    Column("PrincipalType", "Who the assignment names: USER or GROUP."),
    Column("PrincipalId", "Id of that user or group.", detail=True),
    Column("Organization", "Name of the AWS organization in the configuration.", width=24),
    Column("UserId", "Id of the user in the directory.", detail=True),
    Column("UserLogin", "Sign-in name of the user: AWS's UserName.", detail=True),
    Column("UserStatus", "Status of the user: ENABLED or DISABLED, as AWS gives it."),
    Column("GroupName", "Group that the access comes through; empty if it is assigned directly.", width=24),
    Column(
        "PrincipalState",
        "OK, or why the row has no user: EMPTY_GROUP (no members), NOT_FOUND (user or group was deleted), "
        "MEMBER_NOT_FOUND (the group lists a deleted user), MEMBERS_NOT_READ, NOT_READ.",
    ),
    Column("AccountState", "State of the account, such as ACTIVE or SUSPENDED."),
    Column("AccountPath", "Names of the organizational units above the account.", width=32, detail=True),
    Column("AccessType", "PERMISSION_SET, or IAM_ROLE for an account-access entitlement.", detail=True),
    Column("PermissionSetArn", "ARN of the permission set.", width=60, detail=True),
    Column("RoleArn", "ARN of the IAM role of an entitlement.", width=32),
    Column("SessionDuration", "Length of a session, as AWS gives it: PT12H is 12 hours.", detail=True),
    Column("ManagedPolicies", "ARNs of the AWS managed policies.", width=48, detail=True),
    Column(
        "CustomerManagedPolicies", "Paths and names of the customer managed policies.", width=48, detail=True
    ),
    Column("InlinePolicy", "Whether the permission set has an inline policy: yes or no.", detail=True),
    Column("PermissionsBoundary", "The permissions boundary: ARN, or path and name.", width=48, detail=True),
    Column(
        "Privilege",
        "What the access amounts to: ADMINISTRATOR, CAN_ESCALATE (can become administrator), MANAGES_ACCESS "
        "(can change who has access), WRITE, READ or NONE; before SCPs and RCPs.",
        Kind.LEVEL,
    ),
    Column("PrivilegeReason", "Which policies and actions decide the level.", width=60, detail=True),
    Column("PrivilegeUnread", "What was not read and could raise the level.", width=30),
    Column("AssignedAt", "When the assignment was made, as far as CloudTrail shows it.", Kind.TIME),
    Column("AssignedBy", "Who made the assignment: AWS's identifier.", detail=True),
    Column("MemberSince", "When the user was added to the group; empty if AWS has no record.", Kind.TIME),
    Column("MemberAddedBy", "Who added the user to the group: AWS's identifier.", detail=True),
    Column(
        "FirstSeen",
        "Start of the first complete run that had the row's assignment and membership; empty if none had.",
        Kind.TIME,
    ),
    Column(
        "LastSignIn",
        "Latest known sign-in of the user; empty if there is none in the 90 days that CloudTrail remembers.",
        Kind.TIME,
    ),
    Column("Title", "Job title of the user.", width=28),
    Column("UserType", "Type of the user in the directory.", width=28),
    Column("Department", "Department of the user.", width=28),
    Column("Division", "Division of the user.", width=28),
    Column("CostCenter", "Cost center of the user.", width=28),
    Column("EmployeeNumber", "Employee number of the user."),
    Column("Manager", "Manager of the user: email address, else sign-in name, else as the directory has it."),
    Column("Severity", "How urgent the finding is: high, medium or low.", Kind.LEVEL),
    Column("Check", "The check that found it; `sso-batch checks` describes each.", width=28),
    Column("Message", "What was found.", width=36),
    Column("Why", "Why it matters.", width=42),
    Column("What to do", "How to fix it, or what to ask for.", width=42),
    Column(
        "Cause",
        "Id of the issue: findings of one check about the same person or group and the same permission set "
        "or role share it, in every run and organization. Filter by it to decide them together.",
        width=20,
    ),
    Column("Waived", "Whether the configuration accepts the finding: yes or no."),
    Column("WaivedUntil", "Last day on which it is accepted.", Kind.DAY),
    Column("WaiverReason", "Why it is accepted.", width=28),
    Column("Owner", "To fill in: who decides.", width=20, to_fill_in=True),
    Column("Decision", "To fill in: Keep, Remove, Change or Waive.", width=12, to_fill_in=True),
    Column(
        "Due", "To fill in: the date until which the decision must be carried out.", Kind.DAY, to_fill_in=True
    ),
    Column("Comment", "To fill in: the reason, or a ticket.", width=28, to_fill_in=True),
    Column("Change", "added, removed, or changed."),
    Column("What", "The columns that changed; empty if the access was added or removed.", width=24),
    Column("ApplicationName", "Name of the application; AWS may have none.", width=32),
    Column("ApplicationArn", "ARN of the application.", width=60, detail=True),
    Column("ApplicationAccount", "Id of the account that owns the application."),
    Column("ApplicationProvider", "ARN of the type of the application.", width=48),
    Column("ApplicationStatus", "ENABLED or DISABLED, as AWS gives it."),
    Column(
        "AssignmentRequired", "yes; no if every user of the directory can open the application; or NOT_READ."
    ),
    Column("Level", "administrator, can become administrator, or manages access.", Kind.LEVEL),
    Column("Name", "Full name of the person.", width=32),
    Column("Email", "Email address: users with the same address are one person.", width=36),
    Column("Status", "Status of the users of the person: ENABLED or DISABLED, as AWS gives it."),
    Column("Organizations", "Organizations in which the person has a user.", width=30),
    Column("Users", "Number of users in directories that are joined in the line.", Kind.NUMBER),
    Column("Accounts", "Number of AWS accounts that can be reached, added up over the users.", Kind.NUMBER),
    Column(
        "Administrator accounts",
        "Number of accounts that the person administers: every action on every resource.",
        Kind.NUMBER,
    ),
    Column(
        "Permission sets",
        "Names of the permission sets, and of the IAM roles of entitlements, behind the access.",
        width=36,
    ),
    Column("Findings", "Number of findings that name the person and are not waived.", Kind.NUMBER),
    Column("Last sign-in", "Latest known sign-in of any of the users.", Kind.TIME),
    Column("Incomplete", "Organizations of the person that were not read completely.", width=30),
    Column("Through", "Groups through which the person has it, or `directly`.", width=32),
    Column("Operation", "The call to AWS that failed.", width=36),
    Column("Resource", "What the call was about.", width=44),
    Column("Code", "AWS's error code.", width=30),
    Column("AWS message", "AWS's error message.", width=48),
)
_BY_TITLE = {column.title: column for column in _COLUMNS}
_USUAL: Mapping[str, int] = {}


def columns(
    titles: Iterable[str], *, details: Container[str] = (), widths: Mapping[str, int] = _USUAL
) -> tuple[Column, ...]:
    """Return the columns with these titles; raise KeyError for an unknown one.

    `details` names further columns that are details, `widths` has other maximum widths.
    """
    return tuple(
        replace(
            column,
            detail=column.detail or column.title in details,
            width=widths.get(column.title, column.width),
        )
        for column in map(_BY_TITLE.__getitem__, titles)
    )
