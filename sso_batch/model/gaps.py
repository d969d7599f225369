"""What could not be read, and what a call was about."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class GapKind(StrEnum):
    """What a gap is about. Snapshots, manifests and checks use the kind and never the names of calls."""

    ORGANIZATION = "organization"
    """The organization as a whole: nothing of it was read."""
    ORGANIZATION_DETAILS = "organization_details"
    """The organization's id and its management account."""
    USERS = "users"
    GROUPS = "groups"
    MEMBERS = "members"
    ACCOUNTS = "accounts"
    ACCOUNT_PATHS = "account_paths"
    PERMISSION_SETS = "permission_sets"
    """Which permission sets there are."""
    PERMISSION_SET_DETAILS = "permission_set_details"
    POLICY_DOCUMENTS = "policy_documents"
    """What AWS managed policies allow."""
    DELEGATED_ADMINISTRATORS = "delegated_administrators"
    """Which member accounts administer Identity Center."""
    PROVISIONING = "provisioning"
    """Which permission sets are provisioned in which accounts, and so which assignments to ask for."""
    ASSIGNMENTS = "assignments"
    ENTITLEMENTS = "entitlements"
    OUTDATED_PROVISIONING = "outdated_provisioning"
    APPLICATIONS = "applications"
    """Which applications there are, and who is assigned to them."""
    ACTIVITY = "activity"
    """Who changed access and who signed in, as CloudTrail recorded it."""
    OUTPUT = "output"
    """Files that could not be written."""
    MERGE = "merge"
    """Merged files, or what a merge needs of the shards."""
    BUG = "bug"
    """An unexpected error in sso-batch itself."""

    @property
    def hides_access(self) -> bool:
        """Whether assignments or entitlements can be missing because of such a gap."""
        match self:
            case (
                GapKind.ORGANIZATION
                | GapKind.PERMISSION_SETS
                | GapKind.PROVISIONING
                | GapKind.ASSIGNMENTS
                | GapKind.ENTITLEMENTS
                | GapKind.OUTPUT
                | GapKind.MERGE
                | GapKind.BUG
            ):
                return True
            case (
                GapKind.ORGANIZATION_DETAILS
                | GapKind.USERS
                | GapKind.GROUPS
                | GapKind.MEMBERS
                | GapKind.ACCOUNTS
                | GapKind.ACCOUNT_PATHS
                | GapKind.PERMISSION_SET_DETAILS
                | GapKind.POLICY_DOCUMENTS
                | GapKind.DELEGATED_ADMINISTRATORS
                | GapKind.OUTDATED_PROVISIONING
                | GapKind.APPLICATIONS
                | GapKind.ACTIVITY
            ):
                return False


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call is about: what becomes a gap, of which resource, if the call fails.

    `permission_set_arn` is set where the call is about one permission set.
    """

    kind: GapKind
    resource: str
    permission_set_arn: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be read: its kind, the call, the resource, the reason, and what to do about it.

    `permission_set_arn` is empty where the gap is not about one permission set.
    """

    kind: GapKind
    operation: str
    resource: str
    code: str
    message: str
    hint: str
    permission_set_arn: str = ""

    @classmethod
    def about(cls, subject: Subject, operation: str, code: str, message: str, hint: str) -> "Gap":
        """Return the gap of a call about a subject."""
        return cls(subject.kind, operation, subject.resource, code, message, hint, subject.permission_set_arn)


def group_gaps(gaps: Iterable[Gap]) -> list[tuple[Gap, list[str]]]:
    """Return the first gap of each operation and code, with the resources of all of them."""
    resources: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    first: dict[tuple[str, str], Gap] = {}
    for gap in gaps:
        resources[gap.operation, gap.code].append(gap.resource)
        first.setdefault((gap.operation, gap.code), gap)
    return [(gap, resources[key]) for key, gap in first.items()]
