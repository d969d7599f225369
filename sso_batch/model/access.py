"""Accounts, permission sets, and the grants that give access to them."""

from dataclasses import dataclass, field

from sso_batch.model.identity_store import Principal

PERMISSION_SET = "PERMISSION_SET"
IAM_ROLE = "IAM_ROLE"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the organization; `path` consists of OU names, such as `Root/Prod`."""

    id: str
    name: str
    state: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set; customer managed policies are path and name, tags are `key=value`."""

    arn: str
    name: str | None = None
    description: str | None = None
    session_duration: str | None = None
    managed_policies: tuple[str, ...] | None = None
    customer_managed_policies: tuple[str, ...] | None = None
    inline_policy: str | None = None
    permissions_boundary: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The document of an AWS managed policy, in JSON, in the version that is in force."""

    arn: str
    version_id: str
    document: str


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One account assignment (`permission_set_arn`) or account-access entitlement (`role_arn`).

    The order of the fields is the order of the report's rows. `first_seen` is the start of the first
    complete run in this output place that had it: empty if no complete run has had it, None if the earlier
    runs could not be read. It does not identify the grant.
    """

    account_id: str
    access_type: str
    permission_set_arn: str
    role_arn: str
    principal: Principal
    first_seen: str | None = field(default="", compare=False)


OUTDATED = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
"""AWS's ProvisioningStatus of a permission set that has changed since it was provisioned in an account."""


@dataclass(frozen=True, slots=True, order=True)
class Outdated:
    """An account in which a permission set is provisioned in an outdated version."""

    account_id: str
    permission_set_arn: str


@dataclass(frozen=True, slots=True)
class Application:
    """An application of IAM Identity Center; `provider_arn` names its type.

    `assignment_required` is False if every user of the directory has access. `assignments_complete` is set if
    every assignment is known.
    """

    arn: str
    name: str
    account_id: str
    provider_arn: str
    status: str
    assignment_required: bool | None = None
    assignments_complete: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ApplicationAssignment:
    """An assignment of a user or a group to an application."""

    application_arn: str
    principal: Principal
